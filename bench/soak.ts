// Long runs of the program itself: does it stay as it is, and is its ledger true?
// usage: node bench/soak.ts faults|hour [--minutes <n>] [--accounts <n>] [--keep <folder>]
//   faults  2 000 accounts behind six gateways, 30 minutes, faults by chance: memory and descriptors, and every injected
//           fault against the incidents of the store. Exit code 1 where they do not balance.
//   hour    1 000 accounts, checked one by one every 15 s for an hour, without faults: memory, descriptors, CPU.
// Writes its part of bench/soak.json, unless --minutes or --accounts make it another run.
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { request } from 'undici'
import { parse, stringify } from 'yaml'
import type { Incident } from '../src/health/health.ts'
import { silentLog } from '../src/log.ts'
import { simulatorConfigYaml } from '../src/simulator/config-yaml.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '../src/simulator/simulator.ts'
import { sqliteStore } from '../src/store/sqlite.ts'
import type { Paged } from '../src/store/store.ts'
import { fleetConfig } from './fleet-config.ts'
import { startServe, startTarget } from './process.ts'
import { type Course, courseOf, summaryOf, type UsageSummary, watchProcess } from './process-watch.ts'
import { type Balance, balance } from './soak-balance.ts'

const RUNS = {
  faults: { accounts: 2_000, minutes: 30 },
  hour: { accounts: 1_000, minutes: 60 },
}
const INTERVAL_MS = 15_000
/** Longer than two faults `slow` together, that of an account and that of its gateway: slow is not down. */
const TIMEOUT_MS = 8_000
const CONNECTING_LIMIT_MS = 45_000
const REPAIR_MS = 3_000
const UNHEALTHY_AFTER = 3
const PER_MEGABYTE = 1e-6

/** What is written of a run. */
export interface SoakReport {
  readonly when: string
  readonly accounts: number
  readonly minutes: number
  /** Load of the machine at its end: figures of a machine that does something else at the same time are upper bounds. */
  readonly load: { readonly average15m: number; readonly cores: number }
  readonly exporter: UsageSummary
  readonly scrapes: Scrapes
  readonly storeMb: number
  readonly ledger?: Ledger
}

interface Scrapes {
  readonly count: number
  readonly failed: number
  readonly slowestMs: number
  readonly pageMb: number
  /** JavaScript heap in use, MB: the median of the first and of the last sixth of the scrapes after the warm-up. */
  readonly heapMb?: Course
}

interface Ledger extends Balance {
  readonly recoveries: number
  /** Restarts that a session of the simulator felt, and such sessions without an attempt in the ledger. */
  readonly restarts: number
  readonly unrecordedRestarts: readonly string[]
  /** Attempts that name an incident which is not there. */
  readonly orphans: readonly string[]
}

async function faults(folder: string, accounts: number, minutes: number): Promise<SoakReport> {
  const simulator = await startSimulator({
    gateways: gatewaysOf(accounts),
    seed: 6,
    latencyMs: { min: 20, max: 200 },
    repairMs: REPAIR_MS,
    random: {
      faultsPerAccountPerHour: 2,
      gatewayFaultsPerHour: 4,
      faults: ['disconnected', 'stuck_connecting', 'qr', 'logged_out', 'banned', 'conflict', 'slow', 'capped'],
      gatewayFaults: ['server_error', 'refuse', 'hang', 'unauthorized', 'slow'],
      minSeconds: 110,
      maxSeconds: 300,
    },
  })
  try {
    const storePath = join(folder, 'exporter.db')
    const { watched, ...report } = await watchExporter(folder, faultsConfig(simulator, storePath), minutes)
    const keys = simulator.control.accounts().map(({ key }) => key)
    const { incidents, recoveries } = await ledgerOf(storePath)
    const recorded = new Set(incidents.map(({ id }) => id))
    const attempted = new Set(recoveries.map(({ key }) => key))
    const restarted = simulator.control.accounts().filter(({ restartRequests }) => restartRequests > 0)
    return {
      ...report,
      accounts,
      minutes,
      storeMb: await sizeMb(storePath),
      ledger: {
        ...balance(keys, simulator.control.injected(), incidents, {
          ...watched,
          intervalMs: INTERVAL_MS,
          timeoutMs: TIMEOUT_MS,
          unhealthyAfter: UNHEALTHY_AFTER,
          connectingLimitMs: CONNECTING_LIMIT_MS,
          repairMs: REPAIR_MS,
        }),
        recoveries: recoveries.length,
        restarts: restarted.reduce((sum, { restartRequests }) => sum + restartRequests, 0),
        unrecordedRestarts: restarted.map(({ key }) => key).filter((key) => !attempted.has(key)),
        orphans: recoveries
          .filter(({ incidentId }) => incidentId !== null && !recorded.has(incidentId))
          .map(({ id, key }) => `${key}: attempt ${id}`),
      },
    }
  } finally {
    await simulator.close()
  }
}

