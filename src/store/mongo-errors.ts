import { mongo } from 'mongoose'
import { StoreError } from './store.ts'

// Codes of MongoDB: https://www.mongodb.com/docs/manual/reference/error-codes/
const UNAUTHORIZED = 13
const AUTHENTICATION_FAILED = 18
const DUPLICATE_KEY = 11_000
const OUT_OF_DISK_SPACE = 14_031
const ATLAS_ERROR = 8_000

/** Says an error of the driver in words of the contract. A StoreError stays as it is; no text holds the credentials. */
export function storeErrorOf(error: unknown, place: string): StoreError {
  if (error instanceof StoreError) return error
  const said = withoutCredentials(error instanceof Error ? error.message : String(error))
  const fail = (kind: StoreError['code'], text: string) => new StoreError(kind, text)
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
  if (
    error instanceof mongo.MongoNetworkError ||
    error instanceof mongo.MongoServerSelectionError ||
    error instanceof mongo.MongoNotConnectedError ||
    error instanceof mongo.MongoTopologyClosedError ||
    error instanceof mongo.MongoWriteConcernError ||
    error.hasErrorLabel(mongo.MongoErrorLabel.RetryableWriteError) ||
    error.hasErrorLabel(mongo.MongoErrorLabel.RetryableError ?? '')
  ) {
    return fail('unavailable', `${place} does not answer (${said}). The exporter goes on and tries again.`)
  }
  return fail('failed', `${place}: ${said}`)
}

/** A row of the same key is there already, and where the filter asked for it, it is newer. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof mongo.MongoError && error.code === DUPLICATE_KEY
}

/** Whether each failed operation of a bulk write failed because a newer row is there. */
export function isOnlyDuplicateKeys(error: unknown): boolean {
  if (!(error instanceof mongo.MongoBulkWriteError)) return isDuplicateKey(error)
  const failures = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors]
  return failures.length > 0 && failures.every(({ code }) => code === DUPLICATE_KEY)
}

/** The servers and the database of a connection string, as people may see them. */
export function placeOf(uri: string, database: string): string {
  const hosts = /^mongodb(?:\+srv)?:\/\/(?:[^@/]*@)?([^/?]+)/.exec(uri)?.[1] ?? 'an unreadable address'
  return `MongoDB at ${hosts}, database ${database}`
}

function withoutCredentials(text: string): string {
  return text.replaceAll(/mongodb(\+srv)?:\/\/[^\s"']*/g, 'mongodb$1://<hidden>')
}
