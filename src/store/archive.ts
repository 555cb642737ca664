import { isDeepStrictEqual } from 'node:util'
import type { Account, AccountKey } from '../accounts/account.ts'
import type { Incident, Transition } from '../health/health.ts'
import type { RecoveryAttempt } from '../health/recovery.ts'
import type { Delivery, KnownSchedule } from './deliveries.ts'
import type { Sums } from './history-sums.ts'
import { readHealth, writeHealth } from './ledger.ts'
import {
  type Batch,
  type MaintenanceRecord,
  type Notification,
  type Page,
  type Paged,
  type ReportSubscription,
  type Store,
  StoreError,
  type TextMessage,
} from './store.ts'

/** Sums of one account over an hour, with its packed checks (packSeries), or over a UTC day. */
export interface SummaryRow {
  readonly key: AccountKey
  readonly fromMs: number
  readonly sums: Sums
  /** Of an hour; null of a day. */
  readonly samples: Uint8Array | null
}

/** What a store can say and take besides what Store does, so that its whole content can move to another one. */
export interface Archive {
  /** Every account ever seen, by key; its description is null where none was ever told. */
  accounts(): Promise<readonly { readonly key: AccountKey; readonly account: Account | null }[]>
  /** Hours and then days of one account, each oldest first. Complete once nothing waits to be folded. */
  summaries(key: AccountKey): Promise<readonly SummaryRow[]>
  expiredBeforeMs(): Promise<number>
  describe(accounts: readonly Account[]): Promise<void>
  putSummaries(rows: readonly SummaryRow[]): Promise<void>
  setExpiredBeforeMs(beforeMs: number): Promise<void>
}

/** A store whose whole content can move. */
export interface ArchivableStore extends Store {
  readonly archive: Archive
}

/** One row of an archive. The order of kinds is the order in which they are written and read. */
export type ArchiveRow =
  | { readonly kind: 'expired'; readonly beforeMs: number }
  | {
      readonly kind: 'account'
      readonly key: AccountKey
      readonly account: Account | null
      /** As writeHealth gives it; null of an account that is not watched. */
      readonly health: string | null
    }
  | { readonly kind: 'summary'; readonly row: Omit<SummaryRow, 'samples'> & { readonly samples: string | null } }
  | { readonly kind: 'transition'; readonly row: Transition }
  | { readonly kind: 'incident'; readonly row: Incident }
  | { readonly kind: 'recovery'; readonly row: RecoveryAttempt }
  | { readonly kind: 'notification'; readonly row: Notification }
  | { readonly kind: 'text_message'; readonly row: TextMessage }
  | { readonly kind: 'maintenance'; readonly row: MaintenanceRecord }
  | { readonly kind: 'subscription'; readonly row: ReportSubscription }
  | { readonly kind: 'report_schedule'; readonly row: KnownSchedule }
  | { readonly kind: 'report_delivery'; readonly row: Delivery }

const PAGE = 1000
const ROWS_PER_WRITE = 500
const HOUR_MS = 3_600_000
const FOR_EVER = { historyMs: 8.64e15, summaryMs: 8.64e15 }

/** Folds all checks into hours, so that summaries are complete. Drops nothing. */
export async function foldAll(store: Store, nowMs: number, signal: AbortSignal): Promise<void> {
  while (await store.maintain(nowMs + HOUR_MS, FOR_EVER, signal)) signal.throwIfAborted()
}

/** Everything that a store holds, in an order that depends on the content alone. Call foldAll first. */
export async function* archiveRows(store: ArchivableStore): AsyncIterable<ArchiveRow> {
  const { archive } = store
  yield { kind: 'expired', beforeMs: await archive.expiredBeforeMs() }
  const health = new Map((await store.load()).ledgers.map((ledger) => [ledger.account.key, ledger.health]))
  const accounts = [...(await archive.accounts())].sort((a, b) => (a.key < b.key ? -1 : 1))
  for (const { key, account } of accounts) {
    const known = health.get(key)
    yield { kind: 'account', key, account, health: known === undefined ? null : writeHealth(known) }
  }
  for (const { key } of accounts) {
    for (const { samples, ...row } of await archive.summaries(key)) {
      const packed = samples === null ? null : Buffer.from(samples).toString('base64')
      yield { kind: 'summary', row: { ...row, samples: packed } }
    }
    for await (const row of pages((page) => store.transitions({ ...page, key }))) yield { kind: 'transition', row }
  }
  for await (const row of pages((page) => store.incidents(page))) yield { kind: 'incident', row }
  for await (const row of pages((page) => store.recoveries(page))) yield { kind: 'recovery', row }
  for await (const row of pages((page) => store.notifications(page))) yield { kind: 'notification', row }
  for await (const row of pages((page) => store.textMessages(page))) yield { kind: 'text_message', row }
  for (const row of await store.maintenance()) yield { kind: 'maintenance', row }
  for (const row of await store.subscriptions()) yield { kind: 'subscription', row }
  const { schedules, deliveries } = await store.deliveries.content()
  for (const row of schedules) yield { kind: 'report_schedule', row }
  for (const row of deliveries) yield { kind: 'report_delivery', row }
}

