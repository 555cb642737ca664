import type { AccountHealth } from './health.ts'
import type { RecoveryAttempt, RecoveryPolicy } from './recovery.ts'

const HOUR_MS = 3_600_000
const COOLDOWN_CAP_MS = HOUR_MS

/** Stops the repairs of one gateway while its accounts fail together: the fault is then not theirs. */
export type Breaker =
  | { readonly state: 'closed' }
  | { readonly state: 'open'; readonly openedMs: number; readonly cooldownMs: number }
  /** One attempt may probe; `probe` is its id while it is under way. */
  | { readonly state: 'half-open'; readonly cooldownMs: number; readonly probe: string | null }

/** What recovery remembers of one gateway. Plain data; `repairsFrom` rebuilds it after a restart of the exporter. */
export interface GatewayRepairs {
  /** Attempts requested within the last hour, oldest first. */
  readonly startedMs: readonly number[]
  /** Ids of the attempts whose effect is not known yet. */
  readonly inFlight: readonly string[]
  readonly breaker: Breaker
}

const CLOSED: Breaker = { state: 'closed' }

export function newGatewayRepairs(): GatewayRepairs {
  return { startedMs: [], inFlight: [], breaker: CLOSED }
}

/** The state that the attempts of the store amount to, those of the last hour and the pending ones. The breaker starts closed. */
export function repairsFrom(attempts: Iterable<RecoveryAttempt>, nowMs: number): GatewayRepairs {
  const startedMs: number[] = []
  const inFlight: string[] = []
  for (const attempt of attempts) {
    if (isWithinHour(attempt.requestedMs, nowMs)) startedMs.push(attempt.requestedMs)
    if (attempt.outcome === 'pending') inFlight.push(attempt.id)
  }
  return { startedMs: startedMs.sort((a, b) => a - b), inFlight, breaker: CLOSED }
}

/** Attempts within the hour before `nowMs`, and when the oldest of them leaves that hour. */
export function hourlyUse(
  repairs: GatewayRepairs,
  nowMs: number,
): { readonly used: number; readonly freeAtMs: number | null } {
  const within = repairs.startedMs.filter((startedMs) => isWithinHour(startedMs, nowMs))
  const oldest = within[0]
  return { used: within.length, freeAtMs: oldest === undefined ? null : oldest + HOUR_MS }
}

/** Records an attempt that `requestAttempt` has just made; in half-open state it is the probe. */
export function noteRequested(repairs: GatewayRepairs, attempt: RecoveryAttempt): GatewayRepairs {
  const nowMs = attempt.requestedMs
  const startedMs = [...repairs.startedMs.filter((started) => isWithinHour(started, nowMs)), nowMs]
  if (attempt.outcome !== 'pending') return { ...repairs, startedMs }
  const { breaker } = repairs
  return {
    startedMs,
    inFlight: [...repairs.inFlight.filter((id) => id !== attempt.id), attempt.id],
    breaker: breaker.state === 'half-open' && breaker.probe === null ? { ...breaker, probe: attempt.id } : breaker,
  }
}

/**
 * Records the end of an attempt. The probe decides on a half-open breaker: verified closes it, interrupted leaves the
 * question open, any other end opens it again with twice the cooldown, at most an hour.
 */
export function noteEnded(repairs: GatewayRepairs, attempt: RecoveryAttempt, nowMs: number): GatewayRepairs {
  const inFlight = repairs.inFlight.filter((id) => id !== attempt.id)
  const { startedMs, breaker } = repairs
  if (breaker.state !== 'half-open' || breaker.probe !== attempt.id) return { startedMs, inFlight, breaker }
  return { startedMs, inFlight, breaker: afterProbe(breaker.cooldownMs, attempt.outcome, nowMs) }
}

/** How the accounts of one gateway do, as the breaker sees it. */
export interface FleetFailure {
  readonly accounts: number
  /** Accounts for which `failsTogether` holds. */
  readonly failing: number
  /** Those of them that are unhealthy. Without one there is nothing to repair, and nothing opens. */
  readonly confirmed: number
}

/**
 * Whether the account belongs to a failure that just struck its gateway: it is in a run that a restart might end, and
 * the run began within the last cooldown. What failed long ago does not hold back the repair of what fails now. A gateway that
 * is down has its own guard; what still fails once it is back does count.
 */
export function failsTogether(health: AccountHealth, policy: RecoveryPolicy, nowMs: number): boolean {
  if (health.badSinceMs === null || nowMs - health.badSinceMs > policy.breakerCooldownMs) return false
  if (health.state === 'degraded') return policy.restartStale && health.reason === 'stale'
  if (health.reason === 'gateway_down') return false
  return health.state === 'disconnected' || health.state === 'connecting'
}

/**
 * One step of the breaker, to be taken before the decision on any account of the gateway: opens a closed one when enough
 * accounts fail together, and lets an open one probe when its cooldown has passed.
 * @returns the same object where nothing changed
 */
export function judgeBreaker(
  repairs: GatewayRepairs,
  failure: FleetFailure,
  policy: RecoveryPolicy,
  nowMs: number,
): GatewayRepairs {
  const { breaker } = repairs
  if (breaker.state === 'closed') {
    const together = failure.confirmed > 0 && failure.failing >= policy.breakerMinimum
    if (!together || failure.failing < policy.breakerShare * failure.accounts) return repairs
    return { ...repairs, breaker: { state: 'open', openedMs: nowMs, cooldownMs: policy.breakerCooldownMs } }
  }
  if (breaker.state === 'half-open' || isCooling(breaker.openedMs, breaker.cooldownMs, nowMs)) return repairs
  return { ...repairs, breaker: { state: 'half-open', cooldownMs: breaker.cooldownMs, probe: null } }
}

/**
 * Closes a breaker that may probe where nothing is left to be probed: what healed by itself needs no repair to prove it.
 * @returns the same object where nothing changed
 */
export function closeHealed(repairs: GatewayRepairs, failure: FleetFailure): GatewayRepairs {
  const { breaker } = repairs
  const idle = breaker.state === 'half-open' && breaker.probe === null && failure.failing === 0
  return idle ? { ...repairs, breaker: CLOSED } : repairs
}

function afterProbe(cooldownMs: number, outcome: RecoveryAttempt['outcome'], nowMs: number): Breaker {
  if (outcome === 'verified') return CLOSED
  if (outcome === 'interrupted') return { state: 'half-open', cooldownMs, probe: null }
  return { state: 'open', openedMs: nowMs, cooldownMs: Math.min(2 * cooldownMs, COOLDOWN_CAP_MS) }
}

/** A clock that went back before the opening ends the cooldown instead of stretching it. */
function isCooling(openedMs: number, cooldownMs: number, nowMs: number): boolean {
  return nowMs >= openedMs && nowMs < openedMs + cooldownMs
}

function isWithinHour(startedMs: number, nowMs: number): boolean {
  return startedMs > nowMs - HOUR_MS && startedMs <= nowMs
}
