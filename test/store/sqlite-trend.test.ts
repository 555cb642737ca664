import { silentLog } from '../../src/log.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import { trendContract } from './trend-contract.ts'

trendContract('sqlite', async () => ({
  store: sqliteStore({ path: ':memory:' }, silentLog),
  dispose: async () => {},
}))
