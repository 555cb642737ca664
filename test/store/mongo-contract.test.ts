import { afterAll, beforeAll, describe } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { claimOf, mongoStore } from '../../src/store/mongo.ts'
import { DAY } from './fixtures.ts'
import { storeContract } from './store-contract.ts'
import { isMongoTested, type MongoServer, startMongoServer, testDatabase } from './wire-server.ts'

describe.runIf(isMongoTested())('against a MongoDB server', () => {
  let server: MongoServer
  beforeAll(async () => {
    server = await startMongoServer()
  }, 60_000)
  afterAll(() => server.stop())

  storeContract('mongodb', true, async () => {
    const { uri, database, drop } = testDatabase(server)
    return {
      open: () =>
        mongoStore(
          // The rows of the contract are old: a real server must not drop them on its own.
          { uri, database, claim: claimOf({ ordinal: 0, total: 1, leaseMs: 15_000 }), historyMs: 3650 * DAY },
          silentLog,
        ),
      dispose: drop,
    }
  })
})
