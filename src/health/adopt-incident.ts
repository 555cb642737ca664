import type { AccountHealth } from './health.ts'

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
