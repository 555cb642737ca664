import type { Account } from '../accounts/account.ts'
import type { Incident } from '../health/health.ts'
import type { RecoveryAttempt } from '../health/recovery.ts'
import type { HistoryBucket, Store, TimeRange } from '../store/store.ts'
import { allItems } from './all-pages.ts'
import type { RecoveryFigures } from './analysis.ts'
import { type PrometheusApiOptions, PrometheusError, prometheusApi } from './prometheus-api.ts'
import { prometheusTrend } from './prometheus-trend.ts'

/** Where a trend is read from: `auto` takes the store, and Prometheus where that saw more or in finer steps. */
export type TrendSource = 'auto' | 'store' | 'prometheus'

/** One step of a trend, with what the ledger has of it. */
export interface TrendBucket extends HistoryBucket {
  /** Incidents that began in it. */
  readonly incidents: number
  /** Attempts that were requested in it. */
  readonly recoveries: RecoveryFigures
}

export interface AccountTrend {
  readonly source: 'store' | 'prometheus'
  /** Oldest first; steps without a check are left out. */
  readonly buckets: readonly TrendBucket[]
  /** Over the whole range, also of steps that are left out. */
  readonly incidents: number
  readonly recoveries: RecoveryFigures
}

/** Reads the history of one account in steps. Rejects with StoreError, and with PrometheusError where only that was asked for. */
export type ReadTrend = (
  account: Account,
  range: TimeRange,
  stepMs: number,
  source: TrendSource,
  signal: AbortSignal,
) => Promise<AccountTrend>

export interface TrendParts {
  readonly store: Pick<Store, 'history' | 'incidents' | 'recoveries'>
  prometheus(): PrometheusApiOptions
  now(): number
}

/** A store that saw this share of the range has seen all of it; and Prometheus must have seen this much more to be preferred. */
const FULL = 0.99
const NOTICEABLE = 0.005
/** Somebody looks at a page and waits; a report may take longer. */
const LOOK_LIMIT_MS = 10_000
/** A Prometheus that is away is not asked again by each look. */
const AWAY_MS = 60_000

export function trendReader({ store, prometheus, now }: TrendParts): ReadTrend {
  let awayUntilMs = Number.NEGATIVE_INFINITY

  async function steps(
    account: Account,
    range: TimeRange,
    stepMs: number,
    source: TrendSource,
    signal: AbortSignal,
  ): Promise<Pick<AccountTrend, 'source'> & { readonly found: readonly HistoryBucket[] }> {
    const fromPrometheus = () =>
      prometheusTrend(prometheusApi({ timeoutMs: LOOK_LIMIT_MS, ...prometheus() }), account, range, stepMs, signal)
    if (source === 'prometheus') return { source, found: await fromPrometheus() }
    const stored = { source: 'store', found: await store.history(account.key, range, stepMs) } as const
    if (source === 'store' || isWhole(stored.found, range) || now() < awayUntilMs) return stored
    try {
      const found = await fromPrometheus()
      return isBetter(found, stored.found, range) ? { source: 'prometheus', found } : stored
    } catch (error) {
      if (!(error instanceof PrometheusError)) throw error
      awayUntilMs = now() + AWAY_MS
      return stored
    }
  }

  return async (account, range, stepMs, source, signal) => {
    const about = { keys: [account.key], range }
    const [{ source: taken, found }, incidents, attempts] = await Promise.all([
      steps(account, range, stepMs, source, signal),
      allItems((page) => store.incidents({ ...about, ...page })),
      allItems((page) => store.recoveries({ ...about, ...page })),
    ])
    const begun = byStep(incidents, ({ startMs }) => startMs, range, stepMs)
    const requested = byStep(attempts, ({ requestedMs }) => requestedMs, range, stepMs)
    const buckets = found.map((bucket) => {
      const step = Math.floor((bucket.fromMs - range.fromMs) / stepMs)
      const recoveries = recoveriesOf(requested.get(step) ?? [])
      return {
        ...bucket,
        recoveryAttempts: recoveries.attempts,
        incidents: begun.get(step)?.length ?? 0,
        recoveries,
      }
    })
    return {
      source: taken,
      buckets,
      incidents: [...begun.values()].reduce((sum: number, all: readonly Incident[]) => sum + all.length, 0),
      recoveries: recoveriesOf([...requested.values()].flat()),
    }
  }
}

/** Whether the store saw the range, and every step for itself: of old days only sums of whole days are left. */
function isWhole(buckets: readonly HistoryBucket[], { fromMs, toMs }: TimeRange): boolean {
  return !hasDaySums(buckets) && observedIn(buckets) >= FULL * (toMs - fromMs)
}

function isBetter(other: readonly HistoryBucket[], stored: readonly HistoryBucket[], range: TimeRange): boolean {
  const more = observedIn(other) - observedIn(stored)
  const noticeable = NOTICEABLE * (range.toMs - range.fromMs)
  return more > noticeable || (hasDaySums(stored) && more > -noticeable)
}

/** A step that carries more time than it has is the first of a day whose single checks have expired. */
function hasDaySums(buckets: readonly HistoryBucket[]): boolean {
  return buckets.some(({ fromMs, toMs, observedMs }) => observedMs > 1.5 * (toMs - fromMs))
}

function observedIn(buckets: readonly HistoryBucket[]): number {
  return buckets.reduce((sum, { observedMs }) => sum + observedMs, 0)
}

/** Groups what lies in the range by the number of its step. */
function byStep<T>(
  items: readonly T[],
  momentOf: (item: T) => number,
  { fromMs, toMs }: TimeRange,
  stepMs: number,
): ReadonlyMap<number, readonly T[]> {
  const inside = items.filter((item) => momentOf(item) >= fromMs && momentOf(item) < toMs)
  return Map.groupBy(inside, (item) => Math.floor((momentOf(item) - fromMs) / stepMs))
}

/** The same rule as that of the reports: dry runs are no attempts, attempts without a verdict say nothing of success. */
function recoveriesOf(attempts: readonly RecoveryAttempt[]): RecoveryFigures {
  const real = attempts.filter(({ outcome }) => outcome !== 'dry_run')
  const verified = real.filter(({ outcome }) => outcome === 'verified').length
  const failed = real.filter(({ outcome }) => FAILED.has(outcome)).length
  const judged = verified + failed
  return { attempts: real.length, verified, failed, success: judged === 0 ? null : verified / judged }
}

const FAILED: ReadonlySet<RecoveryAttempt['outcome']> = new Set(['failed', 'rejected', 'needs_human'])
