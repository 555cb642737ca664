import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import type { BenchRow } from './bench-row.ts'
import { startExporter, untilAnswers } from './checks.ts'
import { beginStretch, durationErrors, type Stretch } from './duration-errors.ts'
import { accountIds, fleetConfig } from './fleet-config.ts'
import { cpuSeconds, median, type Program, percentile, startProgram, startTarget } from './process.ts'

const ACCOUNTS = 1_000
const WINDOW_MS = 60_000
const WARM_UP_MS = 45_000
const PORTS = { blackbox: 19_416, ours: 19_417, theirs: 19_418 }

/**
 * The same 1 000 accounts every 15 s as in production: exporter and a Prometheus that scrapes it, beside
 * blackbox_exporter and a Prometheus that probes through it. Both run at the same time, so that every window of a minute
 * is one interleaved round. Also: how far our reported durations are from what the target measured itself, before the
 * peers start and beside them: the median over minutes, because one stall of a shared machine decides a single one.
 */
export async function run(windows = 5): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-cadence-'))
  const target = await startTarget(50)
  const config = join(folder, 'config.yml')
  const storePath = join(folder, 'exporter.db')
  await writeFile(
    config,
    fleetConfig({ url: target.url, count: ACCOUNTS, interval: '15s', concurrency: 256, storePath }),
  )
  const ours = await startExporter(config)
  const ourPrometheus = await startPrometheus(folder, 'ours', PORTS.ours, [
    { job_name: 'exporter', static_configs: [{ targets: [new URL(ours.url).host] }] },
  ])
  let peers: readonly Program[] = []
  try {
    // A long-running exporter has its code compiled; the peers are compiled programs.
    await ours.now(60)
    await sleep(WARM_UP_MS)
    const stretches: { alone: Stretch[]; beside: Stretch[] } = { alone: [], beside: [] }
    for (let window = 0; window < windows; window++) {
      const end = await beginStretch(target.url)
      await sleep(WINDOW_MS)
      stretches.alone.push(await end())
    }

    peers = await startPeers(folder, target.url)
    await sleep(WARM_UP_MS)
    const seconds = (programs: readonly { pid: number }[]) =>
      programs.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0)
    const cpu = { ours: [] as number[], exporter: [] as number[], peers: [] as number[] }
    for (let window = 0; window < windows; window++) {
      const end = await beginStretch(target.url)
      const before = [seconds([ours, ourPrometheus]), seconds([ours]), seconds(peers)] as const
      await sleep(WINDOW_MS)
      cpu.ours.push(seconds([ours, ourPrometheus]) - before[0])
      cpu.exporter.push(((seconds([ours]) - before[1]) / (WINDOW_MS / 1_000)) * 100)
      cpu.peers.push(seconds(peers) - before[2])
      stretches.beside.push(await end())
    }
    await ours.end()
    const errorMs = async (minutes: readonly Stretch[]) => {
      const p99s: number[] = []
      for (const minute of minutes) p99s.push(percentile(await durationErrors(storePath, ACCOUNTS, minute), 0.99))
      return median(p99s)
    }
    return [
      {
        name: 'system_cpu_cadence_1000',
        value: median(cpu.ours),
        unit: 's',
        peer: 'blackbox_exporter + Prometheus, per minute',
        peerValue: median(cpu.peers),
        ratio: median(cpu.peers) / median(cpu.ours),
      },
      // The peer's own error is not known: its target is the same, but it reports no single probe to compare.
      goal('check_duration_error_p99_ms', await errorMs(stretches.alone), 'ms', 3),
      goal('check_duration_error_p99_beside_peers_ms', await errorMs(stretches.beside), 'ms', 3),
      goal('exporter_cpu_percent_1000', median(cpu.exporter), '%', 5),
    ]
  } finally {
    await Promise.all([ours, ourPrometheus, target, ...peers].map((program) => program.end()))
    await rm(folder, { recursive: true, force: true })
  }
}

function goal(name: string, value: number, unit: BenchRow['unit'], limit: number): BenchRow {
  return { name, value, unit, peer: 'goal', peerValue: limit, ratio: limit / value }
}

async function startPeers(folder: string, targetUrl: string): Promise<readonly Program[]> {
  const blackbox = startProgram('prometheus-blackbox-exporter', [
    `--config.file=${await blackboxModules(folder)}`,
    `--web.listen-address=127.0.0.1:${PORTS.blackbox}`,
    '--log.level=error',
  ])
  return [blackbox, await startPrometheus(folder, 'theirs', PORTS.theirs, [probeJob(targetUrl)])]
}

async function blackboxModules(folder: string): Promise<string> {
  const path = join(folder, 'blackbox.yml')
  const http = { preferred_ip_protocol: 'ip4', fail_if_body_not_matches_regexp: ['"state":"connected"'] }
  await writeFile(path, stringify({ modules: { state: { prober: 'http', http } } }))
  return path
}

function probeJob(targetUrl: string): object {
  return {
    job_name: 'blackbox',
    metrics_path: '/probe',
    params: { module: ['state'] },
    static_configs: [{ targets: accountIds(ACCOUNTS).map((id) => `${targetUrl}/accounts/${id}`) }],
    relabel_configs: [
      { source_labels: ['__address__'], target_label: '__param_target' },
      { source_labels: ['__param_target'], target_label: 'instance' },
      { target_label: '__address__', replacement: `127.0.0.1:${PORTS.blackbox}` },
    ],
  }
}

async function startPrometheus(folder: string, name: string, port: number, jobs: readonly object[]) {
  const config = join(folder, `${name}.yml`)
  await writeFile(config, stringify({ global: { scrape_interval: '15s' }, scrape_configs: jobs }))
  const program = startProgram('prometheus', [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, name)}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ])
  await untilAnswers(`http://127.0.0.1:${port}/-/ready`)
  return program
}
