import type { DatabaseSync } from 'node:sqlite'
import type { AccountKey } from '../accounts/account.ts'
import type { Sample } from '../health/health.ts'
import { type CycleEntry, packCycle, packSeries, type RefRange, readCycle, readSeries } from './history-codec.ts'
import { addSums, type BucketCollector, NO_SUMS, type Sums, sumsOf, WORST_ORDER } from './history-sums.ts'
import { bytes, num, type Row } from './sqlite-row.ts'
import { DAY_MS, DAYS, HOUR_MS, REFS } from './sqlite-schema.ts'
import type { TimeRange } from './store.ts'

export const SUM_COLUMNS =
  'checks, failures, answered, duration_sum_ms, duration_max_ms, worst, observed_ms, downtime_ms'

// At 10 000 accounts a journal row is about 50 kB: few enough to be read between two checks.
const ROWS_AT_ONCE = 8

export interface JournalRow {
  readonly seq: number
  readonly entries: readonly CycleEntry[]
}

/** Checks in their three ages: rows of the journal, account-hours, account-days. */
export interface HistoryRows {
  putJournal(seq: number, atMs: number, entries: readonly CycleEntry[]): void
  /** The next journal rows behind `afterSeq`, oldest first, unpacked for the accounts in `refs`; none at the end. */
  journal(afterSeq: number, throughSeq: number, refs: RefRange): readonly JournalRow[]
  /** Folds samples of journal rows up to `throughSeq` into the hours and days of one account. */
  fold(ref: number, key: AccountKey, samples: readonly { seq: number; sample: Sample }[], throughSeq: number): void
  samples(ref: number, key: AccountKey, range: TimeRange): Sample[]
  /** Adds all that is known of one account to the collector of `range`. */
  collect(ref: number, key: AccountKey, range: TimeRange, into: BucketCollector): void
}

/**
 * @param keyOf the key of an account's number
 * @param expiredBeforeMs the UTC midnight before which only days are left
 * @param onUnreadable told of a packing that cannot be read; its checks are missing from the answer, and from coverage
 */
