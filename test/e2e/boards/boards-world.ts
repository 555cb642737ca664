import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse, stringify } from 'yaml'
import { type Part, type RunningPart, startPart } from '../../../scripts/stack/child.ts'
import { alertmanagerPart, exporterPart, prometheusPart } from '../../../scripts/stack/parts.ts'
import { exporterCommand, program, type StackPlan } from '../../../scripts/stack/plan.ts'
import { freePort } from '../../../scripts/stack/ports.ts'
import type { RuleGroup } from '../../../src/rules/rule.ts'
import { RULE_FILES, renderRuleFile } from '../../../src/rules/rule-files.ts'
import { simulatorConfigYaml } from '../../../src/simulator/config-yaml.ts'
import { type Simulator, startSimulator } from '../../../src/simulator/simulator.ts'
import { levelsOf } from '../backfilled-prometheus.ts'
import { type PrometheusAsker, prometheusAsker } from './ask.ts'
import { type Board, expressionsOf } from './board.ts'
import { FLEET, faultsOfNow, maintenanceOfToday, TENANTS } from './fleet-of-boards.ts'
import { DAY, HOUR, MINUTE } from './past-troubles.ts'
import { recordedNeeds } from './recorded-needs.ts'
import { recordThePast } from './recorded-past.ts'
import { handOver, writePast } from './written-past.ts'

/** The whole stack on the simulator, with five weeks behind it. */
export interface BoardsWorld {
  readonly asker: PrometheusAsker
  readonly prometheusUrl: string
  readonly exporterUrl: string
  readonly end: () => Promise<void>
}

const PAST_MS = 35 * DAY
const PORTS_FROM = 23_300
const SETTLED_WITHIN_MS = 90_000
/** So that live series have a few samples. */
const LIVE_FOR_MS = 12_000

/** @param boards their queries tell which series need a past */
export async function startBoardsWorld(boards: readonly Board[]): Promise<BoardsWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'boards-'))
  const running: RunningPart[] = []
  const start = async (part: Part) => {
    await startPart(part, { print() {}, spawned: (each) => running.push(each) }, new AbortController().signal)
  }
  const simulator = await startSimulator({
    gateways: FLEET,
    smtpPort: 0,
    latencyMs: { min: 8, max: 60 },
    repairMs: 500,
  })
  const end = async () => {
    for (const part of [...running].reverse()) await part.end(5000)
    await simulator.close()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const toMs = Math.floor(Date.now() / MINUTE) * MINUTE
    const plan = await makePlan(folder, simulator, toMs)
    const { prometheus, alertmanager } = plan
    if (prometheus === null || alertmanager === null) throw new Error('the plan has no Prometheus')
    // With the faults of now: an account that is logged out has no number, and series must go on under the same labels.
    for (const order of faultsOfNow()) simulator.control.inject(order)
    await start(exporterPart(plan))
    const page = await settledPage(plan.exporterUrl)
    await running.pop()?.end(5000)
    for (const name of readdirSync(folder)) if (name.startsWith('exporter.db')) rmSync(join(folder, name))

    const data = join(plan.dataPath, 'prometheus')
    const groups = RULE_FILES.flatMap((file) => file.groups)
    const needs = recordedNeeds(boards, groups)
    const expressions = [
      ...expressionsOf(boards),
      ...levelsOf(groups, [...needs.keys()])
        .flat()
        .flatMap(({ rules }) => rules.map(({ expr }) => expr)),
    ]
    const named = new Set(expressions.flatMap((expression) => expression.match(/[a-zA-Z_][\w]*/g) ?? []))
    const host = (url: string) => new URL(url).host
    const targets = {
      exporter: host(plan.exporterUrl),
      prometheus: host(prometheus.url),
      alertmanager: host(alertmanager.url),
    }
    const fromMs = Math.floor(toMs / HOUR) * HOUR - PAST_MS
    const past = await writePast({ folder, data, page, targets, fromMs, toMs, wanted: named })
    await handOver(join(folder, 'exporter.db'), past, toMs)
    await recordThePast({ groups, needs, fromMs, toMs, data, folder })

    // Anew: restarts may have healed some.
    for (const order of faultsOfNow()) simulator.control.inject(order)
    const startedMs = Date.now()
    await start(alertmanagerPart(plan, alertmanager))
    await start(exporterPart(plan))
    await start(prometheusPart(plan, prometheus))
    await settled(prometheus.url, startedMs, toMs)
    return { asker: prometheusAsker(prometheus.url), prometheusUrl: prometheus.url, exporterUrl: plan.exporterUrl, end }
  } catch (error) {
    await end()
    throw error
  }
}

