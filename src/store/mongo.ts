import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import mongoose, { type Connection } from 'mongoose'
import type { AccountKey } from '../accounts/account.ts'
import type { Log } from '../log.ts'
import type { ArchivableStore } from './archive.ts'
import { writeHealth } from './ledger.ts'
import { accountRefs } from './mongo-accounts.ts'
import { mongoArchive } from './mongo-archive.ts'
import { auditRows } from './mongo-audit.ts'
import { writeAll } from './mongo-bulk.ts'
import { mongoDeliveries } from './mongo-deliveries.ts'
import { placeOf, storeErrorOf, withoutSecret } from './mongo-errors.ts'
import { eventParts, eventRows, ledgerOf, readEvents, writeEvents } from './mongo-events.ts'
import { type CountedOf, historyRows } from './mongo-history.ts'
import { type Claimant, heldShard, type ShardClaim, shardClaim } from './mongo-lease.ts'
import { mongoReads } from './mongo-reads.ts'
import { type AccountDoc, collectionsOf, DAY_MS, prepareSchema, type ShardDoc } from './mongo-schema.ts'
import { upkeep } from './mongo-upkeep.ts'
import { type Replay, replayOf } from './replay.ts'
import { type Batch, type LoadedState, StoreError } from './store.ts'

/** How long the driver looks for a server that takes writes, and how long it waits for one answer. */
const SELECTION_LIMIT_MS = 5_000
const ANSWER_LIMIT_MS = 15_000
const MAJORITY_LIMIT_MS = 5_000
/** Ledgers that are read between two looks at what else there is to do. */
const LEDGERS_PER_TURN = 100

/** Settings of the MongoDB store. */
export interface MongoStoreOptions {
  /** Connection string, with its credentials. */
  readonly uri: string
  readonly database: string
  /** Which part of the fleet this exporter writes for, and how long its silence counts as life. */
  readonly claim: ShardClaim
  /** Whether an account is of this exporter's part of the fleet. @default all are */
  readonly owns?: (key: AccountKey) => boolean
  /** Called once another exporter has taken the part over. */
  readonly displaced?: () => void
  /** How long a server that takes writes is looked for. @default 5 s */
  readonly selectionLimitMs?: number
  /** After which MongoDB itself drops single checks, should no exporter do so. @default 30 days */
  readonly historyMs?: number
}

/** A claim of a part of the fleet by this process. */
export function claimOf({ ordinal, total, leaseMs }: Pick<Claimant, 'ordinal' | 'total' | 'leaseMs'>): ShardClaim {
  return shardClaim({
    ordinal,
    total,
    leaseMs,
    monotonicMs: () => performance.now(),
    id: randomUUID(),
    host: `${hostname()}, process ${process.pid}`,
  })
}

/**
 * The shared store: one database, one row of `shards` per exporter. A batch is written in three steps that need no
 * transaction, so that a single server is enough: its rows, then the shard's row that makes it count, then its events
 * into their collections. What a crash leaves between the last two is done by the next opening.
 * @throws StoreError `locked` while another exporter holds the same part of the fleet, `unavailable` where no server answers
 */
export async function mongoStore(options: MongoStoreOptions, log: Log): Promise<ArchivableStore> {
  const place = placeOf(options.uri, options.database)
  const connection = await connect(options, place)
  try {
    return await storeOn(connection, options, place, log)
  } catch (error) {
    await connection.close(true)
    throw storeErrorOf(error, place)
  }
}

/** The shards that ever wrote to a database. */
export async function shardsOf(place: Pick<MongoStoreOptions, 'uri' | 'database'>): Promise<readonly number[]> {
  const name = placeOf(place.uri, place.database)
  const connection = await connect(place, name)
  try {
    const { shards } = collectionsOf(connection.getClient().db(place.database))
    return (await shards.find({}).sort({ _id: 1 }).toArray()).map(({ _id }) => _id)
  } catch (error) {
    throw storeErrorOf(error, name)
  } finally {
    await connection.close()
  }
}

/** Where a shared store is. */
export type MongoPlace = Pick<MongoStoreOptions, 'uri' | 'database' | 'selectionLimitMs'>

