import { z } from 'zod'
import { REASONS, STATES, STATUSES } from '../accounts/vocabulary.ts'
import type { Incident, Transition } from '../health/health.ts'
import type { RecoveryAttempt } from '../health/recovery.ts'
import { DELIVERY_STATES, type Delivery } from './deliveries.ts'
import { type Notification, type ReportSubscription, StoreError, type TextMessage } from './store.ts'

// Rows that another version may have written: a word that this one does not know reads as its most careful neighbour.

const time = z.number()
const maybeTime = z.number().nullable()
const state = z.enum(STATES).catch('unknown')
const status = z.enum(STATUSES).catch('unknown')
const reason = z.enum(REASONS).nullable().catch('other')
const words = z.record(z.string(), z.string())

export const StoredIncident = z.object({
  id: z.string(),
  key: z.string(),
  account: z.string(),
  gateway: z.string(),
  startMs: time,
  detectedMs: time,
  endMs: maybeTime,
  cause: z.enum(REASONS).catch('other'),
  state,
  downtimeMs: time,
  attempts: z.number(),
  resolution: z.enum(['recovered', 'repaired', 'removed']).nullable().catch('recovered'),
}) satisfies z.ZodType<Incident>

export const StoredRecovery = z.object({
  id: z.string(),
  key: z.string(),
  account: z.string(),
  gateway: z.string(),
  incidentId: z.string().nullable(),
  attempt: z.number(),
  by: z.string(),
  reason,
  requestedMs: time,
  acceptedMs: maybeTime,
  endMs: maybeTime,
  outcome: z
    .enum(['pending', 'verified', 'failed', 'rejected', 'needs_human', 'dry_run', 'interrupted'])
    .catch('interrupted'),
  detail: z.string(),
}) satisfies z.ZodType<RecoveryAttempt>

export const StoredTransition = z.object({
  key: z.string(),
  atMs: time,
  fromState: state,
  toState: state,
  fromStatus: status,
  toStatus: status,
  reason,
  native: z.string(),
}) satisfies z.ZodType<Transition>

export const StoredNotification = z.object({
  id: z.string(),
  receiver: z.string(),
  groupKey: z.string(),
  groupLabels: words,
  groupSize: z.number(),
  fingerprint: z.string(),
  alertname: z.string(),
  severity: z.string(),
  labels: words,
  annotations: words,
  gateway: z.string().nullable(),
  key: z.string().nullable(),
  status: z.enum(['firing', 'resolved']).catch('resolved'),
  startsMs: time,
  firedMs: time,
  endsMs: maybeTime,
  resolvedMs: maybeTime,
  incidentId: z.string().nullable(),
  latencyMs: maybeTime,
}) satisfies z.ZodType<Notification>

export const StoredTextMessage = z.object({
  id: z.string(),
  receiver: z.string(),
  to: z.string(),
  atMs: time,
  text: z.string(),
  status: z.enum(['accepted', 'delivered', 'failed']).catch('failed'),
  providerId: z.string().nullable(),
  detail: z.string(),
  attempts: z.number(),
  updatedMs: time,
}) satisfies z.ZodType<TextMessage>

export const StoredSubscription = z.object({
  id: z.string(),
  recipient: z.string(),
  timing: z.discriminatedUnion('kind', [
    z.object({ kind: z.enum(['weekly', 'monthly']), minuteOfDay: z.number() }),
    z.object({ kind: z.literal('cron'), cron: z.string(), covers: z.string() }),
  ]),
  timeZone: z.string(),
  select: z.object({
    accounts: z.array(z.string()).optional(),
    gateways: z.array(z.string()).optional(),
    labels: words.optional(),
  }),
  template: z.string(),
  formats: z.array(z.string()),
  language: z.string().nullable(),
  createdMs: time,
  createdBy: z.string(),
  endedMs: maybeTime,
  endedBy: z.string().nullable(),
}) satisfies z.ZodType<ReportSubscription>

export const StoredDelivery = z.object({
  schedule: z.string(),
  period: z.string(),
  recipient: z.string(),
  state: z.enum(DELIVERY_STATES).catch('unsure'),
  attempts: z.number(),
  dueMs: time,
  notBeforeMs: time,
  leaseUntilMs: time,
  updatedMs: time,
  isToldLate: z.boolean(),
  detail: z.string(),
}) satisfies z.ZodType<Delivery>

/**
 * Reads what was written as JSON.
 * @throws SyntaxError, or StoreError `corrupt` as readRow does
 */
export function readSubscription(id: string, record: string): ReportSubscription {
  return readRow(StoredSubscription, `Subscription ${id}`, JSON.parse(record))
}

/**
 * Reads one row.
 * @throws StoreError `corrupt` where it is not what this version understands
 */
export function readRow<T>(schema: z.ZodType<T>, what: string, row: unknown): T {
  const read = schema.safeParse(row)
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw new StoreError('corrupt', `${what} cannot be read: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}.`)
}
