import type { Account } from '../accounts/account.ts'
import type { Reason } from '../accounts/vocabulary.ts'
import type { GatewayVerdict } from './gateway-health.ts'
import { type GatewayRepairs, hourlyUse } from './gateway-repairs.ts'
import type { AccountHealth, HealthPolicy } from './health.ts'
import type { RecoveryDecision, RecoveryPolicy, Refusal } from './recovery.ts'

/** Everything that the decision about one account rests on. */
export interface RecoveryFacts {
  readonly account: Account
  readonly health: AccountHealth
  readonly gateway: { readonly canRestart: boolean; readonly verdict: GatewayVerdict }
  /** After `judgeBreaker`. */
  readonly repairs: GatewayRepairs
  readonly inMaintenance: boolean
  readonly nowMs: number
  /** A person asks. */
  readonly byHand: boolean
}

/** Reasons with which a restart makes things worse, or at best nothing better. */
const HARMFUL: Readonly<Partial<Record<Reason, Refusal>>> = {
  logged_out: 'needs_human',
  qr_timeout: 'needs_human',
  banned: 'blocked',
  temp_banned: 'blocked',
  conflict: 'conflict',
  outdated_client: 'outdated_client',
  license: 'not_restartable',
}

const ACT: RecoveryDecision = { act: true }

/**
 * Decides whether to restart the account now, and if not, why and until when.
 *
 * The guards stand in this order, so that the refusal names what would have to change first: is there a fault; would a
 * restart harm (also by the cause of the open incident: a session that was logged out or replaced does not heal because
 * its last check timed out); can the gateway do it; is now the time; is anything left of the budgets.
 *
 * A person's word skips confirmation, maintenance, mode, backoff, the account's budget, the restartStale option and the
 * cause of the incident. It skips neither the guards on the present state nor the gateway's limits and breaker.
 * In mode `dry-run` the decision is the same as in `on`; `requestAttempt` then records it as `dry_run`.
 */
export function decideRecovery(facts: RecoveryFacts, policy: RecoveryPolicy, health: HealthPolicy): RecoveryDecision {
  const harm = refusalByState(facts, policy)
  if (harm !== null) return refuse(harm)
  return (
    refusalByGateway(facts) ??
    refusalByTime(facts, policy, health) ??
    refusalByBudget(facts, policy) ??
    refusalByGatewayLimits(facts, policy) ??
    ACT
  )
}

/**
 * Wait after the `attempt`-th attempt of a budget, milliseconds: `initial * 2^(attempt - 1)`, at most `max`, of which the
 * upper half is random (equal jitter: accounts that failed together do not come back together, and none comes back at once).
 * @param random a number in [0, 1)
 */
export function backoffMs(policy: RecoveryPolicy, attempt: number, random: () => number): number {
  const fullMs = Math.min(policy.backoffMaxMs, policy.backoffInitialMs * 2 ** Math.max(0, attempt - 1))
  return fullMs / 2 + (fullMs / 2) * random()
}

function refusalByState({ health, byHand }: RecoveryFacts, policy: RecoveryPolicy): Refusal | null {
  if (health.state === 'unknown') return 'unknown'
  if (health.state === 'stopped') return 'stopped'
  if (health.state === 'awaiting_auth') return 'needs_human'
  if (health.state === 'blocked') return 'blocked'
  if (health.badSinceMs === null) return 'not_a_fault'
  if (health.reason === 'gateway_down') return 'gateway_down'
  const present = health.reason === null ? undefined : HARMFUL[health.reason]
  if (present !== undefined) return present
  const cause = byHand || health.incident === null ? undefined : HARMFUL[health.incident.cause]
  if (cause !== undefined) return cause
  if (health.state !== 'degraded') return null
  return health.reason === 'stale' && (policy.restartStale || byHand) ? null : 'not_restartable'
}

function refusalByGateway({ gateway }: RecoveryFacts): RecoveryDecision | null {
  if (!gateway.canRestart) return refuse('gateway_cannot')
  return gateway.verdict === 'up' || gateway.verdict === 'unknown' ? null : refuse('gateway_down')
}

function refusalByTime(facts: RecoveryFacts, policy: RecoveryPolicy, limits: HealthPolicy): RecoveryDecision | null {
  const { health, nowMs, byHand, inMaintenance } = facts
  const { pending } = health.recovery
  if (pending !== null) return refuse('pending', (pending.acceptedMs ?? pending.requestedMs) + policy.verifyWithinMs)
  if (inMaintenance && !byHand) return refuse('maintenance')
  if (health.pairedMs !== null && isBefore(nowMs, health.pairedMs, policy.pairingGraceMs))
    return refuse('pairing_grace', health.pairedMs + policy.pairingGraceMs)
  if (health.state === 'connecting' && isBefore(nowMs, health.stateSinceMs, limits.connectingLimitMs))
    return refuse('connecting', health.stateSinceMs + limits.connectingLimitMs)
  if (health.status !== 'unhealthy' && !byHand) return refuse('not_confirmed')
  return null
}

function refusalByBudget({ health, nowMs, byHand }: RecoveryFacts, policy: RecoveryPolicy): RecoveryDecision | null {
  if (byHand) return null
  if (policy.mode === 'off') return refuse('mode_off')
  if (health.recovery.attemptsUsed >= policy.attempts) return refuse('budget')
  const { notBeforeMs } = health.recovery
  // A wait longer than any that backoff gives means that the clock went back.
  const waiting = nowMs < notBeforeMs && notBeforeMs - nowMs <= policy.verifyWithinMs + policy.backoffMaxMs
  return waiting ? refuse('backoff', notBeforeMs) : null
}

function refusalByGatewayLimits({ repairs, nowMs }: RecoveryFacts, policy: RecoveryPolicy): RecoveryDecision | null {
  const { breaker } = repairs
  if (breaker.state === 'open') return refuse('breaker_open', breaker.openedMs + breaker.cooldownMs)
  if (breaker.state === 'half-open' && breaker.probe !== null) return refuse('breaker_open')
  if (repairs.inFlight.length >= policy.gatewayParallel) return refuse('gateway_parallel')
  const hour = hourlyUse(repairs, nowMs)
  return hour.used >= policy.gatewayPerHour ? refuse('gateway_budget', hour.freeAtMs) : null
}

/** Whether `nowMs` lies within `limitMs` after `sinceMs`; a clock that went back behind it counts as within. */
function isBefore(nowMs: number, sinceMs: number, limitMs: number): boolean {
  return nowMs < sinceMs + limitMs
}

function refuse(refusal: Refusal, retryAtMs: number | null = null): RecoveryDecision {
  return { act: false, refusal, retryAtMs }
}
