import { mongo, Error as mongooseErrors } from 'mongoose'
import { mongoHosts, withoutCredentials } from '../mongo-address.ts'
import { StoreError } from './store.ts'

// Codes of MongoDB: https://www.mongodb.com/docs/manual/reference/error-codes/
const UNAUTHORIZED = 13
const AUTHENTICATION_FAILED = 18
const DUPLICATE_KEY = 11_000
const OUT_OF_DISK_SPACE = 14_031
const ATLAS_ERROR = 8_000
/** A server that starts, stops, or is no primary any more: another one, or the same one soon, takes the write. */
const CHANGING_STATE: ReadonlySet<number> = new Set([
  6, 7, 64, 89, 91, 189, 262, 9001, 10_107, 11_600, 11_602, 13_435, 13_436,
])

/** Says an error of the driver in words of the contract. A StoreError stays as it is; no text holds the credentials. */
export function storeErrorOf(error: unknown, place: string): StoreError {
  if (error instanceof StoreError) return error
  const said = error instanceof Error ? error.message : String(error)
  const fail = (kind: StoreError['code'], text: string) => new StoreError(kind, text)
  if (error instanceof mongooseErrors.MongooseServerSelectionError) {
    return fail('unavailable', `${place} cannot be reached (${said}). Check store.uri, and that the server runs.`)
  }
  if (!(error instanceof mongo.MongoError)) return fail('failed', `${place}: ${said}`)
  if (error.code === UNAUTHORIZED || error.code === AUTHENTICATION_FAILED) {
    return fail(
      'read_only',
      `${place} refuses the user of store.uri (${said}). Check its password, and give it the role readWrite on the database.`,
    )
  }
  if (error.code === OUT_OF_DISK_SPACE || (error.code === ATLAS_ERROR && /space|quota/i.test(said))) {
    return fail('full', `${place} cannot grow (${said}). Free space, or set a shorter store.retention.`)
  }
  return isAway(error)
    ? fail('unavailable', `${place} does not answer (${said}). The exporter goes on and tries again.`)
    : fail('failed', `${place}: ${said}`)
}

function isAway(error: mongo.MongoError): boolean {
  return (
    error instanceof mongo.MongoNetworkError ||
    error instanceof mongo.MongoSystemError ||
    error instanceof mongo.MongoNotConnectedError ||
    error instanceof mongo.MongoTopologyClosedError ||
    error instanceof mongo.MongoWriteConcernError ||
    error.hasErrorLabel(mongo.MongoErrorLabel.RetryableWriteError) ||
    (typeof error.code === 'number' && CHANGING_STATE.has(error.code)) ||
    // A bulk write hides the error of a connection that broke: it has neither a code nor a row that failed.
    (error instanceof mongo.MongoBulkWriteError && error.code === undefined && failuresOf(error).length === 0)
  )
}

/** A row of the same key is there already, and where the filter asked for it, it is newer. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof mongo.MongoError && error.code === DUPLICATE_KEY
}

/** Whether each failed operation of a bulk write failed because a newer row is there. */
export function isOnlyDuplicateKeys(error: unknown): boolean {
  if (!(error instanceof mongo.MongoBulkWriteError)) return isDuplicateKey(error)
  const failures = failuresOf(error)
  return failures.length > 0 && failures.every(({ code }) => code === DUPLICATE_KEY)
}

function failuresOf({ writeErrors }: mongo.MongoBulkWriteError): readonly mongo.WriteError[] {
  return [writeErrors].flat()
}

/** The servers and the database of a connection string, as people may see them. */
export function placeOf(uri: string, database: string): string {
  return `MongoDB at ${mongoHosts(uri)}, database ${database}`
}

/** The driver's messages may quote the connection string that it was given. */
export function withoutSecret({ code, message }: StoreError, uri: string): StoreError {
  return new StoreError(code, withoutCredentials(message, uri))
}
