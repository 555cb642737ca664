import { z } from 'zod'
import type { Account } from '../accounts/account.ts'
import { REASONS, STATES, STATUSES } from '../accounts/vocabulary.ts'
import type { AccountHealth, Incident } from '../health/health.ts'

// What a store keeps of an account is read back with care: another version may have written it.

const time = z.number()
const maybeTime = z.number().nullable()

const StoredIncident = z.object({
  id: z.string(),
  key: z.string(),
  account: z.string(),
  gateway: z.string(),
  startMs: time,
  detectedMs: time,
  endMs: maybeTime,
  cause: z.enum(REASONS),
  state: z.enum(STATES),
  downtimeMs: time,
  attempts: z.number(),
  resolution: z.enum(['recovered', 'repaired', 'removed']).nullable(),
}) satisfies z.ZodType<Incident>

const StoredHealth = z.object({
  key: z.string(),
  status: z.enum(STATUSES),
  state: z.enum(STATES),
  reason: z.enum(REASONS).nullable(),
  native: z.string(),
  evidence: z.object({
    lastActivityAtMs: time.exactOptional(),
    phone: z.string().exactOptional(),
    name: z.string().exactOptional(),
    qualityRating: z.number().exactOptional(),
    messagingLimit: z
      .union([z.number(), z.literal('unlimited').transform(() => Number.POSITIVE_INFINITY)])
      .exactOptional(),
  }),
  stateSinceMs: time,
  statusSinceMs: time,
  lastCheckMs: maybeTime,
  lastDurationMs: maybeTime,
  lastSuccessMs: maybeTime,
  consecutiveFailures: z.number(),
  consecutiveSuccesses: z.number(),
  badSinceMs: maybeTime,
  goodSinceMs: maybeTime,
  healthySinceMs: maybeTime,
  pairedMs: maybeTime,
  pendingDowntimeMs: time,
  incident: StoredIncident.nullable(),
  counters: z.object({
    checks: z.number(),
    checkFailures: z.number(),
    observedMs: time,
    downtimeMs: time,
    incidents: z.number(),
    incidentsResolved: z.number(),
    detectionDelayMs: time,
    recoveryAttempts: z.number(),
    recoveryFailures: z.number(),
  }),
  recovery: z.object({
    attemptsUsed: z.number(),
    notBeforeMs: time,
    pending: z.object({ id: z.string(), requestedMs: time, acceptedMs: maybeTime }).nullable(),
    verifiedMs: time.exactOptional(),
  }),
}) satisfies z.ZodType<AccountHealth>

const StoredAccount = z.object({
  key: z.string(),
  account: z.string(),
  gateway: z.string(),
  nativeId: z.string(),
  phone: z.string().nullable(),
  name: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  objective: z.number(),
  desired: z.enum(['running', 'any']),
}) satisfies z.ZodType<Account>

/** JSON of an account's health; JSON has no Infinity, so an unlimited messaging limit is a word. */
export function writeHealth(health: AccountHealth): string {
  if (health.evidence.messagingLimit !== Number.POSITIVE_INFINITY) return JSON.stringify(health)
  return JSON.stringify({ ...health, evidence: { ...health.evidence, messagingLimit: 'unlimited' } })
}

/** @throws SyntaxError or ZodError where the text is not a health that this version understands. */
export function readHealth(text: string): AccountHealth {
  return StoredHealth.parse(JSON.parse(text))
}

export function writeAccount(account: Account): string {
  return JSON.stringify(account)
}

/** @throws SyntaxError or ZodError where the text is not an account that this version understands. */
export function readAccount(text: string): Account {
  return StoredAccount.parse(JSON.parse(text))
}
