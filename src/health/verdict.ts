import type { Account } from '../accounts/account.ts'
import type { Observation } from '../accounts/observation.ts'
import type { AccountState, Status } from '../accounts/vocabulary.ts'
import type { AccountHealth, Counters, HealthEvent, HealthPolicy, Incident, Verdict } from './health.ts'
import { closeIncident, continueIncident, openIncident } from './incident.ts'
import { classify, type SightingKind } from './sighting.ts'

const NO_EVENTS: readonly HealthEvent[] = Object.freeze([])

const ZERO: Counters = Object.freeze({
  checks: 0,
  checkFailures: 0,
  observedMs: 0,
  downtimeMs: 0,
  incidents: 0,
  incidentsResolved: 0,
  detectionDelayMs: 0,
  recoveryAttempts: 0,
  recoveryFailures: 0,
})

/** Health of an account before its first check. */
export function newHealth(key: string, nowMs: number): AccountHealth {
  return {
    key,
    status: 'unknown',
    state: 'unknown',
    reason: null,
    native: '',
    evidence: {},
    stateSinceMs: nowMs,
    statusSinceMs: nowMs,
    lastCheckMs: null,
    lastDurationMs: null,
    lastSuccessMs: null,
    consecutiveFailures: 0,
    consecutiveSuccesses: 0,
    badSinceMs: null,
    goodSinceMs: null,
    healthySinceMs: null,
    pairedMs: null,
    pendingDowntimeMs: 0,
    incident: null,
    counters: ZERO,
    recovery: { attemptsUsed: 0, notBeforeMs: 0, pending: null },
  }
}

/**
 * One step of the verdict: what was known, what a check saw, what is known now, and what happened.
 *
 * Debouncing. The first bad check makes a `warning`; `unhealthyAfter` in a row make `unhealthy` and open an incident,
 * two where the state is definite (blocked, awaiting_auth). While connecting, what counts is not the number of checks but
 * the seen time of the run, which must exceed `connectingLimitMs`. An incident ends after `healthyAfter` good checks, at
 * the first of them; without an incident one good check is enough. A check that sees nothing (unknown), and one of a
 * session that somebody stopped on purpose, make the status `unknown`: runs, incident and clocks stand still until the
 * next check that sees.
 *
 * Time. The state seen by one check holds until the next one: a segment belongs to the check at its beginning. It is
 * observed when both ends saw something and lie at most `gapLimitMs` apart; `plannedMs` of it (maintenance) is left out.
 * A clock that jumps back makes a segment of 0, one that jumps forward a gap. Segments of a bad run wait in
 * `pendingDowntimeMs` until the run is confirmed and then become downtime at once; those after the first good check of an
 * open incident wait in the same place and are forgotten when the incident ends, or become downtime when it relapses.
 * So one sample may carry more downtime than observed time, but the sums never do, and sums over samples are the counters.
 *
 * @param plannedMs how much of the time since the check before lay in maintenance, milliseconds
 */
export function advance(
  previous: AccountHealth,
  account: Account,
  seen: Observation,
  policy: HealthPolicy,
  plannedMs: number,
): Verdict {
  const { atMs, durationMs, native } = seen
  const { kind, state, reason } = classify(account, seen, policy)
  const sees = kind !== 'blind' && kind !== 'idle'
  const good = kind === 'good' || kind === 'limited'
  const bad = sees && !good

  const beforeMs = previous.lastCheckMs ?? atMs
  const clockWentBack = atMs < beforeMs
  const gapMs = atMs - beforeMs
  const observed = sees && previous.status !== 'unknown' && gapMs > 0 && gapMs <= policy.gapLimitMs
  const observedMs = observed ? Math.max(0, gapMs - Math.max(0, plannedMs)) : 0

  const wasBad = previous.badSinceMs !== null
  let incident = previous.incident
  let pendingMs = previous.pendingDowntimeMs
  let downtimeMs = 0
  if (wasBad && incident !== null) downtimeMs = observedMs
  else if (wasBad || incident !== null) pendingMs += observedMs

  let badSinceMs = clockWentBack ? earlier(previous.badSinceMs, atMs) : previous.badSinceMs
  let goodSinceMs = clockWentBack ? earlier(previous.goodSinceMs, atMs) : previous.goodSinceMs
  let failures = previous.consecutiveFailures
  let successes = previous.consecutiveSuccesses
  let recovery = previous.recovery
  let event: HealthEvent | null = null
  let opened = 0
  let resolved = 0
  let detectionDelayMs = 0

  if (bad) {
    failures += 1
    successes = 0
    badSinceMs ??= atMs
    if (incident === null) {
      if (confirms(kind, failures, pendingMs, policy)) {
        downtimeMs = pendingMs
        pendingMs = 0
        incident = openIncident(account, badSinceMs, atMs, state, reason, downtimeMs)
        opened = 1
        detectionDelayMs = incident.detectedMs - incident.startMs
        event = { type: 'incident-opened', incident }
      }
    } else {
      if (goodSinceMs !== null) {
        downtimeMs += pendingMs
        pendingMs = 0
        goodSinceMs = null
        recovery = forgetVerified(recovery)
      }
      const continued = continueIncident(incident, state, reason, downtimeMs)
      if (continued.cause !== incident.cause || continued.state !== incident.state)
        event = { type: 'incident-updated', incident: continued }
      incident = continued
    }
  } else if (good) {
    successes += 1
    failures = 0
    badSinceMs = null
    if (incident === null) {
      pendingMs = 0
    } else {
      goodSinceMs ??= atMs
      if (downtimeMs > 0) incident = { ...incident, downtimeMs: incident.downtimeMs + downtimeMs }
      if (successes >= policy.healthyAfter) {
        event = { type: 'incident-resolved', incident: closeIncident(incident, goodSinceMs, recovery) }
        incident = null
        goodSinceMs = null
        pendingMs = 0
        resolved = 1
      }
    }
  }

  const status = statusOf(sees, incident, kind)
  const usable = good && incident === null
  const health: AccountHealth = {
    key: previous.key,
    status,
    state,
    reason,
    native,
    evidence: kind === 'blind' ? previous.evidence : seen.evidence,
    stateSinceMs: since(previous.state === state, previous.stateSinceMs, atMs),
    statusSinceMs: since(previous.status === status, previous.statusSinceMs, atMs),
    lastCheckMs: atMs,
    lastDurationMs: kind === 'blind' ? previous.lastDurationMs : durationMs,
    lastSuccessMs: good ? atMs : previous.lastSuccessMs,
    consecutiveFailures: failures,
    consecutiveSuccesses: successes,
    badSinceMs,
    goodSinceMs,
    healthySinceMs: usable ? since(previous.healthySinceMs !== null, previous.healthySinceMs ?? atMs, atMs) : null,
    pairedMs: leftAuth(previous, state) ? atMs : clockWentBack ? earlier(previous.pairedMs, atMs) : previous.pairedMs,
    pendingDowntimeMs: pendingMs,
    incident,
    counters: {
      checks: previous.counters.checks + 1,
      checkFailures: previous.counters.checkFailures + (bad ? 1 : 0),
      observedMs: previous.counters.observedMs + observedMs,
      downtimeMs: previous.counters.downtimeMs + downtimeMs,
      incidents: previous.counters.incidents + opened,
      incidentsResolved: previous.counters.incidentsResolved + resolved,
      detectionDelayMs: previous.counters.detectionDelayMs + detectionDelayMs,
      recoveryAttempts: previous.counters.recoveryAttempts,
      recoveryFailures: previous.counters.recoveryFailures,
    },
    recovery,
  }
  return {
    health,
    events: eventsOf(previous, health, atMs, event),
    sample: { key: previous.key, atMs, durationMs, state, status, reason, good: !bad, observedMs, downtimeMs },
  }
}

