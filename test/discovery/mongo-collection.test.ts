import mongoose, { type Connection } from 'mongoose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { mongoCollection } from '../../src/discovery/mongo-collection.ts'
import { DiscoveryOptions } from '../../src/discovery/options.ts'
import type { AccountCollection } from '../../src/discovery/watched-directory.ts'
import { type GatedSocket, gatedSocket } from '../store/gated-socket.ts'
import {
  isMongoTested,
  type MongoServer,
  startMongoServer,
  type TestDatabase,
  testDatabase,
} from '../store/wire-server.ts'

const { ObjectId } = mongoose.mongo
const never = new AbortController().signal

describe.runIf(isMongoTested())('the collection of a bot', () => {
  let server: MongoServer
  let place: TestDatabase
  let direct: Connection
  const opened: AccountCollection[] = []
  beforeAll(async () => {
    server = await startMongoServer(0, 'oplog')
  }, 60_000)
  afterAll(() => server.stop())
  beforeEach(async () => {
    place = testDatabase(server)
    direct = await mongoose.createConnection(place.uri, { dbName: place.database }).asPromise()
  })
  afterEach(async () => {
    for (const collection of opened.splice(0)) await collection.close()
    await direct.close()
    await place.drop()
  })

  const open = (more: object = {}) => {
    const mongodb = { uri: place.uri, database: place.database, collection: 'sessions', ...more }
    const { mongodb: options } = DiscoveryOptions.parse({ mongodb })
    if (options === undefined) throw new Error('no options')
    const collection = mongoCollection(options)
    opened.push(collection)
    return collection
  }
  const sessions = () => direct.getClient().db(place.database).collection<{ account: string }>('sessions')

  test('is read through the filter, and only the fields that are asked for', async () => {
    const id = new ObjectId('65f000000000000000000001')
    const tenant = new ObjectId('65f00000000000000000000a')
    await direct.collection('sessions').insertMany([
      { _id: id, account: 'a', tenant, password: 'canary', team: { name: 'sales', lead: 'canary' } },
      { account: 'b', tenant: new ObjectId() },
    ])
    const filter = { tenant: { $oid: '65f00000000000000000000a' } }
    const documents = await open({ filter, fields: { labels: { team: 'team.name' } } }).read(never)
    expect(documents).toEqual([{ _id: id, account: 'a', team: { name: 'sales' } }])
  })

  test('is empty where it is not there', async () => {
    expect(await open().read(never)).toEqual([])
  })

  test('may name a field and one within it', async () => {
    await sessions().insertOne({ account: 'a' })
    const fields = { name: 'contact', phone: 'contact.phone' }
    expect(await open({ fields }).read(never)).toMatchObject([{ account: 'a' }])
  })

  test('tells of documents that come, change and go', async () => {
    const collection = open()
    const ending = new AbortController()
    let changes = 0
    await sessions().insertOne({ account: 'a' })
    const following = collection.follow(() => {
      changes += 1
    }, ending.signal)
    await expect.poll(() => changes, { timeout: 15_000 }).toBe(1)
    await sessions().insertOne({ account: 'c' })
    await expect.poll(() => changes, { timeout: 15_000 }).toBe(2)
    await sessions().updateOne({ account: 'a' }, { $set: { account: 'b' } })
    await expect.poll(() => changes, { timeout: 15_000 }).toBe(3)
    await sessions().deleteOne({ account: 'b' })
    await expect.poll(() => changes, { timeout: 15_000 }).toBe(4)
    ending.abort()
    expect(await following).toBe('ended')
  })

  describe('behind a connection that breaks', () => {
    let gate: GatedSocket
    beforeEach(async () => {
      const { hostname, port } = new URL(place.uri)
      gate = await gatedSocket({ host: hostname, port: Number(port) })
    })
    afterEach(() => gate.close())

    test('fails with the place and the next step, without the password, and is read again when it is back', async () => {
      await sessions().insertOne({ account: 'a' })
      const collection = open({
        uri: `mongodb://127.0.0.1:${gate.port}/?directConnection=true&serverSelectionTimeoutMS=300`,
      })
      expect(await collection.read(never)).toHaveLength(1)
      gate.shut()
      await expect(collection.read(never)).rejects.toThrow(
        /^MongoDB at 127\.0\.0\.1:\d+, exporter_test_\w+\.sessions cannot be read/,
      )
      gate.open()
      await expect.poll(() => collection.read(never).then(({ length }) => length, String), { timeout: 10_000 }).toBe(1)
    })
  })

  test.each([
    'mongodb://user:s3cr3t-canary@127.0.0.1:1/?serverSelectionTimeoutMS=1',
    'mongodb://user:s3cr3t-canary@',
    's3cr3t-canary',
  ])('never tells its address: %s', async (uri) => {
    const error = await open({ uri })
      .read(never)
      .catch((reason: unknown) => reason)
    expect(String(error)).toContain('cannot be read')
    expect(`${error} ${JSON.stringify(error)} ${(error as Error).stack}`).not.toContain('s3cr3t-canary')
  })
})