export function historyRows(
  db: DatabaseSync,
  keyOf: (ref: number) => AccountKey | undefined,
  expiredBeforeMs: () => number,
  onUnreadable: (what: string, error: unknown) => void,
): HistoryRows {
  const insertJournal = db.prepare('INSERT INTO journal (seq, at_ms, from_ms, to_ms, samples) VALUES (?, ?, ?, ?, ?)')
  const journalBySeq = db.prepare('SELECT seq, samples FROM journal WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?')
  const journalByTime = db.prepare('SELECT seq, samples FROM journal WHERE to_ms >= ? AND from_ms < ? ORDER BY seq')
  const getHour = db.prepare(`SELECT through_seq, ${SUM_COLUMNS} FROM hours WHERE id = ?`)
  const getHourSamples = db.prepare('SELECT samples FROM hours WHERE id = ?')
  const hourSpan = db.prepare('SELECT min(id) AS first, max(id) AS last FROM hours')
  const putHour = db.prepare(
    `INSERT OR REPLACE INTO hours (id, through_seq, ${SUM_COLUMNS}, samples) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const getDay = db.prepare(`SELECT ${SUM_COLUMNS} FROM days WHERE id = ?`)
  const daysBetween = db.prepare(`SELECT id, ${SUM_COLUMNS} FROM days WHERE id >= ? AND id < ? ORDER BY id`)
  const putDay = db.prepare(`INSERT OR REPLACE INTO days (id, ${SUM_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`)

  const readHour = (id: number, key: AccountKey): Sample[] => {
    const row = getHourSamples.get(id)
    if (row === undefined) return []
    try {
      return readSeries(bytes(row, 'samples'), key)
    } catch (error) {
      onUnreadable(`hour of ${key} from ${new Date(Math.floor(id / REFS) * HOUR_MS).toISOString()}`, error)
      return []
    }
  }

  const readJournal = (row: Row, refs: RefRange): CycleEntry[] => {
    try {
      return readCycle(bytes(row, 'samples'), refs, keyOf)
    } catch (error) {
      onUnreadable(`journal row ${num(row, 'seq')}`, error)
      return []
    }
  }

  const hoursOf = (ref: number, range: TimeRange): { hour: number; throughSeq: number; sums: Sums }[] => {
    const span = hourSpan.get()
    if (span === undefined || span['first'] === null) return []
    const first = Math.max(Math.floor(range.fromMs / HOUR_MS), Math.floor(num(span, 'first') / REFS))
    const last = Math.min(Math.ceil(range.toMs / HOUR_MS) - 1, Math.floor(num(span, 'last') / REFS))
    const found: { hour: number; throughSeq: number; sums: Sums }[] = []
    for (let hour = first; hour <= last; hour++) {
      const row = getHour.get(hour * REFS + ref)
      if (row !== undefined) found.push({ hour, throughSeq: num(row, 'through_seq'), sums: sumsOfRow(row) })
    }
    return found
  }

  const unfolded = (ref: number, range: TimeRange, hours: readonly { hour: number; throughSeq: number }[]) => {
    const folded = new Map(hours.map(({ hour, throughSeq }) => [hour, throughSeq]))
    const samples: Sample[] = []
    for (const row of journalByTime.all(range.fromMs, range.toMs)) {
      for (const { sample } of readJournal(row, { from: ref, to: ref + 1 })) {
        if (sample.atMs < range.fromMs || sample.atMs >= range.toMs) continue
        const throughSeq = folded.get(Math.floor(sample.atMs / HOUR_MS)) ?? -1
        if (num(row, 'seq') > throughSeq) samples.push(sample)
      }
    }
    return samples
  }

  return {
    putJournal(seq, atMs, entries) {
      let fromMs = Number.POSITIVE_INFINITY
      let toMs = Number.NEGATIVE_INFINITY
      for (const { sample } of entries) {
        fromMs = Math.min(fromMs, sample.atMs)
        toMs = Math.max(toMs, sample.atMs)
      }
      // Packed times are whole milliseconds: the row's span must hold them rounded.
      insertJournal.run(seq, atMs, Math.floor(fromMs), Math.ceil(toMs), packCycle(entries))
    },
    journal: (afterSeq, throughSeq, refs) =>
      journalBySeq
        .all(afterSeq, throughSeq, ROWS_AT_ONCE)
        .map((row) => ({ seq: num(row, 'seq'), entries: readJournal(row, refs) })),
    fold(ref, key, samples, throughSeq) {
      const byHour = new Map<number, { seq: number; sample: Sample }[]>()
      for (const entry of samples) {
        const hour = Math.floor(entry.sample.atMs / HOUR_MS)
        const list = byHour.get(hour)
        if (list === undefined) byHour.set(hour, [entry])
        else list.push(entry)
      }
      for (const [hour, list] of byHour) {
        const id = hour * REFS + ref
        const before = getHour.get(id)
        const foldedThrough = before === undefined ? -1 : num(before, 'through_seq')
        const fresh = list.filter(({ seq }) => seq > foldedThrough).map(({ sample }) => sample)
        if (fresh.length === 0) continue
        const all = before === undefined ? fresh : [...readHour(id, key), ...fresh]
        all.sort((a, b) => a.atMs - b.atMs)
        const added = sumsOf(fresh)
        const sums = before === undefined ? added : addSums(sumsOfRow(before), added)
        putHour.run(id, throughSeq, ...sumValues(sums), packSeries(all))
        const dayId = ref * DAYS + Math.floor((hour * HOUR_MS) / DAY_MS)
        const day = getDay.get(dayId)
        putDay.run(dayId, ...sumValues(addSums(day === undefined ? NO_SUMS : sumsOfRow(day), added)))
      }
    },
    samples(ref, key, range) {
      const hours = hoursOf(ref, range)
      const folded = hours.flatMap(({ hour }) =>
        readHour(hour * REFS + ref, key).filter(({ atMs }) => atMs >= range.fromMs && atMs < range.toMs),
      )
      return [...folded, ...unfolded(ref, range, hours)].sort((a, b) => a.atMs - b.atMs)
    },
    collect(ref, key, range, into) {
      const dayBoundaryMs = expiredBeforeMs()
      if (range.fromMs < dayBoundaryMs) {
        const firstDay = Math.floor(range.fromMs / DAY_MS)
        const endDay = Math.ceil(Math.min(range.toMs, dayBoundaryMs) / DAY_MS)
        for (const row of daysBetween.all(ref * DAYS + firstDay, ref * DAYS + endDay)) {
          const fromMs = (num(row, 'id') - ref * DAYS) * DAY_MS
          if (fromMs < range.fromMs || fromMs + DAY_MS > range.toMs) continue
          // A day cannot be cut any more: it counts to the step in which it begins.
          const step = into.stepOf(fromMs, fromMs + 1)
          if (step !== null) into.add(step, sumsOfRow(row))
        }
      }
      const recent = { fromMs: Math.max(range.fromMs, dayBoundaryMs), toMs: range.toMs }
      if (recent.fromMs >= recent.toMs) return
      const hours = hoursOf(ref, recent)
      for (const { hour, sums } of hours) {
        const step = into.stepOf(hour * HOUR_MS, (hour + 1) * HOUR_MS)
        if (step === null) into.addSamples(readHour(hour * REFS + ref, key))
        else into.add(step, sums)
      }
      into.addSamples(unfolded(ref, recent, hours))
    },
  }
}

export function sumValues(sums: Sums): number[] {
  return [
    sums.checks,
    sums.failures,
    sums.answered,
    sums.durationSumMs,
    sums.durationMaxMs,
    WORST_ORDER.indexOf(sums.worst),
    sums.observedMs,
    sums.downtimeMs,
  ]
}

export function sumsOfRow(row: Row): Sums {
  return {
    checks: num(row, 'checks'),
    failures: num(row, 'failures'),
    answered: num(row, 'answered'),
    durationSumMs: num(row, 'duration_sum_ms'),
    durationMaxMs: num(row, 'duration_max_ms'),
    worst: WORST_ORDER[num(row, 'worst')] ?? 'unknown',
    observedMs: num(row, 'observed_ms'),
    downtimeMs: num(row, 'downtime_ms'),
  }
}
