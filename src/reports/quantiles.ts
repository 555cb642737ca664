import type { ResponseTimes } from './analysis.ts'

/**
 * Response times of any number of checks in bounded memory: counts in logarithmic buckets, so that a quantile is within
 * 1 % of a value that was really there (DDSketch, Masson et al., VLDB 2019). Sketches of accounts add up to the fleet's.
 */
export interface ResponseSketch {
  readonly count: number
  add(durationMs: number): void
  merge(other: ResponseSketch): void
  figures(): ResponseTimes
  /** Bucket numbers and counts, for merging. */
  buckets(): ReadonlyMap<number, number>
  readonly maxMs: number | null
}

const ACCURACY = 0.01
const GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
const LOG_GAMMA = Math.log(GAMMA)
// Everything below a microsecond is one bucket: no reply is faster.
const SMALLEST_MS = 0.001

export function responseSketch(): ResponseSketch {
  const buckets = new Map<number, number>()
  let count = 0
  let maxMs: number | null = null

  /** The smallest value that at least `share` of all values do not exceed. */
  const quantile = (share: number): number | null => {
    if (count === 0 || maxMs === null) return null
    const wanted = Math.max(1, Math.ceil(share * count))
    let seen = 0
    for (const [bucket, held] of [...buckets].sort(([a], [b]) => a - b)) {
      seen += held
      if (seen >= wanted) return Math.min(maxMs, (2 * GAMMA ** bucket) / (GAMMA + 1))
    }
    return maxMs
  }

  return {
    get count() {
      return count
    },
    get maxMs() {
      return maxMs
    },
    add(durationMs) {
      if (!(durationMs >= 0) || durationMs === Number.POSITIVE_INFINITY) return
      const bucket = Math.ceil(Math.log(Math.max(durationMs, SMALLEST_MS)) / LOG_GAMMA)
      buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1)
      count += 1
      maxMs = Math.max(maxMs ?? 0, durationMs)
    },
    merge(other) {
      for (const [bucket, held] of other.buckets()) buckets.set(bucket, (buckets.get(bucket) ?? 0) + held)
      count += other.count
      if (other.maxMs !== null) maxMs = Math.max(maxMs ?? 0, other.maxMs)
    },
    figures: () => ({ count, p50Ms: quantile(0.5), p95Ms: quantile(0.95), p99Ms: quantile(0.99), maxMs }),
    buckets: () => buckets,
  }
}
