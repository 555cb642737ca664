import type { Account } from '../../src/accounts/account.ts'
import type { CheckOutcome, Observation } from '../../src/accounts/observation.ts'
import type { AccountState, ErrorCode, Reason } from '../../src/accounts/vocabulary.ts'
import type { AccountHealth, HealthEvent, HealthPolicy, Sample } from '../../src/health/health.ts'
import type { RecoveryPolicy, Refusal } from '../../src/health/recovery.ts'
import { advance, newHealth } from '../../src/health/verdict.ts'

/** An arbitrary Monday. */
export const T0 = Date.parse('2026-03-02T10:00:00Z')
export const INTERVAL_MS = 15_000

export const POLICY: HealthPolicy = {
  unhealthyAfter: 3,
  healthyAfter: 2,
  slowAfterMs: 2_000,
  connectingLimitMs: 180_000,
  gapLimitMs: 45_000,
  staleAfterMs: null,
}

export const RECOVERY: RecoveryPolicy = {
  mode: 'on',
  attempts: 5,
  backoffInitialMs: 10_000,
  backoffMaxMs: 300_000,
  budgetResetMs: 300_000,
  verifyWithinMs: 120_000,
  pairingGraceMs: 120_000,
  restartStale: false,
  gatewayParallel: 3,
  gatewayPerHour: 60,
  breakerShare: 0.5,
  breakerMinimum: 3,
  breakerCooldownMs: 600_000,
}

/** All refusals of the contract: the compiler keeps the list whole. */
export const REFUSALS: Readonly<Record<Refusal, true>> = {
  mode_off: true,
  not_a_fault: true,
  not_confirmed: true,
  needs_human: true,
  blocked: true,
  stopped: true,
  conflict: true,
  outdated_client: true,
  not_restartable: true,
  gateway_cannot: true,
  gateway_down: true,
  unknown: true,
  maintenance: true,
  pairing_grace: true,
  pending: true,
  backoff: true,
  budget: true,
  gateway_parallel: true,
  gateway_budget: true,
  breaker_open: true,
  connecting: true,
}

export function account(change: Partial<Account> = {}): Account {
  return {
    key: 'waha-1/sales-01',
    account: 'sales-01',
    gateway: 'waha-1',
    nativeId: 'sales-01',
    phone: '971505760056',
    name: 'Sales',
    labels: { team: 'sales' },
    objective: 0.995,
    desired: 'any',
    ...change,
  }
}

/** A short way to write one check: a state, `state/reason`, or an observation's fields. */
export type Seen = string | Partial<Observation>

export function observation(seen: Seen, atMs: number): Observation {
  const fields: Partial<Observation> = typeof seen === 'string' ? parse(seen) : seen
  return { atMs, durationMs: 80, state: 'connected', reason: null, native: 'NATIVE', evidence: {}, ...fields }
}

function parse(text: string): Partial<Observation> {
  const [state, reason] = text.split('/')
  // The tests write only words of the vocabulary.
  return { state: state as AccountState, reason: (reason ?? null) as Reason | null }
}

export interface Played {
  readonly health: AccountHealth
  readonly events: readonly HealthEvent[]
  readonly samples: readonly Sample[]
}

/** Plays checks one interval apart on a fresh account, or on `from`. */
export function play(
  seen: readonly Seen[],
  { from = newHealth('waha-1/sales-01', T0), who = account(), policy = POLICY, plannedMs = 0 } = {},
): Played {
  let health: AccountHealth = from
  const events: HealthEvent[] = []
  const samples: Sample[] = []
  for (const [index, one] of seen.entries()) {
    const atMs = from.lastCheckMs === null ? T0 + index * INTERVAL_MS : from.lastCheckMs + (index + 1) * INTERVAL_MS
    const verdict = advance(health, who, observation(one, atMs), policy, plannedMs)
    health = verdict.health
    events.push(...verdict.events)
    samples.push(verdict.sample)
  }
  return { health, events, samples }
}

export function answered(seen: Seen, atMs: number, durationMs = 80): CheckOutcome {
  const { state, reason, native, evidence } = observation(seen, atMs)
  return { atMs, durationMs, result: { ok: true, reading: { state, reason, native, evidence } } }
}

export function failed(code: ErrorCode, atMs: number, { refused = false, durationMs = 80 } = {}): CheckOutcome {
  return { atMs, durationMs, result: { ok: false, code, message: `${code} at GET /state`, refused } }
}

/** Deterministic numbers in [0, 1) (mulberry32, public domain). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
