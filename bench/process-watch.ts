import { readdirSync } from 'node:fs'
import { cpuSeconds, median, residentMb } from './process.ts'

/** What a process used at one moment. */
export interface Usage {
  readonly atMs: number
  readonly rssMb: number
  readonly descriptors: number
  readonly cpuSeconds: number
}

/** How a figure went over a run: the medians of its first and last sixth after the warm-up, and the largest. */
export interface Course {
  readonly first: number
  readonly last: number
  readonly max: number
}

/** What a process used over a run. The warm-up is its first sixth: code is compiled, caches and pools fill. */
export interface UsageSummary {
  readonly samples: number
  readonly rssMb: Course
  readonly descriptors: Course
  /** Share of one core over the run without the warm-up. */
  readonly cpuPercent: number
}

const EVERY_MS = 5_000

/** Looks at a process every 5 s until stopped. */
export function watchProcess(pid: number): { stop(): readonly Usage[] } {
  const usages: Usage[] = []
  const look = () => {
    const atMs = Date.now()
    const descriptors = readdirSync(`/proc/${pid}/fd`).length
    usages.push({ atMs, rssMb: residentMb(pid), descriptors, cpuSeconds: cpuSeconds(pid) })
  }
  look()
  const timer = setInterval(look, EVERY_MS)
  return {
    stop() {
      clearInterval(timer)
      return usages
    },
  }
}

/** Throws where there are too few looks to tell a course: less than two minutes. */
export function summaryOf(usages: readonly Usage[]): UsageSummary {
  const sixth = Math.floor(usages.length / 6)
  const steady = usages.slice(sixth)
  const [begin, end] = [steady[0], steady.at(-1)]
  if (sixth < 4 || begin === undefined || end === undefined)
    throw new Error(`${usages.length} samples are too few to tell a course; run it for two minutes or longer`)
  return {
    samples: usages.length,
    rssMb: courseOf(usages.map(({ rssMb }) => rssMb)),
    descriptors: courseOf(usages.map(({ descriptors }) => descriptors)),
    cpuPercent: rounded(((end.cpuSeconds - begin.cpuSeconds) / ((end.atMs - begin.atMs) / 1000)) * 100),
  }
}

/** The first sixth of the values is the warm-up. */
export function courseOf(values: readonly number[]): Course {
  const sixth = Math.floor(values.length / 6)
  const steady = values.slice(sixth)
  return {
    first: rounded(median(steady.slice(0, sixth))),
    last: rounded(median(steady.slice(-sixth))),
    max: rounded(Math.max(...values)),
  }
}

function rounded(value: number): number {
  return Number(value.toFixed(1))
}
