import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '../../src/log.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import { storeContract } from './store-contract.ts'

storeContract('sqlite in a file', true, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'exporter-store-'))
  const path = join(directory, 'not', 'there', 'yet', 'exporter.db')
  return {
    open: async () => sqliteStore({ path }, silentLog),
    dispose: () => rm(directory, { recursive: true }),
  }
})

storeContract('sqlite in memory', false, async () => ({
  open: async () => sqliteStore({ path: ':memory:' }, silentLog),
  dispose: async () => {},
}))
