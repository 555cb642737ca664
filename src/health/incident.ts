import { createHash } from 'node:crypto'
import type { Account } from '../accounts/account.ts'
import type { AccountState, Reason } from '../accounts/vocabulary.ts'
import type { Incident, RecoveryState } from './health.ts'

/**
 * From what says least about an outage to what says most. A cause is replaced only by one further down: once an account
 * is known to be logged out, that its network failed as well explains nothing.
 */
const DEFINITENESS: readonly Reason[] = [
  'other',
  'slow',
  'rate_limited',
  'unauthorized',
  'license',
  'network',
  'gateway_down',
  'stale',
  'quality',
  'capped',
  'timelock',
  'qr_timeout',
  'bad_session',
  'outdated_client',
  'conflict',
  'temp_banned',
  'logged_out',
  'banned',
]

/** A short id that the same facts always give, so that a row or an attempt written twice is one. */
export function stableId(...facts: readonly (string | number)[]): string {
  return createHash('sha256').update(facts.join('\n')).digest('base64url').slice(0, 16)
}

/** The incident of a bad run that a check has just confirmed. */
export function openIncident(
  account: Account,
  startMs: number,
  detectedMs: number,
  state: AccountState,
  reason: Reason | null,
  downtimeMs: number,
): Incident {
  return {
    id: stableId(account.key, startMs),
    key: account.key,
    account: account.account,
    gateway: account.gateway,
    startMs,
    detectedMs: Math.max(startMs, detectedMs),
    endMs: null,
    cause: causeOf(state, reason),
    state,
    downtimeMs,
    attempts: 0,
    resolution: null,
  }
}

/** The open incident after one more bad check; the same object where nothing changed. */
export function continueIncident(
  incident: Incident,
  state: AccountState,
  reason: Reason | null,
  addedDowntimeMs: number,
): Incident {
  const found = causeOf(state, reason)
  const cause = DEFINITENESS.indexOf(found) > DEFINITENESS.indexOf(incident.cause) ? found : incident.cause
  if (cause === incident.cause && state === incident.state && addedDowntimeMs === 0) return incident
  return { ...incident, cause, state, downtimeMs: incident.downtimeMs + addedDowntimeMs }
}

/** Ends an incident: `repaired` where a recovery attempt of this incident was verified or at least accepted before its end. */
export function closeIncident(incident: Incident, endMs: number, by: RecoveryState | 'removed'): Incident {
  const end = Math.max(incident.startMs, endMs)
  if (by === 'removed') return { ...incident, endMs: end, resolution: 'removed' }
  const verified = by.verifiedMs !== undefined && by.verifiedMs >= incident.startMs
  const accepted = by.pending?.acceptedMs ?? null
  const repaired = verified || (accepted !== null && accepted >= incident.startMs && accepted <= end)
  return { ...incident, endMs: end, resolution: repaired ? 'repaired' : 'recovered' }
}

function causeOf(state: AccountState, reason: Reason | null): Reason {
  if (reason !== null) return reason
  if (state === 'awaiting_auth') return 'logged_out'
  if (state === 'blocked') return 'banned'
  return 'other'
}
