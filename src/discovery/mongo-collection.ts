import { mongo } from 'mongoose'
import { mongoHosts, withoutCredentials } from '../mongo-address.ts'
import { concerns } from './document-change.ts'
import type { MongoDiscoveryOptions } from './options.ts'
import type { AccountCollection } from './watched-directory.ts'

const SELECTION_LIMIT_MS = 5_000
const ANSWER_LIMIT_MS = 30_000
/** How long the server may hold a question for changes; the socket's limit is longer. */
const AWAIT_MS = 10_000
/** A collection of something else than accounts should not fill the memory. */
const MOST_DOCUMENTS = 100_000

// Codes of MongoDB: https://www.mongodb.com/docs/manual/reference/error-codes/
/** What servers without a replica set, servers that only speak MongoDB's protocol, and views answer to $changeStream. */
const NO_CHANGE_STREAMS: ReadonlySet<string | number | undefined> = new Set([
  40_573, 40_324, 59, 115, 166, 238, 303, 8_000,
])
const UNAUTHORIZED = new Set<string | number | undefined>([13, 18])

/**
 * The collection of the options, over a connection of its own that only reads. Opens nothing before the first reading.
 * Rejects with errors whose text names the place and the next step, without credentials.
 */
export function mongoCollection(options: MongoDiscoveryOptions): AccountCollection {
  const uri = options.uri.reveal()
  const place = `MongoDB at ${mongoHosts(uri)}, ${options.database}.${options.collection}`
  const paths = pathsOf(options)
  let opened: Promise<mongo.MongoClient> | null = null
  let filter: mongo.Document

  const said = (error: unknown): Error => {
    const text = withoutCredentials(error instanceof Error ? error.message : String(error), uri)
    const code = error instanceof mongo.MongoError ? error.code : undefined
    const next = UNAUTHORIZED.has(code)
      ? 'Give the user of discovery.mongodb.uri the role read on the database'
      : 'Check discovery.mongodb, and that the server runs'
    return new Error(`${place} cannot be read (${text}). ${next}.`)
  }
  const connect = async (): Promise<mongo.MongoClient> => {
    filter = mongo.BSON.EJSON.deserialize(options.filter)
    const client = new mongo.MongoClient(uri, {
      appName: 'whatsapp-exporter discovery',
      maxPoolSize: 2,
      readPreference: mongo.ReadPreferenceMode.primaryPreferred,
      serverSelectionTimeoutMS: SELECTION_LIMIT_MS,
      connectTimeoutMS: SELECTION_LIMIT_MS,
      socketTimeoutMS: ANSWER_LIMIT_MS + AWAIT_MS,
    })
    try {
      return await client.connect()
    } catch (error) {
      await client.close(true).catch(() => {})
      throw error
    }
  }
  const collection = async (): Promise<mongo.Collection> => {
    const opening = opened ?? connect()
    opened = opening
    opening.catch(() => {
      if (opened === opening) opened = null
    })
    return (await opening).db(options.database).collection(options.collection)
  }

  return {
    place,
    async read(signal) {
      try {
        const found = (await collection()).find(filter, {
          projection: Object.fromEntries(paths.map((path) => [path, 1])),
          maxTimeMS: ANSWER_LIMIT_MS,
          limit: MOST_DOCUMENTS + 1,
          signal,
        })
        const documents = await found.toArray()
        if (documents.length <= MOST_DOCUMENTS) return documents
        throw new Error(`more than ${MOST_DOCUMENTS} documents meet the filter`)
      } catch (error) {
        throw said(error)
      }
    },
    async follow(changed, signal) {
      const stream = (await collection()).watch([], { maxAwaitTimeMS: AWAIT_MS })
      const close = () => void stream.close().catch(() => {})
      signal.addEventListener('abort', close, { once: true })
      try {
        // Opens the stream; what changed before that, nobody told.
        await stream.tryNext()
        changed()
        while (!signal.aborted) {
          const change = await stream.next()
          if (concerns(change, [...paths, ...Object.keys(options.filter)])) changed()
        }
        return 'ended'
      } catch (error) {
        if (signal.aborted) return 'ended'
        if (error instanceof mongo.MongoServerError && NO_CHANGE_STREAMS.has(error.code)) return 'unsupported'
        throw said(error)
      } finally {
        signal.removeEventListener('abort', close)
        await stream.close().catch(() => {})
      }
    },
    async close() {
      const client = await opened?.catch(() => null)
      opened = null
      await client?.close(true)
    },
  }
}

/** The fields that are read; a path within another one is left out, because a projection may not name both. */
function pathsOf({ fields: { labels, ...fields } }: MongoDiscoveryOptions): readonly string[] {
  const named = [...Object.values(fields), ...Object.values(labels)].filter((path) => path !== undefined)
  const all = [...new Set(named)]
  return all.filter((path) => !all.some((other) => other !== path && path.startsWith(`${other}.`)))
}
