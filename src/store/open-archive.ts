import type { Log } from '../log.ts'
import { type ArchivableStore, foldAll } from './archive.ts'
import type { MongoOptions, StoreOptions } from './options.ts'
import { sqliteStore } from './sqlite.ts'

/** A lease of a program that nobody stands by for; long enough that a slow server does not take it away. */
const LEASE_MS = 60_000

/**
 * Opens a store to move its content, all checks folded. No exporter may use it meanwhile.
 * @throws StoreError `locked` where one does
 */
export async function openArchive(
  options: StoreOptions,
  { log, now, signal }: { readonly log: Log; readonly now: () => number; readonly signal: AbortSignal },
): Promise<ArchivableStore> {
  const store =
    options.kind === 'sqlite'
      ? sqliteStore({ path: options.path }, log)
      : await openWholeMongo(options, log, now, signal)
  try {
    await foldAll(store, now(), signal)
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Each shard has checks of its own that wait to be folded. */
async function openWholeMongo(
  { uri, database, retention }: MongoOptions,
  log: Log,
  now: () => number,
  signal: AbortSignal,
): Promise<ArchivableStore> {
  const { claimOf, mongoStore, shardsOf } = await import('./mongo.ts')
  const place = { uri: uri.reveal(), database }
  const open = (ordinal: number) =>
    mongoStore(
      { ...place, claim: claimOf({ ordinal, total: 1, leaseMs: LEASE_MS }), historyMs: retention.history },
      log,
    )
  for (const ordinal of await shardsOf(place)) {
    if (ordinal === 0) continue
    const store = await open(ordinal)
    await foldAll(store, now(), signal).finally(() => store.close())
  }
  return await open(0)
}
