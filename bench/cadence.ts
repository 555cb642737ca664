import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { stringify } from 'yaml'
import type { BenchRow } from './bench-row.ts'
import { startExporter, untilAnswers } from './checks.ts'
import { durationErrors } from './duration-errors.ts'
import { accountIds, fleetConfig } from './fleet-config.ts'
import { cpuSeconds, median, percentile, residentMb, startProgram, startTarget } from './process.ts'

const ACCOUNTS = 1_000
const WINDOW_MS = 60_000
const WARM_UP_MS = 45_000
const PORTS = { blackbox: 19_416, ours: 19_417, theirs: 19_418 }

/**
 * The same 1 000 accounts every 15 s as in production: exporter and a Prometheus that scrapes it, beside
 * blackbox_exporter and a Prometheus that probes through it. Both run at the same time, so that every window of a minute
 * is one interleaved round. Also: how far our reported durations are from what the target measured itself.
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
  const blackbox = startProgram('prometheus-blackbox-exporter', [
    `--config.file=${await blackboxModules(folder)}`,
    `--web.listen-address=127.0.0.1:${PORTS.blackbox}`,
    '--log.level=error',
  ])
  const ourPrometheus = await startPrometheus(folder, 'ours', PORTS.ours, [
    { job_name: 'exporter', static_configs: [{ targets: [new URL(ours.url).host] }] },
  ])
  const theirPrometheus = await startPrometheus(folder, 'theirs', PORTS.theirs, [probeJob(target.url)])
  const sides = { ours: [ours, ourPrometheus], peer: [blackbox, theirPrometheus] }
  const cpu = (side: readonly { pid: number }[]) => side.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0)
  try {
    // A long-running exporter has its code compiled; the peers are compiled programs.
    await ours.now(60)
    await sleep(WARM_UP_MS)
    await request(`${target.url}/log`, { method: 'DELETE' }).then(({ body }) => body.dump())
    const sinceMs = Date.now()
    const figures = { system: [[], []] as [number[], number[]], exporter: [] as number[] }
    for (let window = 0; window < windows; window++) {
      const before = [cpu(sides.ours), cpu(sides.peer), cpuSeconds(ours.pid)] as const
      await sleep(WINDOW_MS)
      figures.system[0].push(cpu(sides.ours) - before[0])
      figures.system[1].push(cpu(sides.peer) - before[1])
      figures.exporter.push(((cpuSeconds(ours.pid) - before[2]) / (WINDOW_MS / 1_000)) * 100)
    }
    const rss = { ours: residentMb(ours.pid), peer: residentMb(blackbox.pid) }
    const served = await request(`${target.url}/log`).then(
      ({ body }) => body.json() as Promise<Record<string, number[]>>,
    )
    await ours.end()
    const errors = await durationErrors(storePath, ACCOUNTS, sinceMs, served)
    const [value, peerValue] = [median(figures.system[0]), median(figures.system[1])]
    const theirs = 'blackbox_exporter + Prometheus'
    return [
      {
        name: 'system_cpu_cadence_1000',
        value,
        unit: 's',
        peer: `${theirs}, per minute`,
        peerValue,
        ratio: peerValue / value,
      },
      // The peer reports with every probe the time that a probe took; its target is the same, so its error is not known apart.
      {
        name: 'check_duration_error_p99_ms',
        value: percentile(errors, 0.99),
        unit: 'ms',
        peer: 'goal',
        peerValue: 3,
        ratio: 3 / percentile(errors, 0.99),
      },
      {
        name: 'exporter_cpu_percent_1000',
        value: median(figures.exporter),
        unit: '%',
        peer: 'goal',
        peerValue: 5,
        ratio: 5 / median(figures.exporter),
      },
      {
        name: 'exporter_rss_mb_1000',
        value: rss.ours,
        unit: 'MB',
        peer: 'blackbox_exporter',
        peerValue: rss.peer,
        ratio: rss.peer / rss.ours,
      },
    ]
  } finally {
    await Promise.all([ours.end(), blackbox.end(), ourPrometheus.end(), theirPrometheus.end(), target.end()])
    await rm(folder, { recursive: true, force: true })
  }
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
