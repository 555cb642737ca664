import type { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import type { Sample } from '../health/health.ts'
import { replayOf } from './replay.ts'
import type { AccountRows } from './sqlite-accounts.ts'
import type { HistoryRows } from './sqlite-history.ts'
import { maybeNum, num } from './sqlite-row.ts'
import { DAY_MS, DAYS, HOUR_MS, REFS } from './sqlite-schema.ts'
import type { RetentionPolicy } from './store.ts'

// One slice gathers the journal for this many accounts, and then folds as many at a time as fit between two checks.
const SLICE_ACCOUNTS = 128
const TURN_MS = 2
// Rows of the journal that one pass takes at most: the memory of a slice stays bounded after a long catch-up.
const PASS_ROWS = 720
const EXPIRE_ROWS = 200
const SWEEP_ACCOUNTS = 200
const VACUUM_PAGES = 64
const VACUUM_WORTHWHILE_PAGES = 1000

/** Folding, expiry and tidying of a database, in slices that leave room for checks between them. */
export interface Upkeep {
  /** Does one slice. Returns true while there is more to do. */
  slice(nowMs: number, retention: RetentionPolicy, signal: AbortSignal): Promise<boolean>
}

export interface UpkeepParts {
  readonly db: DatabaseSync
  readonly accounts: AccountRows
  readonly history: HistoryRows
  readonly inTransaction: (work: () => void) => void
  readonly isOpen: () => boolean
  readonly expiredBeforeMs: () => number
  readonly setExpiredBeforeMs: (beforeMs: number) => void
}

export function upkeep(parts: UpkeepParts): Upkeep {
  const { db, accounts, history, inTransaction } = parts
  const firstSeq = db.prepare('SELECT min(seq) AS seq FROM journal')
  const lastSeqBefore = db.prepare('SELECT max(seq) AS seq FROM journal WHERE seq < ? AND at_ms < ?')
  const dropJournal = db.prepare('DELETE FROM journal WHERE seq IN (SELECT seq FROM journal WHERE seq <= ? LIMIT ?)')
  const dropHours = db.prepare('DELETE FROM hours WHERE id IN (SELECT id FROM hours WHERE id < ? ORDER BY id LIMIT ?)')
  const dropDays = db.prepare('DELETE FROM days WHERE id >= ? AND id < ?')
  const dropIncidents = db.prepare(
    'DELETE FROM incidents WHERE id IN (SELECT id FROM incidents WHERE start_ms < ? AND end_ms < ? LIMIT ?)',
  )
  const dropRecoveries = db.prepare(
    "DELETE FROM recoveries WHERE id IN (SELECT id FROM recoveries WHERE requested_ms < ? AND outcome <> 'pending' LIMIT ?)",
  )
  const dropTransitions = db.prepare(
    'DELETE FROM transitions WHERE (ref, at_ms) IN (SELECT ref, at_ms FROM transitions WHERE at_ms < ? LIMIT ?)',
  )
  const dropLater = [
    "DELETE FROM notifications WHERE id IN (SELECT id FROM notifications WHERE fired_ms < ? AND status = 'resolved' LIMIT ?)",
    'DELETE FROM text_messages WHERE id IN (SELECT id FROM text_messages WHERE at_ms < ? LIMIT ?)',
    'DELETE FROM maintenance WHERE (kind, id) IN (SELECT kind, id FROM maintenance WHERE over_ms < ? LIMIT ?)',
    'DELETE FROM subscriptions WHERE id IN (SELECT id FROM subscriptions WHERE ended_ms < ? LIMIT ?)',
  ].map((sql) => db.prepare(sql))
  const freePages = db.prepare('PRAGMA freelist_count')
  const allPages = db.prepare('PRAGMA page_count')

  // Where the present pass stands. Lost with the process, and harmless: folding the same rows again changes nothing.
  let pass: { throughSeq: number; nextRef: number } | null = null
  let sweep: { day: number; nextRef: number } = { day: -1, nextRef: 0 }

  const startPass = (nowMs: number) => {
    const first = maybeNum(firstSeq.get() ?? { seq: null }, 'seq')
    if (first === null) return null
    const hourStartMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS
    const last = maybeNum(lastSeqBefore.get(first + PASS_ROWS, hourStartMs) ?? { seq: null }, 'seq')
    return last === null ? null : { throughSeq: last, nextRef: 1 }
  }

  const foldAccount = (ref: number, samples: readonly { seq: number; sample: Sample }[], through: number) => {
    const key = accounts.key(ref)
    if (key === undefined) return
    history.fold(ref, key, samples, through)
    // The ledger must not need rows of the journal that go now.
    accounts.advanceLedger(ref, through, (health, ledgerSeq) => {
      const replay = replayOf(health)
      for (const { seq, sample } of samples) if (seq > ledgerSeq) replay.take(sample)
      return replay.health()
    })
  }

  const foldSlice = async (through: number, fromRef: number, signal: AbortSignal): Promise<boolean> => {
    const found = new Map<number, { seq: number; sample: Sample }[]>()
    let afterSeq = -1
    for (;;) {
      const rows = history.journal(afterSeq, through, { from: fromRef, to: fromRef + SLICE_ACCOUNTS })
      for (const { seq, entries } of rows) {
        for (const { ref, sample } of entries) {
          const list = found.get(ref)
          if (list === undefined) found.set(ref, [{ seq, sample }])
          else list.push({ seq, sample })
        }
      }
      const last = rows.at(-1)
      if (last === undefined) break
      afterSeq = last.seq
      await setImmediate()
      if (signal.aborted || !parts.isOpen()) return false
    }
    const accountsFound = [...found]
    for (let next = 0; next < accountsFound.length; ) {
      inTransaction(() => {
        const untilMs = performance.now() + TURN_MS
        do {
          const [ref, samples] = accountsFound[next++] ?? [0, []]
          foldAccount(ref, samples, through)
        } while (next < accountsFound.length && performance.now() < untilMs)
      })
      await setImmediate()
      if (signal.aborted || !parts.isOpen()) return false
    }
    return true
  }

  const compact = async (nowMs: number, signal: AbortSignal): Promise<boolean> => {
    pass ??= startPass(nowMs)
    if (pass === null) return false
    if (pass.nextRef <= accounts.largestRef) {
      if (await foldSlice(pass.throughSeq, pass.nextRef, signal)) pass.nextRef += SLICE_ACCOUNTS
      return true
    }
    if (changes(dropJournal.run(pass.throughSeq, ROWS_PER_DROP)) === 0) {
      pass = null
      db.exec('PRAGMA wal_checkpoint(PASSIVE)')
    }
    return true
  }

  const expire = (nowMs: number, retention: RetentionPolicy): boolean => {
    // Whole days go, so that each day is kept either as hours or as sums.
    const historyCutMs = Math.floor((nowMs - retention.historyMs) / DAY_MS) * DAY_MS
    if (historyCutMs > parts.expiredBeforeMs()) parts.setExpiredBeforeMs(historyCutMs)
    if (changes(dropHours.run((historyCutMs / HOUR_MS) * REFS, EXPIRE_ROWS)) > 0) return true
    const summaryCutMs = nowMs - retention.summaryMs
    if (changes(dropIncidents.run(summaryCutMs, summaryCutMs, EXPIRE_ROWS)) > 0) return true
    if (changes(dropRecoveries.run(summaryCutMs, EXPIRE_ROWS)) > 0) return true
    if (changes(dropTransitions.run(summaryCutMs, EXPIRE_ROWS)) > 0) return true
    for (const drop of dropLater) if (changes(drop.run(summaryCutMs, EXPIRE_ROWS)) > 0) return true
    return sweepDays(Math.floor(summaryCutMs / DAY_MS))
  }

  const sweepDays = (cutDay: number): boolean => {
    if (cutDay <= 0 || (sweep.day === cutDay && sweep.nextRef > accounts.largestRef)) return false
    if (sweep.day !== cutDay) sweep = { day: cutDay, nextRef: 1 }
    const endRef = Math.min(sweep.nextRef + SWEEP_ACCOUNTS, accounts.largestRef + 1)
    inTransaction(() => {
      for (let ref = sweep.nextRef; ref < endRef; ref++) dropDays.run(ref * DAYS, ref * DAYS + cutDay)
    })
    sweep.nextRef = endRef
    return endRef <= accounts.largestRef
  }

  const shrink = (): boolean => {
    const free = num(freePages.get() ?? {}, 'freelist_count')
    if (free < VACUUM_WORTHWHILE_PAGES || free * 4 < num(allPages.get() ?? {}, 'page_count')) return false
    db.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`)
    return true
  }

  return {
    async slice(nowMs, retention, signal) {
      if (signal.aborted) return false
      return (await compact(nowMs, signal)) || (parts.isOpen() && (expire(nowMs, retention) || shrink()))
    },
  }
}

const ROWS_PER_DROP = 32

function changes(result: { readonly changes: number | bigint }): number {
  return Number(result.changes)
}
