import { StoreError } from './store.ts'

// Primary result codes of SQLite: https://www.sqlite.org/rescode.html
const SQLITE_PERM = 3
const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const SQLITE_READONLY = 8
const SQLITE_IOERR = 10
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_CANTOPEN = 14
const SQLITE_NOTADB = 26

const SYSTEM_CODES: Readonly<Record<string, StoreError['code']>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EROFS: 'read_only',
  EACCES: 'read_only',
  EPERM: 'read_only',
  ENOTDIR: 'unavailable',
  EEXIST: 'unavailable',
  EISDIR: 'unavailable',
  ENOENT: 'unavailable',
  EIO: 'unavailable',
}

/** Says an error of SQLite or of the file system in words of the contract. A StoreError stays as it is. */
export function storeErrorOf(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error
  const { errcode, code, message } = error as { errcode?: unknown; code?: unknown; message?: unknown }
  const said = typeof message === 'string' ? message : String(error)
  const fail = (kind: StoreError['code'], text: string) => new StoreError(kind, text, { cause: error })
  // The low byte is the primary code; the bytes above tell details.
  switch (typeof errcode === 'number' ? errcode & 0xff : typeof code === 'string' ? SYSTEM_CODES[code] : undefined) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case 'locked':
      return fail('locked', `${path} is locked by another program. End its transaction, or stop that program.`)
    case SQLITE_FULL:
    case 'full':
      return fail(
        'full',
        `${path} cannot grow: the disk or its quota is full. Free space, or set a shorter store.retention.`,
      )
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case 'read_only':
      return fail(
        'read_only',
        `${path} cannot be written (${said}). Give the exporter's user write access to it and its directory.`,
      )
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return fail('corrupt', `${path} is damaged or is not a database (${said}).`)
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case 'unavailable':
      return fail(
        'unavailable',
        `${path} cannot be read or written (${said}). Check store.path, its directory and the disk.`,
      )
    default:
      return fail('failed', `${path}: ${said}`)
  }
}
