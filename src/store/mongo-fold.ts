import { setImmediate } from 'node:timers/promises'
import { mongo } from 'mongoose'
import type { AccountKey } from '../accounts/account.ts'
import type { Sample } from '../health/health.ts'
import { packSeries } from './history-codec.ts'
import { addSums, NO_SUMS, sumsOf } from './history-sums.ts'
import { readHealth, writeHealth } from './ledger.ts'
import { writeAll } from './mongo-bulk.ts'
import { floorTo, type HistoryRows, throughKey } from './mongo-history.ts'
import { type AccountDoc, type Collections, DAY_MS, HOUR_MS, type SummaryDoc } from './mongo-schema.ts'
import { replayOf } from './replay.ts'

/** The longest that packing keeps checks waiting. */
const TURN_MS = 4

/** Samples of one account, with the batch that each came in, oldest batch first. */
export interface Unfolded {
  readonly ref: number
  readonly key: AccountKey
  readonly samples: readonly { readonly seq: number; readonly sample: Sample }[]
}

/** How far a pass folds. */
export interface FoldSpan {
  readonly shard: number
  readonly throughSeq: number
}

export interface FoldParts {
  readonly collections: Pick<Collections, 'hours' | 'days' | 'accounts'>
  readonly history: Pick<HistoryRows, 'readHour'>
  readonly onUnreadable: (what: string, error: unknown) => void
}

/**
 * Folds samples of a shard into hours, days and ledgers. Each row says itself through which batch it is folded, so that
 * doing it again, or only a part of it, counts nothing twice; and each changes only from the version that was read, so
 * that two who fold at once lose nothing.
 */
export async function fold(found: readonly Unfolded[], span: FoldSpan, parts: FoldParts): Promise<void> {
  const { hours, days } = parts.collections
  await foldInto(hours, periodsOf(found, HOUR_MS), span, (before, fresh) => {
    const all = before === undefined ? [...fresh] : [...parts.history.readHour(before), ...fresh]
    return { samples: new mongo.Binary(packSeries(all.sort((a, b) => a.atMs - b.atMs))) }
  })
  await foldInto(days, periodsOf(found, DAY_MS), span, () => ({}))
  await advanceLedgers(found, span, parts)
}

async function foldInto(
  collection: mongo.Collection<SummaryDoc>,
  periods: readonly Period[],
  { shard, throughSeq }: FoldSpan,
  more: (before: SummaryDoc | undefined, fresh: readonly Sample[]) => Partial<SummaryDoc>,
): Promise<void> {
  const through = throughKey(shard)
  const pause = pauses()
  const rows = await rowsOf(collection, periods)
  const changes: mongo.AnyBulkWriteOperation<SummaryDoc>[] = []
  for (const { key, startMs, samples } of periods) {
    const before = rows.get(`${key} ${startMs}`)
    const fresh = samples.filter(({ seq }) => seq > (before?.through[through] ?? -1)).map(({ sample }) => sample)
    if (fresh.length === 0) continue
    const id = { account: key, timestamp: new Date(startMs) }
    const now = {
      through: { ...before?.through, [through]: throughSeq },
      sums: addSums(before?.sums ?? NO_SUMS, sumsOf(fresh)),
      version: (before?.version ?? 0) + 1,
      ...more(before, fresh),
    }
    changes.push(
      before === undefined
        ? { insertOne: { document: { ...id, ...now } } }
        : { updateOne: { filter: { ...id, version: before.version }, update: { $set: now } } },
    )
    await pause()
  }
  await writeAll(collection, changes)
}

/** Ledgers must not need rows of the journal that go now. */
async function advanceLedgers(
  found: readonly Unfolded[],
  { shard, throughSeq }: FoldSpan,
  { collections: { accounts }, onUnreadable }: FoldParts,
): Promise<void> {
  const pause = pauses()
  const samplesOf = new Map(found.map(({ ref, samples }) => [ref, samples]))
  const behind = await accounts
    .find({ _id: { $in: [...samplesOf.keys()] }, shard, seq: { $lt: throughSeq }, health: { $ne: null } })
    .toArray()
  const changes: mongo.AnyBulkWriteOperation<AccountDoc>[] = []
  for (const { _id, key, seq: ledgerSeq, health } of behind) {
    try {
      const replay = replayOf(readHealth(health ?? ''))
      for (const { seq, sample } of samplesOf.get(_id) ?? []) if (seq > ledgerSeq) replay.take(sample)
      changes.push({
        updateOne: {
          filter: { _id, shard, seq: ledgerSeq },
          update: { $set: { health: writeHealth(replay.health()), seq: throughSeq } },
        },
      })
    } catch (error) {
      onUnreadable(`ledger of ${key}`, error)
    }
    await pause()
  }
  await writeAll(accounts, changes)
}

interface Period {
  readonly key: AccountKey
  readonly startMs: number
  readonly samples: Unfolded['samples']
}

/** The hours or days that the samples touch. */
function periodsOf(found: readonly Unfolded[], stepMs: number): Period[] {
  return found.flatMap(({ key, samples }) => {
    const periods = new Map<number, { seq: number; sample: Sample }[]>()
    for (const one of samples) {
      const startMs = floorTo(one.sample.atMs, stepMs)
      const list = periods.get(startMs)
      if (list === undefined) periods.set(startMs, [one])
      else list.push(one)
    }
    return [...periods].map(([startMs, list]) => ({ key, startMs, samples: list }))
  })
}

async function rowsOf(
  collection: mongo.Collection<SummaryDoc>,
  periods: readonly Period[],
): Promise<ReadonlyMap<string, SummaryDoc>> {
  if (periods.length === 0) return new Map()
  const keys = [...new Set(periods.map(({ key }) => key))]
  const starts = [...new Set(periods.map(({ startMs }) => startMs))].map((startMs) => new Date(startMs))
  const rows = await collection.find({ account: { $in: keys }, timestamp: { $in: starts } }).toArray()
  return new Map(rows.map((row) => [`${row.account} ${row.timestamp.getTime()}`, row]))
}

/** Lets checks come in between when a turn has lasted long enough. */
function pauses(): () => Promise<void> {
  let untilMs = performance.now() + TURN_MS
  return async () => {
    if (performance.now() < untilMs) return
    await setImmediate()
    untilMs = performance.now() + TURN_MS
  }
}
