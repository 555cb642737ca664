import { z } from 'zod'
import type { RecoveryAttempt } from '../../health/recovery.ts'
import { ReasonField, Time, time, timeOrNull } from './fields.ts'

const OUTCOMES = [
  'pending',
  'verified',
  'failed',
  'rejected',
  'needs_human',
  'dry_run',
  'interrupted',
] as const satisfies readonly RecoveryAttempt['outcome'][]

export const RecoveryDocument = z
  .object({
    id: z.string(),
    key: z.string(),
    account: z.string(),
    gateway: z.string(),
    incidentId: z.string().nullable(),
    attempt: z.int().describe('1 for the first of the budget.'),
    by: z.string().describe('`policy`, or who asked.'),
    reason: ReasonField.nullable(),
    requestedAt: Time,
    acceptedAt: Time.nullable().describe('When the gateway took the request; that verifies nothing.'),
    endedAt: Time.nullable(),
    outcome: z.enum(OUTCOMES).describe('`verified` only by a later good check.'),
    detail: z.string().describe('What the gateway said.'),
  })
  .meta({ id: 'Recovery', description: 'One attempt to repair an account.' })

export function recoveryDocument(attempt: RecoveryAttempt): z.output<typeof RecoveryDocument> {
  return {
    id: attempt.id,
    key: attempt.key,
    account: attempt.account,
    gateway: attempt.gateway,
    incidentId: attempt.incidentId,
    attempt: attempt.attempt,
    by: attempt.by,
    reason: attempt.reason,
    requestedAt: time(attempt.requestedMs),
    acceptedAt: timeOrNull(attempt.acceptedMs),
    endedAt: timeOrNull(attempt.endMs),
    outcome: attempt.outcome,
    detail: attempt.detail,
  }
}
