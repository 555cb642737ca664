import type { Account } from '../accounts/account.ts'
import { type MaintenanceWindow, plannedMs, selects } from '../health/maintenance.ts'
import type { TimeRange } from '../store/store.ts'
import type { PlannedEntry } from './analysis.ts'

/** Planned time of one account, overlapping windows counted once. */
export interface PlannedTime {
  readonly entries: readonly PlannedEntry[]
  within(range: TimeRange): number
}

/** The account's windows, cut to the range, oldest first. */
export function plannedTime(windows: readonly MaintenanceWindow[], account: Account, range: TimeRange): PlannedTime {
  const own = windows.filter(
    ({ startMs, endMs, select }) => startMs < range.toMs && endMs > range.fromMs && selects(select, account),
  )
  return {
    entries: own.map((window) => plannedEntry(window, range)).toSorted((a, b) => a.startMs - b.startMs),
    within: ({ fromMs, toMs }) => plannedMs(own, account, fromMs, toMs),
  }
}

/** One window, cut to the range. */
export function plannedEntry(window: MaintenanceWindow, range: TimeRange): PlannedEntry {
  const { id, select, author, reason } = window
  return {
    id,
    select,
    startMs: Math.max(window.startMs, range.fromMs),
    endMs: Math.min(window.endMs, range.toMs),
    author,
    reason,
  }
}
