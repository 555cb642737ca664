import { setTimeout as sleep } from 'node:timers/promises'
import mongoose, { type Connection } from 'mongoose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { leaseOf } from '../../src/shard.ts'
import { claimOf, mongoStore } from '../../src/store/mongo.ts'
import { heldShard, type ShardClaim, shardClaim } from '../../src/store/mongo-lease.ts'
import { collectionsOf } from '../../src/store/mongo-schema.ts'
import type { Store } from '../../src/store/store.ts'
import { accountOf, batchOf, DAY, SECOND, sampleOf, T0 } from './fixtures.ts'
import { type OtherProcess, otherProcess } from './other-process.ts'
import { isMongoTested, type MongoServer, startMongoServer, type TestDatabase, testDatabase } from './wire-server.ts'

const sales = accountOf('sales-01')

describe.runIf(isMongoTested())('the lease of a shard', () => {
  let server: MongoServer
  let place: TestDatabase
  let direct: Connection
  beforeAll(async () => {
    server = await startMongoServer()
  }, 60_000)
  afterAll(() => server.stop())
  beforeEach(async () => {
    place = testDatabase(server)
    direct = await mongoose.createConnection(place.uri, { dbName: place.database }).asPromise()
  })
  afterEach(async () => {
    await direct.close()
    await place.drop()
  })
  const shards = () => collectionsOf(direct.getClient().db(place.database)).shards

  describe('by the clock of who looks', () => {
    let nowMs = 0
    const claim = (id: string): ShardClaim =>
      shardClaim({ ordinal: 0, total: 1, id, host: id, leaseMs: 10_000, monotonicMs: () => nowMs })

    test('is taken only after its holder was silent for the whole of it', async () => {
      const [first, second] = [claim('first'), claim('second')]
      await first.take(shards())
      await expect(second.take(shards())).rejects.toMatchObject({ code: 'locked' })
      nowMs += 9_000
      await expect(second.take(shards())).rejects.toMatchObject({ code: 'locked' })
      nowMs += 1_001
      expect(await second.take(shards())).toMatchObject({ holder: 'second', epoch: 2 })
    })

    test('is not taken from a holder that gave a sign of life meanwhile', async () => {
      const [first, second] = [claim('first'), claim('second')]
      const held = heldShard(shards(), first, await first.take(shards()), () => {}, silentLog)
      await expect(second.take(shards())).rejects.toMatchObject({ code: 'locked' })
      nowMs += 9_000
      await held.confirm()
      nowMs += 9_000
      await expect(second.take(shards())).rejects.toMatchObject({ code: 'locked' })
      await held.release()
      expect(await second.take(shards())).toMatchObject({ holder: 'second' })
    })

    // The worst moment to end is right after a sign of life, and the worst phase of the looks is any of these.
    test.each([
      [3, 2],
      [5, 1],
      [15, 1],
      [60, 1],
    ])(
      'with checks every %i s passes to a standby within %i check intervals of its end',
      async (seconds, intervals) => {
        const intervalMs = seconds * 1000
        const { leaseMs, lookMs } = leaseOf(intervalMs)
        for (const phase of [0, 0.01, 0.5, 0.99]) {
          const ordinal = seconds * 10 + phase
          const claimed = (id: string) =>
            shardClaim({ ordinal, total: 1, id, host: id, leaseMs, monotonicMs: () => nowMs })
          const [holder, standby] = [claimed('holder'), claimed('standby')]
          const held = heldShard(shards(), holder, await holder.take(shards()), () => {}, silentLog)
          await expect(standby.take(shards())).rejects.toMatchObject({ code: 'locked' })
          await held.confirm()
          const endedMs = nowMs
          nowMs += lookMs * phase
          while (!(await standby.take(shards()).catch(() => null))) nowMs += lookMs
          expect((nowMs - endedMs) / intervalMs).toBeLessThanOrEqual(intervals)
          await held.release()
        }
      },
    )

    test('is given to one of two that ask at the same moment', async () => {
      await Promise.all([claim('a'), claim('b')].map((one) => one.take(shards()).catch(() => null)))
      const gone = await shards().findOne({ _id: 0 })
      expect(gone).toMatchObject({ epoch: 1 })
      await shards().updateOne({ _id: 0 }, { $set: { holder: null } })
      const taken = await Promise.allSettled([claim('c'), claim('d')].map((one) => one.take(shards())))
      expect(taken.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    })

    test('is not sure from the start where its holder was paused while it took it', async () => {
      const first = claim('first')
      const taken = await first.take(shards())
      nowMs += 10_001
      const held = heldShard(shards(), first, taken, () => {}, silentLog)
      expect(held.isSure).toBe(false)
      await held.confirm()
      expect(held.isSure).toBe(true)
      await held.release()
    })

    test('is not sure any more once it could not be renewed for its length, and lost once it is taken', async () => {
      const first = claim('first')
      let wasDisplaced = 0
      const held = heldShard(shards(), first, await first.take(shards()), () => wasDisplaced++, silentLog)
      expect(held.isSure).toBe(true)
      nowMs += 10_001
      expect(held.isSure).toBe(false)
      await shards().updateOne({ _id: 0 }, { $set: { holder: 'other', epoch: 2 } })
      await expect(held.commit(1)).rejects.toMatchObject({ code: 'locked' })
      await expect(held.confirm()).rejects.toMatchObject({ code: 'locked' })
      expect(wasDisplaced).toBe(1)
      await held.release()
      expect(await shards().findOne({ _id: 0 })).toMatchObject({ holder: 'other', lastSeq: 0 })
    })
  })

  describe('between processes', () => {
    const LEASE_MS = 600
    let holder: OtherProcess | null = null
    afterEach(async () => {
      await holder?.kill()
      holder = null
    })
    const hold = async (): Promise<OtherProcess> => {
      holder = otherProcess('./hold-shard.ts', [place.uri, place.database, String(LEASE_MS)])
      for (let count = 0; count < 5; count++) await holder.line()
      return holder
    }
    /** Tries until the shard is ours, as a standby does; tells how long that took. */
    const takeOver = async (): Promise<Store> => {
      const claim = claimOf({ ordinal: 0, total: 1, leaseMs: LEASE_MS })
      for (;;) {
        try {
          return await mongoStore({ uri: place.uri, database: place.database, claim, historyMs: 3650 * DAY }, silentLog)
        } catch (error) {
          expect(error).toMatchObject({ code: 'locked' })
          await sleep(LEASE_MS / 4)
        }
      }
    }
    const seqOf = (line: string) => Number(/^written (\d+)$/.exec(line)?.[1])
    const range = { fromMs: T0, toMs: T0 + 30 * DAY }

    test('passes on when the holder is killed, and nothing that was acknowledged is missing', async () => {
      const first = await hold()
      const last = seqOf(await first.line())
      await first.kill()
      const store = await takeOver()
      const { nextSeq, ledgers } = await store.load()
      expect(nextSeq).toBeGreaterThan(last)
      // Batch 1 is the ledger; each later one is one check.
      const samples = await store.samples(sales.key, range)
      expect(samples.map(({ atMs }) => (atMs - T0) / SECOND)).toEqual(
        Array.from({ length: nextSeq - 2 }, (_, index) => index + 2),
      )
      expect(ledgers[0]?.health.counters.checks).toBe(nextSeq - 2)
      await store.close()
    }, 30_000)

    test('passes on when the holder is paused; when it goes on, it writes nothing more and says so', async () => {
      const first = await hold()
      first.pause()
      const store = await takeOver()
      const { nextSeq } = await store.load()
      const mine = batchOf(nextSeq, { samples: [sampleOf(sales.key, T0 + 20 * DAY)] })
      await store.write(mine)
      const before = await store.load()
      first.resume()
      let line = await first.line()
      while (line.startsWith('written')) {
        expect(seqOf(line)).toBeLessThan(nextSeq)
        line = await first.line()
      }
      expect(line).toBe('refused locked sure=false')
      expect(await store.load()).toEqual(before)
      expect(await store.samples(sales.key, range)).toHaveLength(nextSeq - 1)
      await store.close()
    }, 30_000)
  })
})
