import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { type RunningPart, startPart } from '../../scripts/stack/child.ts'
import { program } from '../../scripts/stack/plan.ts'
import { freePort } from '../../scripts/stack/ports.ts'
import { createApi } from '../../src/api/app.ts'
import { parseConfig } from '../../src/config/load.ts'
import { renderAlertmanager } from '../../src/config/render-alertmanager.ts'
import { isAlert } from '../../src/rules/rule.ts'
import { RULE_FILES } from '../../src/rules/rule-files.ts'
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts'
import { fakeParts, type Served, serve } from '../api/fakes.ts'
import { until } from '../service/until.ts'
import { acceleratedRules } from './accelerated-rules.ts'
import { type AlertmanagerProcess, alertmanagerProcess } from './alertmanager-process.ts'
import { FACTOR, pastOf } from './past-of-faults.ts'
import { type SteeredExporter, steeredExporter } from './steered-exporter.ts'

// Every alert of the rules, from the exporter's page over Prometheus and Alertmanager to people, and back: real programs,
// the rules as they are with their times divided by 60, and two weeks of history written before the start.
const ALERTS = RULE_FILES.flatMap(({ groups }) => groups.flatMap((group) => group.rules.filter(isAlert)))
const LIMIT_MS = 120_000
/** All is well first, for longer than most alerts need to fire. */
const CALM_MS = 8_000

/** A fault, and how it is undone. What belongs to an account or gateway has one of its own, so that nothing is muted. */
interface Fault {
  readonly alerts: readonly string[]
  readonly by: string
  readonly begin: (exporter: SteeredExporter) => void
  readonly end: (exporter: SteeredExporter) => void
}

/** An account that is unhealthy for a reason. */
function unhealthy(alert: string, shown: Partial<Parameters<SteeredExporter['show']>[2]>): Fault {
  const name = alert.replace('WhatsAppAccount', '').toLowerCase()
  return {
    alerts: [alert],
    by: 'the state of an account',
    begin: ({ show }) => show(`g-${name}`, name, { status: 'unhealthy', state: 'disconnected', ...shown }),
    end: ({ show }) =>
      show(`g-${name}`, name, { status: 'healthy', state: 'connected', reason: null, budgetLeft: 5, failedRepairs: 0 }),
  }
}

/** A value of the exporter itself. */
function ofItself(alert: string, begin: Fault['begin'], end: Fault['end']): Fault {
  return { alerts: [alert], by: 'a value of the exporter', begin, end }
}

