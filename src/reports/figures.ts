import type { Incident } from '../health/health.ts'
import type { RecoveryAttempt } from '../health/recovery.ts'
import { reliabilityScore } from '../health/reliability.ts'
import type { TimeRange } from '../store/store.ts'
import type { Figures, RecoveryFigures } from './analysis.ts'
import type { HistorySlot } from './history.ts'

/** What figures are divided from: plain sums, so that those of many accounts add up exactly. */
export interface Sums {
  /** Time in which there was something to observe: the range until now, maintenance left out. */
  readonly accountableMs: number
  readonly plannedMs: number
  readonly observedMs: number
  readonly downtimeMs: number
  /** Downtime that the objective allows. */
  readonly budgetMs: number
  readonly checks: number
  readonly failures: number
  readonly incidents: number
  readonly detectionMs: number
  readonly ended: number
  readonly endedDowntimeMs: number
  readonly attempts: number
  readonly verified: number
  readonly failed: number
}

export const NO_SUMS: Sums = {
  accountableMs: 0,
  plannedMs: 0,
  observedMs: 0,
  downtimeMs: 0,
  budgetMs: 0,
  checks: 0,
  failures: 0,
  incidents: 0,
  detectionMs: 0,
  ended: 0,
  endedDowntimeMs: 0,
  attempts: 0,
  verified: 0,
  failed: 0,
}

export function addSums(a: Sums, b: Sums): Sums {
  return {
    accountableMs: a.accountableMs + b.accountableMs,
    plannedMs: a.plannedMs + b.plannedMs,
    observedMs: a.observedMs + b.observedMs,
    downtimeMs: a.downtimeMs + b.downtimeMs,
    budgetMs: a.budgetMs + b.budgetMs,
    checks: a.checks + b.checks,
    failures: a.failures + b.failures,
    incidents: a.incidents + b.incidents,
    detectionMs: a.detectionMs + b.detectionMs,
    ended: a.ended + b.ended,
    endedDowntimeMs: a.endedDowntimeMs + b.endedDowntimeMs,
    attempts: a.attempts + b.attempts,
    verified: a.verified + b.verified,
    failed: a.failed + b.failed,
  }
}

/** Sums of one account over `[fromMs, toMs)`, of its history, its ledger of incidents and its attempts. */
export function sumsOf(
  range: TimeRange,
  objective: number,
  plannedMs: number,
  slots: readonly HistorySlot[],
  incidents: readonly Incident[],
  attempts: readonly RecoveryAttempt[],
): Sums {
  const sums = { ...NO_SUMS, plannedMs, accountableMs: Math.max(0, range.toMs - range.fromMs - plannedMs) }
  const isInside = (atMs: number) => atMs >= range.fromMs && atMs < range.toMs
  for (const slot of slots) {
    sums.observedMs += slot.observedMs
    sums.downtimeMs += slot.downtimeMs
    sums.checks += slot.checks
    sums.failures += slot.failures
  }
  sums.budgetMs = (1 - objective) * sums.observedMs
  for (const { startMs, detectedMs, endMs, downtimeMs } of incidents) {
    if (isInside(startMs)) {
      sums.incidents += 1
      sums.detectionMs += detectedMs - startMs
    }
    if (endMs !== null && isInside(endMs)) {
      sums.ended += 1
      sums.endedDowntimeMs += downtimeMs
    }
  }
  for (const { requestedMs, outcome } of attempts) {
    if (!isInside(requestedMs) || outcome === 'dry_run') continue
    sums.attempts += 1
    if (outcome === 'verified') sums.verified += 1
    if (outcome === 'failed' || outcome === 'rejected' || outcome === 'needs_human') sums.failed += 1
  }
  return sums
}

/** The published figures of the sums; docs/reports.md has each formula with an example. */
export function figuresOf(sums: Sums): Figures {
  const { observedMs, incidents } = sums
  // A downtime is booked when it is confirmed: at a border it may exceed what was observed by a few checks.
  const downtimeMs = Math.min(sums.downtimeMs, observedMs)
  const availability = observedMs > 0 ? 1 - downtimeMs / observedMs : null
  return {
    observedMs,
    downtimeMs: sums.downtimeMs,
    plannedMs: sums.plannedMs,
    availability,
    coverage: Math.min(1, ratio(observedMs, sums.accountableMs) ?? 0),
    checks: sums.checks,
    failures: sums.failures,
    incidents,
    mttrMs: ratio(sums.endedDowntimeMs, sums.ended),
    mttdMs: ratio(sums.detectionMs, incidents),
    mtbfMs: ratio(observedMs - downtimeMs, incidents),
    recovery: recoveryFigures(sums),
    reliability: reliabilityScore(sums),
  }
}

function recoveryFigures({ attempts, verified, failed }: Sums): RecoveryFigures {
  return { attempts, verified, failed, success: ratio(verified, verified + failed) }
}

/** A quotient, or null where there is nothing to divide by. */
function ratio(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null
}
