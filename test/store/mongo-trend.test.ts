import { afterAll, beforeAll, describe } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { claimOf, mongoStore } from '../../src/store/mongo.ts'
import { DAY } from './fixtures.ts'
import { trendContract } from './trend-contract.ts'
import { isMongoTested, type MongoServer, startMongoServer, testDatabase } from './wire-server.ts'

describe.runIf(isMongoTested())('against a MongoDB server', () => {
  let server: MongoServer
  beforeAll(async () => {
    server = await startMongoServer()
  }, 60_000)
  afterAll(() => server.stop())

  trendContract('mongodb', async () => {
    const { uri, database, drop } = testDatabase(server)
    const claim = claimOf({ ordinal: 0, total: 1, leaseMs: 15_000 })
    return { store: await mongoStore({ uri, database, claim, historyMs: 3650 * DAY }, silentLog), dispose: drop }
  })
})
