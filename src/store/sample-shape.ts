import type { AccountState, Reason, Status } from '../accounts/vocabulary.ts'
import type { Sample } from '../health/health.ts'

// These numbers are on disk: give a new word a new number and never reuse one.
const STATE_CODES: Readonly<Record<AccountState, number>> = {
  connected: 0,
  degraded: 1,
  connecting: 2,
  disconnected: 3,
  awaiting_auth: 4,
  stopped: 5,
  blocked: 6,
  unknown: 7,
}
const STATUS_CODES: Readonly<Record<Status, number>> = { healthy: 0, warning: 1, unhealthy: 2, unknown: 3 }
const REASON_CODES: Readonly<Record<Reason, number>> = {
  logged_out: 1,
  banned: 2,
  temp_banned: 3,
  conflict: 4,
  outdated_client: 5,
  timelock: 6,
  capped: 7,
  quality: 8,
  stale: 9,
  qr_timeout: 10,
  network: 11,
  bad_session: 12,
  license: 13,
  gateway_down: 14,
  rate_limited: 15,
  unauthorized: 16,
  slow: 17,
  other: 18,
}
const NO_REASON = 0

const STATES = byCode(STATE_CODES)
const STATUSES = byCode(STATUS_CODES)
const REASONS = byCode(REASON_CODES)

/** How a sum of a sample is written: left out where it is 0 or as foretold, else in full. */
export const ZERO = 0
export const FORETOLD = 1
export const IN_FULL = 2
export type SumMode = typeof ZERO | typeof FORETOLD | typeof IN_FULL

/** What a run of samples has in common. Bits from below: downtime 2, observed 2, good 1, status 3, state 4, reason the rest. */
export interface Shape {
  readonly state: AccountState
  readonly status: Status
  readonly reason: Reason | null
  readonly good: boolean
  readonly observed: number
  readonly downtime: number
}

export function packShape(sample: Sample, observed: SumMode, downtime: SumMode): number {
  const reason = sample.reason === null ? NO_REASON : REASON_CODES[sample.reason]
  return (
    (reason << 12) |
    (STATE_CODES[sample.state] << 8) |
    (STATUS_CODES[sample.status] << 5) |
    ((sample.good ? 1 : 0) << 4) |
    (observed << 2) |
    downtime
  )
}

/** A code that this version does not know reads as `unknown` or `other`: a later version wrote it. */
export function unpackShape(packed: number): Shape {
  const reason = packed >> 12
  return {
    state: STATES.get((packed >> 8) & 15) ?? 'unknown',
    status: STATUSES.get((packed >> 5) & 7) ?? 'unknown',
    reason: reason === NO_REASON ? null : (REASONS.get(reason) ?? 'other'),
    good: ((packed >> 4) & 1) === 1,
    observed: (packed >> 2) & 3,
    downtime: packed & 3,
  }
}

function byCode<Word extends string>(codes: Readonly<Record<Word, number>>): ReadonlyMap<number, Word> {
  // Object.keys forgets that the keys are the words of the closed list.
  return new Map((Object.keys(codes) as Word[]).map((word) => [codes[word], word]))
}
