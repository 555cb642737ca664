import { setTimeout as sleep } from 'node:timers/promises'
import { silentLog } from '../../src/log.ts'
import { claimOf, mongoStore } from '../../src/store/mongo.ts'
import { StoreError } from '../../src/store/store.ts'
import { accountOf, batchOf, healthOf, SECOND, sampleOf, T0 } from './fixtures.ts'

// Holds shard 0 and writes a check after another, telling each that is acknowledged, until the shard is another's.
const [uri = '', database = '', leaseMs = '1000'] = process.argv.slice(2)
const account = accountOf('sales-01')
const store = await mongoStore(
  { uri, database, claim: claimOf({ ordinal: 0, total: 1, leaseMs: Number(leaseMs) }), historyMs: 1e11 },
  silentLog,
)
let { nextSeq } = await store.load()
if (nextSeq === 1) await store.write(batchOf(nextSeq++, { ledgers: [{ account, health: healthOf(account.key) }] }))
try {
  for (;;) {
    const atMs = T0 + nextSeq * SECOND
    await store.write(batchOf(nextSeq, { atMs, samples: [sampleOf(account.key, atMs)] }))
    process.stdout.write(`written ${nextSeq}\n`)
    nextSeq++
    await sleep(20)
  }
} catch (error) {
  process.stdout.write(`refused ${error instanceof StoreError ? error.code : String(error)} sure=${store.isSure}\n`)
  await store.close()
}
