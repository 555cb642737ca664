import type { AccountHealth, Counters } from './health.ts'

/**
 * Joins what is known now with what a store knew that could be opened only late. Where an incident is open in both it is
 * one: it keeps the identity, start and attempts of the stored one, and both downtimes.
 * @returns the same object where nothing is to be joined
 */
export function adoptIncident(now: AccountHealth, stored: AccountHealth): AccountHealth {
  const { incident } = now
  const earlier = stored.incident
  if (incident === null || earlier === null || earlier.id === incident.id || earlier.startMs > incident.startMs)
    return now
  return {
    ...now,
    incident: {
      ...incident,
      id: earlier.id,
      startMs: earlier.startMs,
      detectedMs: earlier.detectedMs,
      downtimeMs: earlier.downtimeMs + incident.downtimeMs,
      attempts: earlier.attempts + incident.attempts,
    },
  }
}

/**
 * Joins the health of a process that began without its store with what that store knew: the sums go on, and an incident
 * that was open then is open until two checks of now say otherwise (`advance` ends it at the first good one).
 * To be called once in the life of a process.
 */
export function continueLife(now: AccountHealth, stored: AccountHealth): AccountHealth {
  const joined = adoptIncident(now, stored)
  const counters = addCounters(joined.counters, stored.counters)
  if (joined.incident !== null || stored.incident === null) return { ...joined, counters }
  const pendingMs = joined.badSinceMs === null ? 0 : joined.pendingDowntimeMs
  return {
    ...joined,
    incident: { ...stored.incident, downtimeMs: stored.incident.downtimeMs + pendingMs },
    goodSinceMs: joined.badSinceMs === null ? joined.healthySinceMs : null,
    pendingDowntimeMs: 0,
    counters: { ...counters, downtimeMs: counters.downtimeMs + pendingMs },
  }
}

/** The sums of two stretches of one account's life. */
function addCounters(one: Counters, other: Counters): Counters {
  return {
    checks: one.checks + other.checks,
    checkFailures: one.checkFailures + other.checkFailures,
    observedMs: one.observedMs + other.observedMs,
    downtimeMs: one.downtimeMs + other.downtimeMs,
    incidents: one.incidents + other.incidents,
    incidentsResolved: one.incidentsResolved + other.incidentsResolved,
    detectionDelayMs: one.detectionDelayMs + other.detectionDelayMs,
    recoveryAttempts: one.recoveryAttempts + other.recoveryAttempts,
    recoveryFailures: one.recoveryFailures + other.recoveryFailures,
  }
}
