import type { Account } from '../accounts/account.ts'
import type { AccountHealth, HealthPolicy } from './health.ts'
import { stableId } from './incident.ts'
import type { RecoveryAttempt, RecoveryOutcome, RecoveryPolicy } from './recovery.ts'
import { backoffMs } from './recovery-policy.ts'

/** An attempt and the account's health after it was recorded there. Both are to be written; neither input is changed. */
export interface Repair {
  readonly health: AccountHealth
  readonly attempt: RecoveryAttempt
}

const DETAIL_LIMIT = 300

/**
 * Records the decision to restart, before anything is sent: an exporter that dies here finds the attempt again.
 * In mode `dry-run` the attempt has ended already; it uses the budget and the backoff as a real one would, so that the
 * record shows what `on` would do, but no counter counts it. A person's restart (`by` other than `policy`) is always real,
 * and uses the budget as well: to WhatsApp it is one reconnect more.
 * @param by `policy`, or who asked over the API
 */
export function requestAttempt(
  account: Account,
  health: AccountHealth,
  by: string,
  policy: RecoveryPolicy,
  nowMs: number,
  random: () => number,
): Repair {
  const used = health.recovery.attemptsUsed + 1
  const dryRun = policy.mode === 'dry-run' && by === 'policy'
  const attempt: RecoveryAttempt = {
    id: stableId(account.key, 'recovery', nowMs, used),
    key: account.key,
    account: account.account,
    gateway: account.gateway,
    incidentId: health.incident?.id ?? null,
    attempt: used,
    by,
    reason: health.reason,
    requestedMs: nowMs,
    acceptedMs: null,
    endMs: dryRun ? nowMs : null,
    outcome: dryRun ? 'dry_run' : 'pending',
    detail: dryRun ? 'recovery.mode is dry-run: nothing was sent' : '',
  }
  const recovery = {
    ...health.recovery,
    attemptsUsed: used,
    notBeforeMs: nowMs + backoffMs(policy, used, random),
    pending: dryRun ? null : { id: attempt.id, requestedMs: nowMs, acceptedMs: null },
  }
  if (dryRun) return { attempt, health: { ...health, recovery } }
  const { incident, counters } = health
  return {
    attempt,
    health: {
      ...health,
      incident: incident === null ? null : { ...incident, attempts: incident.attempts + 1 },
      counters: { ...counters, recoveryAttempts: counters.recoveryAttempts + 1 },
      recovery,
    },
  }
}

/** The gateway took the request. Whether it helped, only a later check tells. */
export function acceptAttempt(health: AccountHealth, attempt: RecoveryAttempt, detail: string, nowMs: number): Repair {
  const { pending } = health.recovery
  const known = pending !== null && pending.id === attempt.id
  return {
    attempt: { ...attempt, acceptedMs: nowMs, detail: shorten(detail) },
    health: known
      ? { ...health, recovery: { ...health.recovery, pending: { ...pending, acceptedMs: nowMs } } }
      : health,
  }
}

/**
 * The gateway refused, or could not be asked. `needsHuman` ends the automatic attempts: the budget is used up until the
 * account has been healthy for `budgetResetMs`.
 */
export function rejectAttempt(
  health: AccountHealth,
  attempt: RecoveryAttempt,
  why: { readonly detail: string; readonly needsHuman: boolean },
  policy: RecoveryPolicy,
  nowMs: number,
  random: () => number,
): Repair {
  const outcome = why.needsHuman ? 'needs_human' : 'rejected'
  return end(health, { ...attempt, detail: shorten(why.detail) }, outcome, policy, nowMs, random)
}

/**
 * Judges the pending attempt after a check of its account; null while it is too early to say.
 * - `verified`: a check that began after the acceptance was good.
 * - `needs_human`: the account now waits for a person or is blocked.
 * - `failed`: `verifyWithinMs` passed, and the last check is a bad one of after the acceptance.
 * - `interrupted`: no verdict can be had any more, because the request never came back (the exporter was restarted),
 *   because it is two gap limits later than the time limit, or because the clock went back. It counts as no failure.
 */
