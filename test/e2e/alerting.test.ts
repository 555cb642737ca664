import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../service/until.ts'
import { type AlertingWorld, type SlackMessage, startAlertingWorld } from './alerting-world.ts'

/** A minute of the rules is three seconds here, an hour is three minutes. */
const FACTOR = 20
const MINUTE_MS = 60_000 / FACTOR
const HOUR_MS = 3_600_000 / FACTOR
const LIMIT_MS = 60_000

const accounts = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name}-${index + 1}`)

let world: AlertingWorld
beforeAll(async () => {
  world = await startAlertingWorld({
    factor: FACTOR,
    gateways: [
      { name: 'big', dialect: 'http', accounts: 200 },
      { name: 'linda', dialect: 'http', accounts: accounts('l', 20) },
      { name: 'calm', dialect: 'http', accounts: accounts('c', 4) },
      { name: 'other', dialect: 'http', accounts: accounts('o', 4) },
      { name: 'planned', dialect: 'http', accounts: accounts('p', 4) },
      { name: 'shaky', dialect: 'http', accounts: accounts('s', 4) },
    ],
    sections: () => ({
      recovery: { attempts: 2, backoff: { initial: '1s', max: '2s' }, verifyWithin: '5s', budgetReset: '10s' },
    }),
  })
})
afterAll(async () => {
  await world?.end()
})

const about = (alertname: string, name: string, isOver: boolean) =>
  world.slack(alertname).filter((message) => message.isOver === isOver && mentions(message, name))
const mentions = ({ text }: SlackMessage, name: string) => text.includes(`*${name}*`)
/** An alert of several accounts may end for one of them while it goes on for others: the line of the account tells. */
const isOverFor = ({ text }: SlackMessage, name: string) => text.includes(`Over: *${name}*`)
const isFiringFor = (message: SlackMessage, name: string) => mentions(message, name) && !isOverFor(message, name)
const told = (alertname: string, name: string) =>
  until(
    `${alertname} of ${name} to be told\n${world.output().slice(-4000)}`,
    () => world.slack(alertname).find((message) => isFiringFor(message, name)),
    LIMIT_MS,
  )
const overTold = (alertname: string, name: string) =>
  until(
    `the end of ${alertname} of ${name} to be told\n${world.output().slice(-4000)}`,
    () => world.slack(alertname).find((message) => isOverFor(message, name)),
    LIMIT_MS,
  )

describe('a flapping account', () => {
  let startMs = 0
  test('begins to come and go', () => {
    startMs = Date.now()
    // Down and up every 10 s: 18 outages in an hour of the rules.
    world.simulator.control.inject({ account: 'shaky/s-1', fault: 'flapping', everySeconds: 5, restart: 'refused' })
  })

  describe('meanwhile, elsewhere', () => {
    test('each cause has its own alert, in Slack and by e-mail, and each is told to be over', async () => {
      const { inject, heal } = world.simulator.control
      const cases = [
        ['l-1', 'qr', 'WhatsAppAccountAwaitingAuth'],
        ['l-2', 'banned', 'WhatsAppAccountBlocked'],
        ['l-3', 'conflict', 'WhatsAppAccountConflict'],
        ['l-4', 'outdated_client', 'WhatsAppAccountClientOutdated'],
      ] as const
      for (const [account, fault] of cases) inject({ account: `linda/${account}`, fault })
      inject({ account: 'linda/l-5', fault: 'disconnected', restart: 'lies' })
      await told('WhatsAppAccountDisconnected', 'l-5')
      await told('WhatsAppAccountRecoveryFailed', 'l-5')
      heal({ gateway: 'linda', account: 'l-5' })
      for (const [account, , alertname] of cases) {
        const message = await told(alertname, account)
        expect(message.text).toMatch(/since .+ UTC.+ Cause: [\w ]+\. Restarts so far: 0/s)
      }
      for (const [account] of cases) heal({ gateway: 'linda', account })
      for (const [account, , alertname] of cases) await overTold(alertname, account)
      await overTold('WhatsAppAccountDisconnected', 'l-5')
      await overTold('WhatsAppAccountRecoveryFailed', 'l-5')
      const mails = world.simulator.inbox.messages({ kind: 'email' })
      for (const [account] of cases) {
        expect(mails.some(({ subject, html }) => subject.startsWith('CRITICAL') && html?.includes(account))).toBe(true)
        expect(mails.some(({ subject, text }) => subject.startsWith('OVER') && text.includes(account))).toBe(true)
      }
    }, 150_000)

    test('repairs that are used up are told to be so', async () => {
      world.simulator.control.inject({ account: 'linda/l-6', fault: 'disconnected', restart: 'lies' })
      await told('WhatsAppAccountRecoveryExhausted', 'l-6')
      world.simulator.control.heal({ gateway: 'linda', account: 'l-6' })
      await overTold('WhatsAppAccountRecoveryExhausted', 'l-6')
    }, 120_000)

    test('200 accounts behind one dying gateway are one message, and its recovery is one more', async () => {
      const startMs = Date.now()
      world.simulator.control.inject({ gateway: 'big', fault: 'server_error' })
      const first = await until('the gateway to be told', () => world.slack('WhatsAppGatewayDown').at(-1), LIMIT_MS)
      expect(first.text).toContain('200 accounts')
      await sleep(5 * MINUTE_MS)
      world.simulator.control.heal({ gateway: 'big' })
      await until('its end to be told', () => world.slack('WhatsAppGatewayDown').find(({ isOver }) => isOver), LIMIT_MS)
      await sleep(5 * MINUTE_MS)
      const since = world.simulator.inbox
        .messages({ kind: 'slack' })
        .filter(({ receivedAtMs, subject, text }) => receivedAtMs >= startMs && /\bbig\b/.test(subject + text))
      // A budget that burns is another matter than the outage, and told once for all accounts, too.
      const [budgets, outage] = [/Budget/, /^(?!.*Budget)/].map((about) =>
        since.map(({ subject }) => subject).filter((subject) => about.test(subject)),
      )
      expect(outage).toEqual([
        expect.stringContaining('CRITICAL: Gateway Down at big'),
        expect.stringContaining('OVER: Gateway Down at big'),
      ])
      const names = budgets?.map((subject) => subject.replace(/,.*/, '')) ?? []
      expect(names).toEqual([...new Set(names)])
    }, 150_000)

    test('an Alertmanager that is killed for a minute loses nothing and repeats nothing', async () => {
      const { inject, heal } = world.simulator.control
      inject({ account: 'calm/c-1', fault: 'qr' })
      await told('WhatsAppAccountAwaitingAuth', 'c-1')
      // Its log of what was told is written every second.
      await sleep(2500)
      await world.kill('alertmanager')
      inject({ account: 'other/o-1', fault: 'qr' })
      await sleep(MINUTE_MS)
      await world.start('alertmanager')
      await told('WhatsAppAccountAwaitingAuth', 'o-1')
      await sleep(5 * MINUTE_MS)
      heal({ gateway: 'calm', account: 'c-1' })
      heal({ gateway: 'other', account: 'o-1' })
      await overTold('WhatsAppAccountAwaitingAuth', 'c-1')
      await overTold('WhatsAppAccountAwaitingAuth', 'o-1')
      for (const name of ['c-1', 'o-1']) {
        expect(about('WhatsAppAccountAwaitingAuth', name, false)).toHaveLength(1)
        expect(about('WhatsAppAccountAwaitingAuth', name, true)).toHaveLength(1)
      }
    }, 150_000)

    test('an exporter that is killed for a minute loses nothing and repeats nothing', async () => {
      const { inject, heal } = world.simulator.control
      inject({ account: 'calm/c-2', fault: 'banned' })
      await told('WhatsAppAccountBlocked', 'c-2')
      await world.kill('exporter')
      inject({ account: 'other/o-2', fault: 'banned' })
      await world.start('exporter')
      await told('WhatsAppAccountBlocked', 'o-2')
      await sleep(5 * MINUTE_MS)
      heal({ gateway: 'calm', account: 'c-2' })
      heal({ gateway: 'other', account: 'o-2' })
      await overTold('WhatsAppAccountBlocked', 'c-2')
      await overTold('WhatsAppAccountBlocked', 'o-2')
      for (const name of ['c-2', 'o-2']) {
        expect(about('WhatsAppAccountBlocked', name, false)).toHaveLength(1)
        expect(about('WhatsAppAccountBlocked', name, true)).toHaveLength(1)
      }
    }, 150_000)

    test('an exporter that stays away is an alert of its own, and its accounts are not told to be over', async () => {
      const { inject, heal } = world.simulator.control
      const overs = () => world.slack('WhatsAppAccountBlocked').filter((message) => isOverFor(message, 'c-3'))
      inject({ account: 'calm/c-3', fault: 'banned' })
      await told('WhatsAppAccountBlocked', 'c-3')
      await world.kill('exporter')
      await until('it to be told', () => world.slack('WhatsAppExporterDown').find(({ isOver }) => !isOver), LIMIT_MS)
      // Longer than the alert goes on without its account, and than its group waits.
      await sleep(8 * MINUTE_MS)
      await world.start('exporter')
      await until(
        'its end to be told',
        () => world.slack('WhatsAppExporterDown').find(({ isOver }) => isOver),
        LIMIT_MS,
      )
      await sleep(6 * MINUTE_MS)
      expect(overs()).toEqual([])
      expect(about('WhatsAppAccountBlocked', 'c-3', false)).toHaveLength(1)
      heal({ gateway: 'calm', account: 'c-3' })
      await overTold('WhatsAppAccountBlocked', 'c-3')
      expect(overs()).toHaveLength(1)
    }, 180_000)

    test('maintenance mutes, and what is still broken after it is told', async () => {
      const plan = await world.api('/api/maintenance', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ gateways: ['planned'], duration: '10m', author: 'alice', reason: 'Upgrade' }),
      })
      const { id } = (plan as { plan: { id: string } }).plan
      await until('the silence to be set', async () => {
        const { windows } = (await world.api('/api/maintenance')) as { windows: { plan: string; silence: string }[] }
        return windows.some((window) => window.plan === id && window.silence === 'set')
      })
      // The monitor looks at the calendar every ten seconds.
      await until('the window to be open', async () => {
        const { maintenance } = (await world.api('/api/health/p-1')) as { maintenance: object | null }
        return maintenance
      })
      world.simulator.control.inject({ account: 'planned/p-1', fault: 'qr' })
      await sleep(3 * MINUTE_MS)
      expect(about('WhatsAppAccountAwaitingAuth', 'p-1', false)).toEqual([])
      await world.api(`/api/maintenance/${id}`, { method: 'DELETE' })
      await told('WhatsAppAccountAwaitingAuth', 'p-1')
      world.simulator.control.heal({ gateway: 'planned', account: 'p-1' })
      await overTold('WhatsAppAccountAwaitingAuth', 'p-1')
    }, 120_000)

    test('the audit at the exporter knows all of it: when, to whom, how late, and that it is over', async () => {
      const { alerts } = (await world.api('/api/alerts?receiver=demo-slack&account=l-1')) as {
        alerts: { alertname: string; status: string; latencySeconds: number | null; endToldAt: string | null }[]
      }
      expect(alerts.filter(({ alertname }) => alertname === 'WhatsAppAccountAwaitingAuth')).toEqual([
        expect.objectContaining({
          status: 'resolved',
          endToldAt: expect.any(String),
          latencySeconds: expect.any(Number),
        }),
      ])
      for (const receiver of ['exporter-audit', 'demo-email'])
        expect(await world.api(`/api/alerts?receiver=${receiver}&account=l-2`)).toMatchObject({
          alerts: expect.arrayContaining([expect.objectContaining({ alertname: 'WhatsAppAccountBlocked' })]),
        })
    })
  })

  test('makes no more than a handful of messages in an hour, and one says that it flaps', async () => {
    await sleep(Math.max(0, startMs + HOUR_MS - Date.now()))
    world.simulator.control.heal({ gateway: 'shaky', account: 's-1' })
    const messages = world.simulator.inbox
      .messages({ kind: 'slack' })
      .filter(({ receivedAtMs, text }) => receivedAtMs < startMs + HOUR_MS && text.includes('*s-1*'))
    expect(messages.some(({ subject }) => subject.includes('Account Flapping'))).toBe(true)
    expect(messages.length).toBeLessThanOrEqual(12)
  }, 240_000)
})