/**
 * Closes what is open when discovery no longer finds the account: its incident ends as `removed`, at the first good check
 * where there was one.
 */
export function removeAccount(
  health: AccountHealth,
  atMs: number,
): { readonly health: AccountHealth; readonly events: readonly HealthEvent[] } {
  if (health.incident === null) return { health, events: NO_EVENTS }
  const closed = closeIncident(health.incident, health.goodSinceMs ?? atMs, 'removed')
  const counters = { ...health.counters, incidentsResolved: health.counters.incidentsResolved + 1 }
  return {
    health: { ...health, incident: null, badSinceMs: null, goodSinceMs: null, pendingDowntimeMs: 0, counters },
    events: [{ type: 'incident-resolved', incident: closed }],
  }
}

function confirms(kind: SightingKind, failures: number, seenBadMs: number, policy: HealthPolicy): boolean {
  if (kind === 'patient') return seenBadMs > policy.connectingLimitMs
  return failures >= (kind === 'definite' ? Math.min(2, policy.unhealthyAfter) : policy.unhealthyAfter)
}

function statusOf(sees: boolean, incident: Incident | null, kind: SightingKind): Status {
  if (!sees) return 'unknown'
  if (incident !== null) return 'unhealthy'
  return kind === 'good' ? 'healthy' : 'warning'
}

/** Also after a blind stretch, which hides the state but not the one the incident remembers. */
function leftAuth(previous: AccountHealth, state: AccountState): boolean {
  if (state === 'awaiting_auth' || state === 'unknown' || state === 'stopped' || state === 'blocked') return false
  if (previous.state === 'unknown') return previous.badSinceMs !== null && previous.incident?.state === 'awaiting_auth'
  return previous.state === 'awaiting_auth'
}

function eventsOf(
  previous: AccountHealth,
  health: AccountHealth,
  atMs: number,
  event: HealthEvent | null,
): readonly HealthEvent[] {
  if (previous.state === health.state && previous.status === health.status) return event === null ? NO_EVENTS : [event]
  const transition: HealthEvent = {
    type: 'transition',
    transition: {
      key: health.key,
      atMs,
      fromState: previous.state,
      toState: health.state,
      fromStatus: previous.status,
      toStatus: health.status,
      reason: health.reason,
      native: health.native,
    },
  }
  return event === null ? [transition] : [transition, event]
}

function forgetVerified(recovery: AccountHealth['recovery']): AccountHealth['recovery'] {
  if (recovery.verifiedMs === undefined) return recovery
  const { attemptsUsed, notBeforeMs, pending } = recovery
  return { attemptsUsed, notBeforeMs, pending }
}

/** A moment that still holds, never later than now: the clock may have gone back. */
function since(holds: boolean, sinceMs: number, atMs: number): number {
  return holds && sinceMs <= atMs ? sinceMs : atMs
}

function earlier(sinceMs: number | null, atMs: number): number | null {
  return sinceMs === null ? null : Math.min(sinceMs, atMs)
}
