import { type Connection, type mongo, Schema } from 'mongoose'
import type { AccountKey } from '../accounts/account.ts'
import type { Incident, Transition } from '../health/health.ts'
import type { RecoveryAttempt } from '../health/recovery.ts'
import type { Delivery } from './deliveries.ts'
import type { Sums } from './history-sums.ts'
import { type Notification, StoreError, type TextMessage } from './store.ts'

export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000

/** Where one exporter's part of the fleet stands; the one row that makes a batch count. */
export interface ShardDoc {
  /** The ordinal. */
  readonly _id: number
  readonly total: number
  /** Who holds the lease; null after an end in order. */
  readonly holder: string | null
  /** Where the holder runs, for people. */
  readonly host: string
  readonly leaseMs: number
  /** Grows with each change of the holder: the fence. */
  readonly epoch: number
  /** Grows while the holder lives. */
  readonly beat: number
  /** Which epoch wrote the batches after `afterSeq`; newest last. */
  readonly epochs: readonly { readonly epoch: number; readonly afterSeq: number }[]
  /** The last batch that counts. */
  readonly lastSeq: number
  /** The last batch whose events are known to be in their collections. */
  readonly appliedSeq: number
}

/** An account, its number in packed samples, and its ledger as of batch `seq` of `shard`. */
export interface AccountDoc {
  readonly _id: number
  readonly key: AccountKey
  /** JSON. */
  readonly account: string | null
  /** JSON; null of an account that is not watched. */
  readonly health: string | null
  readonly shard: number
  readonly seq: number
}

interface BatchPart {
  readonly shard: number
  readonly seq: number
  readonly epoch: number
  readonly part: number
}

/** Samples of one batch and some accounts, until they are folded into hours. */
export interface JournalDoc extends BatchPart {
  readonly atMs: number
  readonly fromMs: number
  readonly toMs: number
  readonly fromRef: number
  readonly toRef: number
  readonly samples: mongo.Binary
}

/** Events of one batch, kept until they are in their collections: a batch that counts is never half there for good. */
export interface RedoDoc extends BatchPart {
  /** JSON. */
  readonly events: string
}

/** The last batch of each shard that is folded in, by `s<ordinal>`. */
export type Through = Readonly<Record<string, number>>

/** Sums of one account over one hour or one UTC day; of an hour also the packed checks themselves. */
export interface SummaryDoc {
  readonly account: AccountKey
  /** When the hour or day begins. */
  readonly timestamp: Date
  readonly through: Through
  readonly sums: Sums
  readonly samples?: mongo.Binary
  /** Grows with each change, so that two who fold never overwrite each other. */
  readonly version: number
}

/** Who wrote a row last, so that an earlier version never takes the place of a later one. */
interface Written {
  readonly shard: number
  readonly seq: number
}

export type IncidentDoc = Omit<Incident, 'id'> & Written & { readonly _id: string }
export type RecoveryDoc = Omit<RecoveryAttempt, 'id'> & Written & { readonly _id: string }
/** `_id` is the account's key, a blank, and the time. */
export type TransitionDoc = Transition & { readonly _id: string }

export type NotificationDoc = Omit<Notification, 'id'> & { readonly _id: string }
export type TextMessageDoc = Omit<TextMessage, 'id'> & { readonly _id: string }
/** `_id` is the record's kind, a blank, and its id. */
export interface MaintenanceDoc {
  readonly _id: string
  readonly atMs: number
  /** From when on nothing of it lies ahead; null where it goes on. */
  readonly overMs: number | null
  /** JSON. */
  readonly record: string
}

/** `_id` is the subscription's id. */
export interface SubscriptionDoc {
  readonly _id: string
  readonly createdMs: number
  /** Null while it goes on. */
  readonly endedMs: number | null
  /** JSON. */
  readonly record: string
}

/** `_id` is the JSON of schedule, period and recipient. */
export type DeliveryDoc = Delivery & {
  readonly _id: string
  /** Of the files: who receives them, until each has a row; else null. */
  readonly recipients: readonly string[] | null
}