/** What the simulator proposes, but for the bot that is asked account by account. */
function faultsConfig(simulator: Simulator, storePath: string): string {
  const { url, gateways, control } = simulator
  const checks = { interval: `${INTERVAL_MS}ms`, timeout: `${TIMEOUT_MS}ms` }
  const health = { unhealthyAfter: UNHEALTHY_AFTER, connectingLimit: `${CONNECTING_LIMIT_MS}ms` }
  const sections = { checks, health, store: { path: storePath }, api: { listen: '127.0.0.1:0' } }
  const config: { gateways: { name: string }[] } = parse(
    simulatorConfigYaml({ url, gateways, smtpPort: null, sections }),
  )
  const accounts = control.accounts().filter(({ gateway }) => gateway === 'single')
  const single = { discover: false, accounts: accounts.map(({ account }) => ({ account })) }
  return stringify({
    ...config,
    gateways: config.gateways.map((entry) => (entry.name === 'single' ? { ...entry, ...single } : entry)),
  })
}

async function hour(folder: string, accounts: number, minutes: number): Promise<SoakReport> {
  const target = await startTarget(50)
  try {
    const storePath = join(folder, 'exporter.db')
    const options = { url: target.url, count: accounts, interval: '15s', concurrency: 256, storePath }
    const { watched: _watched, ...report } = await watchExporter(folder, fleetConfig(options), minutes)
    return { ...report, accounts, minutes, storeMb: await sizeMb(storePath) }
  } finally {
    await target.end()
  }
}

/** Runs `serve` for so long, scraped every 15 s as Prometheus would, and looks at it from outside. */
async function watchExporter(folder: string, config: string, minutes: number) {
  const configFile = join(folder, 'config.yml')
  await writeFile(configFile, config)
  const exporter = await startServe(configFile)
  try {
    const startedMs = Date.now()
    const scrapes = scraping(exporter.url)
    const usage = watchProcess(exporter.pid)
    await sleep(minutes * 60_000)
    const toMs = Date.now()
    const usages = usage.stop()
    const seen = await scrapes.stop()
    await exporter.end()
    return {
      when: new Date(startedMs).toISOString(),
      // Two intervals, so that each account had its first check and its place on the wheel.
      watched: { fromMs: startedMs + 2 * INTERVAL_MS, toMs },
      load: { average15m: loadavg()[2] ?? 0, cores: availableParallelism() },
      exporter: summaryOf(usages),
      scrapes: seen,
    }
  } finally {
    await exporter.end()
  }
}

function scraping(url: string): { stop(): Promise<Scrapes> } {
  const ending = new AbortController()
  const seen = { count: 0, failed: 0, slowestMs: 0, pageMb: 0 }
  const heapsMb: number[] = []
  const scrape = async () => {
    const startMs = performance.now()
    try {
      const { body, statusCode } = await request(`${url}/metrics`, {
        headers: { 'accept-encoding': 'gzip' },
        headersTimeout: 10_000,
        bodyTimeout: 10_000,
      })
      const page = gunzipSync(await body.bytes())
      if (statusCode !== 200) throw new Error(`/metrics answered ${statusCode}`)
      seen.pageMb = Number((page.length * PER_MEGABYTE).toFixed(2))
      const heap = /^nodejs_heap_size_used_bytes (\S+)$/m.exec(page.toString('latin1'))?.[1]
      if (heap !== undefined) heapsMb.push(Number(heap) * PER_MEGABYTE)
      seen.slowestMs = Math.max(seen.slowestMs, Math.round(performance.now() - startMs))
    } catch {
      seen.failed += 1
    }
    seen.count += 1
  }
  const running = (async () => {
    while (!ending.signal.aborted) {
      await sleep(INTERVAL_MS, undefined, { signal: ending.signal }).catch(() => {})
      if (!ending.signal.aborted) await scrape()
    }
  })()
  return {
    async stop() {
      ending.abort()
      await running
      return { ...seen, heapMb: courseOf(heapsMb) }
    },
  }
}

/** Six gateways; two of them list their accounts but must be asked for each one's state, one is asked for each by name. */
function gatewaysOf(accounts: number): SimulatorOptions['gateways'] {
  const share = (tenths: number) => Math.round((accounts * tenths) / 10)
  const named = [
    { name: 'waha-1', dialect: 'waha', accounts: share(3) },
    { name: 'evolution-1', dialect: 'evolution', accounts: share(2) },
    { name: 'wppconnect-1', dialect: 'wppconnect', accounts: share(1) },
    { name: 'gowa-1', dialect: 'gowa', accounts: share(1) },
    { name: 'single', dialect: 'http', accounts: share(1) },
  ] as const
  const rest = accounts - named.reduce((sum, gateway) => sum + gateway.accounts, 0)
  return [...named, { name: 'linda', dialect: 'http', accounts: rest }]
}

