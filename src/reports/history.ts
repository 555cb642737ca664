import type { Account } from '../accounts/account.ts'
import type { TimeRange } from '../store/store.ts'
import type { HistorySource } from './analysis.ts'
import type { ResponseSketch } from './quantiles.ts'

/** Sums of one account over one hour, counted from the beginning of what was asked for; the last may be shorter. */
export interface HistorySlot {
  readonly fromMs: number
  readonly toMs: number
  readonly observedMs: number
  readonly downtimeMs: number
  readonly checks: number
  readonly failures: number
  /** Mean over the answered checks; null where none was answered. */
  readonly meanResponseMs: number | null
}

export interface AccountHistory {
  readonly source: HistorySource
  /** Oldest first; hours without a check may be missing. */
  readonly slots: readonly HistorySlot[]
  /** Empty where response times were not asked for. */
  readonly responses: ResponseSketch
  /** Time between two response times that were read; null where every check was. */
  readonly sampledEveryMs: number | null
}

/** Where the history of accounts is read from. */
export interface HistoryReader {
  /** Rejects with PrometheusError or StoreError, and with the signal's reason once it aborts. */
  read(account: Account, range: TimeRange, options: ReadOptions, signal: AbortSignal): Promise<AccountHistory>
}

export interface ReadOptions {
  readonly responses: boolean
}

export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000

/**
 * Whether the sums of a slot really fell into its hour. Where only days are left (older than the store's single checks),
 * or after a gap of Prometheus, one slot carries the sums of many hours.
 */
export function isFine({ fromMs, toMs, observedMs }: HistorySlot): boolean {
  return observedMs <= 1.5 * (toMs - fromMs)
}

/** All that was observed in the slots. */
export function observedIn(slots: readonly HistorySlot[]): number {
  return slots.reduce((sum, { observedMs }) => sum + observedMs, 0)
}
