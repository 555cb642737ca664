import type { Account } from '../accounts/account.ts'
import { type MaintenanceWindow, openWindow, plannedMs } from '../health/maintenance.ts'

/** The maintenance windows around now, read from the plan every few seconds: a check must not expand cron expressions. */
export interface Calendar {
  /** Reads the windows again where they are old. */
  refresh(): void
  /** Reads them at once: the plan changed. */
  reread(): void
  /** The window that is open for the account; null where none is. */
  open(account: Account): MaintenanceWindow | null
  /** How much of `[fromMs, toMs)` lies in windows of the account, milliseconds. */
  plannedMs(account: Account, fromMs: number, toMs: number): number
}

const AHEAD_MS = 26 * 3_600_000
const BEHIND_MS = 2 * 3_600_000
const READ_EVERY_MS = 10_000

/** @param windowsOf the windows of the present plan that touch `[fromMs, toMs)` */
export function calendar(
  nowMs: () => number,
  windowsOf: (fromMs: number, toMs: number) => readonly MaintenanceWindow[],
): Calendar {
  let windows: readonly MaintenanceWindow[] = []
  let readAtMs = Number.NEGATIVE_INFINITY

  function reread(): void {
    readAtMs = nowMs()
    windows = windowsOf(readAtMs - BEHIND_MS, readAtMs + AHEAD_MS)
  }

  return {
    refresh() {
      if (Math.abs(nowMs() - readAtMs) >= READ_EVERY_MS) reread()
    },
    reread,
    open: (account) => (windows.length === 0 ? null : openWindow(windows, account, nowMs())),
    plannedMs: (account, fromMs, toMs) => (windows.length === 0 ? 0 : plannedMs(windows, account, fromMs, toMs)),
  }
}
