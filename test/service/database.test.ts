import mongoose from 'mongoose'
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest'
import { databaseOnce } from '../../src/cli/database-once.ts'
import { findAccounts } from '../../src/cli/found-accounts.ts'
import { loadConfig } from '../../src/config/load.ts'
import { servicePlan } from '../../src/service-plan.ts'
import { gatedSocket } from '../store/gated-socket.ts'
import { isMongoTested, type MongoServer, startMongoServer, testDatabase } from '../store/wire-server.ts'
import { until } from './until.ts'
import { startWorld } from './world.ts'

describe.runIf(isMongoTested())('accounts that stand in the database of a bot', () => {
  /** One server tells of changes, the other one does not. */
  let telling: MongoServer
  let silent: MongoServer
  beforeAll(async () => {
    ;[telling, silent] = await Promise.all([startMongoServer(0, 'oplog'), startMongoServer()])
  }, 60_000)
  afterAll(() => Promise.all([telling.stop(), silent.stop()]))

  /** A bot with three sessions, asked one by one, and its database behind a gate that can be shut. */
  async function start(context: TestContext, server: MongoServer, interval: string) {
    const place = testDatabase(server)
    const direct = await mongoose.createConnection(place.uri, { dbName: place.database }).asPromise()
    const { hostname, port } = new URL(place.uri)
    const gate = await gatedSocket({ host: hostname, port: Number(port) })
    context.onTestFinished(async () => {
      await direct.close()
      await gate.close()
      await place.drop()
    })
    const sessions = direct.getClient().db(place.database).collection('sessions')
    await sessions.insertMany([
      { _id: 1, session: 'bot-1', number: '+971 50 576 0056', tenant: 'acme' },
      { _id: 2, session: 'bot-2', number: null },
      { _id: 3, session: 'bot-3', enabled: false },
      { _id: 4 },
    ] as object[])
    const options = {
      simulator: { gateways: [{ name: 'linda', dialect: 'http' as const, accounts: ['bot-1', 'bot-2', 'bot-3'] }] },
      entries: { linda: { discover: false } },
      config: {
        discovery: {
          interval,
          missingFor: '0s',
          mongodb: {
            uri: `mongodb://127.0.0.1:${gate.port}/?directConnection=true&serverSelectionTimeoutMS=300`,
            database: place.database,
            collection: 'sessions',
            gateway: 'linda',
            fields: { account: 'session', phone: 'number', labels: { tenant: 'tenant' } },
          },
        },
      },
    }
    const world = await startWorld(context, options)
    const ids = () => [...world.service.monitor.fleet.accounts()].map(({ account }) => account.account).sort()
    return { world, sessions, gate, ids }
  }

  for (const [when, server, interval] of [
    ['at once where the server tells of changes', () => telling, '1h'],
    ['in rounds where it does not', () => silent, '5s'],
  ] as const) {
    test(`are watched with their labels, and followed as they change, ${when}`, async (context) => {
      const { world, sessions, ids } = await start(context, server(), interval)
      expect(ids()).toEqual(['bot-1', 'bot-2'])
      expect(world.service.monitor.fleet.get('linda/bot-1')?.account).toMatchObject({
        phone: '971505760056',
        labels: { tenant: 'acme' },
      })
      await until(
        'a check of each',
        async () => (await world.scrape()).value('whatsapp_account_up', { account: 'bot-2' }) === 1,
      )
      expect((await world.scrape()).value('whatsapp_exporter_discovery_faulty_documents')).toBe(1)

      await sessions.updateOne({ session: 'bot-3' }, { $set: { enabled: true } })
      await sessions.updateOne({ session: 'bot-2' }, { $set: { enabled: false } })
      await until('bot-3 instead of bot-2', () => ids().join() === 'bot-1,bot-3')
      await sessions.deleteOne({ session: 'bot-1' })
      await until('bot-3 alone', () => ids().join() === 'bot-3')
    })
  }

  test('are watched on while the database is away, and found again by one command', async (context) => {
    const { world, gate, ids } = await start(context, silent, '5s')
    const loaded = loadConfig(world.configFile, {})
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults))
    const once = async () => {
      const database = databaseOnce(loaded.config)
      const plan = servicePlan(loaded.config, new Map(), {
        events: { unmapped() {} },
        nowMs: Date.now,
        documented: database.documented,
      })
      return await findAccounts(plan.sources, database, AbortSignal.timeout(20_000))
    }
    expect(await once()).toMatchObject({
      gateways: [{ accounts: [{ account: 'bot-1' }, { account: 'bot-2' }], error: null }],
      faults: ['document 4: session holds no id of an account; it is left out'],
    })

    gate.shut()
    const failures = async () =>
      (await world.scrape()).value('whatsapp_exporter_discovery_failures_total', { gateway: 'linda' }) ?? 0
    await until('a reading that failed', async () => (await failures()) > 0)
    expect(ids()).toEqual(['bot-1', 'bot-2'])
    expect(await once()).toMatchObject({
      gateways: [{ accounts: [], error: expect.stringContaining('cannot be read') }],
    })
    gate.open()
    await until('a reading', () => world.lines.some((line) => line.includes('can be read again')))
    expect(ids()).toEqual(['bot-1', 'bot-2'])
  })
})
