import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { BenchRow } from './bench-row.ts'
import { startExporter } from './checks.ts'
import { fleetConfig } from './fleet-config.ts'
import { median, startProgram, startTarget } from './process.ts'

const LATENCY_MS = 50
const ROUNDS = 7
/** Cycles of one side before it is the other's turn. */
const CYCLES = 5
/** Checks of each side before it is measured, at least three cycles: what runs for weeks has its code compiled. */
const WARM_UP_CHECKS = 10_000

/**
 * Wall time of a check of all accounts at once, over the time that one reply takes (50 ms), beside the same requests as
 * one Promise.all over undici.request, in turns of a few cycles each. Both keep their connections. The first cycle of a
 * turn comes after a pause, in which caches went cold and sockets slept: it has a row of its own.
 */
export async function run(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const count of [100, 1_000, 10_000]) rows.push(...(await cycles(count)))
  return rows
}

async function cycles(count: number): Promise<BenchRow[]> {
  const warmUpCycles = Math.max(3, Math.ceil(WARM_UP_CHECKS / count))
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
    String(CYCLES),
    String(warmUpCycles),
  ])
  try {
    await peer.line(/^warm$/)
    await ours.now(warmUpCycles)
    const turns: number[][] = []
    const peerTurns: number[][] = []
    for (let round = 0; round < ROUNDS; round++) {
      const { checks, cyclesMs, failures, failure } = await ours.now(CYCLES)
      if (failures > 0) throw new Error(`${failures} of ${checks} checks failed, the first one: ${failure}`)
      turns.push(cyclesMs.map((tookMs) => tookMs / LATENCY_MS))
      process.kill(peer.pid, 'SIGUSR2')
      const [, tookMs = '[]'] = await peer.line(/^took (.*)$/)
      peerTurns.push(
        z
          .array(z.number())
          .parse(JSON.parse(tookMs))
          .map((ms) => ms / LATENCY_MS),
      )
    }
    const row = (name: string, pick: (turn: readonly number[]) => readonly number[]): BenchRow => {
      const value = median(turns.flatMap(pick))
      const peerValue = median(peerTurns.flatMap(pick))
      return { name, value, unit: '×', peer: 'Promise.all over undici.request', peerValue, ratio: peerValue / value }
    }
    return [
      row(`cycle_over_limit_${count}`, (turn) => turn.slice(1)),
      row(`cycle_over_limit_${count}_after_pause`, (turn) => turn.slice(0, 1)),
    ]
  } finally {
    await Promise.all([ours.end(), peer.end(), target.end()])
    await rm(folder, { recursive: true, force: true })
  }
}