const FAULTS: readonly Fault[] = [
  unhealthy('WhatsAppAccountAwaitingAuth', { state: 'awaiting_auth', reason: 'logged_out' }),
  unhealthy('WhatsAppAccountBlocked', { state: 'blocked', reason: 'banned' }),
  unhealthy('WhatsAppAccountConflict', { reason: 'conflict' }),
  unhealthy('WhatsAppAccountClientOutdated', { reason: 'outdated_client' }),
  unhealthy('WhatsAppAccountDisconnected', { reason: 'network' }),
  unhealthy('WhatsAppAccountRecoveryFailed', { reason: 'network', failedRepairs: 1 }),
  unhealthy('WhatsAppAccountRecoveryExhausted', { reason: 'network', budgetLeft: 0 }),
  unhealthy('WhatsAppAccountWarning', { status: 'warning', state: 'degraded', reason: 'quality' }),
  unhealthy('WhatsAppAccountNotObserved', { status: 'unknown', state: 'unknown', reason: 'unauthorized' }),
  {
    alerts: ['WhatsAppAccountFlapping'],
    by: 'a counter of incidents',
    begin: ({ add }) => add('g-flapping', 'flapping', { incidents: 5 }),
    end() {},
  },
  {
    alerts: ['WhatsAppAccountResponseSlow'],
    by: 'response times against those of the day before',
    begin: ({ show }) => show('g-slow', 'slow', { durationMs: 3000 }),
    end: ({ show }) => show('g-slow', 'slow', { durationMs: 100 }),
  },
  {
    alerts: ['WhatsAppAccountSilent'],
    by: 'an hour that was busy in the week before, when the maintenance is over',
    begin: ({ show }) => show('g-silent', 'silent', { maintenance: false }),
    end: ({ show }) => show('g-silent', 'silent', { busy: true }),
  },
  {
    alerts: ['WhatsAppAccountFailurePattern'],
    by: 'an account that is back, with incidents at this hour of the last three weeks',
    begin: ({ show }) => show('g-pattern', 'pattern', {}),
    end: ({ remove }) => remove('g-pattern', 'pattern'),
  },
  {
    alerts: [
      'WhatsAppAccountBudgetBurnFast',
      'WhatsAppAccountBudgetBurnSlow',
      'WhatsAppGatewayBudgetBurn',
      'WhatsAppTenantBudgetBurn',
    ],
    by: 'downtime after a day that was good',
    begin: ({ show }) => show('g-burning', 'burning', { down: true }),
    // A lower objective and much good time: the budget is large again.
    end({ show, add }) {
      show('g-burning', 'burning', { down: false, objective: 0.5 })
      add('g-burning', 'burning', { observedSeconds: 10_000_000 })
    },
  },
  {
    alerts: ['WhatsAppAccountBudgetExhausted', 'WhatsAppAccountAvailabilityDeclining'],
    by: 'a week that was bad after one that was good, when the objective is raised',
    begin: ({ show }) => show('g-spent', 'spent', { objective: 0.995 }),
    end: ({ show }) => show('g-spent', 'spent', { objective: 0.5 }),
  },
  {
    alerts: ['WhatsAppAccountBudgetForecast'],
    by: 'a day that used most of the budget, when the objective is raised',
    begin: ({ show }) => show('g-spending', 'spending', { objective: 0.995 }),
    end: ({ show }) => show('g-spending', 'spending', { objective: 0.5 }),
  },
  {
    alerts: ['WhatsAppGatewayDown'],
    by: 'a gateway that does not answer',
    begin: ({ gateways }) => gateways.set({ ...gatewayOf('g-down'), up: false }),
    end: ({ gateways }) => gateways.set(gatewayOf('g-down')),
  },
  {
    alerts: ['WhatsAppGatewayBreakerOpen'],
    by: 'an open breaker, and an account that is down behind it',
    begin({ gateways, show }) {
      gateways.set({ ...gatewayOf('g-breaker'), breakerOpen: true })
      show('g-breaker', 'behind', { status: 'unhealthy', state: 'disconnected', reason: 'network' })
    },
    end({ gateways, show }) {
      gateways.set(gatewayOf('g-breaker'))
      show('g-breaker', 'behind', { status: 'healthy', state: 'connected', reason: null })
    },
  },
  {
    alerts: ['WhatsAppGatewayUnmappedValues'],
    by: 'a word that nobody knows',
    begin: ({ gateways }) => gateways.unmapped('g-words'),
    end() {},
  },
  { alerts: ['WhatsAppFleetDegraded'], by: 'all accounts above that are unhealthy', begin() {}, end() {} },
  {
    alerts: ['WhatsAppExporterShardMissing', 'WhatsAppExporterShardOverlap', 'WhatsAppExporterShardTotalsDiffer'],
    by: 'a second exporter of the same ordinal that was told of another number of shards',
    begin({ own }) {
      own.shard(0, 2)
      scrape([exporter.target, second.target])
    },
    end({ own }) {
      own.shard(0, 1)
      scrape([exporter.target])
    },
  },
  ofItself(
    'WhatsAppExporterLagging',
    ({ own }) => own.cycle(cycle({ lagSeconds: 8 })),
    ({ own }) => own.cycle(cycle({})),
  ),
  ofItself(
    'WhatsAppExporterStalled',
    ({ checkedAgo }) => checkedAgo(200_000),
    ({ checkedAgo }) => checkedAgo(0),
  ),
  ofItself(
    'WhatsAppExporterStoreFailing',
    ({ own }) => own.storeUp(false),
    ({ own }) => own.storeUp(true),
  ),
  ofItself(
    'WhatsAppExporterSamplesDropped',
    ({ own }) => own.storeDroppedSamples(15),
    () => {},
  ),
  ofItself(
    'WhatsAppExporterReloadFailed',
    ({ own }) => own.reload(false, Date.now()),
    ({ own }) => own.reload(true, Date.now()),
  ),
  ofItself(
    'WhatsAppReportFailed',
    ({ own }) => own.reportFailed(),
    () => {},
  ),
  ofItself(
    'WhatsAppNotificationFailed',
    ({ own }) => own.notification('hook', 'failed'),
    () => {},
  ),
  {
    alerts: ['WhatsAppDiscoveryFailing'],
    by: 'list calls that fail again and again',
    begin: ({ onScrape, own }) => onScrape(() => own.discoveryFailed('g-lists')),
    end: ({ onScrape }) => onScrape(null),
  },
]

/** These mute the others, or need all exporters: they have their turn when the others are over. */
const BLINDNESS: readonly Fault[] = [
  ofItself(
    'WhatsAppExporterBlind',
    ({ own }) => own.cycle(cycle({ blind: true })),
    ({ own }) => own.cycle(cycle({})),
  ),
]
const ABOUT_SCRAPES = ['WhatsAppExporterDown', 'WhatsAppExporterAbsent']
const ALWAYS = ['WhatsAppWatchdog']