/** Connects as every use of the shared store does. @param place as people may see it */
export async function connect(
  { uri, database, selectionLimitMs = SELECTION_LIMIT_MS }: MongoPlace,
  place: string,
): Promise<Connection> {
  const connection = mongoose.createConnection()
  try {
    return await connection.openUri(uri, {
      dbName: database,
      appName: 'whatsapp-exporter',
      serverSelectionTimeoutMS: selectionLimitMs,
      connectTimeoutMS: SELECTION_LIMIT_MS,
      socketTimeoutMS: ANSWER_LIMIT_MS,
      writeConcern: { w: 'majority', wtimeoutMS: MAJORITY_LIMIT_MS },
      bufferCommands: false,
      autoIndex: false,
      autoCreate: false,
    })
  } catch (error) {
    await connection.close(true).catch(() => {})
    throw withoutSecret(storeErrorOf(error, place), uri)
  }
}

async function storeOn(
  connection: Connection,
  { claim, owns = () => true, displaced = () => {}, historyMs = 30 * DAY_MS, database }: MongoStoreOptions,
  place: string,
  log: Log,
): Promise<ArchivableStore> {
  const collections = collectionsOf(connection.getClient().db(database))
  const { accounts, meta, redo, shards } = collections
  // Whole days are kept, so MongoDB's own deadline lies one day behind ours.
  await prepareSchema(connection, collections, place, historyMs + DAY_MS)
  const held = heldShard(shards, claim, await claim.take(shards), displaced, log)
  const shard = held.ordinal
  const onUnreadable = (what: string, error: unknown) => {
    log.error({ place, what, error: String(error) }, 'A row of the store cannot be read and is left out.')
  }
  const refs = await accountRefs(collections)
  let expiredBeforeMs = (await meta.findOne({ _id: 'expired' }))?.value ?? 0
  const history = historyRows({ collections, refs, expiredBeforeMs: () => expiredBeforeMs, onUnreadable })
  const events = eventRows(collections, refs)
  const audit = auditRows(collections, onUnreadable)
  const alone = oneAtATime()
  const setExpiredBeforeMs = async (beforeMs: number) => {
    if (beforeMs <= expiredBeforeMs) return
    await meta.updateOne({ _id: 'expired' }, { $max: { value: beforeMs } }, { upsert: true })
    expiredBeforeMs = beforeMs
  }
  const keeper = upkeep({
    collections,
    refs,
    history,
    held,
    alone,
    onUnreadable,
    setExpiredBeforeMs,
  })
  let open = true
  /** The end of a write is unknown: before the next one it is looked up, under a new epoch. */
  let isUnsure = false

  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    if (!open) throw new StoreError('closed', `${place} is closed.`)
    try {
      return await work()
    } catch (error) {
      if (!open) throw new StoreError('closed', `${place} is closed.`)
      throw storeErrorOf(error, place)
    }
  }

  /** Brings the events of batches that count into their collections, where a crash or an outage kept them. */
  const applyPending = async () => {
    const { appliedSeq, lastSeq } = held.row
    if (appliedSeq === lastSeq) return
    const rows = redo.find({ shard, seq: { $gt: appliedSeq, $lte: lastSeq } }).sort({ shard: 1, seq: 1, part: 1 })
    for await (const { seq, epoch, events: text } of rows) {
      if (held.counts(seq, epoch)) await events.apply(readEvents(text), shard, seq)
    }
    await held.settle()
  }
  const settle = async () => {
    if (!isUnsure) return
    await held.renew()
    await applyPending()
    isUnsure = false
  }

  const write = async (batch: Batch) => {
    await settle()
    const { seq, atMs } = batch
    if (seq <= held.row.lastSeq) return
    isUnsure = true
    const { epoch } = held.row
    const refOf = await refs.refsOf(batch.samples.map(({ key }) => key))
    const entries = batch.samples.flatMap((sample) => {
      const ref = refOf.get(sample.key)
      return ref === undefined ? [] : [{ ref, sample }]
    })
    const parts = eventParts(batch)
    const rows = parts.map((part, index) => ({ shard, seq, epoch, part: index, events: writeEvents(part) }))
    await Promise.all([
      history.putJournal({ shard, seq, epoch, atMs }, entries),
      // One by one: together they may be more than a message holds.
      ...rows.map((row) => redo.insertOne(row)),
    ])
    await held.commit(seq)
    for (const part of parts) await events.apply(part, shard, seq)
    isUnsure = false
  }

  const load = async (): Promise<LoadedState> => {
    await settle()
    const mine = (
      await accounts
        .find({ health: { $ne: null } })
        .sort({ _id: 1 })
        .toArray()
    ).filter(({ key }) => owns(key))
    const ledgers = new Map<number, LoadedLedger>()
    for (const row of mine) {
      try {
        const ledger = ledgerOf(row)
        if (ledger !== null) ledgers.set(row._id, { row, account: ledger.account, replay: replayOf(ledger.health) })
      } catch (error) {
        onUnreadable(`ledger of ${row.key}`, error)
      }
    }
    await replayJournals(ledgers)
    const loaded = [...ledgers.values()].map(({ row, account, replay }) => ({ row, account, health: replay.health() }))
    await adopt(loaded.filter(({ row }) => row.shard !== shard))
    const pending = await events.pendingRecoveries()
    return {
      nextSeq: held.row.lastSeq + 1,
      ledgers: loaded.map(({ account, health }) => ({ account, health })),
      pendingRecoveries: pending.filter(({ key }) => owns(key)),
    }
  }

  const ledgersOf = async (of: number): Promise<LoadedState['ledgers']> => {
    const found: LoadedState['ledgers'][number][] = []
    for await (const row of accounts.find({ shard: of, health: { $ne: null } })) {
      try {
        const ledger = ledgerOf(row)
        if (ledger !== null) found.push(ledger)
      } catch (error) {
        onUnreadable(`ledger of ${row.key}`, error)
      }
      if (found.length % LEDGERS_PER_TURN === 0) await setImmediate()
    }
    return found
  }

  const replayJournals = async (ledgers: ReadonlyMap<number, LoadedLedger>) => {
    const states = new Map<number, ShardDoc>((await shards.find({}).toArray()).map((row) => [row._id, row]))
    const counted: CountedOf = (of) => (of === shard ? held.row : states.get(of))
    const firstSeq = new Map<number, number>()
    for (const { row } of ledgers.values())
      firstSeq.set(row.shard, Math.min(firstSeq.get(row.shard) ?? row.seq, row.seq))
    for (const [of, afterSeq] of firstSeq) {
      const span = {
        shard: of,
        afterSeq,
        throughSeq: counted(of)?.lastSeq ?? 0,
        refs: { from: 0, to: Number.POSITIVE_INFINITY },
      }
      for await (const { seq, entries } of history.journal(span, counted)) {
        for (const { ref, sample } of entries) {
          const ledger = ledgers.get(ref)
          if (ledger !== undefined && ledger.row.shard === of && seq > ledger.row.seq) ledger.replay.take(sample)
        }
      }
    }
  }

  /** Accounts that another shard wrote, and that are ours since the number of shards changed. */
  const adopt = async (foreign: readonly { row: AccountDoc; health: Parameters<typeof writeHealth>[0] }[]) => {
    const seq = held.row.lastSeq
    await writeAll(
      accounts,
      foreign.map(({ row, health }) => ({
        updateOne: {
          filter: { _id: row._id, shard: row.shard, seq: row.seq },
          update: { $set: { health: writeHealth(health), shard, seq } },
        },
      })),
    )
  }

  try {
    await applyPending()
  } catch (error) {
    await held.release().catch(() => {})
    throw error
  }

  return {
    kind: 'mongodb',
    archive: mongoArchive({ collections, refs, guarded, expiredBeforeMs: () => expiredBeforeMs, setExpiredBeforeMs }),
    get isSure() {
      return open && held.isSure
    },
    load: () => guarded(() => alone(load)),
    write: (batch) => guarded(() => write(batch)),
    ...mongoReads(guarded, { events, history }),
    recordNotifications: (told) => guarded(() => audit.recordNotifications(told)),
    notifications: (filter) => guarded(() => audit.notifications(filter)),
    putTextMessage: (message) => guarded(() => audit.putTextMessage(message)),
    textMessage: (id) => guarded(() => audit.textMessage(id)),
    textMessages: (filter) => guarded(() => audit.textMessages(filter)),
    putMaintenance: (record) => guarded(() => audit.putMaintenance(record)),
    maintenance: () => guarded(() => audit.maintenance()),
    putSubscription: (subscription) => guarded(() => audit.putSubscription(subscription)),
    subscriptions: () => guarded(() => audit.subscriptions()),
    deliveries: mongoDeliveries(collections, guarded),
    maintain: (nowMs, retention, signal) => guarded(() => keeper.slice(nowMs, retention, signal)),
    ledgersOf: (of) => guarded(() => ledgersOf(of)),
    async close() {
      if (!open) return
      open = false
      await held
        .release()
        .catch((error: unknown) =>
          log.warn({ place, error: String(error) }, 'The shard could not be given back in order.'),
        )
      await connection.close()
    },
  }
}

interface LoadedLedger {
  readonly row: AccountDoc
  readonly account: LoadedState['ledgers'][number]['account']
  readonly replay: Replay
}

/** Runs what it is given one after another. */
function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let turn: Promise<unknown> = Promise.resolve()
  return (work) => {
    const mine = turn.then(work)
    turn = mine.catch(() => {})
    return mine
  }
}