export function verifyAttempt(
  health: AccountHealth,
  attempt: RecoveryAttempt,
  policy: RecoveryPolicy,
  limits: HealthPolicy,
  nowMs: number,
  random: () => number,
): Repair | null {
  const { acceptedMs, requestedMs } = attempt
  const ageMs = nowMs - (acceptedMs ?? requestedMs)
  const settle = (outcome: RecoveryOutcome) => end(health, attempt, outcome, policy, nowMs, random)
  if (acceptedMs === null) return ageMs >= policy.verifyWithinMs ? settle('interrupted') : null
  const clockWentBack = ageMs < 0
  if (clockWentBack || ageMs >= policy.verifyWithinMs + 2 * limits.gapLimitMs) return settle('interrupted')
  if (health.lastSuccessMs !== null && health.lastSuccessMs > acceptedMs) return settle('verified')
  const seenSince = health.status !== 'unknown' && health.lastCheckMs !== null && health.lastCheckMs > acceptedMs
  if (!seenSince) return null
  if (health.state === 'awaiting_auth' || health.state === 'blocked') return settle('needs_human')
  return ageMs >= policy.verifyWithinMs ? settle('failed') : null
}

/** Ends a pending attempt that nobody can judge any more, for example because its account was removed. */
export function interruptAttempt(
  health: AccountHealth,
  attempt: RecoveryAttempt,
  detail: string,
  policy: RecoveryPolicy,
  nowMs: number,
): Repair {
  return end(health, { ...attempt, detail: shorten(detail) }, 'interrupted', policy, nowMs, () => 0)
}

/**
 * Gives the account its full budget again once it has been good for `budgetResetMs`. A brief good check between two
 * failures does not: that is how restart storms begin.
 * @returns the same object where nothing changed
 */
export function resetBudget(health: AccountHealth, policy: RecoveryPolicy, nowMs: number): AccountHealth {
  const { recovery, healthySinceMs } = health
  if (recovery.attemptsUsed === 0 || recovery.pending !== null || healthySinceMs === null) return health
  if (nowMs - healthySinceMs < policy.budgetResetMs) return health
  return { ...health, recovery: { ...recovery, attemptsUsed: 0, notBeforeMs: 0 } }
}

function end(
  health: AccountHealth,
  attempt: RecoveryAttempt,
  outcome: RecoveryOutcome,
  policy: RecoveryPolicy,
  nowMs: number,
  random: () => number,
): Repair {
  const ended: RecoveryAttempt = { ...attempt, endMs: Math.max(nowMs, attempt.requestedMs), outcome }
  const { recovery, counters } = health
  // Judged before, or of an older life of the account: nothing is counted twice.
  if (recovery.pending?.id !== attempt.id) return { attempt: ended, health }
  const failed = outcome === 'failed' || outcome === 'rejected' || outcome === 'needs_human'
  return {
    attempt: ended,
    health: {
      ...health,
      counters: failed ? { ...counters, recoveryFailures: counters.recoveryFailures + 1 } : counters,
      recovery: {
        ...recovery,
        pending: null,
        attemptsUsed:
          outcome === 'needs_human' ? Math.max(recovery.attemptsUsed, policy.attempts) : recovery.attemptsUsed,
        notBeforeMs: failed
          ? Math.max(recovery.notBeforeMs, nowMs + backoffMs(policy, recovery.attemptsUsed, random))
          : recovery.notBeforeMs,
        ...(outcome === 'verified' ? { verifiedMs: nowMs } : {}),
      },
    },
  }
}

function shorten(detail: string): string {
  return detail.length > DETAIL_LIMIT ? `${detail.slice(0, DETAIL_LIMIT - 1)}…` : detail
}