/** `_id` is the schedule's name. */
export interface ScheduleDoc {
  readonly _id: string
  readonly sinceMs: number
}

/** Single values: `schema`, `refs` (the last account number), `expired` (the midnight before which only days are left). */
export interface MetaDoc {
  readonly _id: string
  readonly value: number
}

const number = { type: Number, required: true } as const
const text = { type: String, required: true } as const
const sums = {
  checks: number,
  failures: number,
  answered: number,
  durationSumMs: number,
  durationMaxMs: number,
  worst: text,
  observedMs: number,
  downtimeMs: number,
}
const summary = {
  account: text,
  timestamp: { type: Date, required: true },
  through: { type: Map, of: Number },
  sums,
  version: number,
}
const options = { versionKey: false, autoIndex: false, autoCreate: false, strict: false } as const

/** What the collections hold, and the indexes that every question of the store is answered from. */
const SCHEMAS = {
  meta: new Schema({ _id: text, value: number }, options),
  shards: new Schema({ _id: number, holder: String, epoch: number, beat: number, lastSeq: number }, options),
  accounts: new Schema(
    { _id: number, key: text, account: String, health: String, shard: Number, seq: Number },
    options,
  ).index({ key: 1 }, { unique: true }),
  journal: new Schema({ shard: number, seq: number, epoch: number, part: number, samples: Buffer }, options)
    .index({ shard: 1, seq: 1, part: 1 })
    .index({ toMs: 1, fromMs: 1, fromRef: 1, toRef: 1 }),
  redo: new Schema({ shard: number, seq: number, epoch: number, part: number, events: text }, options).index({
    shard: 1,
    seq: 1,
    part: 1,
  }),
  health_history: new Schema({ ...summary, samples: Buffer }, options).index(
    { account: 1, timestamp: 1 },
    { unique: true },
  ),
  daily_summaries: new Schema(summary, options)
    .index({ account: 1, timestamp: 1 }, { unique: true })
    .index({ timestamp: 1 }),
  incidents: new Schema({ _id: text, key: text, gateway: text, startMs: number, endMs: Number }, options)
    .index({ startMs: -1, _id: -1 })
    .index({ key: 1, startMs: -1, _id: -1 })
    .index({ endMs: 1, startMs: -1 }),
  recoveries: new Schema({ _id: text, key: text, gateway: text, requestedMs: number, outcome: text }, options)
    .index({ requestedMs: -1, _id: -1 })
    .index({ key: 1, requestedMs: -1, _id: -1 })
    .index({ incidentId: 1, requestedMs: -1 })
    .index({ outcome: 1, requestedMs: 1 }),
  transitions: new Schema({ _id: text, key: text, atMs: number }, options)
    .index({ key: 1, atMs: -1, _id: -1 })
    .index({ atMs: 1 }),
  notifications: new Schema({ _id: text, receiver: text, alertname: text, status: text, firedMs: number }, options)
    .index({ firedMs: -1, _id: -1 })
    .index({ key: 1, firedMs: -1, _id: -1 }),
  text_messages: new Schema({ _id: text, receiver: text, status: text, atMs: number }, options).index({
    atMs: -1,
    _id: -1,
  }),
  maintenance: new Schema({ _id: text, atMs: number, overMs: Number, record: text }, options).index({ overMs: 1 }),
  subscriptions: new Schema({ _id: text, createdMs: number, endedMs: Number, record: text }, options).index({
    endedMs: 1,
  }),
  report_deliveries: new Schema(
    { _id: text, schedule: text, period: text, recipient: String, state: text, attempts: number, dueMs: number },
    options,
  )
    .index({ schedule: 1, period: 1, recipient: 1 }, { unique: true })
    .index({ recipient: 1, dueMs: -1 })
    .index({ state: 1, dueMs: 1 })
    .index({ dueMs: 1 }),
  report_schedules: new Schema({ _id: text, sinceMs: number }, options),
} as const

