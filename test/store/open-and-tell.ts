// Opens a store, writes one batch, and prints the code of the failure, or `ok`. Arguments: path of the database.
import { silentLog } from '../../src/log.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import { StoreError } from '../../src/store/store.ts'
import { batchOf } from './fixtures.ts'

try {
  const store = sqliteStore({ path: process.argv[2] ?? '' }, silentLog)
  const { nextSeq } = await store.load()
  await store.write(batchOf(nextSeq))
  process.stdout.write('ok\n')
} catch (error) {
  process.stdout.write(`${error instanceof StoreError ? error.code : String(error)}\n`)
}