async function ledgerOf(path: string) {
  const store = sqliteStore({ path }, silentLog)
  try {
    const incidents: Incident[] = await all((page) => store.incidents(page))
    return { incidents, recoveries: await all((page) => store.recoveries(page)) }
  } finally {
    await store.close()
  }
}

async function all<T>(read: (page: { limit: number; cursor?: string | undefined }) => Promise<Paged<T>>): Promise<T[]> {
  const items: T[] = []
  let cursor: string | undefined
  do {
    const page = await read({ limit: 1_000, cursor })
    items.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== undefined)
  return items
}

async function sizeMb(path: string): Promise<number> {
  return Number(((await stat(path)).size * PER_MEGABYTE).toFixed(1))
}

function table({ accounts, minutes, exporter, scrapes, storeMb, ledger }: SoakReport): Record<string, string | number> {
  const course = ({ first, last, max }: { first: number; last: number; max: number }) =>
    `${first} → ${last}, at most ${max}`
  const spread = ({ median, p99, max }: { median: number; p99: number; max: number }) =>
    `median ${median}, p99 ${p99}, max ${max}`
  return {
    accounts,
    minutes,
    'resident memory, MB': course(exporter.rssMb),
    ...(scrapes.heapMb && { 'heap in use, MB': course(scrapes.heapMb) }),
    'open descriptors': course(exporter.descriptors),
    'CPU, % of a core': exporter.cpuPercent,
    scrapes: `${scrapes.count}, ${scrapes.failed} failed, slowest ${scrapes.slowestMs} ms, ${scrapes.pageMb} MB`,
    'store, MB': storeMb,
    ...(ledger && {
      'faults injected': `${ledger.faults}, of them ${ledger.harmless} harmless, ${ledger.blinding} blinding`,
      'outages long enough to confirm': `${ledger.certain} of ${ledger.outages}`,
      'of them in the ledger': ledger.certainRecorded,
      'shorter ones in the ledger': ledger.briefRecorded,
      'incidents in the ledger': ledger.incidents,
      'missed / false / doubled / mistimed / wrong cause': [
        ledger.missed,
        ledger.falseIncidents,
        ledger.doubled,
        ledger.mistimed,
        ledger.wrongCause,
      ]
        .map(({ length }) => length)
        .join(' / '),
      'repairs in the ledger': `${ledger.recoveries}; sessions felt ${ledger.restarts} restarts`,
      'restarts without a record, attempts without an incident': `${ledger.unrecordedRestarts.length}, ${ledger.orphans.length}`,
      'start of an incident after the true one, s': spread(ledger.startErrorSeconds),
      'confirmed after the true start, s': spread(ledger.detectionSeconds),
      'end of an incident after the true one, s': spread(ledger.endErrorSeconds),
    }),
  }
}

/** What the ledger gets wrong, line by line. */
function faultsOf({ ledger }: SoakReport): readonly string[] {
  if (ledger === undefined) return []
  const named = (name: string, lines: readonly string[]) => lines.map((line) => `${name}: ${line}`)
  return [
    ...named('missed', ledger.missed),
    ...named('false', ledger.falseIncidents),
    ...named('doubled', ledger.doubled),
    ...named('mistimed', ledger.mistimed),
    ...named('wrong cause', ledger.wrongCause),
    ...named('unrecorded restart', ledger.unrecordedRestarts),
    ...named('attempt without an incident', ledger.orphans),
  ]
}

async function keep(name: string, report: SoakReport): Promise<void> {
  const file = new URL('./soak.json', import.meta.url)
  const before: Record<string, unknown> = JSON.parse(await readFile(file, 'utf8').catch(() => '{}'))
  await writeFile(file, `${JSON.stringify({ ...before, [name]: report }, null, 2)}\n`)
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string' }, accounts: { type: 'string' }, keep: { type: 'string' } },
})
const [name] = positionals
if (name !== 'faults' && name !== 'hour') {
  process.stderr.write('usage: node bench/soak.ts faults|hour [--minutes <n>] [--accounts <n>] [--keep <folder>]\n')
  process.exit(2)
}
const usual = RUNS[name]
const folder = values.keep ?? (await mkdtemp(join(tmpdir(), 'soak-')))
await mkdir(folder, { recursive: true })
const report = await { faults, hour }[name](
  folder,
  Number(values.accounts ?? usual.accounts),
  Number(values.minutes ?? usual.minutes),
)
console.table(table(report))
for (const line of faultsOf(report).slice(0, 50)) process.stdout.write(`${line}\n`)
if (values.minutes === undefined && values.accounts === undefined) await keep(name, report)
if (values.keep === undefined) await rm(folder, { recursive: true, force: true })
process.exitCode = faultsOf(report).length > 0 ? 1 : 0
