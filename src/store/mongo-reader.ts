import type { Connection } from 'mongoose'
import type { Log } from '../log.ts'
import { readAccount } from './ledger.ts'
import { connect, type MongoPlace } from './mongo.ts'
import { accountRefs } from './mongo-accounts.ts'
import { auditRows } from './mongo-audit.ts'
import { placeOf, storeErrorOf } from './mongo-errors.ts'
import { eventRows } from './mongo-events.ts'
import { historyRows } from './mongo-history.ts'
import { mongoReads } from './mongo-reads.ts'
import { collectionsOf, schemaVersionOf } from './mongo-schema.ts'
import type { KnownAccount, StoreReader } from './reader.ts'
import { StoreError } from './store.ts'

/**
 * Opens the shared store for reading only, beside any number of exporters: it takes no part of the fleet, and makes and
 * changes nothing, so that a user with the role `read` is enough.
 * @throws StoreError `unavailable` where no server answers, or no exporter of this version has written to the database;
 * `newer_schema` as the store itself
 */
export async function mongoReader(options: MongoPlace, log: Log): Promise<StoreReader> {
  const place = placeOf(options.uri, options.database)
  const connection = await connect(options, place)
  try {
    return await readerOn(connection, options.database, place, log)
  } catch (error) {
    await connection.close(true)
    throw storeErrorOf(error, place)
  }
}

async function readerOn(connection: Connection, database: string, place: string, log: Log): Promise<StoreReader> {
  const collections = collectionsOf(connection.getClient().db(database))
  if ((await schemaVersionOf(collections, place)) === 0) {
    throw new StoreError(
      'unavailable',
      `${place} holds nothing of an exporter. Check store.uri and store.database, or run the exporter first.`,
    )
  }
  const onUnreadable = (what: string, error: unknown) => {
    log.error({ place, what, error: String(error) }, 'A row of the store cannot be read and is left out.')
  }
  const refs = await accountRefs(collections)
  const expiredBeforeMs = (await collections.meta.findOne({ _id: 'expired' }))?.value ?? 0
  const history = historyRows({ collections, refs, expiredBeforeMs: () => expiredBeforeMs, onUnreadable })
  const events = eventRows(collections, refs)
  const audit = auditRows(collections, onUnreadable)
  let open = true

  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    if (!open) throw new StoreError('closed', `${place} is closed.`)
    try {
      return await work()
    } catch (error) {
      throw storeErrorOf(error, place)
    }
  }
  const accounts = async (): Promise<readonly KnownAccount[]> => {
    const gone = new Set<number>()
    for await (const { _id } of collections.accounts.find({ health: null }, { projection: { _id: 1 } })) gone.add(_id)
    const described = collections.accounts
      .find({ account: { $ne: null } }, { projection: { key: 1, account: 1 } })
      .sort({ key: 1 })
    const found: KnownAccount[] = []
    for await (const { _id, key, account } of described) {
      try {
        if (account !== null) found.push({ account: readAccount(account), gone: gone.has(_id) })
      } catch (error) {
        onUnreadable(`account ${key}`, error)
      }
    }
    return found
  }

  return {
    accounts: () => guarded(accounts),
    ...mongoReads(guarded, { events, history }),
    maintenance: () => guarded(() => audit.maintenance()),
    async close() {
      if (!open) return
      open = false
      await connection.close()
    },
  }
}
