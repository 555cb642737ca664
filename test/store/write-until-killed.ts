// Writes batch after batch and prints the number of each once it is acknowledged. Arguments: path of the database.
import { silentLog } from '../../src/log.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import { accountOf, badSampleOf, batchOf, healthOf, incidentOf, T0 } from './fixtures.ts'

const [path = ''] = process.argv.slice(2)
const store = sqliteStore({ path }, silentLog)
const accounts = Array.from({ length: 50 }, (_, index) => accountOf(`a${index}`))
const incident = incidentOf('i1', accountOf('a0'), T0)

for (let { nextSeq: seq } = await store.load(); ; seq++) {
  const atMs = T0 + seq * 15_000
  await store.write(
    batchOf(seq, {
      atMs,
      samples: accounts.map(({ key }) => badSampleOf(key, atMs)),
      incidents: seq === 1 ? [incident] : [],
      ledgers: accounts
        .filter((_, index) => seq === 1 || seq % 50 === index)
        .map((account) => ({
          account,
          health: {
            ...healthOf(account.key, { badSinceMs: T0, status: 'unhealthy', state: 'disconnected', lastCheckMs: atMs }),
            incident: { ...incident, key: account.key, account: account.account, downtimeMs: seq * 15_000 },
            counters: { ...healthOf('').counters, checks: seq, downtimeMs: seq * 15_000 },
          },
        })),
    }),
  )
  process.stdout.write(`${seq}\n`)
}
