import { closeSync, existsSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { storeErrorOf } from './sqlite-errors.ts'
import { migrate, schemaVersion } from './sqlite-schema.ts'
import { StoreError } from './store.ts'

// A locked file must not hold up the checks: the journal tries again later.
const BUSY_TIMEOUT_MS = 50
const CACHE_KIB = 16_384
const WAL_LIMIT_BYTES = 64 * 1024 * 1024

export interface OpenFile {
  readonly db: DatabaseSync
  /** Whether the path still leads to this file: SQLite goes on writing to one that was deleted, and nobody would see it. */
  isInPlace(): boolean
  /** Folds the write-ahead log into the file and lets go of it. */
  close(): void
}

/**
 * Opens the database, makes it and its directory where they are missing, and brings its schema up to date.
 * Only one exporter holds a file at a time: an open transaction on `<path>.lock` says so, and ends with the process,
 * however that ends. Readers, such as the sqlite3 shell or a backup, are not kept out.
 * @param maxPages limit of the file's size in pages of 4 KiB; for tests of a full disk.
 * @throws StoreError `locked`, `read_only`, `full`, `corrupt`, `newer_schema` or `unavailable`.
 */
export function openFile(path: string, maxPages?: number): OpenFile {
  try {
    const release = path === ':memory:' ? () => {} : acquireLock(path)
    try {
      const db = openDatabase(path, maxPages)
      const inode = inodeOf(path)
      return {
        db,
        isInPlace: () => inodeOf(path) === inode,
        close() {
          db.close()
          release()
        },
      }
    } catch (error) {
      release()
      throw error
    }
  } catch (error) {
    throw storeErrorOf(error, path)
  }
}

/** Puts a damaged database out of the way, with its log, and says where. Nothing is deleted. */
export function moveAside(path: string, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '')
  let aside = `${path}.corrupt-${stamp}`
  for (let count = 2; existsSync(aside); count++) aside = `${path}.corrupt-${stamp}-${count}`
  try {
    // The log first: a fresh database must never meet the log of the old one.
    for (const suffix of ['-wal', '-shm', '']) {
      if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix)
    }
  } catch (error) {
    throw storeErrorOf(error, path)
  }
  return aside
}

/** Undefined for a database in memory, and for a file that is not there. */
function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino
}

function acquireLock(path: string): () => void {
  mkdirSync(dirname(path), { recursive: true })
  const lock = new DatabaseSync(`${path}.lock`)
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    const mapped = storeErrorOf(error, `${path}.lock`)
    if (mapped.code !== 'locked') throw mapped
    throw new StoreError(
      'locked',
      `${path} is in use by another exporter. Stop that one, or give this one its own store.path.`,
      { cause: error },
    )
  }
  return () => lock.close()
}

function openDatabase(path: string, maxPages: number | undefined): DatabaseSync {
  // The file holds phone numbers: other users of the machine have no business in it. Its log takes the same mode.
  if (path !== ':memory:') closeSync(openSync(path, 'a', 0o640))
  const db = new DatabaseSync(path)
  try {
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
    const version = schemaVersion(db, path)
    // Can be chosen for a new file only, before its first table.
    if (version === 0) db.exec('PRAGMA auto_vacuum = INCREMENTAL')
    db.exec('PRAGMA journal_mode = WAL')
    // Killing the process loses nothing; a power cut may lose the batches since the last checkpoint, never the file.
    db.exec('PRAGMA synchronous = NORMAL')
    db.exec('PRAGMA foreign_keys = ON')
    db.exec(`PRAGMA cache_size = -${CACHE_KIB}`)
    db.exec(`PRAGMA journal_size_limit = ${WAL_LIMIT_BYTES}`)
    if (maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${maxPages}`)
    migrate(db, version)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}
