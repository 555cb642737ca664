import type { AccountKey } from '../accounts/account.ts'
import type { Incident, Transition } from '../health/health.ts'
import type { RecoveryAttempt } from '../health/recovery.ts'
import { readAccount, readHealth, writeAccount, writeHealth } from './ledger.ts'
import type { AccountRefs } from './mongo-accounts.ts'
import { writeAll } from './mongo-bulk.ts'
import { conditions, page, within } from './mongo-page.ts'
import type { Collections, IncidentDoc, RecoveryDoc, TransitionDoc } from './mongo-schema.ts'
import type { Batch, IncidentFilter, Paged, RecoveryFilter, TransitionFilter } from './store.ts'
import { readRow, StoredIncident, StoredRecovery, StoredTransition } from './stored-rows.ts'

/** Rows of one part of a batch's events: no part comes near the 16 MiB that a document may have. */
const ROWS_PER_PART = 1000

/** A ledger as JSON, so that it is packed once for the redo row and for the account. */
interface PackedLedger {
  readonly key: AccountKey
  readonly account: string
  readonly health: string
}

/** What a batch holds besides samples. */
export interface BatchEvents {
  readonly transitions: readonly Transition[]
  readonly incidents: readonly Incident[]
  readonly recoveries: readonly RecoveryAttempt[]
  readonly ledgers: readonly PackedLedger[]
  readonly removed: readonly AccountKey[]
}

/** The events of a batch in parts, none where nothing happened. */
export function eventParts(batch: Batch): readonly BatchEvents[] {
  const { transitions, incidents, recoveries, removed } = batch
  const ledgers = batch.ledgers.map(({ account, health }) => ({
    key: account.key,
    account: writeAccount(account),
    health: writeHealth(health),
  }))
  const parts: BatchEvents[] = []
  const longest = Math.max(...[transitions, incidents, recoveries, ledgers, removed].map(({ length }) => length))
  for (let start = 0; start < longest; start += ROWS_PER_PART) {
    const end = start + ROWS_PER_PART
    parts.push({
      transitions: transitions.slice(start, end),
      incidents: incidents.slice(start, end),
      recoveries: recoveries.slice(start, end),
      ledgers: ledgers.slice(start, end),
      removed: removed.slice(start, end),
    })
  }
  return parts
}

export function writeEvents(events: BatchEvents): string {
  return JSON.stringify(events)
}

/** The text was written by writeEvents of this or an earlier version, and checked by its shard's commit. */
export function readEvents(text: string): BatchEvents {
  return JSON.parse(text) as BatchEvents
}

/** The rows that are written when something happens, not with each check. */
export interface EventRows {
  /** Brings the events of batch `seq` of `shard` into their collections. Doing so again, or late, changes nothing. */
  apply(events: BatchEvents, shard: number, seq: number): Promise<void>
  incident(id: string): Promise<Incident | null>
  incidents(filter: IncidentFilter): Promise<Paged<Incident>>
  recoveries(filter: RecoveryFilter): Promise<Paged<RecoveryAttempt>>
  pendingRecoveries(): Promise<readonly RecoveryAttempt[]>
  /** Request times of one account's real attempts, dry runs left out. */
  attemptTimes(key: AccountKey, fromMs: number, toMs: number): Promise<readonly number[]>
  transitions(filter: TransitionFilter): Promise<Paged<Transition>>
}

