import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { ReportsOptions } from '../../src/reports/options.ts'
import { createReporting, type Reporting } from '../../src/reports/reporting.ts'
import type { WantedSubscription } from '../../src/reports/subscriptions.ts'
import { claimOf, mongoStore } from '../../src/store/mongo.ts'
import {
  isMongoTested,
  type MongoServer,
  startMongoServer,
  type TestDatabase,
  testDatabase,
} from '../store/wire-server.ts'
import { sampleFleet } from './sample-fleet.ts'
import { type SmtpSink, smtpSink } from './smtp-sink.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const MONDAY = Date.parse('2026-03-09T06:00:00Z')
const WEEKLY: WantedSubscription = {
  recipient: 'anna@example.org',
  timing: { kind: 'weekly', minuteOfDay: 360 },
  timeZone: 'UTC',
  select: {},
  template: 'executive',
  formats: ['json'],
  language: null,
}

/** An exporter of two that share a store, with a folder of its own. */
interface Exporter {
  readonly reporting: Reporting
  readonly seen: { begun: number; failed: number }
  /** As a process that ends. */
  end(): Promise<void>
}

describe.runIf(isMongoTested())('two exporters on one MongoDB', () => {
  let server: MongoServer
  let place: TestDatabase
  let folder: string
  let sink: SmtpSink
  let nowMs: number
  let running: Exporter[]
  beforeAll(async () => {
    server = await startMongoServer()
  }, 60_000)
  afterAll(() => server.stop())
  beforeEach(async () => {
    place = testDatabase(server)
    folder = mkdtempSync(join(tmpdir(), 'two-exporters-'))
    sink = await smtpSink()
    nowMs = MONDAY - 2 * DAY
    running = []
  })
  afterEach(async () => {
    for (const exporter of running) await exporter.end()
    await sink.close()
    await place.drop()
    rmSync(folder, { recursive: true })
  })

  async function exporter(ordinal: 0 | 1): Promise<Exporter> {
    const { uri, database } = place
    const store = await mongoStore(
      { uri, database, claim: claimOf({ ordinal, total: 2, leaseMs: 15_000 }), historyMs: 3650 * DAY },
      silentLog,
    )
    const seen = { begun: 0, failed: 0 }
    const fleet = sampleFleet(2)
    const options = ReportsOptions.parse({
      directory: join(folder, String(ordinal)),
      smtp: { host: '127.0.0.1', port: sink.port, requireTls: false, from: 'reports@example.org' },
      schedules: [{ name: 'acme', period: 'weekly', at: '06:00', formats: ['json'], recipients: ['sla@example.org'] }],
    })
    const reporting = createReporting({
      options: () => options,
      analytics: {
        analysis: ({ period, timeZone }, _signal, accounts) => fleet.analysis(period, timeZone, accounts),
        incidentAnalysis: async () => null,
      },
      store,
      externalUrl: () => 'https://exporter.example',
      searchPath: '',
      log: silentLog,
      events: {
        begun: () => {
          seen.begun += 1
        },
        failed: () => {
          seen.failed += 1
        },
        mailed() {},
      },
      now: () => nowMs,
      random: () => 0.5,
    })
    let ended: Promise<void> | null = null
    const one: Exporter = {
      reporting,
      seen,
      end() {
        ended ??= reporting.stop().then(() => store.close())
        return ended
      },
    }
    running.push(one)
    reporting.start()
    return one
  }

  /** Both start at the same moment and do what is due; then both end. */
  async function bothAt(atMs: number): Promise<readonly Exporter[]> {
    nowMs = atMs
    const both = await Promise.all([exporter(0), exporter(1)])
    await Promise.all(both.map(({ reporting }) => reporting.idle()))
    await Promise.all(both.map((one) => one.end()))
    return both
  }

  const receivers = () => sink.mails.map(({ to }) => to).toSorted()

  /** Somebody subscribes at the first exporter, before anything is due. */
  async function subscribed(): Promise<string> {
    const first = await exporter(0)
    const { id } = await first.reporting.subscriptions.add(WEEKLY, 'alice')
    await first.reporting.subscriptions.add({ ...WEEKLY, recipient: 'bob@example.org' }, 'alice')
    await first.reporting.idle()
    await first.end()
    return id
  }

  test('mail each report once, those of schedules and those of subscriptions that only one of them took', async () => {
    await subscribed()
    const first = await bothAt(MONDAY)
    // What one of them claimed the other leaves alone, also when it looks again.
    const again = await bothAt(MONDAY + 10 * 60_000)
    expect(receivers()).toEqual(['anna@example.org', 'bob@example.org', 'sla@example.org'])
    expect(new Set(sink.mails.map(({ mail }) => mail.messageId)).size).toBe(3)
    const sum = (of: 'begun' | 'failed') => [...first, ...again].reduce((total, { seen }) => total + seen[of], 0)
    expect([sum('begun'), sum('failed')]).toEqual([3, 0])
  })

  test('each show what the other made and sent', async () => {
    await subscribed()
    await bothAt(MONDAY)
    for (const ordinal of [0, 1] as const) {
      const one = await exporter(ordinal)
      await one.reporting.idle()
      const runs = await one.reporting.list()
      expect(runs.map(({ state, deliveries }) => [state, ...deliveries.map((delivery) => delivery.state)])).toEqual(
        Array(3).fill(['sent', 'sent']),
      )
      await one.end()
    }
  })

  test('know of each other’s subscriptions and of their end', async () => {
    const id = await subscribed()
    await bothAt(MONDAY)
    const other = await exporter(1)
    await other.reporting.idle()
    expect((await other.reporting.subscriptions.end(id, 'recipient'))?.endedBy).toBe('recipient')
    await other.end()
    await bothAt(MONDAY + 7 * DAY)
    const ofAnna = receivers().filter((to) => to === 'anna@example.org')
    const ofBob = receivers().filter((to) => to === 'bob@example.org')
    expect([ofAnna.length, ofBob.length]).toEqual([1, 2])
  })

  test('make good for each other: what one could not send the other sends, once', async () => {
    await subscribed()
    // The first exporter alone, while the mail server refuses everybody for now.
    nowMs = MONDAY
    sink.refuse(451, 451, 451)
    const first = await exporter(0)
    await first.reporting.idle()
    await first.end()
    expect(receivers()).toEqual([])
    nowMs = MONDAY + HOUR
    const second = await exporter(1)
    await second.reporting.idle()
    await second.end()
    expect(receivers()).toEqual(['anna@example.org', 'bob@example.org', 'sla@example.org'])
    // Made again where the mails are sent: files stay with the exporter that made them.
    expect([first.seen.begun, second.seen.begun]).toEqual([3, 0])
  })
})
