import type { Status } from '../accounts/vocabulary.ts'
import type { Sample } from '../health/health.ts'
import type { HistoryBucket, TimeRange } from './store.ts'

/** Sums over some checks of one account; times in milliseconds. */
export interface Sums {
  readonly checks: number
  readonly failures: number
  /** Checks that brought an answer; the durations are theirs alone. */
  readonly answered: number
  readonly durationSumMs: number
  readonly durationMaxMs: number
  readonly worst: Status
  readonly observedMs: number
  readonly downtimeMs: number
}

export const NO_SUMS: Sums = {
  checks: 0,
  failures: 0,
  answered: 0,
  durationSumMs: 0,
  durationMaxMs: 0,
  worst: 'healthy',
  observedMs: 0,
  downtimeMs: 0,
}

/** From best to worst; blindness is worse than health and better than a known fault. The order is on disk. */
export const WORST_ORDER: readonly Status[] = ['healthy', 'unknown', 'warning', 'unhealthy']

function worstOf(a: Status, b: Status): Status {
  return WORST_ORDER.indexOf(a) >= WORST_ORDER.indexOf(b) ? a : b
}

/**
 * Whether a check brought an answer. A sample does not say so itself: the states and reasons that stand for
 * silence of the gateway do. How long a timeout took says nothing of how fast the gateway answers.
 */
function isAnswer({ state, reason }: Sample): boolean {
  return state !== 'unknown' && reason !== 'gateway_down' && reason !== 'network'
}

export function addSums(a: Sums, b: Sums): Sums {
  return {
    checks: a.checks + b.checks,
    failures: a.failures + b.failures,
    answered: a.answered + b.answered,
    durationSumMs: a.durationSumMs + b.durationSumMs,
    durationMaxMs: Math.max(a.durationMaxMs, b.durationMaxMs),
    worst: worstOf(a.worst, b.worst),
    observedMs: a.observedMs + b.observedMs,
    downtimeMs: a.downtimeMs + b.downtimeMs,
  }
}

export function sumsOf(samples: readonly Sample[]): Sums {
  const sums: { -readonly [K in keyof Sums]: Sums[K] } = { ...NO_SUMS }
  for (const sample of samples) {
    sums.checks++
    if (!sample.good) sums.failures++
    if (isAnswer(sample)) {
      sums.answered++
      sums.durationSumMs += sample.durationMs
      if (sample.durationMs > sums.durationMaxMs) sums.durationMaxMs = sample.durationMs
    }
    sums.worst = worstOf(sums.worst, sample.status)
    sums.observedMs += sample.observedMs
    sums.downtimeMs += sample.downtimeMs
  }
  return sums
}

/** Collects sums and attempts into steps of `range`, counted from its start. */
export interface BucketCollector {
  /** Number of the step that holds all of `[fromMs, toMs)`; null where none does. */
  stepOf(fromMs: number, toMs: number): number | null
  add(step: number, sums: Sums): void
  /** Each sample goes to its own step; one outside of the range to none. */
  addSamples(samples: readonly Sample[]): void
  addAttempt(atMs: number): void
  buckets(): HistoryBucket[]
}

export function bucketCollector(range: TimeRange, stepMs: number): BucketCollector {
  const steps = new Map<number, { sums: Sums; attempts: number }>()
  const slot = (step: number) => {
    const known = steps.get(step)
    if (known !== undefined) return known
    const fresh = { sums: NO_SUMS, attempts: 0 }
    steps.set(step, fresh)
    return fresh
  }
  const stepAt = (atMs: number) => Math.floor((atMs - range.fromMs) / stepMs)
  const isInside = (atMs: number) => atMs >= range.fromMs && atMs < range.toMs
  const add = (step: number, sums: Sums) => {
    const into = slot(step)
    into.sums = addSums(into.sums, sums)
  }
  return {
    stepOf(fromMs, toMs) {
      if (fromMs < range.fromMs || toMs > range.toMs) return null
      const step = stepAt(fromMs)
      return stepAt(toMs - 1) === step ? step : null
    },
    add,
    addSamples(samples) {
      const byStep = new Map<number, Sample[]>()
      for (const sample of samples) {
        if (!isInside(sample.atMs)) continue
        const step = stepAt(sample.atMs)
        const list = byStep.get(step)
        if (list === undefined) byStep.set(step, [sample])
        else list.push(sample)
      }
      for (const [step, list] of byStep) add(step, sumsOf(list))
    },
    addAttempt(atMs) {
      if (isInside(atMs)) slot(stepAt(atMs)).attempts++
    },
    buckets: () =>
      [...steps]
        .sort(([a], [b]) => a - b)
        .map(([step, { sums, attempts }]) => {
          const fromMs = range.fromMs + step * stepMs
          return toBucket({ fromMs, toMs: Math.min(fromMs + stepMs, range.toMs) }, sums, attempts)
        }),
  }
}

function toBucket({ fromMs, toMs }: TimeRange, sums: Sums, recoveryAttempts: number): HistoryBucket {
  const { checks, failures, answered, observedMs, downtimeMs } = sums
  return {
    fromMs,
    toMs,
    checks,
    failures,
    meanDurationMs: answered === 0 ? null : sums.durationSumMs / answered,
    maxDurationMs: answered === 0 ? null : sums.durationMaxMs,
    worstStatus: checks === 0 ? 'unknown' : sums.worst,
    observedMs,
    downtimeMs,
    recoveryAttempts,
  }
}
