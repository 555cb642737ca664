import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { stringify } from 'yaml'
import { silentLog } from '../src/log.ts'
import { sqliteStore } from '../src/store/sqlite.ts'
import type { BenchRow } from './bench-row.ts'
import { untilAnswers } from './checks.ts'
import { accountIds, fleetConfig } from './fleet-config.ts'
import {
  cpuSeconds,
  median,
  type Program,
  percentile,
  residentMb,
  startProgram,
  startServe,
  startTarget,
} from './process.ts'

const ACCOUNTS = 1_000
const INTERVAL = '15s'
const WINDOW_MS = 60_000
const WINDOWS = 4
const FAULTS_PER_WINDOW = 6
const FAULT_MS = 75_000
/** Gatus starts its endpoints 222 ms apart; the exporter's code is compiled meanwhile. */
const WARM_UP_MS = 260_000
const PORTS = { blackbox: 19_421, ours: 19_422, theirs: 19_423, gatus: 19_424 }

/** A monitoring system: its processes, and when it knew of a fault. */
interface Side {
  readonly name: string
  readonly programs: readonly Program[]
  /** Unix milliseconds at which the fault of the account was confirmed; null where it was not. */
  confirmedMs(account: string, fromMs: number): Promise<number | null>
}

interface Figures {
  readonly name: string
  /** CPU seconds per minute, of all processes of the system. */
  readonly cpuSecondsPerMinute: number
  readonly rssMb: number
  readonly detectionSeconds: { readonly median: number; readonly p95: number; readonly max: number }
  readonly missed: number
}

/** What is written of a run. */
export interface PeersReport {
  readonly when: string
  readonly accounts: number
  readonly interval: string
  readonly faults: number
  readonly machine: { readonly load15m: number; readonly cores: number }
  readonly systems: readonly Figures[]
}

/**
 * The same 1 000 accounts of one HTTP target, every 15 s, each system confirming a fault after three bad checks: the
 * exporter with a Prometheus, blackbox_exporter with a Prometheus, and Gatus where it is installed. All of them run at the
 * same time, so that each window of a minute is one interleaved round; faults are injected into one account after the
 * other, and each system tells by itself when it was sure. Writes bench/peers.json.
 */
export async function run(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-peers-'))
  const target = await startTarget(50)
  const sides: Side[] = []
  try {
    const gatus = await gatusSide(folder, target.url)
    if (gatus === null) process.stderr.write('gatus is not on the PATH and is left out (bench/README.md)\n')
    else sides.push(gatus)
    sides.push(await exporterSide(folder, target.url), await blackboxSide(folder, target.url))
    await sleep(WARM_UP_MS)
    const cpu = sides.map((): number[] => [])
    const faults: { readonly account: string; readonly atMs: number }[] = []
    const healing: Promise<unknown>[] = []
    for (let window = 0; window < WINDOWS; window++) {
      const before = sides.map(secondsOf)
      for (let fault = 0; fault < FAULTS_PER_WINDOW; fault++) {
        // A step that visits other places of the interval each time.
        const account = accountIds(ACCOUNTS)[(faults.length * 397 + 11) % ACCOUNTS] ?? ''
        await request(`${target.url}/faults/${account}`, { method: 'PUT' }).then(({ body }) => body.dump())
        faults.push({ account, atMs: Date.now() })
        healing.push(sleep(FAULT_MS).then(() => request(`${target.url}/faults/${account}`, { method: 'DELETE' })))
        await sleep(WINDOW_MS / FAULTS_PER_WINDOW)
      }
      for (const [index, side] of sides.entries()) cpu[index]?.push(secondsOf(side) - (before[index] ?? 0))
    }
    await Promise.all(healing)
    const rss = sides.map(({ programs }) => programs.reduce((sum, { pid }) => sum + residentMb(pid), 0))
    const figures: Figures[] = []
    for (const [index, side] of sides.entries()) {
      const delays: number[] = []
      for (const { account, atMs } of faults) {
        const confirmedMs = await side.confirmedMs(account, atMs)
        if (confirmedMs !== null) delays.push((confirmedMs - atMs) / 1000)
      }
      figures.push({
        name: side.name,
        cpuSecondsPerMinute: rounded(median(cpu[index] ?? [])),
        rssMb: rounded(rss[index] ?? Number.NaN),
        detectionSeconds: {
          median: rounded(median(delays)),
          p95: rounded(percentile(delays, 0.95)),
          max: rounded(percentile(delays, 1)),
        },
        missed: faults.length - delays.length,
      })
    }
    await keep(figures, faults.length)
    return rowsOf(figures)
  } finally {
    await Promise.all([...sides.flatMap(({ programs }) => programs), target].map((program) => program.end()))
    await rm(folder, { recursive: true, force: true })
  }
}

