import { CronExpressionParser } from 'cron-parser'
import type { Account } from '../accounts/account.ts'

/** Which accounts a window is about: all of the given parts must match, an absent part matches every account. */
export interface Selection {
  readonly accounts?: readonly string[] | undefined
  readonly gateways?: readonly string[] | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/** One planned window, `[startMs, endMs)`. */
export interface MaintenanceWindow {
  readonly id: string
  readonly select: Selection
  readonly startMs: number
  readonly endMs: number
  readonly author: string
  readonly reason: string
}

/** A window as it was planned: once, or again and again by a cron expression of five fields in a time zone. */
export type MaintenanceSpec = {
  readonly select: Selection
  readonly author: string
  readonly reason: string
} & (
  | { readonly kind: 'once'; readonly startMs: number; readonly endMs: number }
  | { readonly kind: 'recurring'; readonly cron: string; readonly durationMs: number; readonly timeZone: string }
)

/** Whether the selection is about this account; `accounts` may name its key, id or phone. */
export function selects(selection: Selection, account: Account): boolean {
  const { accounts, gateways, labels } = selection
  if (gateways !== undefined && !gateways.includes(account.gateway)) return false
  if (labels !== undefined && Object.entries(labels).some(([name, value]) => account.labels[name] !== value))
    return false
  if (accounts === undefined) return true
  return [account.key, account.account, account.phone].some((id) => id !== null && accounts.includes(id))
}

/**
 * The windows that touch `[fromMs, toMs)`, oldest first. A recurring window begins when the clocks of its time zone show
 * the cron time and lasts `durationMs` of elapsed time, also over a change of the clocks; a begin that the change skips
 * comes an hour later by the clock, and one that a change repeats counts once. Ids are the same in every call: `name`
 * makes them of the number of the spec and the begin.
 * @throws Error where a cron expression or time zone is invalid; the options refuse these beforehand.
 */
export function windowsBetween(
  specs: readonly MaintenanceSpec[],
  fromMs: number,
  toMs: number,
  name: (index: number, startMs: number) => string = configuredId,
): readonly MaintenanceWindow[] {
  const windows: MaintenanceWindow[] = []
  for (const [index, spec] of specs.entries()) {
    const { select, author, reason } = spec
    if (spec.kind === 'once') {
      const { startMs, endMs } = spec
      if (startMs < toMs && endMs > fromMs)
        windows.push({ id: name(index, startMs), select, startMs, endMs, author, reason })
      continue
    }
    for (const startMs of cronTimes(spec.cron, spec.timeZone, fromMs - spec.durationMs, toMs)) {
      windows.push({
        id: name(index, startMs),
        select,
        startMs,
        endMs: startMs + spec.durationMs,
        author,
        reason,
      })
    }
  }
  return windows.sort((a, b) => a.startMs - b.startMs)
}

/** The window that is open for the account at `nowMs`: of several, the one that ends last; null where none is. */
export function openWindow(
  windows: readonly MaintenanceWindow[],
  account: Account,
  nowMs: number,
): MaintenanceWindow | null {
  let open: MaintenanceWindow | null = null
  for (const window of windows) {
    if (window.startMs > nowMs || window.endMs <= nowMs) continue
    if (open !== null && window.endMs <= open.endMs) continue
    if (selects(window.select, account)) open = window
  }
  return open
}

/** How many milliseconds of `[fromMs, toMs)` lie in windows of the account; where windows overlap, once. */
export function plannedMs(
  windows: readonly MaintenanceWindow[],
  account: Account,
  fromMs: number,
  toMs: number,
): number {
  let overlaps: [number, number][] | null = null
  for (const window of windows) {
    if (window.startMs >= toMs || window.endMs <= fromMs || !selects(window.select, account)) continue
    overlaps ??= []
    overlaps.push([Math.max(window.startMs, fromMs), Math.min(window.endMs, toMs)])
  }
  if (overlaps === null) return 0
  overlaps.sort(([a], [b]) => a - b)
  let totalMs = 0
  let coveredToMs = fromMs
  for (const [startMs, endMs] of overlaps) {
    totalMs += Math.max(0, endMs - Math.max(startMs, coveredToMs))
    coveredToMs = Math.max(coveredToMs, endMs)
  }
  return totalMs
}

/** Moments of the cron expression in the open interval `(afterMs, beforeMs)`. */
function* cronTimes(cron: string, timeZone: string, afterMs: number, beforeMs: number): Generator<number> {
  const times = CronExpressionParser.parse(cron, { currentDate: afterMs, tz: timeZone })
  for (let timeMs = times.next().getTime(); timeMs < beforeMs; timeMs = times.next().getTime()) yield timeMs
}

function configuredId(index: number, startMs: number): string {
  return `config-${index + 1}-${new Date(startMs).toISOString()}`
}
