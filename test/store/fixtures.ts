import { type Account, accountKey } from '../../src/accounts/account.ts'
import type { AccountHealth, Incident, Sample, Transition } from '../../src/health/health.ts'
import type { RecoveryAttempt } from '../../src/health/recovery.ts'
import type { Batch, Store } from '../../src/store/store.ts'

/** A Sunday, 00:00 UTC. */
export const T0 = Date.UTC(2026, 2, 1)
export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
export const RETENTION = { historyMs: 30 * DAY, summaryMs: 730 * DAY }

export function accountOf(name: string, over: Partial<Account> = {}): Account {
  return {
    key: accountKey('waha-1', name),
    account: name,
    gateway: 'waha-1',
    nativeId: name,
    phone: '971505760056',
    name: 'Sales',
    labels: { team: 'sales' },
    objective: 0.995,
    desired: 'running',
    ...over,
  }
}

export function healthOf(key: string, over: Partial<AccountHealth> = {}): AccountHealth {
  return {
    key,
    status: 'healthy',
    state: 'connected',
    reason: null,
    native: 'WORKING',
    evidence: {},
    stateSinceMs: T0,
    statusSinceMs: T0,
    lastCheckMs: null,
    lastDurationMs: null,
    lastSuccessMs: null,
    consecutiveFailures: 0,
    consecutiveSuccesses: 0,
    badSinceMs: null,
    goodSinceMs: null,
    healthySinceMs: T0,
    pairedMs: null,
    pendingDowntimeMs: 0,
    incident: null,
    counters: {
      checks: 0,
      checkFailures: 0,
      observedMs: 0,
      downtimeMs: 0,
      incidents: 0,
      incidentsResolved: 0,
      detectionDelayMs: 0,
      recoveryAttempts: 0,
      recoveryFailures: 0,
    },
    recovery: { attemptsUsed: 0, notBeforeMs: 0, pending: null },
    ...over,
  }
}

export function sampleOf(key: string, atMs: number, over: Partial<Sample> = {}): Sample {
  return {
    key,
    atMs,
    durationMs: 80,
    state: 'connected',
    status: 'healthy',
    reason: null,
    good: true,
    observedMs: 15_000,
    downtimeMs: 0,
    ...over,
  }
}

export function badSampleOf(key: string, atMs: number, over: Partial<Sample> = {}): Sample {
  return sampleOf(key, atMs, {
    state: 'disconnected',
    status: 'unhealthy',
    reason: 'network',
    good: false,
    downtimeMs: 15_000,
    ...over,
  })
}

export function incidentOf(id: string, account: Account, startMs: number, over: Partial<Incident> = {}): Incident {
  return {
    id,
    key: account.key,
    account: account.account,
    gateway: account.gateway,
    startMs,
    detectedMs: startMs + 30 * SECOND,
    endMs: null,
    cause: 'network',
    state: 'disconnected',
    downtimeMs: 0,
    attempts: 0,
    resolution: null,
    ...over,
  }
}

export function attemptOf(
  id: string,
  account: Account,
  requestedMs: number,
  over: Partial<RecoveryAttempt> = {},
): RecoveryAttempt {
  return {
    id,
    key: account.key,
    account: account.account,
    gateway: account.gateway,
    incidentId: null,
    attempt: 1,
    by: 'policy',
    reason: 'network',
    requestedMs,
    acceptedMs: null,
    endMs: null,
    outcome: 'pending',
    detail: '',
    ...over,
  }
}

export function transitionOf(key: string, atMs: number, over: Partial<Transition> = {}): Transition {
  return {
    key,
    atMs,
    fromState: 'connected',
    toState: 'disconnected',
    fromStatus: 'healthy',
    toStatus: 'warning',
    reason: 'network',
    native: 'FAILED',
    ...over,
  }
}

export function batchOf(seq: number, over: Partial<Batch> = {}): Batch {
  return {
    seq,
    atMs: T0,
    samples: [],
    transitions: [],
    incidents: [],
    recoveries: [],
    ledgers: [],
    removed: [],
    ...over,
  }
}

/** Writes one sample every `stepMs`, each in its own batch; returns the samples. */
export async function writeChecks(
  store: Store,
  key: string,
  { fromMs, count, stepMs = 15 * SECOND }: { fromMs: number; count: number; stepMs?: number },
): Promise<Sample[]> {
  const { nextSeq } = await store.load()
  const samples = Array.from({ length: count }, (_, index) =>
    sampleOf(key, fromMs + index * stepMs, { durationMs: 50 + ((index * 7) % 40), observedMs: stepMs }),
  )
  for (const [index, sample] of samples.entries()) {
    await store.write(batchOf(nextSeq + index, { atMs: sample.atMs, samples: [sample] }))
  }
  return samples
}

/** Runs upkeep until there is nothing left to do. */
export async function tidy(store: Store, nowMs: number, retention = RETENTION): Promise<number> {
  const { signal } = new AbortController()
  let slices = 1
  while (await store.maintain(nowMs, retention, signal)) slices++
  return slices
}

/** A random source with a seed (mulberry32), 0 to 1: a failure names the seed, and the seed brings it back. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
