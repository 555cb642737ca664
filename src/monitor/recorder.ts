import type { Account, AccountKey } from '../accounts/account.ts'
import type { AccountHealth, HealthEvent, Incident, Sample, Transition } from '../health/health.ts'
import type { RecoveryAttempt } from '../health/recovery.ts'
import type { Batch } from '../store/store.ts'

/** Gathers what happened since the last flush into one batch for the store. */
export interface Recorder {
  sample(sample: Sample): void
  /** An event of the account; its full health goes into the batch. */
  event(key: AccountKey, event: HealthEvent): void
  attempt(attempt: RecoveryAttempt): void
  /** The account's full health goes into the batch. */
  touch(key: AccountKey): void
  removed(key: AccountKey): void
  /** Whether an event waits that should not wait for the end of the cycle. */
  readonly urgent: boolean
  /** The batch since the last call; null where nothing happened. */
  take(atMs: number, lookUp: (key: AccountKey) => { account: Account; health: AccountHealth } | undefined): Batch | null
}

/**
 * @param firstSeq sequence number of the first batch
 * @param turnsPerRound every account's full health is written once per this many batches, even without an event
 */
export function recorder(firstSeq: number, turnsPerRound = 20): Recorder {
  let seq = firstSeq
  let samples: Sample[] = []
  let transitions: Transition[] = []
  let incidents = new Map<string, Incident>()
  let recoveries = new Map<string, RecoveryAttempt>()
  let touched = new Set<AccountKey>()
  let removed: AccountKey[] = []
  let urgent = false

  return {
    sample(sample) {
      samples.push(sample)
    },
    event(key, event) {
      touched.add(key)
      urgent = true
      if (event.type === 'transition') transitions.push(event.transition)
      else incidents.set(event.incident.id, event.incident)
    },
    attempt(attempt) {
      recoveries.set(attempt.id, attempt)
      touched.add(attempt.key)
      urgent = true
    },
    touch(key) {
      touched.add(key)
    },
    removed(key) {
      removed.push(key)
      urgent = true
    },
    get urgent() {
      return urgent
    },
    take(atMs, lookUp) {
      if (samples.length + transitions.length + incidents.size + recoveries.size + touched.size + removed.length === 0)
        return null
      for (const sample of samples) {
        if (touched.has(sample.key)) continue
        if (placeOf(sample.key) % turnsPerRound === seq % turnsPerRound) touched.add(sample.key)
      }
      const ledgers = [...touched].map(lookUp).filter((found) => found !== undefined)
      const batch: Batch = {
        seq,
        atMs,
        samples,
        transitions,
        incidents: [...incidents.values()],
        recoveries: [...recoveries.values()],
        ledgers,
        removed,
      }
      seq += 1
      samples = []
      transitions = []
      incidents = new Map()
      recoveries = new Map()
      touched = new Set()
      removed = []
      urgent = false
      return batch
    },
  }
}

function placeOf(key: AccountKey): number {
  let hash = 0
  for (let index = 0; index < key.length; index++) hash = (Math.imul(hash, 31) + key.charCodeAt(index)) >>> 0
  return hash
}