function gatewayOf(name: string) {
  return { name, driver: 'waha', up: true, accounts: 1, breakerOpen: false }
}

function cycle(over: { blind?: boolean; lagSeconds?: number }) {
  return { blind: false, lagSeconds: 0.1, durationErrorSeconds: 0, durationSeconds: 1, ...over }
}

const folder = mkdtempSync(join(tmpdir(), 'every-alert-'))
const signal = new AbortController().signal
const running: RunningPart[] = []
let simulator: Simulator
let api: Served
let alertmanager: AlertmanagerProcess
let exporter: SteeredExporter
let second: SteeredExporter
let prometheusUrl = ''

beforeAll(async () => {
  simulator = await startSimulator({ gateways: [], smtpPort: 0, inboxCapacity: 5000 })
  api = await serve(createApi(fakeParts()))
  alertmanager = await alertmanagerProcess(alertmanagerConfig)
  exporter = await steeredExporter(FACTOR)
  second = await steeredExporter(FACTOR)
  for (const { own } of [exporter, second]) itselfWell(own)
  allWell(exporter)
  await Promise.all([alertmanager.start(), startPrometheus()])
})
afterAll(async () => {
  for (const part of running) await part.end(5000)
  await exporter?.close()
  await second?.close()
  await alertmanager?.end()
  await api?.close()
  await simulator?.close()
  rmSync(folder, { recursive: true, force: true })
})

function alertmanagerConfig(place: string): string {
  cpSync(resolve('alertmanager/templates'), join(place, 'templates'), { recursive: true })
  const loaded = parseConfig(
    `
gateways: [{ name: waha-1, driver: waha, url: "${simulator.url}", labels: { tenant: acme } }]
alerting:
  groupWait: 0s
  groupInterval: 1s
  slack: [{ name: slack, severities: [critical, warning, info], webhookUrl: "${simulator.url}/inbox/slack" }]
  smtp: { smarthost: "127.0.0.1:${simulator.smtpPort}", from: a@example.org, requireTls: false }
  email: [{ name: email, severities: [critical, warning, info], to: [a@example.org] }]
  webhook: [{ name: dead-man, severities: [none], repeatInterval: 1m, url: "${simulator.url}/inbox/webhook/dead-man" }]
`,
    place,
    {},
  )
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults))
  return renderAlertmanager(loaded.config, { exporterUrl: api.url })
}

/** Every account and gateway of the faults is on the page from the first scrape on, and every counter at 0. */
function allWell({ show, gateways, own }: SteeredExporter): void {
  for (const fault of FAULTS) if (fault.by === 'the state of an account') fault.end(exporter)
  show('g-flapping', 'flapping', {})
  show('g-slow', 'slow', {})
  show('g-silent', 'silent', { maintenance: true })
  show('g-burning', 'burning', { tenant: 'acme' })
  for (const name of ['spent', 'spending']) show(`g-${name}`, name, { objective: 0.5 })
  show('g-down', 'below', {})
  show('g-breaker', 'behind', {})
  for (const name of ['g-down', 'g-breaker', 'g-words', 'g-lists', 'g-burning']) gateways.set(gatewayOf(name))
  own.notificationReceiver('hook')
  own.discoveryGateway('g-lists')
}

function itselfWell(own: SteeredExporter['own']): void {
  own.shard(0, 1)
  own.checkInterval(15)
  own.cycle(cycle({}))
  own.storeUp(true)
  own.reload(true, Date.now())
}

