// CPU time and memory of the programs that a benchmark starts and that do not live long, browsers for example.
import { readdirSync, readFileSync } from 'node:fs'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

/** What all children of this process and theirs used. */
export interface TreeUsage {
  /** User and system time, seconds; of each process at most one look too little. */
  readonly cpuSeconds: number
  /** Most that they held at one look, in MB; pages that several share count once (PSS). */
  readonly peakMb: number
}

const LOOK_EVERY_MS = 20
/** Reading the memory of a process takes a millisecond. */
const MEMORY_EVERY_LOOKS = 5

/** Watches from a thread of its own, whose CPU time is not in `process.threadCpuUsage()`. */
export async function watchTree(): Promise<{ stop(): Promise<TreeUsage> }> {
  const worker = new Worker(new URL(import.meta.url), { workerData: process.pid })
  const answer = () => new Promise<unknown>((resolve) => worker.once('message', resolve))
  await answer()
  return {
    async stop() {
      const told = answer()
      worker.postMessage('stop')
      // Our own worker sends nothing else.
      return (await told) as TreeUsage
    },
  }
}

function watch(root: number): void {
  const cpuTicks = new Map<string, number>()
  let peakMb = 0
  let looks = 0
  const look = () => {
    const found = descendants(root)
    for (const { id, ticks } of found) cpuTicks.set(id, ticks)
    if (looks++ % MEMORY_EVERY_LOOKS !== 0) return
    peakMb = Math.max(
      peakMb,
      found.reduce((sum, { pid }) => sum + pssMb(pid), 0),
    )
  }
  const timer = setInterval(look, LOOK_EVERY_MS)
  parentPort?.on('message', () => {
    clearInterval(timer)
    look()
    const cpuSeconds = [...cpuTicks.values()].reduce((sum, ticks) => sum + ticks, 0) / 100
    parentPort?.postMessage({ cpuSeconds, peakMb } satisfies TreeUsage)
    parentPort?.close()
  })
  look()
  parentPort?.postMessage('ready')
}

interface Seen {
  readonly pid: number
  /** Its number and start time: numbers are used again. */
  readonly id: string
  readonly parent: number
  readonly ticks: number
}

function descendants(root: number): readonly Seen[] {
  const all = new Map<number, Seen>()
  for (const name of readdirSync('/proc')) {
    const seen = /^\d+$/.test(name) ? seenOf(Number(name)) : null
    if (seen !== null) all.set(seen.pid, seen)
  }
  const isBelow = (seen: Seen | undefined): boolean =>
    seen !== undefined && (seen.parent === root || isBelow(all.get(seen.parent)))
  return [...all.values()].filter(isBelow)
}

function seenOf(pid: number): Seen | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return {
      pid,
      id: `${pid} ${fields[19]}`,
      parent: Number(fields[1]),
      ticks: Number(fields[11]) + Number(fields[12]),
    }
  } catch {
    return null
  }
}

function pssMb(pid: number): number {
  try {
    return Number(/^Pss: +(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1_000
  } catch {
    return 0
  }
}

if (!isMainThread) watch(Number(workerData))
