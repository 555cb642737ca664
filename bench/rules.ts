import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { stringify } from 'yaml'
import { freePort } from '../scripts/stack/ports.ts'
import { createExposition } from '../src/metrics/exposition.ts'
import { metricsPage } from '../src/metrics/metrics-page.ts'
import { createProcessMetrics } from '../src/metrics/process-metrics.ts'
import type { BenchRow } from './bench-row.ts'
import { cpuSeconds, type Program, startProgram } from './process.ts'
import { gatewayOf, healthAfter, rulesFleet } from './rules-fleet.ts'

const ACCOUNTS = Number(process.env['RULES_ACCOUNTS'] ?? 10_000)
/** Longer than the longest interval of a group and the five minutes that the first tiles look back: every group has run with work. */
const RUN_SECONDS = Number(process.env['RULES_SECONDS'] ?? 600)
const SCRAPE_SECONDS = 15
const POLL_MS = 5_000
/** Time of all groups together, as a share of their intervals (docs/operations.md). */
const GOAL_PERCENT = 20

/** One group of rules, as Prometheus tells of itself. */
interface GroupFigures {
  readonly intervalSeconds: number
  /** Seconds of each evaluation that was seen, by its time; the later half counts. */
  readonly durations: Map<number, number>
}

/**
 * What the shipped rules cost a real Prometheus that scrapes the page of many accounts every 15 s. History begins with
 * the run: what sums over 30 days cost beside that is not in the figure. Needs a machine without other work.
 */