async function makePlan(folder: string, simulator: Simulator, nowMs: number): Promise<StackPlan> {
  const taken = new Set<number>()
  const local = async () => {
    const port = await freePort(PORTS_FROM + Math.floor(Math.random() * 2000), taken)
    taken.add(port)
    return `http://127.0.0.1:${port}`
  }
  const exporterUrl = await local()
  const prometheusUrl = await local()
  const alertmanagerUrl = await local()
  const plan: StackPlan = {
    configPath: join(folder, 'config.yml'),
    dataPath: folder,
    renderedPath: join(folder, 'rendered'),
    exporterUrl,
    prometheus: { url: prometheusUrl, program: program(['prometheus']) },
    alertmanager: { url: alertmanagerUrl, program: program(['prometheus-alertmanager', 'alertmanager']) },
    grafanaUrl: 'http://127.0.0.1:3000',
    simulator: null,
  }
  mkdirSync(join(folder, 'prometheus'))
  mkdirSync(plan.renderedPath)
  const config = parse(
    simulatorConfigYaml({
      url: simulator.url,
      gateways: simulator.gateways,
      smtpPort: simulator.smtpPort,
      sections: {
        checks: { interval: '5s', timeout: '2s' },
        health: { unhealthyAfter: 2, slowAfter: '1s' },
        recovery: { backoff: { initial: '2s', max: '5s' }, verifyWithin: '8s' },
        api: { listen: new URL(exporterUrl).host },
        prometheus: { url: prometheusUrl, scrapeInterval: '5s' },
        alerting: {
          url: alertmanagerUrl,
          // Answers 404: a receiver that fails.
          webhook: [{ name: 'ticket-desk', severities: ['warning'], url: `${simulator.url}/inbox/nobody` }],
        },
        store: { path: join(folder, 'exporter.db') },
        maintenance: maintenanceOfToday(nowMs).map(({ select, startMs, endMs, author, reason }) => ({
          ...select,
          start: new Date(startMs).toISOString(),
          end: new Date(endMs).toISOString(),
          author,
          reason,
        })),
      },
    }),
  )
  for (const gateway of config.gateways) gateway.labels = { tenant: TENANTS[gateway.name] }
  writeFileSync(plan.configPath, stringify(config))
  const rules = join(folder, 'rules')
  mkdirSync(rules)
  for (const { name, groups } of RULE_FILES)
    writeFileSync(join(rules, name), renderRuleFile({ name, groups: groups.map(sooner) }))
  const out = ['--out', plan.renderedPath, '--rules', '../rules/*.yml']
  exporterCommand(['render', '--config', plan.configPath, ...out], 'quiet')
  return plan
}

/** The same rules, evaluated more often: nobody waits for four minutes here. */
function sooner(group: RuleGroup): RuleGroup {
  return { ...group, interval: group.interval === '4m' ? '15s' : '5s' }
}

/** The page, once every account was seen. */
async function settledPage(url: string): Promise<string> {
  const accounts = FLEET.reduce((sum, { accounts: own }) => sum + (Array.isArray(own) ? own.length : own), 0)
  const limitMs = Date.now() + SETTLED_WITHIN_MS
  for (;;) {
    const page = await (await fetch(`${url}/metrics`)).text()
    if ([...page.matchAll(/^whatsapp_account_info\{/gm)].length === accounts) return page
    if (Date.now() > limitMs) throw new Error(`the exporter did not find ${accounts} accounts:\n${page}`)
    await sleep(200)
  }
}

/** What the boards show of now, and what takes the longest to get there. */
const SIGNS = [
  'count(whatsapp_account_incident_start_timestamp_seconds) >= 3',
  'count(ALERTS{alertstate="firing"}) > 3',
  'sum(increase(alertmanager_notifications_total[1m])) > 0',
  'sum(increase(alertmanager_notifications_failed_total[1m])) > 0',
]

/** Waits until every group of rules was evaluated, with the records that the past ended with, and the faults of now are told. */
async function settled(url: string, startedMs: number, pastEndMs: number): Promise<void> {
  const asker = prometheusAsker(url)
  const namesAt = async (atMs: number) => {
    const found = await asker.instant('count by (__name__) ({__name__=~"[a-z]+:whatsapp_.+"})', atMs)
    return found.map(({ labels }) => labels['__name__'] ?? '')
  }
  const before = await namesAt(pastEndMs)
  const limitMs = Date.now() + SETTLED_WITHIN_MS
  await sleep(LIVE_FOR_MS)
  for (;;) {
    // The answer of Prometheus' API, as it documents it.
    const { data } = (await (await fetch(`${url}/api/v1/rules`)).json()) as {
      data: { groups: readonly { name: string; lastEvaluation: string }[] }
    }
    const late = data.groups.filter(({ lastEvaluation }) => Date.parse(lastEvaluation) < startedMs + 5000)
    const missing: string[] = late.map(({ name }) => `an evaluation of ${name}`)
    const recorded = new Set(await namesAt(Date.now()))
    missing.push(...before.filter((name) => !recorded.has(name)))
    for (const sign of SIGNS) if ((await asker.instant(sign, Date.now())).length === 0) missing.push(sign)
    if (missing.length === 0) return
    if (Date.now() > limitMs) throw new Error(`the stack did not settle; it lacks ${missing.join(', ')}`)
    await sleep(500)
  }
}