async function* pages<T>(read: (page: Page) => Promise<Paged<T>>): AsyncIterable<T> {
  let cursor: string | undefined
  do {
    const { items, nextCursor } = await read(cursor === undefined ? { limit: PAGE } : { limit: PAGE, cursor })
    yield* items
    cursor = nextCursor
  } while (cursor !== undefined)
}

/**
 * Fills an empty store. Returns how many rows it took.
 * @throws StoreError `failed` where the store is not empty: two histories are never mixed
 */
export async function fillFrom(store: ArchivableStore, rows: AsyncIterable<ArchiveRow>): Promise<number> {
  const { nextSeq, ledgers } = await store.load()
  if (nextSeq !== 1 || ledgers.length > 0 || (await store.archive.accounts()).length > 0) {
    throw new StoreError(
      'failed',
      'The store to fill is not empty, and two histories are never mixed. Name another store.path or store.database.',
    )
  }
  let seq = 0
  let count = 0
  let waiting: ArchiveRow[] = []
  const flush = async () => {
    if (waiting.length > 0) seq = await put(store, waiting, seq)
    waiting = []
  }
  for await (const row of rows) {
    count++
    waiting.push(row)
    if (waiting.length >= ROWS_PER_WRITE) await flush()
  }
  await flush()
  return count
}

async function put(store: ArchivableStore, rows: readonly ArchiveRow[], lastSeq: number): Promise<number> {
  const described: Account[] = []
  const summaries: SummaryRow[] = []
  const notifications: Notification[] = []
  const ledgers: Batch['ledgers'][number][] = []
  const transitions: Transition[] = []
  const incidents: Incident[] = []
  const recoveries: RecoveryAttempt[] = []
  const schedules: KnownSchedule[] = []
  const deliveries: Delivery[] = []
  for (const item of rows) {
    if (item.kind === 'expired') await store.archive.setExpiredBeforeMs(item.beforeMs)
    else if (item.kind === 'account') {
      const { account, health } = item
      if (account !== null && health !== null) ledgers.push({ account, health: readHealth(health) })
      else if (account !== null) described.push(account)
    } else if (item.kind === 'summary') {
      const { samples, ...row } = item.row
      summaries.push({ ...row, samples: samples === null ? null : new Uint8Array(Buffer.from(samples, 'base64')) })
    } else if (item.kind === 'transition') transitions.push(item.row)
    else if (item.kind === 'incident') incidents.push(item.row)
    else if (item.kind === 'recovery') recoveries.push(item.row)
    else if (item.kind === 'notification') notifications.push(item.row)
    else if (item.kind === 'text_message') await store.putTextMessage(item.row)
    else if (item.kind === 'maintenance') await store.putMaintenance(item.row)
    else if (item.kind === 'subscription') await store.putSubscription(item.row)
    else if (item.kind === 'report_schedule') schedules.push(item.row)
    else deliveries.push(item.row)
  }
  if (described.length > 0) await store.archive.describe(described)
  if (summaries.length > 0) await store.archive.putSummaries(summaries)
  if (notifications.length > 0) await store.recordNotifications(notifications)
  if (schedules.length + deliveries.length > 0) await store.deliveries.adopt({ schedules, deliveries })
  if (ledgers.length + transitions.length + incidents.length + recoveries.length === 0) return lastSeq
  const seq = lastSeq + 1
  await store.write({ seq, atMs: 0, samples: [], transitions, incidents, recoveries, ledgers, removed: [] })
  return seq
}

/** What was found in the first row in which two archives differ; null where they are the same, row for row. */
export async function firstDifference(
  wanted: AsyncIterable<ArchiveRow>,
  found: AsyncIterable<ArchiveRow>,
): Promise<string | null> {
  const [left, right] = [wanted[Symbol.asyncIterator](), found[Symbol.asyncIterator]()]
  for (let count = 1; ; count++) {
    const [a, b] = await Promise.all([left.next(), right.next()])
    if (a.done === true && b.done === true) return null
    if (a.done !== true && b.done !== true && isSame(a.value, b.value)) continue
    const shown = (item: IteratorResult<ArchiveRow>) => (item.done === true ? 'no row' : nameOf(item.value))
    return `Row ${count}: ${shown(a)} was to be there, ${shown(b)} is.`
  }
}

function isSame(a: ArchiveRow, b: ArchiveRow): boolean {
  if (a.kind !== 'account' || b.kind !== 'account') return isDeepStrictEqual(a, b)
  const read = (text: string | null) => (text === null ? null : readHealth(text))
  return isDeepStrictEqual({ ...a, health: read(a.health) }, { ...b, health: read(b.health) })
}

function nameOf(item: ArchiveRow): string {
  if (item.kind === 'expired') return `the mark of expiry ${item.beforeMs}`
  if (item.kind === 'account') return `account ${item.key}`
  if (item.kind === 'summary') return `the summary of ${item.row.key} from ${new Date(item.row.fromMs).toISOString()}`
  if (item.kind === 'transition') return `a transition of ${item.row.key} at ${new Date(item.row.atMs).toISOString()}`
  if (item.kind === 'report_schedule') return `report schedule ${item.row.name}`
  if (item.kind === 'report_delivery') return `the delivery of ${item.row.schedule} for ${item.row.period}`
  return `${item.kind.replaceAll('_', ' ')} ${item.row.id}`
}
