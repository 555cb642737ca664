import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { AccountKey } from '../accounts/account.ts'
import { REASONS, STATES, STATUSES } from '../accounts/vocabulary.ts'
import type { Incident, Transition } from '../health/health.ts'
import type { RecoveryAttempt, RecoveryOutcome } from '../health/recovery.ts'
import { readCursor, writeCursor } from './cursor.ts'
import { conditions, page, pageLimit, upsert } from './sqlite-page.ts'
import { maybeNum, maybeText, num, type Row, text, word } from './sqlite-row.ts'
import type { IncidentFilter, Paged, RecoveryFilter, TransitionFilter } from './store.ts'

const INCIDENT_COLUMNS = [
  'id',
  'key',
  'account',
  'gateway',
  'start_ms',
  'detected_ms',
  'end_ms',
  'cause',
  'state',
  'downtime_ms',
  'attempts',
  'resolution',
]
const RECOVERY_COLUMNS = [
  'id',
  'key',
  'account',
  'gateway',
  'incident_id',
  'attempt',
  'by',
  'reason',
  'requested_ms',
  'accepted_ms',
  'end_ms',
  'outcome',
  'detail',
]
const RESOLUTIONS = ['recovered', 'repaired', 'removed'] as const
const OUTCOMES: readonly RecoveryOutcome[] = [
  'pending',
  'verified',
  'failed',
  'rejected',
  'needs_human',
  'dry_run',
  'interrupted',
]

/** The rows that are written when something happens, not with each check. */
export interface EventRows {
  putIncident(incident: Incident): void
  putRecovery(attempt: RecoveryAttempt): void
  putTransition(ref: number, transition: Transition): void
  incident(id: string): Incident | null
  incidents(filter: IncidentFilter): Paged<Incident>
  recoveries(filter: RecoveryFilter): Paged<RecoveryAttempt>
  pendingRecoveries(): readonly RecoveryAttempt[]
  /** Request times of one account's real attempts, dry runs left out. */
  attemptTimes(key: AccountKey, fromMs: number, toMs: number): readonly number[]
  transitions(ref: number, filter: TransitionFilter): Paged<Transition>
}

