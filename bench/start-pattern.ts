import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchRow } from './bench-row.ts'
import { startExporter } from './checks.ts'
import { beginStretch, durationErrors } from './duration-errors.ts'
import { fleetConfig } from './fleet-config.ts'
import { cpuSeconds, percentile, startTarget } from './process.ts'

const ACCOUNTS = 1_000
const GROUPS = [1, 10, 25, 50, 1_000]
const WARM_UP_MS = 20_000
const WINDOW_MS = 30_000

/**
 * What the size of a start group costs and what it does to the reported durations: 1 000 accounts every 15 s, a target
 * that answers in 50 ms. 1 is an even spread, 1 000 a burst. The peer of every row is the even spread.
 */
export async function run(): Promise<BenchRow[]> {
  const figures = []
  for (const group of GROUPS) figures.push({ group, ...(await measure(group)) })
  const even = figures[0] ?? { cpuUs: Number.NaN, errorMs: Number.NaN }
  return figures.flatMap(({ group, cpuUs, errorMs }): BenchRow[] => [
    {
      name: `start_group_${group}_cpu_us`,
      value: cpuUs,
      unit: 'µs',
      peer: 'even spread',
      peerValue: even.cpuUs,
      ratio: even.cpuUs / cpuUs,
    },
    {
      name: `start_group_${group}_error_p99_ms`,
      value: errorMs,
      unit: 'ms',
      peer: 'even spread',
      peerValue: even.errorMs,
      ratio: even.errorMs / errorMs,
    },
  ])
}

async function measure(startGroup: number): Promise<{ cpuUs: number; errorMs: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-start-'))
  const target = await startTarget(50)
  const storePath = join(folder, 'exporter.db')
  const config = join(folder, 'config.yml')
  await writeFile(
    config,
    fleetConfig({ url: target.url, count: ACCOUNTS, interval: '15s', concurrency: 1_000, storePath, startGroup }),
  )
  const ours = await startExporter(config)
  try {
    // An exporter that has run for a quarter of an hour has its code compiled; so has this one.
    await ours.now(60)
    await sleep(WARM_UP_MS)
    const endStretch = await beginStretch(target.url)
    const before = cpuSeconds(ours.pid)
    await sleep(WINDOW_MS)
    const cpu = cpuSeconds(ours.pid) - before
    const stretch = await endStretch()
    const checks = Object.values(stretch.served).reduce((sum, times) => sum + times.length, 0)
    await ours.end()
    const errors = await durationErrors(storePath, ACCOUNTS, stretch)
    return { cpuUs: (cpu * 1e6) / checks, errorMs: percentile(errors, 0.99) }
  } finally {
    await Promise.all([ours.end(), target.end()])
    await rm(folder, { recursive: true, force: true })
  }
}
