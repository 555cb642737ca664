import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { run } from '../../src/cli/report.ts'
import { silentLog } from '../../src/log.ts'
import { ReportDocument } from '../../src/reports/report-schema.ts'
import { claimOf, mongoStore } from '../../src/store/mongo.ts'
import { mongoReader } from '../../src/store/mongo-reader.ts'
import type { Store } from '../../src/store/store.ts'
import { recordingIo } from '../cli/transcript.ts'
import { accountOf, DAY, HOUR, live, storeOf } from '../reports/simulated-month.ts'
import { isMongoTested, type MongoServer, startMongoServer, type TestDatabase, testDatabase } from './wire-server.ts'

const FROM = Date.parse('2026-03-02T00:00:00Z')
const WEEK = { fromMs: FROM, toMs: FROM + 7 * DAY }

describe.runIf(isMongoTested())('a reader of the shared store', () => {
  let server: MongoServer
  let place: TestDatabase
  let exporters: Store[]
  beforeAll(async () => {
    server = await startMongoServer()
  }, 60_000)
  afterAll(() => server.stop())
  beforeEach(async () => {
    place = testDatabase(server)
    exporters = []
  })
  afterEach(async () => {
    for (const store of exporters) await store.close()
    await place.drop()
  })

  /** Two exporters that share the database, each with one account, and hold their parts all the while. */
  async function twoShards(): Promise<void> {
    for (const [ordinal, name] of ['good', 'bad'].entries()) {
      const outage = {
        fromMs: FROM + 5 * HOUR,
        toMs: FROM + 7 * HOUR,
        state: 'disconnected',
        reason: 'network',
      } as const
      const account = { account: accountOf(name), bornMs: FROM - DAY, script: name === 'bad' ? [outage] : [] }
      const store = await mongoStore(
        { ...place, claim: claimOf({ ordinal, total: 2, leaseMs: 15_000 }), historyMs: 3650 * DAY },
        silentLog,
      )
      exporters.push(await storeOf([live(account, FROM + 8 * DAY, [], [])], [], store))
    }
  }

  test('sees the accounts, incidents and checks of all exporters while they run', async () => {
    await twoShards()
    const reader = await mongoReader(place, silentLog)
    try {
      expect((await reader.accounts()).map(({ account, gone }) => [account.account, gone])).toEqual([
        ['bad', false],
        ['good', false],
      ])
      const { items } = await reader.incidents({ limit: 9 })
      expect(items).toMatchObject([{ account: 'bad', cause: 'network' }])
      expect(await reader.incident(items[0]?.id ?? '')).toEqual(items[0])
      for (const name of ['good', 'bad']) {
        const key = accountOf(name).key
        const known = exporters[name === 'good' ? 0 : 1]
        expect(await reader.samples(key, WEEK)).toEqual(await known?.samples(key, WEEK))
        expect(await reader.history(key, WEEK, HOUR)).toEqual(await known?.history(key, WEEK, HOUR))
        expect(await reader.transitions({ key, limit: 9 })).toEqual(await known?.transitions({ key, limit: 9 }))
      }
      expect(await reader.maintenance()).toEqual([])
    } finally {
      await reader.close()
      await reader.close()
    }
    await expect(reader.accounts()).rejects.toMatchObject({ code: 'closed' })
  })

  test('takes nothing and makes nothing: an empty database stays empty', async () => {
    await expect(mongoReader(place, silentLog)).rejects.toThrow(/holds nothing of an exporter/)
    await expect(mongoReader(place, silentLog)).rejects.toThrow(/holds nothing of an exporter/)
  })

  test('says where no server answers, without the password', async () => {
    const nowhere = { uri: 'mongodb://user:s3cret@127.0.0.1:9/', database: 'none', selectionLimitMs: 200 }
    const error = await mongoReader(nowhere, silentLog).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('127.0.0.1:9') })
    expect(String(error)).not.toContain('s3cret')
  })

  test('lets the command line report on the whole fleet, beside the exporters', async (context) => {
    await twoShards()
    const folder = await mkdtemp(join(tmpdir(), 'mongo-report-'))
    context.onTestFinished(() => rm(folder, { recursive: true }))
    await writeFile(
      join(folder, 'config.yml'),
      `
gateways: [{ name: waha-1, driver: waha, url: "http://127.0.0.1:9", auth: { apiKey: "\${KEY}" } }]
store: { kind: mongodb, uri: "\${MONGODB_URI}", database: ${place.database} }
sharding: { ordinal: 0, total: 2 }
`,
    )
    const io = recordingIo(folder, { KEY: 'k', MONGODB_URI: place.uri })
    const code = await run(['--period', '2026-W10', '--source', 'store'], io, new AbortController().signal)
    const { ranking, fleet } = ReportDocument.parse(JSON.parse(io.said.out))
    expect(ranking.map(({ account, verdict }) => [account, verdict])).toEqual([
      ['bad', 'missed'],
      ['good', 'met'],
    ])
    expect(fleet).toMatchObject({ accounts: 2, downtimeSeconds: 7200, incidents: 1 })
    expect(code).toBe(1)
  })
})
