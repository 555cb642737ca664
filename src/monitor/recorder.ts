import type { Account, AccountKey } from '../accounts/account.ts'
import type { AccountHealth, HealthEvent, Incident, Sample, Transition } from '../health/health.ts'
import type { RecoveryAttempt } from '../health/recovery.ts'
import type { Handed } from '../store/waiting-batches.ts'

/** Gathers what happened since the last flush into one batch; the store's writer numbers it. */
export interface Recorder {
  sample(sample: Sample): void
  /** An event of the account; its full health goes into the batch. */
  event(key: AccountKey, event: HealthEvent): void
  attempt(attempt: RecoveryAttempt): void
  /** The account's full health goes into the batch. */
  touch(key: AccountKey): void
  removed(key: AccountKey): void
  /** The batch since the last call; null where nothing happened. `lookUp` finds the accounts that are watched now. */
  take(
    atMs: number,
    lookUp: (key: AccountKey) => { account: Account; health: AccountHealth } | undefined,
  ): Handed | null
}

/** @param turnsPerRound every account's full health is written once per this many batches, even without an event */
export function recorder(turnsPerRound = 20): Recorder {
  let turn = 0
  let samples: Sample[] = []
  let transitions: Transition[] = []
  let incidents = new Map<string, Incident>()
  let recoveries = new Map<string, RecoveryAttempt>()
  let touched = new Set<AccountKey>()
  let removed = new Set<AccountKey>()

  return {
    sample(sample) {
      samples.push(sample)
    },
    event(key, event) {
      touched.add(key)
      if (event.type === 'transition') transitions.push(event.transition)
      else incidents.set(event.incident.id, event.incident)
    },
    attempt(attempt) {
      recoveries.set(attempt.id, attempt)
      touched.add(attempt.key)
    },
    touch(key) {
      touched.add(key)
    },
    removed(key) {
      removed.add(key)
    },
    take(atMs, lookUp) {
      if (samples.length + transitions.length + incidents.size + recoveries.size + touched.size + removed.size === 0)
        return null
      for (const sample of samples) {
        if (touched.has(sample.key)) continue
        if (placeOf(sample.key) % turnsPerRound === turn % turnsPerRound) touched.add(sample.key)
      }
      const ledgers = [...touched]
        .map(lookUp)
        .filter((found) => found !== undefined)
        .map(({ account, health }) => ({ account, health }))
      const batch: Handed = {
        atMs,
        samples,
        transitions,
        incidents: [...incidents.values()],
        recoveries: [...recoveries.values()],
        ledgers,
        // Gone and found again within one batch is not gone.
        removed: [...removed].filter((key) => lookUp(key) === undefined),
      }
      turn += 1
      samples = []
      transitions = []
      incidents = new Map()
      recoveries = new Map()
      touched = new Set()
      removed = new Set()
      return batch
    },
  }
}

function placeOf(key: AccountKey): number {
  let hash = 0
  for (let index = 0; index < key.length; index++) hash = (Math.imul(hash, 31) + key.charCodeAt(index)) >>> 0
  return hash
}