function secondsOf({ programs }: Side): number {
  return programs.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0)
}

/** The program itself, and a Prometheus that scrapes it. */
async function exporterSide(folder: string, url: string): Promise<Side> {
  const storePath = join(folder, 'exporter.db')
  const config = join(folder, 'config.yml')
  await writeFile(config, fleetConfig({ url, count: ACCOUNTS, interval: INTERVAL, concurrency: 256, storePath }))
  const exporter = await startServe(config)
  const prometheus = await startPrometheus(folder, 'ours', PORTS.ours, {
    scrape_configs: [{ job_name: 'exporter', static_configs: [{ targets: [new URL(exporter.url).host] }] }],
  })
  let incidents: ReadonlyMap<string, number> | null = null
  return {
    name: 'whatsapp-exporter + Prometheus',
    programs: [exporter, prometheus],
    async confirmedMs(account) {
      if (incidents === null) {
        await exporter.end()
        const store = sqliteStore({ path: storePath }, silentLog)
        const { items } = await store.incidents({ limit: 1_000 })
        await store.close()
        incidents = new Map(items.map((incident) => [incident.account, incident.detectedMs]))
      }
      return incidents.get(account) ?? null
    },
  }
}

/** The usual stack for this work: a probe per account, and a rule that waits for two intervals more. */
async function blackboxSide(folder: string, url: string): Promise<Side> {
  const modules = join(folder, 'blackbox.yml')
  const http = { preferred_ip_protocol: 'ip4', fail_if_body_not_matches_regexp: ['"state":"connected"'] }
  await writeFile(modules, stringify({ modules: { state: { prober: 'http', http } } }))
  const address = `127.0.0.1:${PORTS.blackbox}`
  const blackbox = startProgram('prometheus-blackbox-exporter', [
    `--config.file=${modules}`,
    `--web.listen-address=${address}`,
    '--log.level=error',
  ])
  const rules = join(folder, 'rules.yml')
  const alert = { alert: 'ProbeFailed', expr: 'probe_success == 0', for: '30s' }
  await writeFile(rules, stringify({ groups: [{ name: 'probes', rules: [alert] }] }))
  const prometheus = await startPrometheus(folder, 'theirs', PORTS.theirs, {
    rule_files: [rules],
    scrape_configs: [
      {
        job_name: 'blackbox',
        metrics_path: '/probe',
        params: { module: ['state'] },
        static_configs: [{ targets: accountIds(ACCOUNTS).map((id) => `${url}/accounts/${id}`) }],
        relabel_configs: [
          { source_labels: ['__address__'], target_label: '__param_target' },
          { source_labels: ['__param_target'], target_label: 'instance' },
          { target_label: '__address__', replacement: address },
        ],
      },
    ],
  })
  return {
    name: 'blackbox_exporter + Prometheus',
    programs: [blackbox, prometheus],
    async confirmedMs(account, fromMs) {
      const query = `ALERTS{alertstate="firing",instance="${url}/accounts/${account}"}`
      const range = {
        query,
        start: String(fromMs / 1000),
        end: String((fromMs + FAULT_MS + 30_000) / 1000),
        step: '0.5',
      }
      const { body } = await request(
        `http://127.0.0.1:${PORTS.theirs}/api/v1/query_range?${new URLSearchParams(range)}`,
      )
      const answer = (await body.json()) as { data: { result: { values: [number, string][] }[] } }
      const [first] = answer.data.result[0]?.values ?? []
      return first === undefined ? null : first[0] * 1000
    },
  }
}

