import { mongo } from 'mongoose'
import type { AccountKey } from '../accounts/account.ts'
import type { Sample } from '../health/health.ts'
import { type CycleEntry, packCycle, type RefRange, readCycle, readSeries } from './history-codec.ts'
import type { BucketCollector } from './history-sums.ts'
import type { AccountRefs } from './mongo-accounts.ts'
import { countsIn } from './mongo-lease.ts'
import {
  type Collections,
  DAY_MS,
  HOUR_MS,
  type JournalDoc,
  type ShardDoc,
  type SummaryDoc,
  type Through,
} from './mongo-schema.ts'
import type { TimeRange } from './store.ts'

/**
 * Samples in one row of the journal: few enough that the hour of one account is read without the rest of the fleet,
 * many enough that a cycle of 10 000 accounts is 20 rows.
 */
const SAMPLES_PER_ROW = 512
const ROWS_AT_ONCE = 64

/** One row of the journal, unpacked. */
export interface JournalEntries {
  readonly shard: number
  readonly seq: number
  readonly entries: readonly CycleEntry[]
}

/** Which batches count; asked of the shard's own row, because a row of the journal may be of a batch that never did. */
export type CountedOf = (shard: number) => Pick<ShardDoc, 'lastSeq' | 'epochs'> | undefined

/** Checks in their three ages: rows of the journal, account-hours, account-days. */
export interface HistoryRows {
  putJournal(
    row: { shard: number; seq: number; epoch: number; atMs: number },
    entries: readonly CycleEntry[],
  ): Promise<void>
  /** Rows of one shard that count, in order, unpacked for the accounts in `refs`. */
  journal(
    span: { readonly shard: number; readonly afterSeq: number; readonly throughSeq: number; readonly refs: RefRange },
    counted: CountedOf,
  ): AsyncIterable<JournalEntries>
  samples(key: AccountKey, range: TimeRange): Promise<Sample[]>
  /** Adds all that is known of one account to the collector of `range`. */
  collect(key: AccountKey, range: TimeRange, into: BucketCollector): Promise<void>
  /** The packed checks of one hour; none where they cannot be read, which is told. */
  readHour(hour: Pick<SummaryDoc, 'account' | 'timestamp' | 'samples'>): Sample[]
}

export interface HistoryParts {
  readonly collections: Pick<Collections, 'journal' | 'hours' | 'days' | 'shards'>
  readonly refs: AccountRefs
  /** The UTC midnight before which only days are left. */
  readonly expiredBeforeMs: () => number
  /** Told of a packing that cannot be read; its checks are missing from the answer, and from coverage. */
  readonly onUnreadable: (what: string, error: unknown) => void
}