async function startPrometheus(): Promise<void> {
  const data = join(folder, 'data')
  mkdirSync(data)
  const past = join(folder, 'past.om')
  writeFileSync(past, pastOf(Date.now()))
  const made = spawnSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', past, data], {
    encoding: 'utf8',
  })
  if (made.status !== 0) throw new Error(`${made.stdout}${made.stderr}`)
  mkdirSync(join(folder, 'rules'))
  for (const { name, text } of acceleratedRules(FACTOR)) writeFileSync(join(folder, 'rules', name), text)
  scrape([exporter.target])
  writeFileSync(
    join(folder, 'prometheus.yml'),
    stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: ['rules/*.yml'],
      alerting: {
        alertmanagers: [{ static_configs: [{ targets: [new URL(alertmanager.url).host] }], timeout: '2s' }],
      },
      scrape_configs: [{ job_name: 'whatsapp-exporter', file_sd_configs: [{ files: ['targets.json'] }] }],
    }),
  )
  const port = await freePort(27_000 + Math.floor(Math.random() * 2000), new Set())
  prometheusUrl = `http://127.0.0.1:${port}`
  await startPart(
    {
      name: 'prometheus',
      command: program(['prometheus']),
      args: [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${data}`,
        '--storage.tsdb.retention.time=40d',
        `--web.listen-address=127.0.0.1:${port}`,
        '--rules.alert.resend-delay=2s',
      ],
      readyUrl: `${prometheusUrl}/-/ready`,
      readyWithinMs: 30_000,
    },
    { print() {}, spawned: (part) => running.push(part) },
    signal,
  )
}

/** Which exporters Prometheus scrapes; it reads the file again when it changes. */
function scrape(targets: readonly string[]): void {
  writeFileSync(join(folder, 'targets.json'), JSON.stringify([{ targets }]))
}

const words = (alert: string) => alert.replace(/^WhatsApp/, '').replace(/([a-z])([A-Z])/g, '$1 $2')
const headed = (kind: 'slack' | 'email', alert: string, isOver: boolean) =>
  simulator.inbox
    .messages({ kind })
    .filter(({ subject }) => new RegExp(`: ${words(alert)}(?: at| \\(|,|$)`).test(subject))
    .filter(({ subject }) => subject.startsWith('OVER') === isOver)

async function told(alerts: readonly string[], isOver: boolean): Promise<void> {
  for (const alert of alerts) {
    for (const kind of ['slack', 'email'] as const)
      await until(
        `${isOver ? 'the end of ' : ''}${alert} by ${kind}`,
        () =>
          headed(kind, alert, isOver).length > 0 ||
          firingNow().then((names) => Promise.reject(new Error(`firing at Prometheus: ${names}`))),
        LIMIT_MS,
      )
  }
}

async function asked(path: string): Promise<string> {
  return (await fetch(`${prometheusUrl}${path}`)).text()
}

async function firingNow(): Promise<string> {
  // The answer of Prometheus, as it documents it.
  const { data } = JSON.parse(await asked('/api/v1/alerts')) as {
    data: { alerts: { labels: { alertname: string }; state: string }[] }
  }
  return [...new Set(data.alerts.map(({ labels, state }) => `${labels.alertname} ${state}`))].toSorted().join(', ')
}

const namesOf = (faults: readonly Fault[]) => faults.flatMap(({ alerts }) => alerts)

test('every alert of the rules is proven by one of these faults', () => {
  const proven = [...namesOf(FAULTS), ...namesOf(BLINDNESS), ...ABOUT_SCRAPES, ...ALWAYS]
  expect(proven.toSorted()).toEqual(ALERTS.map(({ alert }) => alert).toSorted())
})

describe('from the exporter to people', () => {
  test('nothing but the watchdog is told while all is well', async () => {
    await until(
      'the first scrape',
      async () => (await asked('/api/v1/query?query=up==1')).includes('"value"'),
      LIMIT_MS,
    )
    await sleep(CALM_MS)
    expect(await firingNow()).toBe('WhatsAppWatchdog firing')
    await until('the watchdog', () =>
      simulator.inbox.messages({ kind: 'webhook' })[0]?.text.includes('WhatsAppWatchdog'),
    )
    const subjects = simulator.inbox.messages({ kind: 'slack' }).map(({ subject }) => subject)
    // Prometheus looks for its targets a few seconds after its start.
    expect(subjects.filter((subject) => !subject.includes('Exporter Absent'))).toEqual([])
    simulator.inbox.clear()
  })

  test(
    'each fault is told by Slack and e-mail',
    async () => {
      for (const fault of FAULTS) fault.begin(exporter)
      await told(namesOf(FAULTS), false)
      const texts = simulator.inbox.messages({ kind: 'slack' }).map(({ text }) => text)
      expect(texts.filter((text) => /error expanding|<no value>|%!/.test(text))).toEqual([])
    },
    2 * LIMIT_MS,
  )

  test(
    'and so is its end',
    async () => {
      for (const fault of FAULTS) fault.end(exporter)
      await told(namesOf(FAULTS), true)
      expect(await firingNow()).toBe('WhatsAppWatchdog firing')
    },
    2 * LIMIT_MS,
  )

  test(
    'an exporter that is blind, does not answer or is gone is told, and its end',
    async () => {
      second.answers(false)
      scrape([exporter.target, second.target])
      for (const fault of BLINDNESS) fault.begin(exporter)
      await told([...namesOf(BLINDNESS), 'WhatsAppExporterDown'], false)
      for (const fault of BLINDNESS) fault.end(exporter)
      scrape([])
      await told([...namesOf(BLINDNESS), 'WhatsAppExporterDown'], true)
      await told(['WhatsAppExporterAbsent'], false)
      scrape([exporter.target])
      await told(['WhatsAppExporterAbsent'], true)
    },
    LIMIT_MS,
  )
})