const HISTORY_TTL_INDEX = 'history_ttl'

const SCHEMA_VERSION = 1

/** The collections of one database. Rows go through the driver itself: casting thousands of them per cycle buys nothing. */
export interface Collections {
  readonly meta: mongo.Collection<MetaDoc>
  readonly shards: mongo.Collection<ShardDoc>
  readonly accounts: mongo.Collection<AccountDoc>
  readonly journal: mongo.Collection<JournalDoc>
  readonly redo: mongo.Collection<RedoDoc>
  readonly hours: mongo.Collection<SummaryDoc>
  readonly days: mongo.Collection<SummaryDoc>
  readonly incidents: mongo.Collection<IncidentDoc>
  readonly recoveries: mongo.Collection<RecoveryDoc>
  readonly transitions: mongo.Collection<TransitionDoc>
  readonly notifications: mongo.Collection<NotificationDoc>
  readonly textMessages: mongo.Collection<TextMessageDoc>
  readonly maintenance: mongo.Collection<MaintenanceDoc>
  readonly subscriptions: mongo.Collection<SubscriptionDoc>
  readonly deliveries: mongo.Collection<DeliveryDoc>
  readonly schedules: mongo.Collection<ScheduleDoc>
}

export function collectionsOf(db: mongo.Db): Collections {
  return {
    meta: db.collection('meta'),
    shards: db.collection('shards'),
    accounts: db.collection('accounts'),
    journal: db.collection('journal'),
    redo: db.collection('redo'),
    hours: db.collection('health_history'),
    days: db.collection('daily_summaries'),
    incidents: db.collection('incidents'),
    recoveries: db.collection('recoveries'),
    transitions: db.collection('transitions'),
    notifications: db.collection('notifications'),
    textMessages: db.collection('text_messages'),
    maintenance: db.collection('maintenance'),
    subscriptions: db.collection('subscriptions'),
    deliveries: db.collection('report_deliveries'),
    schedules: db.collection('report_schedules'),
  }
}

/**
 * The schema that the database has; 0 where no exporter has written to it.
 * @throws StoreError `newer_schema` where a later version of the exporter wrote it
 */
export async function schemaVersionOf({ meta }: Pick<Collections, 'meta'>, place: string): Promise<number> {
  const found = (await meta.findOne({ _id: 'schema' }))?.value ?? 0
  if (found <= SCHEMA_VERSION) return found
  throw new StoreError(
    'newer_schema',
    `${place} has schema ${found}, and this version of the exporter knows up to ${SCHEMA_VERSION}. ` +
      'Start the newer exporter again, or set store.database to another name.',
  )
}

/**
 * Makes collections and indexes where they are missing; several exporters may do so at once.
 * @param historyTtlMs after which MongoDB itself drops an account-hour
 * @throws StoreError `newer_schema` where a later version of the exporter wrote the database; nothing is changed then
 */
export async function prepareSchema(
  connection: Connection,
  { meta, hours }: Collections,
  place: string,
  historyTtlMs: number,
): Promise<void> {
  await schemaVersionOf({ meta }, place)
  for (const [name, schema] of Object.entries(SCHEMAS)) await connection.model(name, schema, name).createIndexes()
  await prepareTtl(hours, Math.ceil(historyTtlMs / 1000))
  await meta.updateOne({ _id: 'schema' }, { $max: { value: SCHEMA_VERSION } }, { upsert: true })
}

async function prepareTtl(hours: Collections['hours'], expireAfterSeconds: number): Promise<void> {
  const before = (await hours.indexes()).find(({ name }) => name === HISTORY_TTL_INDEX)
  if (before?.['expireAfterSeconds'] === expireAfterSeconds) return
  if (before !== undefined) await hours.dropIndex(HISTORY_TTL_INDEX)
  await hours.createIndex({ timestamp: 1 }, { name: HISTORY_TTL_INDEX, expireAfterSeconds })
}
