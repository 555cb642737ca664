import type { AccountKey } from '../accounts/account.ts'
import type { Evidence } from '../accounts/observation.ts'
import type { AccountState, Reason, Status } from '../accounts/vocabulary.ts'

/** Thresholds of the verdict. Every time is in milliseconds. */
export interface HealthPolicy {
  /** Consecutive bad checks until `unhealthy`. */
  readonly unhealthyAfter: number
  /** Consecutive good checks until `healthy` again. */
  readonly healthyAfter: number
  /** A good answer slower than this is a `warning`. */
  readonly slowAfterMs: number
  /** `connecting` for longer than this is a fault. */
  readonly connectingLimitMs: number
  /** Two checks further apart than this leave a gap that nobody saw: coverage falls, downtime does not grow. */
  readonly gapLimitMs: number
  /** Evidence of activity older than this makes `connected` into `degraded/stale`; null where the operator gave no limit. */
  readonly staleAfterMs: number | null
}

/** A confirmed outage, from the first bad check until the first good one. */
export interface Incident {
  /** Derived from account and start, so that the same incident written twice is one row. */
  readonly id: string
  readonly key: AccountKey
  readonly account: string
  readonly gateway: string
  /** First bad check. */
  readonly startMs: number
  /** The check that confirmed it. */
  readonly detectedMs: number
  /** First good check; null while open. */
  readonly endMs: number | null
  /** The reason at confirmation, or the definite one that came later. */
  readonly cause: Reason
  readonly state: AccountState
  /** Seen and unplanned downtime so far, milliseconds: blind stretches and maintenance are left out. */
  readonly downtimeMs: number
  /** Recovery attempts that fell into it. */
  readonly attempts: number
  /** How it ended: `recovered` on its own, `repaired` after a verified attempt, `removed` with its account; null while open. */
  readonly resolution: 'recovered' | 'repaired' | 'removed' | null
}

/** Monotonic sums of one account since it was first seen; times in milliseconds. */
export interface Counters {
  readonly checks: number
  readonly checkFailures: number
  readonly observedMs: number
  readonly downtimeMs: number
  readonly incidents: number
  readonly incidentsResolved: number
  readonly detectionDelayMs: number
  readonly recoveryAttempts: number
  readonly recoveryFailures: number
}

/** What recovery remembers of one account. */
export interface RecoveryState {
  /** Attempts used of the budget; back to 0 after `budgetResetMs` healthy. */
  readonly attemptsUsed: number
  /** No attempt before this moment (backoff). */
  readonly notBeforeMs: number
  /** The attempt under way, whose effect is not yet known. */
  readonly pending: { readonly id: string; readonly requestedMs: number; readonly acceptedMs: number | null } | null
  /** When a good check last verified an attempt; absent before that, and again after a relapse. */
  readonly verifiedMs?: number
}

/** All that is known of one account's health. Plain data: it is written to the store as it is. */
export interface AccountHealth {
  readonly key: AccountKey
  readonly status: Status
  readonly state: AccountState
  readonly reason: Reason | null
  readonly native: string
  readonly evidence: Evidence
  /** Since when `state` holds. */
  readonly stateSinceMs: number
  readonly statusSinceMs: number
  readonly lastCheckMs: number | null
  readonly lastDurationMs: number | null
  readonly lastSuccessMs: number | null
  readonly consecutiveFailures: number
  readonly consecutiveSuccesses: number
  /** Start of the present run of checks that were not good; null in a good run. */
  readonly badSinceMs: number | null
  /** First good check after a bad run that is not yet confirmed; null else. */
  readonly goodSinceMs: number | null
  /** Since when every check has been good and no incident open, so also in a warning of a usable account; null else. */
  readonly healthySinceMs: number | null
  /** When the account last left `awaiting_auth`: no repair within the pairing grace after it. */
  readonly pairedMs: number | null
  /**
   * Seen time whose meaning is open: of a bad run that is not confirmed yet, or of a good run that has not ended its
   * incident yet. Becomes downtime (confirmed, relapse) or is forgotten (good again).
   */
  readonly pendingDowntimeMs: number
  readonly incident: Incident | null
  readonly counters: Counters
  readonly recovery: RecoveryState
}

/** A change of state or status, for the account's history. */
export interface Transition {
  readonly key: AccountKey
  readonly atMs: number
  readonly fromState: AccountState
  readonly toState: AccountState
  readonly fromStatus: Status
  readonly toStatus: Status
  readonly reason: Reason | null
  readonly native: string
}

export type HealthEvent =
  | { readonly type: 'transition'; readonly transition: Transition }
  | { readonly type: 'incident-opened'; readonly incident: Incident }
  | { readonly type: 'incident-updated'; readonly incident: Incident }
  | { readonly type: 'incident-resolved'; readonly incident: Incident }

/** One check as history keeps it. */
export interface Sample {
  readonly key: AccountKey
  readonly atMs: number
  readonly durationMs: number
  readonly state: AccountState
  readonly status: Status
  readonly reason: Reason | null
  /** False: counted in checkFailures. */
  readonly good: boolean
  /** What this check added to Counters.observedMs and Counters.downtimeMs. */
  readonly observedMs: number
  readonly downtimeMs: number
}

export interface Verdict {
  readonly health: AccountHealth
  readonly events: readonly HealthEvent[]
  readonly sample: Sample
}
