import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { run } from '../../src/cli/program.ts'
import { silentLog } from '../../src/log.ts'
import type { ArchivableStore } from '../../src/store/archive.ts'
import { claimOf, mongoStore } from '../../src/store/mongo.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import { notificationOf, subscriptionOf, textMessageOf } from '../store/audit-contract.ts'
import {
  accountOf,
  attemptOf,
  badSampleOf,
  batchOf,
  DAY,
  HOUR,
  healthOf,
  incidentOf,
  MINUTE,
  RETENTION,
  sampleOf,
  T0,
  tidy,
  transitionOf,
} from '../store/fixtures.ts'
import { isMongoTested, type MongoServer, startMongoServer, testDatabase } from '../store/wire-server.ts'
import { recordingIo } from './transcript.ts'

const sales = accountOf('sales-01')
const gone = accountOf('gone')
const RANGE = { fromMs: T0, toMs: T0 + 40 * DAY }

/** A store with something of everything: days that lost their checks, hours, checks that wait, and an open incident. */
async function fill(store: ArchivableStore): Promise<void> {
  const incident = incidentOf('i1', sales, T0 + 39 * DAY)
  const health = healthOf(sales.key, {
    incident,
    evidence: { messagingLimit: Number.POSITIVE_INFINITY },
    counters: { ...healthOf('').counters, checks: 7 },
  })
  const ledgers = [
    { account: sales, health },
    { account: gone, health: healthOf(gone.key) },
  ]
  await store.write(batchOf(1, { ledgers, incidents: [incident], recoveries: [attemptOf('r1', sales, T0 + 39 * DAY)] }))
  for (let seq = 2; seq <= 60; seq++) {
    const atMs = T0 + seq * 16 * HOUR
    const samples = [sampleOf(sales.key, atMs, { durationMs: 40 + seq }), badSampleOf(gone.key, atMs + MINUTE)]
    await store.write(batchOf(seq, { atMs, samples, transitions: [transitionOf(sales.key, atMs)] }))
  }
  await store.write(batchOf(61, { removed: [gone.key] }))
  await tidy(store, T0 + 40 * DAY, { ...RETENTION, historyMs: 10 * DAY })
  await store.write(
    batchOf(62, { atMs: T0 + 41 * DAY, samples: [sampleOf(sales.key, T0 + 40 * DAY - 5 * MINUTE, { good: false })] }),
  )
  await store.recordNotifications([notificationOf('n1')])
  await store.putTextMessage(textMessageOf('t1'))
  await store.putMaintenance({ kind: 'early_end', id: 'm1', endedMs: T0, endedBy: 'bob' })
  await store.putSubscription(subscriptionOf('s1'))
  await store.deliveries.since('acme', T0)
  const report = { schedule: 'acme', period: '2026-03', dueMs: T0 }
  await store.deliveries.enlist(report, ['anna@example.org'], T0)
  const files = { ...report, recipient: '' }
  const claim = await store.deliveries.claim(files, T0, HOUR)
  if (claim.outcome === 'ours') await store.deliveries.mark(files, claim.attempt, T0, { state: 'sent', detail: 'ok' })
}

async function answers(store: ArchivableStore) {
  const { ledgers, pendingRecoveries } = await store.load()
  return {
    ledgers,
    pendingRecoveries,
    incidents: await store.incidents({ limit: 9 }),
    transitions: await store.transitions({ key: sales.key, limit: 100 }),
    samples: await Promise.all([sales.key, gone.key].map((key) => store.samples(key, RANGE))),
    history: await Promise.all([sales.key, gone.key].map((key) => store.history(key, RANGE, DAY))),
    notifications: await store.notifications({ limit: 9 }),
    textMessages: await store.textMessages({ limit: 9 }),
    maintenance: await store.maintenance(),
    subscriptions: await store.subscriptions(),
    deliveries: await store.deliveries.content(),
  }
}

