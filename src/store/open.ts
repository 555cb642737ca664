import type { Log } from '../log.ts'
import type { StoreOptions } from './options.ts'
import { type ReopeningStore, reopeningStore } from './reopening-store.ts'
import { sqliteStore } from './sqlite.ts'
import { moveAside } from './sqlite-file.ts'
import { type Store, StoreError } from './store.ts'

/** Failures of a file after which a fresh opening helps: damage is put aside, a file that went away is made again. */
const REOPEN_AFTER: ReadonlySet<StoreError['code']> = new Set(['corrupt', 'unavailable'])

/**
 * The store of the configuration. It is opened by its first `load`, so that a store that is locked, full or away
 * stops nothing: StoreWriter tries again. A damaged SQLite file is moved to `<path>.corrupt-<time>` and a fresh one begun.
 * @throws StoreError `failed` for a store that this version cannot drive.
 */
export function openStore(options: StoreOptions, { log, now }: { log: Log; now: () => number }): ReopeningStore {
  if (options.kind !== 'sqlite') {
    throw new StoreError('failed', `store.kind "${options.kind}" has no driver in this version. Use sqlite.`)
  }
  const { path } = options
  return reopeningStore({
    kind: 'sqlite',
    reopenAfter: REOPEN_AFTER,
    log,
    open: async (damaged) => openSqlite(path, damaged, log, now),
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
