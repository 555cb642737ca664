import { z } from 'zod'
import type { ExporterView, GatewayView } from '../../monitor/fleet.ts'
import type { Vitals } from '../parts.ts'
import { ErrorField, Seconds, seconds, Time, time, timeOrNull } from './fields.ts'

export const GatewayDocument = z
  .object({
    name: z.string(),
    driver: z.string(),
    url: z.string().describe('Without credentials.'),
    labels: z.record(z.string(), z.string()),
    up: z.boolean().nullable().describe('Whether it answers with readings; null while nobody can tell.'),
    upSince: Time.nullable(),
    lastAnswerAt: Time.nullable(),
    lastError: ErrorField.extend({ at: Time }).nullable(),
    accounts: z.int(),
    breakerOpen: z.boolean().describe('Whether the circuit breaker holds back all repairs.'),
    canList: z.boolean(),
    canRestart: z.boolean(),
  })
  .meta({ id: 'Gateway' })

export function gatewayDocument(gateway: GatewayView): z.output<typeof GatewayDocument> {
  const { lastError } = gateway
  return {
    name: gateway.name,
    driver: gateway.driver,
    url: gateway.url,
    labels: gateway.labels,
    up: gateway.up,
    upSince: timeOrNull(gateway.upSinceMs),
    lastAnswerAt: timeOrNull(gateway.lastAnswerMs),
    lastError: lastError && { code: lastError.code, message: lastError.message, at: time(lastError.atMs) },
    accounts: gateway.accounts,
    breakerOpen: gateway.breakerOpen,
    canList: gateway.canList,
    canRestart: gateway.canRestart,
  }
}

export const ExporterDocument = z
  .object({
    version: z.string(),
    startedAt: Time,
    blind: z.boolean().describe('Cut off from every gateway at once: nothing is said of any account.'),
    advice: z.string().describe('Why it is blind and what to do; empty while it sees.'),
    checkIntervalSeconds: Seconds,
    lastCycleAt: Time.nullable(),
    cycleSeconds: Seconds,
    lagSeconds: Seconds,
    durationErrorSeconds: Seconds.describe('Bound of what our own event loop added to a check in the last cycle.'),
    checksInFlight: z.int(),
    recoveryMode: z.enum(['off', 'dry-run', 'on']),
    memoryBytes: z.int().describe('Resident memory of the process.'),
    store: z.object({
      kind: z.enum(['sqlite', 'mongodb']),
      up: z.boolean(),
      pendingWrites: z.int().describe('Batches that wait in memory for the store.'),
      writeFailures: z.int().describe('Since the start.'),
    }),
  })
  .meta({ id: 'Exporter' })

export function exporterDocument(
  exporter: ExporterView,
  vitals: Vitals,
  facts: { readonly version: string; readonly storeKind: 'sqlite' | 'mongodb' },
): z.output<typeof ExporterDocument> {
  return {
    version: facts.version,
    startedAt: time(exporter.startedMs),
    blind: exporter.blind,
    advice: exporter.advice,
    checkIntervalSeconds: seconds(exporter.intervalMs),
    lastCycleAt: timeOrNull(exporter.lastCycleMs),
    cycleSeconds: seconds(exporter.cycleDurationMs),
    lagSeconds: seconds(exporter.lagMs),
    durationErrorSeconds: seconds(exporter.durationErrorMs),
    checksInFlight: exporter.checksInFlight,
    recoveryMode: exporter.recoveryMode,
    memoryBytes: vitals.memoryBytes,
    store: { kind: facts.storeKind, ...vitals.store },
  }
}
