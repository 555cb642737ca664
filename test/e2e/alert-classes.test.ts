import { cpSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApi } from '../../src/api/app.ts'
import { parseConfig } from '../../src/config/load.ts'
import { renderAlertmanager } from '../../src/config/render-alertmanager.ts'
import { silentLog } from '../../src/log.ts'
import { alertmanagerClient } from '../../src/notifications/alertmanager.ts'
import { lostEnds } from '../../src/notifications/lost-ends.ts'
import type { AlertingOptions } from '../../src/notifications/options.ts'
import { isAlert } from '../../src/rules/rule.ts'
import { RULE_FILES, runbookName } from '../../src/rules/rule-files.ts'
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import { fakeParts, type Served, serve, stillNotifications } from '../api/fakes.ts'
import { until } from '../service/until.ts'
import { type AlertmanagerProcess, alertmanagerProcess } from './alertmanager-process.ts'

// Whether each alert fires and ends is proven with the rules; here each goes through the real Alertmanager to people.
const alerts = RULE_FILES.flatMap(({ groups }) => groups.flatMap((group) => group.rules.filter(isAlert)))
const SMS = { sid: `AC${'0'.repeat(32)}`, to: '+4915112345678' }
const { signal } = new AbortController()

const store = sqliteStore({ path: ':memory:' }, silentLog)
let simulator: Simulator
let served: Served
let alertmanager: AlertmanagerProcess
let alerting: AlertingOptions
let closeLostEnds: (signal: AbortSignal) => Promise<void>
const startMs = Date.now()

beforeAll(async () => {
  simulator = await startSimulator({ gateways: [], smtpPort: 0, inboxCapacity: 5000 })
  const notifications = stillNotifications(store, { alerting: () => alerting, nowMs: Date.now })
  const { audit, textMessages } = notifications
  served = await serve(createApi(fakeParts({ store, audit, textMessages, now: Date.now })))
  alertmanager = await alertmanagerProcess((folder) => {
    cpSync(resolve('alertmanager/templates'), join(folder, 'templates'), { recursive: true })
    const loaded = parseConfig(
      `
gateways: [{ name: waha-1, driver: waha, url: "${simulator.url}" }]
alerting:
  groupWait: 0s
  groupInterval: 1s
  slack: [{ name: slack, severities: [critical, warning, info], webhookUrl: "${simulator.url}/inbox/slack" }]
  smtp: { smarthost: "127.0.0.1:${simulator.smtpPort}", from: a@example.org, requireTls: false }
  email: [{ name: email, severities: [critical, warning, info], to: [a@example.org] }]
  webhook:
    - { name: hook, severities: [critical, warning, info], url: "${simulator.url}/inbox/webhook/tickets" }
    - { name: dead-man, severities: [none], repeatInterval: 1m, url: "${simulator.url}/inbox/webhook/dead-man" }
  sms: [{ name: sms, provider: twilio, severities: [critical], apiUrl: "${simulator.url}/inbox/twilio", accountSid: ${SMS.sid}, authToken: token, from: "+15005550006", to: ["${SMS.to}"] }]
`,
      folder,
      {},
    )
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults))
    alerting = loaded.config.alerting
    return renderAlertmanager(loaded.config, { exporterUrl: served.url })
  })
  await alertmanager.start()
  closeLostEnds = lostEnds({
    store,
    audit,
    client: () => alertmanagerClient(alertmanager.url),
    hearsEnds: () => true,
    nowMs: Date.now,
    log: silentLog,
    settledAfterMs: 0,
    warmAfterMs: 0,
  })
})
afterAll(async () => {
  await alertmanager?.end()
  await served?.close()
  await simulator?.close()
  await store.close()
})