/** Gatus, which calls a webhook when it is sure; null where it is not installed. */
async function gatusSide(folder: string, url: string): Promise<Side | null> {
  const told = new Map<string, number>()
  const sink = await startSink((account) => {
    if (!told.has(account)) told.set(account, Date.now())
  })
  const config = join(folder, 'gatus.yml')
  const alerts = [{ type: 'custom', 'failure-threshold': 3, 'success-threshold': 2 }]
  await writeFile(
    config,
    stringify({
      web: { address: '127.0.0.1', port: PORTS.gatus },
      storage: { type: 'sqlite', path: join(folder, 'gatus.db'), caching: true },
      // Its default of 3 at a time could not keep the interval: 1 000 × 50 ms ÷ 3 is more than 15 s.
      concurrency: 0,
      alerting: {
        custom: { url: `${sink.url}/[ENDPOINT_NAME]`, method: 'POST', body: '[ALERT_TRIGGERED_OR_RESOLVED]' },
      },
      endpoints: accountIds(ACCOUNTS).map((name) => ({
        name,
        url: `${url}/accounts/${name}`,
        interval: INTERVAL,
        conditions: ['[STATUS] == 200', '[BODY].state == connected'],
        alerts,
      })),
    }),
  )
  const gatus = startProgram('gatus', [], { GATUS_CONFIG_PATH: config, GATUS_LOG_LEVEL: 'ERROR' })
  const missing = gatus.line(/^never$/).then(
    () => true,
    () => true,
  )
  const isThere = await Promise.race([
    missing,
    untilAnswers(`http://127.0.0.1:${PORTS.gatus}/health`).then(() => false),
  ])
  if (isThere) {
    sink.server.close()
    return null
  }
  const end = async () => {
    sink.server.close()
    await gatus.end()
  }
  return {
    name: 'Gatus',
    programs: [{ ...gatus, end }],
    confirmedMs: async (account) => told.get(account) ?? null,
  }
}

/** Takes the webhooks of Gatus; their path is the account. */
async function startSink(took: (account: string) => void): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((incoming, response) => {
    took(decodeURIComponent((incoming.url ?? '/').slice(1)))
    incoming.resume()
    response.end('ok')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A TCP server's address is an object.
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, server }
}

async function startPrometheus(folder: string, name: string, port: number, config: object): Promise<Program> {
  const file = join(folder, `${name}.yml`)
  await writeFile(file, stringify({ global: { scrape_interval: INTERVAL, evaluation_interval: INTERVAL }, ...config }))
  const program = startProgram('prometheus', [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, name)}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ])
  await untilAnswers(`http://127.0.0.1:${port}/-/ready`)
  return program
}

async function keep(systems: readonly Figures[], faults: number): Promise<void> {
  const machine = { load15m: rounded(loadavg()[2] ?? 0), cores: availableParallelism() }
  const report: PeersReport = {
    when: new Date().toISOString(),
    accounts: ACCOUNTS,
    interval: INTERVAL,
    faults,
    machine,
    systems,
  }
  await writeFile(new URL('./peers.json', import.meta.url), `${JSON.stringify(report, null, 2)}\n`)
}

function rowsOf(figures: readonly Figures[]): BenchRow[] {
  const ours = figures.find(({ name }) => name.startsWith('whatsapp-exporter'))
  if (ours === undefined) throw new Error('the exporter was not measured')
  return figures
    .filter((one) => one !== ours)
    .flatMap((peer): BenchRow[] => {
      const row = (name: string, unit: BenchRow['unit'], value: number, peerValue: number): BenchRow => ({
        name,
        value,
        unit,
        peer: peer.name,
        peerValue,
        ratio: peerValue / value,
      })
      return [
        row('peers_cpu_per_minute_1000', 's', ours.cpuSecondsPerMinute, peer.cpuSecondsPerMinute),
        row('peers_rss_1000', 'MB', ours.rssMb, peer.rssMb),
        row('peers_detection_median', 's', ours.detectionSeconds.median, peer.detectionSeconds.median),
      ]
    })
}

function rounded(value: number): number {
  return Number(value.toFixed(2))
}
