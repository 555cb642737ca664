import { setTimeout as sleep } from 'node:timers/promises'
import mongoose, { type Connection } from 'mongoose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { storeWriter } from '../../src/store/journal.ts'
import { claimOf, mongoStore } from '../../src/store/mongo.ts'
import { collectionsOf } from '../../src/store/mongo-schema.ts'
import type { Store } from '../../src/store/store.ts'
import {
  accountOf,
  attemptOf,
  badSampleOf,
  batchOf,
  DAY,
  HOUR,
  healthOf,
  incidentOf,
  MINUTE,
  RETENTION,
  sampleOf,
  T0,
  tidy,
  transitionOf,
  writeChecks,
} from './fixtures.ts'
import { type GatedSocket, gatedSocket } from './gated-socket.ts'
import { isMongoTested, type MongoServer, startMongoServer, type TestDatabase, testDatabase } from './wire-server.ts'

const sales = accountOf('sales-01')
const RANGE = { fromMs: T0, toMs: T0 + DAY }

describe.runIf(isMongoTested())('a MongoDB store', () => {
  let server: MongoServer
  let place: TestDatabase
  let direct: Connection
  const stores: Store[] = []
  beforeAll(async () => {
    server = await startMongoServer()
  }, 60_000)
  afterAll(() => server.stop())
  beforeEach(async () => {
    place = testDatabase(server)
    direct = await mongoose.createConnection(place.uri, { dbName: place.database }).asPromise()
  })
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
    await direct.close()
    await place.drop()
  })

  const open = async (over: Partial<Parameters<typeof mongoStore>[0]> = {}): Promise<Store> => {
    const store = await mongoStore(
      {
        uri: place.uri,
        database: place.database,
        claim: claimOf({ ordinal: 0, total: 1, leaseMs: 15_000 }),
        historyMs: 3650 * DAY,
        ...over,
      },
      silentLog,
    )
    stores.push(store)
    return store
  }
  /** As StoreWriter does: the first tries may still meet connections that broke. */
  const again = (write: () => Promise<void>) =>
    expect.poll(() => write().then(() => 'written', String), { timeout: 8000 }).toBe('written')
  const rows = () => collectionsOf(direct.getClient().db(place.database))

  test('lets MongoDB drop single checks one day after they expire, and keeps one row for each account and hour', async () => {
    await (await open({ historyMs: 30 * DAY })).close()
    const indexes = await rows().hours.indexes()
    expect(indexes).toContainEqual(
      expect.objectContaining({ key: { timestamp: 1 }, expireAfterSeconds: (31 * DAY) / 1000 }),
    )
    expect(indexes).toContainEqual(expect.objectContaining({ key: { account: 1, timestamp: 1 }, unique: true }))
    await open({ historyMs: 10 * DAY })
    const ttl = (await rows().hours.indexes()).filter((index) => 'expireAfterSeconds' in index)
    expect(ttl).toMatchObject([{ expireAfterSeconds: (11 * DAY) / 1000 }])
  })

  test('brings the events of a batch to their place that a crash kept after it counted', async () => {
    const store = await open()
    const incident = incidentOf('i1', sales, T0)
    const attempt = attemptOf('r1', sales, T0)
    await store.write(
      batchOf(1, {
        incidents: [incident],
        recoveries: [attempt],
        transitions: [transitionOf(sales.key, T0)],
        ledgers: [{ account: sales, health: healthOf(sales.key) }],
      }),
    )
    await store.close()
    // As the process left it that died right after the commit.
    const { incidents, recoveries, transitions, accounts, shards } = rows()
    await incidents.deleteMany({})
    await recoveries.deleteMany({})
    await transitions.deleteMany({})
    await accounts.updateMany({}, { $set: { health: null, account: null, shard: -1, seq: 0 } })
    await shards.updateOne({ _id: 0 }, { $set: { appliedSeq: 0 } })

    const again = await open()
    expect(await again.incident('i1')).toEqual(incident)
    expect((await again.transitions({ key: sales.key, limit: 9 })).items).toHaveLength(1)
    expect(await again.load()).toMatchObject({
      nextSeq: 2,
      ledgers: [{ account: sales }],
      pendingRecoveries: [attempt],
    })
  })

  test('forgets a batch that a crash kept from counting', async () => {
    const store = await open()
    await store.write(batchOf(1, { samples: [sampleOf(sales.key, T0)] }))
    await store.close()
    const { journal, redo } = rows()
    const [row] = await journal.find({}).toArray()
    if (row === undefined) throw new Error('no row was written')
    const { _id, ...rest } = row
    await journal.insertOne({ ...rest, seq: 2 })
    await redo.insertOne({ shard: 0, seq: 2, epoch: 1, part: 0, events: 'never read' })

    const again = await open()
    expect((await again.load()).nextSeq).toBe(2)
    expect(await again.samples(sales.key, RANGE)).toHaveLength(1)
    await again.write(batchOf(2, { samples: [sampleOf(sales.key, T0 + MINUTE)] }))
    expect(await again.samples(sales.key, RANGE)).toHaveLength(2)
    await again.write(batchOf(3))
    await tidy(again, T0 + 2 * HOUR)
    expect(await again.samples(sales.key, RANGE)).toHaveLength(2)
    expect(await journal.countDocuments()).toBe(0)
    expect(await redo.countDocuments()).toBe(0)
  })

  test('is never overwritten by an older version of a row', async () => {
    const store = await open()
    const first = incidentOf('i1', sales, T0)
    const closed = incidentOf('i1', sales, T0, { endMs: T0 + MINUTE, resolution: 'recovered' })
    await store.write(batchOf(1, { incidents: [first] }))
    await store.write(batchOf(2, { incidents: [closed] }))
    await store.close()
    // A holder that was paused before it applied batch 1 would do so now.
    await rows().shards.updateOne({ _id: 0 }, { $set: { appliedSeq: 0 } })
    await rows().redo.deleteMany({ seq: 2 })
    expect(await (await open()).incident('i1')).toEqual(closed)
  })

  test('is refused where a later version wrote it', async () => {
    await (await open()).close()
    await rows().meta.updateOne({ _id: 'schema' }, { $set: { value: 99 } })
    await expect(open()).rejects.toMatchObject({ code: 'newer_schema' })
  })

  test('splits the first batch of a large fleet, whose ledgers are larger than one document may be', async () => {
    const store = await open()
    const fleet = Array.from({ length: 1100 }, (_, index) => accountOf(`a${index}`))
    await store.write(
      batchOf(1, {
        samples: fleet.map(({ key }) => sampleOf(key, T0)),
        ledgers: fleet.map((account) => ({ account, health: healthOf(account.key) })),
      }),
    )
    expect(await rows().redo.countDocuments()).toBe(2)
    expect(await rows().journal.countDocuments()).toBe(3)
    const { ledgers } = await store.load()
    expect(ledgers.map(({ account }) => account)).toEqual(fleet)
    expect(await store.samples(fleet[1099]?.key ?? '', RANGE)).toHaveLength(1)
  })

  test('gives the accounts of a shard that is gone to the one that owns them now, with their last checks', async () => {
    const of = (ordinal: number, total: number) => ({ claim: claimOf({ ordinal, total, leaseMs: 15_000 }) })
    const support = accountOf('support')
    const zero = await open({ ...of(0, 2), owns: (key) => key === sales.key })
    const one = await open({ ...of(1, 2), owns: (key) => key === support.key })
    for (const [store, account] of [
      [zero, sales],
      [one, support],
    ] as const) {
      await store.write(batchOf(1, { ledgers: [{ account, health: healthOf(account.key) }] }))
      await writeChecks(store, account.key, { fromMs: T0, count: 10 })
    }
    expect((await one.load()).ledgers.map(({ account }) => account.key)).toEqual([support.key])
    // Any of them answers for the whole fleet.
    expect(await zero.samples(support.key, RANGE)).toHaveLength(10)
    await zero.close()
    await one.close()

    const alone = await open(of(0, 1))
    const loaded = await alone.load()
    expect(loaded.ledgers.map(({ account }) => account.key)).toEqual([sales.key, support.key])
    expect(loaded.ledgers.map(({ health }) => health.counters.checks)).toEqual([10, 10])
    const { nextSeq } = loaded
    await alone.write(batchOf(nextSeq, { samples: [sampleOf(support.key, T0 + HOUR)] }))
    expect((await alone.load()).ledgers.map(({ health }) => health.counters.checks)).toEqual([10, 11])
    expect(await alone.samples(support.key, RANGE)).toHaveLength(11)
  })

  test('hides the password of its address in every message', async () => {
    const bad = { database: 'x', claim: claimOf({ ordinal: 0, total: 1, leaseMs: 15_000 }) }
    for (const uri of [
      'mongodb://user:s3cr3t-canary@',
      'mongodb://user:s3cr3t-canary@127.0.0.1:1/?serverSelectionTimeoutMS=1',
      'mongodb://user:s3cr3t-canary@127.0.0.1:1/?nonsense=1',
      's3cr3t-canary',
    ]) {
      const error = await mongoStore({ ...bad, uri }, silentLog).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ name: 'StoreError' })
      expect(`${error} ${JSON.stringify(error)} ${String((error as Error).cause)}`).not.toContain('s3cr3t-canary')
    }
  }, 20_000)

  describe('behind a connection that breaks', () => {
    let gate: GatedSocket
    let store: Store
    beforeEach(async () => {
      const { hostname, port } = new URL(place.uri)
      gate = await gatedSocket({ host: hostname, port: Number(port) })
      store = await open({ uri: `mongodb://127.0.0.1:${gate.port}/?directConnection=true`, selectionLimitMs: 300 })
    })
    afterEach(async () => {
      gate.open()
      await store.close()
      await gate.close()
    })

    test('says that it is unavailable, and goes on where it stopped', async () => {
      await store.write(batchOf(1, { samples: [sampleOf(sales.key, T0)] }))
      gate.shut()
      const next = batchOf(2, { samples: [sampleOf(sales.key, T0 + MINUTE)], incidents: [incidentOf('i1', sales, T0)] })
      await expect(store.write(next)).rejects.toMatchObject({ code: 'unavailable' })
      await expect(store.incident('i1')).rejects.toMatchObject({ code: 'unavailable' })
      gate.open()
      await again(() => store.write(next))
      expect(await store.samples(sales.key, RANGE)).toHaveLength(2)
      expect(await store.incident('i1')).not.toBeNull()
      expect((await store.load()).nextSeq).toBe(3)
    })

    test('writes a batch once whose answer was lost', async () => {
      const batch = batchOf(1, {
        samples: [badSampleOf(sales.key, T0)],
        transitions: [transitionOf(sales.key, T0)],
        incidents: [incidentOf('i1', sales, T0)],
      })
      gate.deafen()
      const lost = store.write(batch).catch((error: unknown) => error)
      await sleep(150)
      gate.open()
      expect(await lost).toMatchObject({ code: 'unavailable' })
      await again(() => store.write(batch))
      expect(await store.samples(sales.key, RANGE)).toHaveLength(1)
      expect((await store.transitions({ key: sales.key, limit: 9 })).items).toHaveLength(1)
      expect((await store.load()).nextSeq).toBe(2)
    })

    test('holds nothing up while it is away: what waits in memory is written in order when it is back', async () => {
      const writer = storeWriter({
        store,
        limits: { maxSamples: 100_000, retryMaxMs: 100 },
        retention: RETENTION,
        log: silentLog,
        now: () => T0,
        random: () => 0.5,
        onState() {},
        onLateLoad() {},
        onLedgersWanted() {},
      })
      await writer.load()
      const { seq: _seq, ...empty } = batchOf(0)
      gate.shut()
      for (let index = 0; index < 5; index++) {
        const atMs = T0 + index * MINUTE
        await writer.hand({ ...empty, atMs, samples: [sampleOf(sales.key, atMs)] })
      }
      expect(writer.state).toMatchObject({ up: false, pendingWrites: 5, pendingSamples: 5 })
      gate.open()
      await expect.poll(() => writer.state, { timeout: 8000 }).toMatchObject({ up: true, pendingWrites: 0 })
      expect((await store.samples(sales.key, RANGE)).map(({ atMs }) => atMs)).toEqual(
        [0, 1, 2, 3, 4].map((index) => T0 + index * MINUTE),
      )
      expect(await writer.drain(100)).toBe(0)
    })
  })
})
