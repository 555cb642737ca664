import type { mongo } from 'mongoose'
import type { Sample } from '../health/health.ts'
import type { AccountRefs } from './mongo-accounts.ts'
import { fold, type Unfolded } from './mongo-fold.ts'
import { floorTo, type HistoryRows } from './mongo-history.ts'
import type { HeldShard } from './mongo-lease.ts'
import { type Collections, DAY_MS, HOUR_MS } from './mongo-schema.ts'
import type { RetentionPolicy } from './store.ts'

/** One slice gathers the journal of this many accounts. */
const SLICE_ACCOUNTS = 256
/** Batches that one pass takes at most: the memory of a slice stays bounded after a long catch-up. */
const PASS_BATCHES = 720
const EXPIRE_ROWS = 1000

/** Folding and expiry, in slices that leave room for checks between them. */
export interface Upkeep {
  /** Does one slice. Returns true while there is more to do. */
  slice(nowMs: number, retention: RetentionPolicy, signal: AbortSignal): Promise<boolean>
}

export interface UpkeepParts {
  readonly collections: Collections
  readonly refs: AccountRefs
  readonly history: HistoryRows
  readonly held: HeldShard
  /** Runs work that nothing may read a ledger and its journal around. */
  readonly alone: (work: () => Promise<void>) => Promise<void>
  readonly setExpiredBeforeMs: (beforeMs: number) => Promise<void>
  readonly onUnreadable: (what: string, error: unknown) => void
}

export function upkeep(parts: UpkeepParts): Upkeep {
  const { collections, refs, history, held, alone } = parts
  const { journal, redo, hours, days, incidents, recoveries, transitions } = collections
  const { notifications, textMessages, maintenance, subscriptions } = collections
  const shard = held.ordinal

  // Where the present pass stands. Lost with the process, and harmless: folding the same rows again changes nothing.
  let pass: { readonly throughSeq: number; readonly nextRef: number } | null = null

  const startPass = async (nowMs: number) => {
    const [first] = await journal
      .find({ shard })
      .sort({ shard: 1, seq: 1, part: 1 })
      .limit(1)
      .project({ seq: 1 })
      .toArray()
    if (first === undefined) return null
    const [last] = await journal
      .find({
        shard,
        seq: { $lt: first['seq'] + PASS_BATCHES, $lte: held.row.lastSeq },
        atMs: { $lt: floorTo(nowMs, HOUR_MS) },
      })
      .sort({ shard: -1, seq: -1, part: -1 })
      .limit(1)
      .project({ seq: 1 })
      .toArray()
    return last === undefined ? null : { throughSeq: Number(last['seq']), nextRef: 1 }
  }

  const foldSlice = async (throughSeq: number, fromRef: number, signal: AbortSignal): Promise<boolean> => {
    const found = new Map<number, { seq: number; sample: Sample }[]>()
    const range = { from: fromRef, to: fromRef + SLICE_ACCOUNTS }
    for await (const { seq, entries } of history.journal(
      { shard, afterSeq: -1, throughSeq, refs: range },
      () => held.row,
    )) {
      for (const { ref, sample } of entries) {
        const list = found.get(ref)
        if (list === undefined) found.set(ref, [{ seq, sample }])
        else list.push({ seq, sample })
      }
      if (signal.aborted) return false
    }
    const unfolded: Unfolded[] = []
    for (const [ref, samples] of found) {
      const key = refs.key(ref)
      if (key !== undefined) unfolded.push({ ref, key, samples })
    }
    await fold(unfolded, { shard, throughSeq }, parts)
    return !signal.aborted
  }

  const compact = async (nowMs: number, signal: AbortSignal): Promise<boolean> => {
    pass ??= await startPass(nowMs)
    if (pass === null || signal.aborted) return false
    const { throughSeq, nextRef } = pass
    if (nextRef <= refs.largestRef) {
      if (await foldSlice(throughSeq, nextRef, signal)) pass = { throughSeq, nextRef: nextRef + SLICE_ACCOUNTS }
      return true
    }
    await alone(async () => {
      // Only who holds the shard now has seen all of its rows folded.
      await held.confirm()
      await journal.deleteMany({ shard, seq: { $lte: throughSeq } })
      await redo.deleteMany({ shard, seq: { $lte: held.row.appliedSeq } })
    })
    pass = null
    return true
  }

  const expire = async (nowMs: number, { historyMs, summaryMs }: RetentionPolicy): Promise<boolean> => {
    // Whole days go, so that each day is kept either as hours or as sums.
    const historyCutMs = floorTo(nowMs - historyMs, DAY_MS)
    await parts.setExpiredBeforeMs(historyCutMs)
    const cutMs = nowMs - summaryMs
    const drops = [
      () => drop(hours, { timestamp: { $lt: new Date(historyCutMs) } }),
      () => drop(days, { timestamp: { $lt: new Date(floorTo(cutMs, DAY_MS)) } }),
      () => drop(incidents, { startMs: { $lt: cutMs }, endMs: { $lt: cutMs } }),
      () => drop(recoveries, { requestedMs: { $lt: cutMs }, outcome: { $ne: 'pending' } }),
      () => drop(transitions, { atMs: { $lt: cutMs } }),
      () => drop(notifications, { firedMs: { $lt: cutMs }, status: 'resolved' }),
      () => drop(textMessages, { atMs: { $lt: cutMs } }),
      () => drop(maintenance, { overMs: { $lt: cutMs } }),
      () => drop(subscriptions, { endedMs: { $lt: cutMs } }),
    ]
    for (const run of drops) if ((await run()) > 0) return true
    return false
  }

  return {
    async slice(nowMs, retention, signal) {
      if (signal.aborted) return false
      return (await compact(nowMs, signal)) || (!signal.aborted && (await expire(nowMs, retention)))
    },
  }
}

/** Drops a bounded number of rows, so that no single command keeps the database busy. */
async function drop<Doc extends mongo.Document>(
  collection: mongo.Collection<Doc>,
  filter: mongo.Filter<Doc>,
): Promise<number> {
  const rows = await collection.find(filter).limit(EXPIRE_ROWS).project({ _id: 1 }).toArray()
  if (rows.length === 0) return 0
  // The rows are told by what was just read; the driver's types know no `_id` of a generic document.
  const ids = { _id: { $in: rows.map(({ _id }) => _id) } } as mongo.Filter<Doc>
  return (await collection.deleteMany(ids)).deletedCount
}
