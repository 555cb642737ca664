import type { Account } from '../accounts/account.ts'
import type { Observation } from '../accounts/observation.ts'
import type { AccountState, Reason } from '../accounts/vocabulary.ts'
import type { HealthPolicy } from './health.ts'

/**
 * What one check means, before any threshold.
 * - `good`: usable, nothing against it. `limited`: usable, but slow or held back by WhatsApp; a good check.
 * - `bad`: not usable. `definite`: not usable and will not come back without a person; one confirmation is enough.
 * - `patient`: not usable yet; a fault only when it lasts.
 * - `blind`: nothing was seen. `idle`: stopped on purpose, no verdict is owed.
 */
export type SightingKind = 'good' | 'limited' | 'bad' | 'definite' | 'patient' | 'blind' | 'idle'

export interface Sighting {
  readonly kind: SightingKind
  readonly state: AccountState
  readonly reason: Reason | null
}

/** Reasons that leave a degraded account usable: it sends, but less or more slowly than its owner would like. */
const USABLE: ReadonlySet<Reason | null> = new Set<Reason | null>(['quality', 'capped', 'timelock', 'slow'])

const BLIND: Sighting = { kind: 'blind', state: 'unknown', reason: null }
const GOOD: Sighting = { kind: 'good', state: 'connected', reason: null }
const SLOW: Sighting = { kind: 'limited', state: 'connected', reason: 'slow' }
const STALE: Sighting = { kind: 'bad', state: 'degraded', reason: 'stale' }
const STOPPED_FAULT: Sighting = { kind: 'bad', state: 'disconnected', reason: 'other' }

/** Classifies one check. A stopped session whose account should run counts as disconnected. */
export function classify(account: Account, seen: Observation, policy: HealthPolicy): Sighting {
  const { state, reason } = seen
  switch (state) {
    case 'connected':
      if (isStale(seen, policy)) return STALE
      if (seen.durationMs > policy.slowAfterMs) return reason === null ? SLOW : { kind: 'limited', state, reason }
      return reason === null ? GOOD : { kind: 'good', state, reason }
    case 'degraded':
      return { kind: USABLE.has(reason) ? 'limited' : 'bad', state, reason }
    case 'connecting':
      return { kind: 'patient', state, reason }
    case 'disconnected':
      return { kind: 'bad', state, reason }
    case 'awaiting_auth':
    case 'blocked':
      return { kind: 'definite', state, reason }
    case 'stopped':
      return account.desired === 'running' ? STOPPED_FAULT : { kind: 'idle', state, reason }
    case 'unknown':
      return reason === null ? BLIND : { kind: 'blind', state, reason }
  }
}

function isStale(seen: Observation, policy: HealthPolicy): boolean {
  const activeMs = seen.evidence.lastActivityAtMs
  return policy.staleAfterMs !== null && activeMs !== undefined && seen.atMs - activeMs > policy.staleAfterMs
}
