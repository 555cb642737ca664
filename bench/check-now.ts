import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BenchRow } from './bench-row.ts'
import { startExporter } from './checks.ts'
import { fleetConfig } from './fleet-config.ts'
import { median, startProgram, startTarget } from './process.ts'

const LATENCY_MS = 50
const ROUNDS = 7

/**
 * Wall time of a check of all accounts at once, over the time that one reply takes (50 ms), beside the same requests as
 * one Promise.all over undici.request, in turns. Both keep their connections.
 */
export async function run(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const count of [100, 1_000, 10_000]) rows.push(await cycle(count))
  return rows
}

async function cycle(count: number): Promise<BenchRow> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-now-'))
  const target = await startTarget(LATENCY_MS)
  const config = join(folder, 'config.yml')
  await writeFile(
    config,
    fleetConfig({ url: target.url, count, interval: '1h', concurrency: count, storePath: join(folder, 'a.db') }),
  )
  const ours = await startExporter(config)
  const peer = startProgram(process.execPath, [
    new URL('./promise-all.ts', import.meta.url).pathname,
    target.url,
    String(count),
    String(2 * ROUNDS),
  ])
  try {
    await peer.line(/^warm$/)
    await ours.now(3)
    const values: number[] = []
    const peers: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const { cyclesMs, failures } = await ours.now(1)
      if (failures > 0) throw new Error(`${failures} of ${count} checks failed`)
      values.push((cyclesMs[0] ?? Number.NaN) / LATENCY_MS)
      process.kill(peer.pid, 'SIGUSR2')
      const [, tookMs] = await peer.line(/^took ([\d.]+)$/)
      peers.push(Number(tookMs) / LATENCY_MS)
    }
    const value = median(values)
    const peerValue = median(peers)
    return {
      name: `cycle_over_limit_${count}`,
      value,
      unit: '×',
      peer: 'Promise.all over undici.request',
      peerValue,
      ratio: peerValue / value,
    }
  } finally {
    await Promise.all([ours.end(), peer.end(), target.end()])
    await rm(folder, { recursive: true, force: true })
  }
}
