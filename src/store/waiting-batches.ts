import type { Batch } from './store.ts'

/** What the monitor hands over: a batch without number; the writer numbers it when it is first written. */
export type Handed = Omit<Batch, 'seq'>

/** About what a row weighs in memory, in samples. */
const EVENT_WEIGHT = 10

/** Batches that wait for the store, oldest first, under one limit. */
export interface WaitingBatches {
  readonly size: number
  readonly samples: number
  push(handed: Handed): void
  first(): Handed | undefined
  /** Takes the first away: it is written. */
  shift(): void
  /**
   * While more is kept than the limit allows, gives up the samples of the oldest batches; what else they hold moves into
   * the batch behind them, newest version first. Returns how many samples were given up.
   * @param held how many batches from the front are being written and stay as they are
   */
  trim(held: number): number
}

/** @param limit in samples; an incident, attempt, transition or ledger weighs as much as ten */
export function waitingBatches(limit: number): WaitingBatches {
  const batches: Handed[] = []
  let samples = 0
  let weight = 0
  return {
    get size() {
      return batches.length
    },
    get samples() {
      return samples
    },
    push(handed) {
      batches.push(handed)
      samples += handed.samples.length
      weight += weightOf(handed)
    },
    first: () => batches[0],
    shift() {
      const gone = batches.shift()
      if (gone === undefined) return
      samples -= gone.samples.length
      weight -= weightOf(gone)
    },
    trim(held) {
      let given = 0
      while (weight > limit) {
        const oldest = batches[held]
        const next = batches[held + 1]
        if (oldest === undefined) break
        if (next === undefined && oldest.samples.length === 0) break
        const merged = next === undefined ? { ...oldest, samples: [] } : withoutSamples(oldest, next)
        batches.splice(held, next === undefined ? 1 : 2, merged)
        given += oldest.samples.length
        samples -= oldest.samples.length
        weight += weightOf(merged) - weightOf(oldest) - (next === undefined ? 0 : weightOf(next))
      }
      return given
    },
  }
}

/** The newer batch with all that the older one holds but its samples. */
function withoutSamples(older: Handed, newer: Handed): Handed {
  const back = new Set(newer.ledgers.map(({ account }) => account.key))
  const gone = new Set(newer.removed)
  return {
    atMs: newer.atMs,
    samples: newer.samples,
    transitions: [...older.transitions, ...newer.transitions],
    incidents: newest(older.incidents, newer.incidents, ({ id }) => id),
    recoveries: newest(older.recoveries, newer.recoveries, ({ id }) => id),
    ledgers: newest(older.ledgers, newer.ledgers, ({ account }) => account.key).filter(
      ({ account }) => !gone.has(account.key) || back.has(account.key),
    ),
    removed: [...older.removed.filter((key) => !back.has(key) && !gone.has(key)), ...newer.removed],
  }
}

function newest<T>(older: readonly T[], newer: readonly T[], idOf: (item: T) => string): T[] {
  const byId = new Map(older.map((item) => [idOf(item), item]))
  for (const item of newer) byId.set(idOf(item), item)
  return [...byId.values()]
}

function weightOf({ samples, transitions, incidents, recoveries, ledgers }: Handed): number {
  return samples.length + EVENT_WEIGHT * (transitions.length + incidents.length + recoveries.length + ledgers.length)
}