export function eventRows(
  { accounts, incidents, recoveries, transitions }: Collections,
  refs: Pick<AccountRefs, 'refsOf'>,
): EventRows {
  return {
    async apply(events, shard, seq) {
      // A holder that was paused may come back with old versions: only older rows, or another shard's, are replaced.
      const older = { $or: [{ shard: { $ne: shard } }, { seq: { $lte: seq } }] }
      const refOf = await refs.refsOf([...events.ledgers.map(({ key }) => key), ...events.removed])
      // Removals come first: an account that went and came back in one batch is back.
      const ledgers = [
        ...events.removed.map((key) => ({ key, set: { health: null, shard, seq } })),
        ...events.ledgers.map(({ key, account, health }) => ({ key, set: { account, health, shard, seq } })),
      ]
      await Promise.all([
        writeAll(
          incidents,
          events.incidents.map(({ id, ...rest }) => ({
            replaceOne: { filter: { _id: id, ...older }, replacement: { ...rest, shard, seq }, upsert: true },
          })),
        ),
        writeAll(
          recoveries,
          events.recoveries.map(({ id, ...rest }) => ({
            replaceOne: { filter: { _id: id, ...older }, replacement: { ...rest, shard, seq }, upsert: true },
          })),
        ),
        writeAll(
          transitions,
          events.transitions.map((transition) => ({
            updateOne: {
              filter: { _id: transitionId(transition) },
              update: { $setOnInsert: transition },
              upsert: true,
            },
          })),
        ),
        writeAll(
          accounts,
          lastOfEach(ledgers).flatMap(({ key, set }) => {
            const ref = refOf.get(key)
            return ref === undefined ? [] : [{ updateOne: { filter: { _id: ref, ...older }, update: { $set: set } } }]
          }),
        ),
      ])
    },
    async incident(id) {
      const found = await incidents.findOne({ _id: id })
      return found === null ? null : incidentOf(found)
    },
    incidents(filter) {
      const { range, open } = filter
      const where = conditions(
        filter,
        // A range is touched by what begins before its end and does not end before its start.
        range !== undefined && {
          startMs: { $lt: range.toMs },
          $or: [{ endMs: null }, { endMs: { $gt: range.fromMs } }, { startMs: { $gte: range.fromMs } }],
        },
        open !== undefined && { endMs: open ? null : { $ne: null } },
      )
      return page(incidents, where, 'startMs', filter, incidentOf)
    },
    recoveries(filter) {
      const { range, incidentId } = filter
      const where = conditions(filter, within('requestedMs', range), incidentId !== undefined && { incidentId })
      return page(recoveries, where, 'requestedMs', filter, recoveryOf)
    },
    async pendingRecoveries() {
      const found = await recoveries.find({ outcome: 'pending' }).sort({ requestedMs: 1, _id: 1 }).toArray()
      return found.map(recoveryOf)
    },
    async attemptTimes(key, fromMs, toMs) {
      const found = await recoveries
        .find({ key, requestedMs: { $gte: fromMs, $lt: toMs }, outcome: { $ne: 'dry_run' } })
        .project<{ requestedMs: number }>({ requestedMs: 1 })
        .toArray()
      return found.map(({ requestedMs }) => requestedMs)
    },
    transitions: (filter) =>
      page(
        transitions,
        [{ key: filter.key }, within('atMs', filter.range)].filter((one) => one !== false),
        'atMs',
        filter,
        transitionOf,
      ),
  }
}

function transitionId({ key, atMs }: Transition): string {
  return `${key} ${atMs}`
}

/** The account and health of an account's row; null where it is not watched. */
export function ledgerOf({ account, health }: { readonly account: string | null; readonly health: string | null }) {
  return account === null || health === null ? null : { account: readAccount(account), health: readHealth(health) }
}

function lastOfEach<T extends { readonly key: AccountKey }>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [item.key, item])).values()]
}

function incidentOf({ _id, ...rest }: IncidentDoc): Incident {
  return readRow(StoredIncident, `Incident ${_id}`, { ...rest, id: _id })
}

function recoveryOf({ _id, ...rest }: RecoveryDoc): RecoveryAttempt {
  return readRow(StoredRecovery, `Recovery attempt ${_id}`, { ...rest, id: _id })
}

function transitionOf(doc: TransitionDoc): Transition {
  return readRow(StoredTransition, `Transition ${doc._id}`, doc)
}