export function historyRows({ collections, refs, expiredBeforeMs, onUnreadable }: HistoryParts): HistoryRows {
  const { journal, hours, days, shards } = collections

  const readHour: HistoryRows['readHour'] = ({ account, timestamp, samples }) => {
    if (samples === undefined) return []
    try {
      return readSeries(bytesOf(samples), account)
    } catch (error) {
      onUnreadable(`hour of ${account} from ${timestamp.toISOString()}`, error)
      return []
    }
  }
  const readJournal = (row: JournalDoc, range: RefRange): CycleEntry[] => {
    try {
      return readCycle(bytesOf(row.samples), range, refs.key)
    } catch (error) {
      onUnreadable(`journal row ${row.shard}/${row.seq}/${row.part}`, error)
      return []
    }
  }

  /** Samples of one account that may not be folded yet, with the batch that each came in. */
  const unfolded = async (key: AccountKey, range: TimeRange) => {
    const ref = await refs.ref(key)
    if (ref === undefined) return []
    const rows = await journal
      .find({
        toMs: { $gte: range.fromMs },
        fromMs: { $lt: range.toMs },
        fromRef: { $lte: ref },
        toRef: { $gte: ref },
      })
      .sort({ shard: 1, seq: 1, part: 1 })
      .toArray()
    if (rows.length === 0) return []
    const counted = await countedNow()
    return rows.flatMap((row) => {
      const from = counted(row.shard)
      if (from === undefined || !countsIn(from, row.seq, row.epoch)) return []
      return readJournal(row, { from: ref, to: ref + 1 })
        .filter(({ sample }) => isIn(sample, range))
        .map(({ sample }) => ({ shard: row.shard, seq: row.seq, sample }))
    })
  }
  const countedNow = async (): Promise<CountedOf> => {
    const found = await shards.find({}, { projection: { lastSeq: 1, epochs: 1 } }).toArray()
    const byShard = new Map(found.map((row) => [row._id, row]))
    return (shard) => byShard.get(shard)
  }
  const hoursIn = (key: AccountKey, { fromMs, toMs }: TimeRange) => ({
    account: key,
    timestamp: { $gte: new Date(floorTo(fromMs, HOUR_MS)), $lt: new Date(toMs) },
  })

  return {
    readHour,
    async putJournal({ shard, seq, epoch, atMs }, entries) {
      const sorted = [...entries].sort((a, b) => a.ref - b.ref || a.sample.atMs - b.sample.atMs)
      const rows: JournalDoc[] = []
      for (let start = 0; start < sorted.length; ) {
        let end = Math.min(start + SAMPLES_PER_ROW, sorted.length)
        // One account never straddles two rows.
        while (end < sorted.length && sorted[end]?.ref === sorted[end - 1]?.ref) end++
        const chunk = sorted.slice(start, end)
        const times = chunk.map(({ sample }) => sample.atMs)
        rows.push({
          shard,
          seq,
          epoch,
          part: rows.length,
          atMs,
          // Packed times are whole milliseconds: the row's span must hold them rounded.
          fromMs: Math.floor(Math.min(...times)),
          toMs: Math.ceil(Math.max(...times)),
          fromRef: chunk[0]?.ref ?? 0,
          toRef: chunk.at(-1)?.ref ?? 0,
          samples: new mongo.Binary(packCycle(chunk)),
        })
        start = end
      }
      if (rows.length > 0) await journal.insertMany(rows, { ordered: false })
    },
    async *journal({ shard, afterSeq, throughSeq, refs: range }, counted) {
      const rows = journal
        .find({
          shard,
          seq: { $gt: afterSeq, $lte: throughSeq },
          fromRef: { $lt: range.to },
          toRef: { $gte: range.from },
        })
        .sort({ shard: 1, seq: 1, part: 1 })
        .batchSize(ROWS_AT_ONCE)
      for await (const row of rows) {
        const from = counted(shard)
        if (from === undefined || !countsIn(from, row.seq, row.epoch)) continue
        await refs.learn({ from: row.fromRef, to: Math.min(row.toRef + 1, range.to) })
        yield { shard, seq: row.seq, entries: readJournal(row, range) }
      }
    },
    async samples(key, range) {
      // The journal first: what is folded in between is in the hours then, and known by `through` to be there.
      const fresh = await unfolded(key, range)
      const found = await hours.find(hoursIn(key, range)).sort({ timestamp: 1 }).toArray()
      const folded = found.flatMap((hour) => readHour(hour).filter((sample) => isIn(sample, range)))
      return [...folded, ...notFolded(fresh, found)].sort((a, b) => a.atMs - b.atMs)
    },
    async collect(key, range, into) {
      const dayBoundaryMs = expiredBeforeMs()
      if (range.fromMs < dayBoundaryMs) {
        const found = await days
          .find({
            account: key,
            timestamp: { $gte: new Date(range.fromMs), $lt: new Date(Math.min(range.toMs, dayBoundaryMs)) },
          })
          .toArray()
        for (const { timestamp, sums } of found) {
          const fromMs = timestamp.getTime()
          if (fromMs + DAY_MS > range.toMs) continue
          // A day cannot be cut any more: it counts to the step in which it begins.
          const step = into.stepOf(fromMs, fromMs + 1)
          if (step !== null) into.add(step, sums)
        }
      }
      const recent = { fromMs: Math.max(range.fromMs, dayBoundaryMs), toMs: range.toMs }
      if (recent.fromMs >= recent.toMs) return
      const fresh = await unfolded(key, recent)
      const found = await hours
        .find(hoursIn(key, recent))
        .project<Pick<SummaryDoc, 'timestamp' | 'through' | 'sums'>>({ timestamp: 1, through: 1, sums: 1 })
        .toArray()
      const cut: Date[] = []
      for (const { timestamp, sums } of found) {
        const fromMs = timestamp.getTime()
        const step = into.stepOf(fromMs, fromMs + HOUR_MS)
        if (step === null) cut.push(timestamp)
        else into.add(step, sums)
      }
      // Only the hours that a step cuts are unpacked.
      const packed = cut.length === 0 ? [] : await hours.find({ account: key, timestamp: { $in: cut } }).toArray()
      for (const hour of packed) into.addSamples(readHour(hour))
      into.addSamples(notFolded(fresh, found))
    },
  }
}

/** The name of a shard in `through`: a field's name must not be a number. */
export function throughKey(shard: number): string {
  return `s${shard}`
}

export function floorTo(atMs: number, stepMs: number): number {
  return Math.floor(atMs / stepMs) * stepMs
}

function notFolded(
  fresh: readonly { readonly shard: number; readonly seq: number; readonly sample: Sample }[],
  hours: readonly { readonly timestamp: Date; readonly through: Through }[],
): Sample[] {
  const throughOf = new Map(hours.map(({ timestamp, through }) => [timestamp.getTime(), through]))
  return fresh
    .filter(({ shard, seq, sample }) => seq > (throughOf.get(floorTo(sample.atMs, HOUR_MS))?.[throughKey(shard)] ?? -1))
    .map(({ sample }) => sample)
}

function isIn({ atMs }: Sample, { fromMs, toMs }: TimeRange): boolean {
  return atMs >= fromMs && atMs < toMs
}

function bytesOf(packed: mongo.Binary): Uint8Array {
  return packed.buffer.subarray(0, packed.position)
}
