import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '../src/log.ts'
import { claimOf, mongoStore } from '../src/store/mongo.ts'
import { sqliteStore } from '../src/store/sqlite.ts'
import type { Store } from '../src/store/store.ts'
import { accountOf, batchOf, HOUR, healthOf, MINUTE, SECOND, sampleOf, T0, tidy } from '../test/store/fixtures.ts'
import { startMongoServer, testDatabase } from '../test/store/wire-server.ts'
import type { BenchRow } from './bench-row.ts'
import { median } from './process.ts'

const FLEETS = [1_000, 10_000]
const CYCLES = 40
const CYCLE_MS = 15 * SECOND
const QUERIES = 50

/** Wall time per account, microseconds. */
interface Figures {
  readonly first: number
  readonly write: number
  readonly query: number
  readonly fold: number
  readonly folded: number
}

/**
 * What a store costs per account: the first batch with every ledger, a cycle of checks, a trend of one hour before and
 * after folding, and folding. MongoDB is MONGODB_TEST_URI, else the wire server of the tests, which lives in memory.
 */
export async function run(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  const server = await startMongoServer()
  const folder = await mkdtemp(join(tmpdir(), 'bench-store-'))
  try {
    for (const accounts of FLEETS) {
      const sqlite = await measure(sqliteStore({ path: join(folder, `${accounts}.db`) }, silentLog), accounts)
      const { uri, database, drop } = testDatabase(server)
      const claim = claimOf({ ordinal: 0, total: 1, leaseMs: 60_000 })
      const mongo = await measure(await mongoStore({ uri, database, claim, historyMs: 1e11 }, silentLog), accounts)
      await drop()
      for (const name of ['first', 'write', 'query', 'fold', 'folded'] as const) {
        rows.push({
          name: `store_${name}_us_${accounts}`,
          value: sqlite[name],
          unit: 'µs',
          peer: server.pid === null ? 'MongoDB' : 'MongoDB wire server of the tests',
          peerValue: mongo[name],
          ratio: mongo[name] / sqlite[name],
        })
      }
    }
    return rows
  } finally {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function measure(store: Store, count: number): Promise<Figures> {
  const fleet = Array.from({ length: count }, (_, index) => accountOf(`bench-${index}`))
  const ledgers = fleet.map((account) => ({ account, health: healthOf(account.key) }))
  const first = (await timed(() => store.write(batchOf(1, { ledgers })))) / count
  const writes: number[] = []
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const atMs = T0 + cycle * CYCLE_MS
    const samples = fleet.map(({ key }, index) =>
      sampleOf(key, atMs + (index % 15_000), { durationMs: 40 + (index % 37) }),
    )
    writes.push((await timed(() => store.write(batchOf(cycle + 2, { atMs, samples })))) / count)
  }
  const trends = async () => {
    const times: number[] = []
    for (let index = 0; index < QUERIES; index++) {
      const key = fleet[(index * 7919) % count]?.key ?? ''
      times.push(await timed(() => store.history(key, { fromMs: T0, toMs: T0 + HOUR }, MINUTE)))
    }
    return median(times)
  }
  const query = await trends()
  const fold = (await timed(() => tidy(store, T0 + 2 * HOUR))) / count
  const folded = await trends()
  await store.close()
  return { first, write: median(writes), query, fold, folded }
}

/** Microseconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await work()
  return (performance.now() - startMs) * 1000
}