describe('the commands that move a store', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cli-store-'))
  })
  afterEach(() => rm(folder, { recursive: true }))
  const configure = (name: string, store: string) =>
    writeFile(
      join(folder, name),
      `gateways: [{ name: one, driver: http, url: "http://127.0.0.1:1", accounts: [{ account: a }] }]\nstore: ${store}\n`,
    )
  const type = async (line: string, env: Record<string, string> = {}) => {
    const io = recordingIo(folder, env)
    const code = await run(line.split(' '), io, new AbortController().signal)
    return { code, ...io.said }
  }
  const sqlite = (name: string) => sqliteStore({ path: join(folder, name) }, silentLog)

  test('export and import: the new store answers as the old one did, to the last row', async () => {
    await configure('config.yml', '{ kind: sqlite, path: old.db }')
    await configure('new.yml', '{ kind: sqlite, path: new.db }')
    const old = sqlite('old.db')
    await fill(old)
    const before = await answers(old)
    expect(before.samples[0]?.length).toBeGreaterThan(10)
    expect(before.history[0]?.length).toBeGreaterThan(30)
    await old.close()

    const exported = await type('store export backup.jsonl')
    expect(exported).toMatchObject({ code: 0, err: '' })
    expect(exported.out).toMatch(/^\d+ rows were written to backup.jsonl and read back: every row is the same.\n$/)
    expect((await stat(join(folder, 'backup.jsonl'))).mode & 0o777).toBe(0o600)
    expect(await type('store import -c new.yml backup.jsonl')).toMatchObject({ code: 0, err: '' })
    const copy = sqlite('new.db')
    expect(await answers(copy)).toEqual(before)
    // The copy lives on.
    await copy.write(
      batchOf((await copy.load()).nextSeq, { samples: [sampleOf(sales.key, T0 + 40 * DAY - 2 * MINUTE)] }),
    )
    expect(await copy.samples(sales.key, RANGE)).toHaveLength((before.samples[0]?.length ?? 0) + 1)
    await copy.close()
  })

  test('a file that was changed or cut off fills nothing', async () => {
    await configure('config.yml', '{ kind: sqlite, path: old.db }')
    await configure('new.yml', '{ kind: sqlite, path: new.db }')
    const old = sqlite('old.db')
    await fill(old)
    await old.close()
    await type('store export backup.jsonl')
    const whole = await readFile(join(folder, 'backup.jsonl'), 'utf8')
    for (const [text, why] of [
      [whole.replace('"downtimeMs":0', '"downtimeMs":1'), 'their number or checksum is not what the end tells'],
      [whole.slice(0, whole.lastIndexOf('{"kind":"end"')), 'it was cut off'],
      [whole.slice(0, whole.length / 2), 'it is not JSON'],
      ['', 'it was cut off'],
    ] as const) {
      await writeFile(join(folder, 'bad.jsonl'), text)
      const { code, err } = await type('store import -c new.yml bad.jsonl')
      expect([code, err]).toEqual([2, expect.stringContaining(why)])
    }
    expect(await type('store import -c new.yml backup.jsonl')).toMatchObject({ code: 0 })
  })

  test('a store that is not empty is not filled, one in use is not touched, and an export is not overwritten', async () => {
    await configure('config.yml', '{ kind: sqlite, path: old.db }')
    const old = sqlite('old.db')
    await fill(old)
    expect(await type('store export backup.jsonl')).toMatchObject({ code: 2, err: expect.stringContaining('old.db') })
    await old.close()
    await type('store export backup.jsonl')
    expect(await type('store export backup.jsonl')).toMatchObject({ code: 2, err: expect.stringContaining('EEXIST') })
    expect((await stat(join(folder, 'backup.jsonl'))).size).toBeGreaterThan(1000)
    expect(await type('store import backup.jsonl')).toMatchObject({
      code: 2,
      err: expect.stringContaining('is not empty'),
    })
    expect(await type('store migrate --to config.yml')).toMatchObject({
      code: 2,
      err: 'config.yml and config.yml name the same store. Name another one in config.yml.\n',
    })
    expect(await type('store import nothing.jsonl')).toMatchObject({ code: 2, err: expect.stringContaining('ENOENT') })
  })

  describe.runIf(isMongoTested())('with MongoDB', () => {
    let server: MongoServer
    beforeAll(async () => {
      server = await startMongoServer()
    }, 60_000)
    afterAll(() => server.stop())

    test('migrate: from SQLite to MongoDB and back, every answer stays', async () => {
      const place = testDatabase(server)
      const env = { MONGODB_URI: place.uri }
      await configure('config.yml', '{ kind: sqlite, path: old.db }')
      await configure(
        'mongo.yml',
        `{ kind: mongodb, uri: "\${MONGODB_URI}", database: ${place.database}, retention: { history: 400d } }`,
      )
      await configure('back.yml', '{ kind: sqlite, path: back.db }')
      const old = sqlite('old.db')
      await fill(old)
      const before = await answers(old)
      await old.close()
      const there = await type('store migrate --to mongo.yml', env)
      expect(there).toMatchObject({ code: 0, err: '' })
      expect(there.out).toMatch(/^\d+ rows were copied from sqlite to mongodb: every row is the same.\n$/)
      const { uri, database } = place
      const claim = claimOf({ ordinal: 0, total: 1, leaseMs: 15_000 })
      const mongo = await mongoStore({ uri, database, claim, historyMs: 400 * DAY }, silentLog)
      expect(await answers(mongo)).toEqual(before)
      await mongo.close()
      expect(await type('store migrate -c mongo.yml --to back.yml', env)).toMatchObject({ code: 0, err: '' })
      const back = sqlite('back.db')
      expect(await answers(back)).toEqual(before)
      await back.close()
      await place.drop()
    }, 30_000)
  })
})
