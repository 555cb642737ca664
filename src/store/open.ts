import type { AccountKey } from '../accounts/account.ts'
import type { Log } from '../log.ts'
import type { ShardClaim } from './mongo-lease.ts'
import type { MongoOptions, StoreOptions } from './options.ts'
import { type ReopeningStore, reopeningStore } from './reopening-store.ts'
import { sqliteStore } from './sqlite.ts'
import { moveAside } from './sqlite-file.ts'
import { type Store, StoreError } from './store.ts'

/** Failures of a file after which a fresh opening helps: damage is put aside, a file that went away is made again. */
const REOPEN_AFTER: ReadonlySet<StoreError['code']> = new Set(['corrupt', 'unavailable'])

/** A lease that is lost is asked for again; a server that is away is the driver's to find again. */
const REOPEN_SHARED_AFTER: ReadonlySet<StoreError['code']> = new Set(['locked'])
const LEASE_MS = 15_000

/** Which part of the fleet is this exporter's. Only a shared store knows of others. */
export interface ShardPlace {
  readonly ordinal: number
  readonly total: number
  /** How long the exporter may be silent until another one takes its part over. */
  readonly leaseMs: number
  owns(key: AccountKey): boolean
  /** Another exporter holds the part: this one must not act for it. May be told more than once. */
  displaced(): void
}

const WHOLE_FLEET: ShardPlace = { ordinal: 0, total: 1, leaseMs: LEASE_MS, owns: () => true, displaced() {} }

/**
 * The store of the configuration. It is opened by its first `load`, so that a store that is locked, full or away
 * stops nothing: StoreWriter tries again. A damaged SQLite file is moved to `<path>.corrupt-<time>` and a fresh one begun.
 */
export function openStore(
  options: StoreOptions,
  { log, now, shard = WHOLE_FLEET }: { log: Log; now: () => number; shard?: ShardPlace },
): ReopeningStore {
  if (options.kind === 'mongodb') return openMongo(options, log, shard)
  const { path } = options
  return reopeningStore({
    kind: 'sqlite',
    reopenAfter: REOPEN_AFTER,
    log,
    open: async (damaged) => openSqlite(path, damaged, log, now),
  })
}

function openMongo({ uri, database, retention }: MongoOptions, log: Log, shard: ShardPlace): ReopeningStore {
  let claim: ShardClaim | null = null
  return reopeningStore({
    kind: 'mongodb',
    reopenAfter: REOPEN_SHARED_AFTER,
    log,
    async open() {
      // Only who uses it loads it: mongoose costs an embedded store time and memory for nothing.
      const { claimOf, mongoStore } = await import('./mongo.ts')
      // One claim over all openings: it remembers how long another holder has been silent.
      claim ??= claimOf(shard)
      const { owns, displaced } = shard
      try {
        return await mongoStore(
          { uri: uri.reveal(), database, claim, owns, displaced, historyMs: retention.history },
          log,
        )
      } catch (error) {
        // Also of a store that was away when the exporter started to act.
        if (error instanceof StoreError && error.code === 'locked') displaced()
        throw error
      }
    },
  })
}

function openSqlite(path: string, damaged: boolean, log: Log, now: () => number): Store {
  const putAside = () => {
    const aside = moveAside(path, now())
    log.error(
      { path, aside },
      'The store is damaged. It was moved aside and a fresh one was begun: history before now is missing. ' +
        'Stop the exporter and restore a backup (docs/stores.md).',
    )
  }
  if (damaged) putAside()
  try {
    return sqliteStore({ path }, log)
  } catch (error) {
    if (damaged || !(error instanceof StoreError) || error.code !== 'corrupt') throw error
    putAside()
    return sqliteStore({ path }, log)
  }
}
