import type { Log } from '../log.ts'
import { type Store, StoreError } from './store.ts'

/** A store that may be away, also from the start. */
export interface ReopeningStore extends Store {
  /** Grows with each opening; null while the store is not open. Whoever writes must call `load` after it changed. */
  readonly generation: number | null
}

export interface ReopeningParts {
  readonly kind: Store['kind']
  /** Opens the store. `damaged`: the one before was found to be damaged, and must be put aside. */
  readonly open: (damaged: boolean) => Promise<Store>
  /** After these failures the store is closed, and `load` opens it again. */
  readonly reopenAfter: ReadonlySet<StoreError['code']>
  readonly log: Log
}

/**
 * Keeps the rest of the exporter apart from a store that cannot be opened, breaks, or is replaced: until `load` has
 * opened it (again), every other method rejects with code `unavailable`. It starts no timer; StoreWriter calls `load`.
 */
export function reopeningStore({ kind, open, reopenAfter, log }: ReopeningParts): ReopeningStore {
  let inner: Store | null = null
  let openings = 0
  let damaged = false
  let closed = false

  const giveUp = async (store: Store, error: StoreError) => {
    if (inner !== store) return
    inner = null
    damaged = error.code === 'corrupt'
    log.error({ kind, code: error.code, error: error.message }, 'The store is closed and will be opened again.')
    await store.close().catch((reason) => log.warn({ kind, error: String(reason) }, 'The store did not close cleanly.'))
  }
  const use = async <T>(work: (store: Store) => Promise<T>): Promise<T> => {
    if (closed) throw new StoreError('closed', 'The store is closed.')
    if (inner === null)
      throw new StoreError('unavailable', 'The store is not open; the exporter keeps trying to open it.')
    const store = inner
    try {
      return await work(store)
    } catch (error) {
      if (error instanceof StoreError && reopenAfter.has(error.code)) await giveUp(store, error)
      throw error
    }
  }

  return {
    kind,
    get generation() {
      return inner === null ? null : openings
    },
    get isSure() {
      return kind === 'sqlite' || inner?.isSure === true
    },
    async load() {
      if (closed) throw new StoreError('closed', 'The store is closed.')
      if (inner === null) {
        inner = await open(damaged)
        damaged = false
        openings++
      }
      return use((store) => store.load())
    },
    write: (batch) => use((store) => store.write(batch)),
    incidents: (filter) => use((store) => store.incidents(filter)),
    incident: (id) => use((store) => store.incident(id)),
    recoveries: (filter) => use((store) => store.recoveries(filter)),
    transitions: (filter) => use((store) => store.transitions(filter)),
    history: (key, range, stepMs) => use((store) => store.history(key, range, stepMs)),
    samples: (key, range) => use((store) => store.samples(key, range)),
    recordNotifications: (told) => use((store) => store.recordNotifications(told)),
    notifications: (filter) => use((store) => store.notifications(filter)),
    putTextMessage: (message) => use((store) => store.putTextMessage(message)),
    textMessage: (id) => use((store) => store.textMessage(id)),
    textMessages: (filter) => use((store) => store.textMessages(filter)),
    putMaintenance: (record) => use((store) => store.putMaintenance(record)),
    maintenance: () => use((store) => store.maintenance()),
    putSubscription: (subscription) => use((store) => store.putSubscription(subscription)),
    subscriptions: () => use((store) => store.subscriptions()),
    deliveries: {
      since: (schedule, nowMs) => use(({ deliveries }) => deliveries.since(schedule, nowMs)),
      enlist: (report, recipients, nowMs) => use(({ deliveries }) => deliveries.enlist(report, recipients, nowMs)),
      claim: (key, nowMs, leaseMs) => use(({ deliveries }) => deliveries.claim(key, nowMs, leaseMs)),
      mark: (key, attempt, nowMs, progress) => use(({ deliveries }) => deliveries.mark(key, attempt, nowMs, progress)),
      renew: (key, attempt, leaseUntilMs) => use(({ deliveries }) => deliveries.renew(key, attempt, leaseUntilMs)),
      tellLate: (key) => use(({ deliveries }) => deliveries.tellLate(key)),
      get: (key) => use(({ deliveries }) => deliveries.get(key)),
      latest: (reports) => use(({ deliveries }) => deliveries.latest(reports)),
      unfinished: () => use(({ deliveries }) => deliveries.unfinished()),
      forget: (beforeMs) => use(({ deliveries }) => deliveries.forget(beforeMs)),
      content: () => use(({ deliveries }) => deliveries.content()),
      adopt: (content) => use(({ deliveries }) => deliveries.adopt(content)),
    },
    maintain: (nowMs, retention, signal) => use((store) => store.maintain(nowMs, retention, signal)),
    ledgersOf: (shard) => use(async (store) => (await store.ledgersOf?.(shard)) ?? []),
    async close() {
      closed = true
      const store = inner
      inner = null
      await store?.close()
    },
  }
}
