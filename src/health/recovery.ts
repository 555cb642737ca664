import type { AccountKey } from '../accounts/account.ts'
import type { Reason } from '../accounts/vocabulary.ts'

export interface RecoveryPolicy {
  readonly mode: 'off' | 'dry-run' | 'on'
  /** Attempts per account until it has been healthy for `budgetResetMs`. */
  readonly attempts: number
  readonly backoffInitialMs: number
  readonly backoffMaxMs: number
  readonly budgetResetMs: number
  /** How long after acceptance a good check may take until the attempt counts as failed. */
  readonly verifyWithinMs: number
  /** No repair this long after pairing: WhatsApp closes with 515 there, and that is normal. */
  readonly pairingGraceMs: number
  /** Whether `degraded/stale` may be restarted. */
  readonly restartStale: boolean
  readonly gatewayParallel: number
  readonly gatewayPerHour: number
  /** Share of a gateway's accounts that fail together which opens its breaker. */
  readonly breakerShare: number
  /** Fewer failing accounts than this never open it. */
  readonly breakerMinimum: number
  /** How long an open breaker lets nothing through; then one attempt probes. */
  readonly breakerCooldownMs: number
}

export type RecoveryOutcome = 'pending' | 'verified' | 'failed' | 'rejected' | 'needs_human' | 'dry_run' | 'interrupted'

/** One attempt to repair. `pending` until a later good check verifies it or the limit passes. */
export interface RecoveryAttempt {
  readonly id: string
  readonly key: AccountKey
  readonly account: string
  readonly gateway: string
  readonly incidentId: string | null
  /** 1 for the first of the budget. */
  readonly attempt: number
  /** `policy`, or who asked over the API. */
  readonly by: string
  readonly reason: Reason | null
  readonly requestedMs: number
  readonly acceptedMs: number | null
  readonly endMs: number | null
  readonly outcome: RecoveryOutcome
  /** What the gateway said, at most 300 characters, without secrets. */
  readonly detail: string
}

/** Why no restart is made now; shown by `check`, the API and the page. */
export type Refusal =
  | 'mode_off'
  | 'not_a_fault'
  | 'not_confirmed'
  | 'needs_human'
  | 'blocked'
  | 'stopped'
  | 'conflict'
  | 'outdated_client'
  | 'not_restartable'
  | 'gateway_cannot'
  | 'gateway_down'
  | 'unknown'
  | 'maintenance'
  | 'pairing_grace'
  | 'pending'
  | 'backoff'
  | 'budget'
  | 'gateway_parallel'
  | 'gateway_budget'
  | 'breaker_open'
  | 'connecting'

export type RecoveryDecision =
  | { readonly act: true }
  | { readonly act: false; readonly refusal: Refusal; readonly retryAtMs: number | null }
