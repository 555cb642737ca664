import { z } from 'zod'
import type { AccountView } from '../../monitor/fleet.ts'
import { explain } from './explain.ts'
import { ReasonField, ratio, Seconds, StateField, StatusField, seconds, Time, time, timeOrNull } from './fields.ts'
import { IncidentDocument, incidentDocument } from './incident.ts'

export const REFUSAL_CODES = [
  'mode_off',
  'not_a_fault',
  'not_confirmed',
  'needs_human',
  'blocked',
  'stopped',
  'conflict',
  'outdated_client',
  'not_restartable',
  'gateway_cannot',
  'gateway_down',
  'unknown',
  'maintenance',
  'pairing_grace',
  'pending',
  'backoff',
  'budget',
  'gateway_parallel',
  'gateway_budget',
  'breaker_open',
  'connecting',
] as const

const MaintenanceField = z
  .object({ id: z.string(), startsAt: Time, endsAt: Time, author: z.string(), reason: z.string() })
  .meta({ id: 'OpenMaintenance', description: 'The maintenance window that is open now.' })

const DecisionField = z
  .object({
    act: z.boolean().describe('Whether recovery restarts the account now.'),
    refusal: z.enum(REFUSAL_CODES).nullable().describe('If not, why.'),
    retryAt: Time.nullable().describe('When the refusal ends, where that is known.'),
  })
  .meta({ id: 'RecoveryDecision' })

const accountFields = {
  key: z.string().describe('`gateway/account`, unique in the fleet.'),
  account: z.string(),
  gateway: z.string(),
  phone: z.string().nullable().describe('As `privacy.phone` allows.'),
  name: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  status: StatusField,
  statusSince: Time,
  state: StateField,
  stateSince: Time,
  reason: ReasonField.nullable(),
  native: z.string().describe("The gateway's own word for the state."),
  lastCheckAt: Time.nullable(),
  lastSuccessAt: Time.nullable(),
  responseSeconds: Seconds.nullable().describe('Duration of the last check.'),
  consecutiveFailures: z.int(),
  objective: z.number().describe('SLO, a ratio.'),
  availability: z.number().nullable().describe('1 − downtime / observed, since the account was first seen.'),
  incident: IncidentDocument.nullable().describe('The open incident.'),
  maintenance: MaintenanceField.nullable(),
  recovery: DecisionField,
  why: z.string().describe('The verdict and what recovery makes of it, in words.'),
  shard: z.int().optional().describe('Ordinal of the exporter that watches it; absent of a fleet with one exporter.'),
  stale: z
    .boolean()
    .optional()
    .describe('True: its exporter is silent, and this is what the store last knew, as of `lastCheckAt`.'),
}

export const AccountDocument = z.object(accountFields).meta({ id: 'Account' })

/** @param shard the ordinal of the exporter that watches the account, where there are several */
export function accountDocument(view: AccountView, shard?: number): z.output<typeof AccountDocument> {
  const { account, health, maintenance, recovery } = view
  const down = ratio(health.counters.downtimeMs, health.counters.observedMs)
  return {
    key: account.key,
    account: account.account,
    gateway: account.gateway,
    phone: account.phone,
    name: account.name,
    labels: account.labels,
    status: health.status,
    statusSince: time(health.statusSinceMs),
    state: health.state,
    stateSince: time(health.stateSinceMs),
    reason: health.reason,
    native: health.native,
    lastCheckAt: timeOrNull(health.lastCheckMs),
    lastSuccessAt: timeOrNull(health.lastSuccessMs),
    responseSeconds: health.lastDurationMs === null ? null : seconds(health.lastDurationMs),
    consecutiveFailures: health.consecutiveFailures,
    objective: account.objective,
    availability: down === null ? null : 1 - down,
    incident: health.incident === null ? null : incidentDocument(health.incident),
    maintenance: maintenance && {
      id: maintenance.id,
      startsAt: time(maintenance.startMs),
      endsAt: time(maintenance.endMs),
      author: maintenance.author,
      reason: maintenance.reason,
    },
    recovery: recovery.act
      ? { act: true, refusal: null, retryAt: null }
      : { act: false, refusal: recovery.refusal, retryAt: timeOrNull(recovery.retryAtMs) },
    why: explain(view),
    ...(shard === undefined ? {} : { shard }),
    ...(view.lastKnown === true ? { stale: true } : {}),
  }
}

const CountersField = z
  .object({
    checks: z.int(),
    checkFailures: z.int(),
    observedSeconds: Seconds,
    downtimeSeconds: Seconds,
    incidents: z.int(),
    incidentsResolved: z.int(),
    detectionDelaySeconds: Seconds,
    recoveryAttempts: z.int(),
    recoveryFailures: z.int(),
  })
  .meta({ id: 'Counters', description: 'Sums since the account was first seen.' })

const EvidenceField = z
  .object({
    lastActivityAt: Time.nullable(),
    qualityRating: z.number().nullable().describe('3 green, 2 yellow, 1 red.'),
    messagingLimit: z
      .union([z.number(), z.literal('unlimited')])
      .nullable()
      .describe('Conversations per 24 hours.'),
  })
  .meta({ id: 'Evidence', description: 'What the gateway tells beside the state.' })

export const AccountDetailDocument = z
  .object({
    ...accountFields,
    desired: z.enum(['running', 'any']),
    attemptsUsed: z.int().describe('Of the recovery budget.'),
    evidence: EvidenceField,
    counters: CountersField,
  })
  .meta({ id: 'AccountDetail' })

export function accountDetailDocument(view: AccountView, shard?: number): z.output<typeof AccountDetailDocument> {
  const { account, health } = view
  const { counters, evidence } = health
  return {
    ...accountDocument(view, shard),
    desired: account.desired,
    attemptsUsed: health.recovery.attemptsUsed,
    evidence: {
      lastActivityAt: timeOrNull(evidence.lastActivityAtMs ?? null),
      qualityRating: evidence.qualityRating ?? null,
      messagingLimit:
        evidence.messagingLimit === Number.POSITIVE_INFINITY ? 'unlimited' : (evidence.messagingLimit ?? null),
    },
    counters: {
      checks: counters.checks,
      checkFailures: counters.checkFailures,
      observedSeconds: seconds(counters.observedMs),
      downtimeSeconds: seconds(counters.downtimeMs),
      incidents: counters.incidents,
      incidentsResolved: counters.incidentsResolved,
      detectionDelaySeconds: seconds(counters.detectionDelayMs),
      recoveryAttempts: counters.recoveryAttempts,
      recoveryFailures: counters.recoveryFailures,
    },
  }
}
