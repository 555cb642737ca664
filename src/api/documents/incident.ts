import { z } from 'zod'
import type { Incident, Transition } from '../../health/health.ts'
import { ReasonField, Seconds, StateField, StatusField, seconds, Time, time, timeOrNull } from './fields.ts'

export const IncidentDocument = z
  .object({
    id: z.string(),
    key: z.string().describe('`gateway/account`.'),
    account: z.string(),
    gateway: z.string(),
    startedAt: Time,
    detectedAt: Time,
    endedAt: Time.nullable().describe('Null while open.'),
    cause: ReasonField,
    state: StateField,
    downtimeSeconds: Seconds.describe('Seen and unplanned downtime so far.'),
    attempts: z.int().describe('Recovery attempts that fell into it.'),
    resolution: z.enum(['recovered', 'repaired', 'removed']).nullable(),
  })
  .meta({ id: 'Incident', description: 'A confirmed outage, from the first bad check until the first good one.' })

export function incidentDocument(incident: Incident): z.output<typeof IncidentDocument> {
  return {
    id: incident.id,
    key: incident.key,
    account: incident.account,
    gateway: incident.gateway,
    startedAt: time(incident.startMs),
    detectedAt: time(incident.detectedMs),
    endedAt: timeOrNull(incident.endMs),
    cause: incident.cause,
    state: incident.state,
    downtimeSeconds: seconds(incident.downtimeMs),
    attempts: incident.attempts,
    resolution: incident.resolution,
  }
}

export const TransitionDocument = z
  .object({
    at: Time,
    fromState: StateField,
    toState: StateField,
    fromStatus: StatusField,
    toStatus: StatusField,
    reason: ReasonField.nullable(),
    native: z.string().describe("The gateway's own word."),
  })
  .meta({ id: 'Transition', description: 'A change of state or status.' })

export function transitionDocument(transition: Transition): z.output<typeof TransitionDocument> {
  const { atMs, key: _key, ...change } = transition
  return { at: time(atMs), ...change }
}