export function eventRows(db: DatabaseSync): EventRows {
  const upsertIncident = db.prepare(upsert('incidents', INCIDENT_COLUMNS))
  const upsertRecovery = db.prepare(upsert('recoveries', RECOVERY_COLUMNS))
  const insertTransition = db.prepare('INSERT OR IGNORE INTO transitions VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  const oneIncident = db.prepare('SELECT * FROM incidents WHERE id = ?')
  const pending = db.prepare("SELECT * FROM recoveries WHERE outcome = 'pending' ORDER BY requested_ms, id")
  const attempts = db.prepare(
    "SELECT requested_ms FROM recoveries WHERE key = ? AND requested_ms >= ? AND requested_ms < ? AND outcome <> 'dry_run'",
  )

  return {
    putIncident(incident) {
      const { id, key, account, gateway, startMs, detectedMs, endMs, cause, state, downtimeMs, attempts } = incident
      upsertIncident.run(
        id,
        key,
        account,
        gateway,
        startMs,
        detectedMs,
        endMs,
        cause,
        state,
        downtimeMs,
        attempts,
        incident.resolution,
      )
    },
    putRecovery(attempt) {
      const { id, key, account, gateway, incidentId, by, reason, requestedMs, acceptedMs, endMs, outcome } = attempt
      upsertRecovery.run(
        id,
        key,
        account,
        gateway,
        incidentId,
        attempt.attempt,
        by,
        reason,
        requestedMs,
        acceptedMs,
        endMs,
        outcome,
        attempt.detail,
      )
    },
    putTransition(ref, { atMs, fromState, toState, fromStatus, toStatus, reason, native }) {
      insertTransition.run(ref, atMs, fromState, toState, fromStatus, toStatus, reason, native)
    },
    incident(id) {
      const row = oneIncident.get(id)
      return row === undefined ? null : incidentOf(row)
    },
    incidents(filter) {
      const where = conditions(filter, 'start_ms')
      const { range } = filter
      // A range is touched by what begins before its end and does not end before its start.
      if (range !== undefined) {
        where.add('start_ms < ?', range.toMs)
        where.add('(end_ms IS NULL OR end_ms > ? OR start_ms >= ?)', range.fromMs, range.fromMs)
      }
      if (filter.open !== undefined) where.add(filter.open ? 'end_ms IS NULL' : 'end_ms IS NOT NULL')
      return page(db, 'incidents', where, 'start_ms', filter, incidentOf)
    },
    recoveries(filter) {
      const where = conditions(filter, 'requested_ms')
      if (filter.range !== undefined) {
        where.add('requested_ms >= ? AND requested_ms < ?', filter.range.fromMs, filter.range.toMs)
      }
      if (filter.incidentId !== undefined) where.add('incident_id = ?', filter.incidentId)
      return page(db, 'recoveries', where, 'requested_ms', filter, recoveryOf)
    },
    pendingRecoveries: () => pending.all().map(recoveryOf),
    attemptTimes: (key, fromMs, toMs) => attempts.all(key, fromMs, toMs).map((row) => num(row, 'requested_ms')),
    transitions(ref, filter) {
      const clauses = ['ref = ?']
      const values: SQLInputValue[] = [ref]
      if (filter.range !== undefined) {
        clauses.push('at_ms >= ? AND at_ms < ?')
        values.push(filter.range.fromMs, filter.range.toMs)
      }
      if (filter.cursor !== undefined) {
        clauses.push('at_ms < ?')
        values.push(readCursor(filter.cursor).atMs)
      }
      const limit = pageLimit(filter)
      const rows = db
        .prepare(`SELECT * FROM transitions WHERE ${clauses.join(' AND ')} ORDER BY at_ms DESC LIMIT ?`)
        .all(...values, limit + 1)
      const items = rows.slice(0, limit).map((row) => transitionOf(row, filter.key))
      const last = items.at(-1)
      return rows.length > limit && last !== undefined
        ? { items, nextCursor: writeCursor({ atMs: last.atMs, id: '-' }) }
        : { items }
    },
  }
}

function incidentOf(row: Row): Incident {
  return {
    id: text(row, 'id'),
    key: text(row, 'key'),
    account: text(row, 'account'),
    gateway: text(row, 'gateway'),
    startMs: num(row, 'start_ms'),
    detectedMs: num(row, 'detected_ms'),
    endMs: maybeNum(row, 'end_ms'),
    cause: word(row, 'cause', REASONS, 'other'),
    state: word(row, 'state', STATES, 'unknown'),
    downtimeMs: num(row, 'downtime_ms'),
    attempts: num(row, 'attempts'),
    resolution: row['resolution'] === null ? null : word(row, 'resolution', RESOLUTIONS, 'recovered'),
  }
}

function recoveryOf(row: Row): RecoveryAttempt {
  return {
    id: text(row, 'id'),
    key: text(row, 'key'),
    account: text(row, 'account'),
    gateway: text(row, 'gateway'),
    incidentId: maybeText(row, 'incident_id'),
    attempt: num(row, 'attempt'),
    by: text(row, 'by'),
    reason: row['reason'] === null ? null : word(row, 'reason', REASONS, 'other'),
    requestedMs: num(row, 'requested_ms'),
    acceptedMs: maybeNum(row, 'accepted_ms'),
    endMs: maybeNum(row, 'end_ms'),
    outcome: word(row, 'outcome', OUTCOMES, 'interrupted'),
    detail: text(row, 'detail'),
  }
}

function transitionOf(row: Row, key: AccountKey): Transition {
  return {
    key,
    atMs: num(row, 'at_ms'),
    fromState: word(row, 'from_state', STATES, 'unknown'),
    toState: word(row, 'to_state', STATES, 'unknown'),
    fromStatus: word(row, 'from_status', STATUSES, 'unknown'),
    toStatus: word(row, 'to_status', STATUSES, 'unknown'),
    reason: row['reason'] === null ? null : word(row, 'reason', REASONS, 'other'),
    native: text(row, 'native'),
  }
}