export async function run(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-rules-'))
  const target = await startFleetPage(ACCOUNTS)
  const port = await freePort(26_000, new Set())
  let prometheus: Program | null = null
  try {
    writeFileSync(join(folder, 'prometheus.yml'), prometheusYaml((target.address() as AddressInfo).port)) // it listens on a port
    prometheus = startProgram('prometheus', [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ])
    const groups = new Map<string, GroupFigures>()
    let page = ''
    for (const endMs = Date.now() + RUN_SECONDS * 1000; Date.now() < endMs; ) {
      await sleep(POLL_MS)
      page = await fetched(`http://127.0.0.1:${port}/metrics`)
      takeFigures(groups, page)
    }
    const share = printed(groups, page, cpuSeconds(prometheus.pid))
    return [
      {
        name: `rule_eval_share_${ACCOUNTS}`,
        value: share,
        unit: '%',
        peer: 'goal',
        peerValue: GOAL_PERCENT,
        ratio: GOAL_PERCENT / share,
      },
    ]
  } finally {
    await prometheus?.end()
    target.closeAllConnections()
    target.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The exporter's own page over a fleet whose counters grow as if it were checked every 15 s. */
async function startFleetPage(count: number): Promise<Server> {
  const exposition = createExposition({ now: Date.now })
  const own = createProcessMetrics()
  const fleet = rulesFleet(count)
  const startedMs = Date.now()
  for (const name of new Set(fleet.map((_, index) => gatewayOf(index)))) {
    const accounts = fleet.filter(({ gateway }) => gateway === name).length
    exposition.gateways.set({ name, driver: 'waha', up: true, accounts, breakerOpen: false })
  }
  const answer = async () => {
    const nowMs = Date.now()
    const checks = 1 + Math.floor((nowMs - startedMs) / (SCRAPE_SECONDS * 1000))
    for (const [index, account] of fleet.entries()) {
      const health = healthAfter(account, index, checks, nowMs)
      exposition.accounts.set(account, 'waha', health, { inMaintenance: false, budgetLeft: 3 })
    }
    await exposition.render()
    return await metricsPage(exposition, own, 'text', true)
  }
  const server = createServer((_request, response) => {
    answer().then(
      (page) => {
        response.writeHead(200, { 'content-type': page.contentType, 'content-encoding': 'gzip' })
        for (const chunk of page.chunks) response.write(chunk)
        response.end(() => page.release())
      },
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function prometheusYaml(targetPort: number): string {
  return stringify({
    global: { scrape_interval: `${SCRAPE_SECONDS}s`, evaluation_interval: `${SCRAPE_SECONDS}s` },
    rule_files: [fileURLToPath(new URL('../prometheus/rules/*.yml', import.meta.url))],
    scrape_configs: [{ job_name: 'whatsapp-exporter', static_configs: [{ targets: [`127.0.0.1:${targetPort}`] }] }],
  })
}

/** The page, or '' while Prometheus is not up yet. */
async function fetched(url: string): Promise<string> {
  try {
    return await (await fetch(url, { signal: AbortSignal.timeout(30_000) })).text()
  } catch {
    return ''
  }
}

function takeFigures(groups: Map<string, GroupFigures>, page: string): void {
  const intervals = byGroup(page, 'prometheus_rule_group_interval_seconds')
  const durations = byGroup(page, 'prometheus_rule_group_last_duration_seconds')
  const moments = byGroup(page, 'prometheus_rule_group_last_evaluation_timestamp_seconds')
  for (const [group, intervalSeconds] of intervals) {
    const figures = groups.get(group) ?? { intervalSeconds, durations: new Map<number, number>() }
    groups.set(group, figures)
    const moment = moments.get(group) ?? 0
    if (moment > 0) figures.durations.set(moment, durations.get(group) ?? Number.NaN)
  }
}

/** Prints what each group took, and gives the share of all together in percent. Throws where a rule failed or never ran. */
function printed(groups: ReadonlyMap<string, GroupFigures>, page: string, cpu: number): number {
  // The sums that come every hour are not seen in a short run.
  const isSeldom = ({ intervalSeconds, durations }: GroupFigures) =>
    durations.size === 0 && intervalSeconds > RUN_SECONDS
  const seldom = [...groups].filter(([, figures]) => isSeldom(figures)).map(([group]) => group)
  const rows = [...groups]
    .filter(([, figures]) => !isSeldom(figures))
    .map(([group, { intervalSeconds, durations }]) => {
      const seen = [...durations.values()]
      const later = seen.slice(Math.floor(seen.length / 2))
      const seconds = later.reduce((sum, each) => sum + each, 0) / later.length
      return {
        group,
        runs: seen.length,
        'interval s': intervalSeconds,
        'mean s': seconds,
        percent: (100 * seconds) / intervalSeconds,
      }
    })
  const failed = total(byGroup(page, 'prometheus_rule_evaluation_failures_total'))
  const idle = rows.filter(({ runs }) => runs === 0).map(({ group }) => group)
  if (rows.length === 0) throw new Error('Prometheus told of no group of rules; does it start on this machine?')
  if (failed > 0) throw new Error(`${failed} evaluations of rules failed; look at /rules of that Prometheus`)
  if (idle.length > 0) throw new Error(`${idle.join(', ')} never ran; give RULES_SECONDS more than 300`)
  console.table(
    rows
      .toSorted((a, b) => b.percent - a.percent)
      .map((row) => ({ ...row, 'mean s': row['mean s'].toFixed(4), percent: row.percent.toFixed(3) })),
  )
  if (seldom.length > 0) process.stdout.write(`not run, and not in the sum: ${seldom.join(', ')}\n`)
  const missed = total(byGroup(page, 'prometheus_rule_group_iterations_missed_total'))
  const series = /^prometheus_tsdb_head_series (\S+)$/m.exec(page)?.[1] ?? 'unknown'
  process.stdout.write(
    `${ACCOUNTS} accounts, ${RUN_SECONDS} s: ${series} series, ${missed} missed evaluations, ${cpu.toFixed(1)} s of processor time with scraping\n`,
  )
  return rows.reduce((sum, { percent }) => sum + percent, 0)
}

/** Values of a family of Prometheus' own page by the name of the group. */
function byGroup(page: string, family: string): Map<string, number> {
  const lines = page.matchAll(new RegExp(`^${family}\\{rule_group="[^"]*;([^";]+)"\\} (\\S+)$`, 'gm'))
  return new Map([...lines].map(([, group = '', value]) => [group, Number(value)]))
}

function total(values: ReadonlyMap<string, number>): number {
  return [...values.values()].reduce((sum, value) => sum + value, 0)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) console.table(await run())