/** Each alert on a gateway of its own, so that none inhibits another. */
const labelsOf = ({ alert, severity }: { alert: string; severity: string }, gateway = `g-${runbookName(alert)}`) => ({
  alertname: alert,
  severity,
  ...(alert.startsWith('WhatsAppAccount') || alert.startsWith('WhatsAppGateway') ? { gateway } : {}),
  ...(alert.startsWith('WhatsAppAccount') ? { account: `a-${runbookName(alert)}` } : {}),
  ...(alert === 'WhatsAppExporterDown' ? { watching: 'nobody' } : {}),
})
const annotationsOf = (alert: string) => ({
  summary: `Summary of ${alert}.`,
  description: `Description of ${alert}.`,
  runbook_url: `https://runbooks.example.org/${runbookName(alert)}`,
  dashboard_url: 'https://grafana.example.org/d/x',
})
const messages = (kind: 'slack' | 'email' | 'webhook' | 'sms') => simulator.inbox.messages({ kind })
const words = (alert: string) => alert.replace(/^WhatsApp/, '').replace(/([a-z])([A-Z])/g, '$1 $2')
const headed = (kind: 'slack' | 'email', alert: string) =>
  messages(kind)
    .map(({ subject }) => subject)
    .filter((subject) => new RegExp(`: ${words(alert)}(?: at|,|$)`).test(subject))
const post = (rules: readonly { alert: string; severity: string }[], endsMs?: number, gateway?: string) =>
  alertmanager.post(
    rules.map((rule) => ({
      labels: labelsOf(rule, gateway),
      annotations: annotationsOf(rule.alert),
      startsAt: new Date(startMs).toISOString(),
      endsAt: new Date(endsMs ?? Date.now() + 600_000).toISOString(),
    })),
  )

describe('every alert of the rules', () => {
  // An exporter that sees nothing or does not answer mutes all others: these have their turn alone.
  const blind = alerts.filter(({ alert }) => /^WhatsAppExporter(Blind|Down)$/.test(alert))
  const others = alerts.filter((rule) => !blind.includes(rule))

  test.each([
    ['but two', others],
    ['that mutes all others', blind],
  ])(
    '%s arrives in Slack and by e-mail, and so does its end',
    async (_name, rules) => {
      await post(rules)
      const people = rules.filter(({ severity }) => severity !== 'none')
      for (const { alert, severity } of people) {
        for (const kind of ['slack', 'email'] as const) {
          const [head] = await until(`${alert} by ${kind}`, () => {
            const found = headed(kind, alert)
            return found.length > 0 && found
          })
          expect(head).toContain(`${severity.toUpperCase()}: ${words(alert)}`)
        }
      }
      await post(rules, Date.now())
      for (const { alert } of people) {
        for (const kind of ['slack', 'email'] as const) {
          await until(`the end of ${alert} by ${kind}`, () =>
            headed(kind, alert).some((head) => head.startsWith('OVER')),
          )
          expect(headed(kind, alert)).toHaveLength(2)
        }
      }
    },
    60_000,
  )

  test('critical ones came as an SMS of one part, and their ends too', async () => {
    const critical = others.filter(({ severity }) => severity === 'critical')
    await until('all to arrive', () => messages('sms').length >= 2 * critical.length)
    for (const { text, to } of messages('sms')) {
      expect(text.length).toBeLessThanOrEqual(160)
      expect(to).toBe(SMS.to)
    }
    const texts = messages('sms').map(({ text }) => text)
    for (const { alert } of critical) {
      const name = alert.replace(/^WhatsApp/, '')
      expect(texts.filter((text) => new RegExp(`^(CRITICAL|OK) ${name}[ :]`).test(text))).toHaveLength(2)
    }
    expect((await store.textMessages({ limit: 1000 })).items.every(({ status }) => status === 'accepted')).toBe(true)
  })

  test('the watchdog goes to the dead man’s switch alone', () => {
    const toSwitch = messages('webhook').filter(({ to }) => to.endsWith('/dead-man'))
    expect(toSwitch.length).toBeGreaterThan(0)
    expect(toSwitch.every(({ text }) => text.includes('WhatsAppWatchdog'))).toBe(true)
    expect(headed('slack', 'WhatsAppWatchdog')).toEqual([])
  })

  test('the audit holds each of them once for everybody who was told', async () => {
    const { items } = await until('all ends', async () => {
      const page = await store.notifications({ limit: 1000 })
      return page.items.every(({ status }) => status === 'resolved') && page
    })
    const receiversOf = (name: string) =>
      items
        .filter(({ alertname }) => alertname === name)
        .map(({ receiver }) => receiver)
        .sort()
    for (const { alert, severity } of alerts) {
      const people =
        severity === 'none' ? ['dead-man'] : ['email', 'hook', 'slack', ...(severity === 'critical' ? ['sms'] : [])]
      expect([alert, receiversOf(alert)]).toEqual([alert, [...people, 'exporter-audit'].sort()])
    }
  })
})

