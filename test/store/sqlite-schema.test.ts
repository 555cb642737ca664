import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AccountState, Reason, Status } from '../../src/accounts/vocabulary.ts'
import { silentLog } from '../../src/log.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import { migrate } from '../../src/store/sqlite-schema.ts'
import type { Store } from '../../src/store/store.ts'
import { accountOf, attemptOf, badSampleOf, HOUR, incidentOf, sampleOf, T0, transitionOf } from './fixtures.ts'

const RELEASED = new URL('./schema-1.sql', import.meta.url)
// The words in the order in which the released file holds them, whatever the vocabulary is by now.
const STATES: readonly AccountState[] = [
  'connected',
  'degraded',
  'connecting',
  'disconnected',
  'awaiting_auth',
  'stopped',
  'blocked',
  'unknown',
]
const STATUSES: readonly Status[] = ['healthy', 'warning', 'unhealthy', 'unknown']
const REASONS: readonly Reason[] = [
  'logged_out',
  'banned',
  'temp_banned',
  'conflict',
  'outdated_client',
  'timelock',
  'capped',
  'quality',
  'stale',
  'qr_timeout',
  'network',
  'bad_session',
  'license',
  'gateway_down',
  'rate_limited',
  'unauthorized',
  'slow',
  'other',
]
const sales = accountOf('sales-01')
const RANGE = { fromMs: T0, toMs: T0 + 2 * HOUR }

let directory: string
let store: Store
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'exporter-schema-'))
  const path = join(directory, 'exporter.db')
  const db = new DatabaseSync(path)
  db.exec(await readFile(RELEASED, 'utf8'))
  db.close()
  store = sqliteStore({ path }, silentLog)
})
afterEach(async () => {
  await store.close()
  await rm(directory, { recursive: true })
})

test('checks that schema 1 packed are read with the same words and times', async () => {
  const words = REASONS.map((reason, index) =>
    sampleOf(sales.key, T0 + index * 15_000, {
      reason,
      state: STATES[index % STATES.length] ?? 'unknown',
      status: STATUSES[index % STATUSES.length] ?? 'unknown',
      good: index % 2 === 0,
      durationMs: 40 + index * 13,
    }),
  )
  expect(await store.samples(sales.key, RANGE)).toEqual([...words, badSampleOf(sales.key, T0 + HOUR)])
  expect((await store.history(sales.key, RANGE, HOUR)).map(({ checks }) => checks)).toEqual([REASONS.length, 1])
})

test('ledgers and events of schema 1 are read as they were written', async () => {
  const loaded = await store.load()
  expect(loaded.nextSeq).toBe(3)
  expect(loaded.pendingRecoveries).toEqual([attemptOf('r1', sales, T0, { incidentId: 'i1' })])
  const [ledger] = loaded.ledgers
  expect(ledger?.account).toEqual(sales)
  expect(ledger?.health).toMatchObject({
    status: 'unhealthy',
    lastCheckMs: T0 + HOUR,
    evidence: { messagingLimit: Number.POSITIVE_INFINITY },
    incident: incidentOf('i1', sales, T0, { downtimeMs: 45_000 }),
    counters: { checks: 1, checkFailures: 1, downtimeMs: 15_000 },
  })
  expect(await store.incident('i1')).toEqual(incidentOf('i1', sales, T0, { downtimeMs: 30_000 }))
  expect((await store.transitions({ key: sales.key, limit: 9 })).items).toEqual([transitionOf(sales.key, T0)])
})

test('a released migration is as it was released', async () => {
  const fresh = new DatabaseSync(':memory:')
  migrate(fresh, 0)
  const released = new DatabaseSync(':memory:')
  released.exec(await readFile(RELEASED, 'utf8'))
  migrate(released, 1)
  const schemaOf = (db: DatabaseSync) =>
    db.prepare("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'").all()
  expect(schemaOf(fresh)).toEqual(schemaOf(released))
})