describe('an alert of an account that ends while its cause mutes it', () => {
  const account = { alert: 'WhatsAppAccountBlocked', severity: 'critical' }
  const told = (alert: string, gateway: string) =>
    messages('slack')
      .map(({ subject }) => subject)
      .filter((subject) => subject.includes(words(alert)) && (subject.includes(gateway) || !subject.includes(' at ')))

  test.each([
    ['its gateway is down', 'WhatsAppGatewayDown', 'muted'],
    ['the exporter is blind', 'WhatsAppExporterBlind', 'unseen'],
    ['the exporter does not answer', 'WhatsAppExporterDown', 'unasked'],
  ])(
    'is told to be over when that is over: %s',
    async (_name, alert, gateway) => {
      const cause = { alert, severity: 'critical' }
      const before = told(alert, gateway).length
      await post([account], undefined, gateway)
      await until('the account to be told', () => told(account.alert, gateway).length === 1)
      await post([cause], undefined, gateway)
      await until('the cause to be told', () => told(alert, gateway).length === before + 1)
      await post([account], Date.now(), gateway)
      // Alertmanager passes over the end in silence and forgets the alert.
      await until('Alertmanager to forget it', async () => {
        const found = await fetch(
          `${alertmanager.url}/api/v2/alerts?filter=account=~".%2B"&filter=gateway="${gateway}"`,
        )
        return ((await found.json()) as unknown[]).length === 0
      })
      await closeLostEnds(signal)
      await closeLostEnds(signal)
      await sleep(2500)
      expect(told(account.alert, gateway)).toHaveLength(1)
      await post([cause], Date.now(), gateway)
      await until('the cause to be over', () => told(alert, gateway).length === before + 2)
      await until('the account to be over', async () => {
        await closeLostEnds(signal)
        return told(account.alert, gateway).length === 2
      })
      expect(told(account.alert, gateway)[1]).toBe(`OVER: Account Blocked at ${gateway}`)
      await until('the audit to hold all ends', async () => {
        const { items } = await store.notifications({ limit: 100, gateway, receiver: 'slack' })
        return items.length > 0 && items.every(({ status, resolvedMs }) => status === 'resolved' && resolvedMs !== null)
      })
    },
    60_000,
  )

  test('goes on without a word when it fires again as soon as the exporter answers', async () => {
    const down = { alert: 'WhatsAppExporterDown', severity: 'critical' }
    const gateway = 'restarted'
    const before = told(down.alert, gateway).length
    await post([account], undefined, gateway)
    await until('the account to be told', () => told(account.alert, gateway).length === 1)
    await post([down])
    await until('the exporter to be told', () => told(down.alert, gateway).length === before + 1)
    await post([account], Date.now(), gateway)
    await sleep(2500)
    await post([account], undefined, gateway)
    await post([down], Date.now())
    await until('the exporter to be back', () => told(down.alert, gateway).length === before + 2)
    await sleep(2500)
    expect(told(account.alert, gateway)).toHaveLength(1)
    await post([account], Date.now(), gateway)
    await until('the account to be over', () => told(account.alert, gateway).length === 2)
  }, 60_000)
})
