import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest'
import { z } from 'zod'
import { silentLog } from '../../src/log.ts'
import { ReportDocument } from '../../src/reports/report-schema.ts'
import { claimOf, mongoStore } from '../../src/store/mongo.ts'
import { mongoReader } from '../../src/store/mongo-reader.ts'
import { type SmtpSink, smtpSink } from '../reports/smtp-sink.ts'
import { isMongoTested, type MongoServer, startMongoServer, testDatabase } from '../store/wire-server.ts'
import { type ExporterProcess, startExporter } from './exporter-process.ts'
import { until } from './until.ts'
import { setScene } from './world.ts'

const DAY = 86_400_000
const ACCOUNTS = ['a', 'b', 'c', 'd', 'e', 'f']
const RECIPIENTS = ['anna@example.org', 'bob@example.org', 'carl@example.org']

const Listed = z.object({
  reports: z.array(
    z.object({ state: z.string(), deliveries: z.array(z.object({ recipient: z.string(), state: z.string() })) }),
  ),
})

describe.runIf(isMongoTested())('reports of exporters that share a store', { timeout: 120_000 }, () => {
  let server: MongoServer
  beforeAll(async () => {
    server = await startMongoServer()
  }, 60_000)
  afterAll(() => server.stop())

  /** Two shards with a folder of reports each, a mail server, and a weekly report that has been due since Monday. */
  async function fleet(context: TestContext) {
    const { uri, database, drop } = testDatabase(server)
    const scene = await setScene(context, {
      simulator: { gateways: [{ name: 'one', dialect: 'http', accounts: ACCOUNTS }] },
      config: { store: { kind: 'mongodb', uri, database, path: undefined } },
    })
    context.onTestFinished(drop)
    const sink = await smtpSink()
    context.onTestFinished(() => sink.close())
    await scene.configure()
    const base = JSON.parse(await readFile(scene.configFile, 'utf8')) as object
    const fileOf = (ordinal: number) => join(scene.folder, `exporter-${ordinal}.yml`)
    const configure = async (ordinal: number, isScheduled: boolean) => {
      const reports = {
        directory: join(scene.folder, `reports-${ordinal}`),
        smtp: { host: '127.0.0.1', port: sink.port, requireTls: false, from: 'reports@example.org' },
        schedules: isScheduled
          ? [{ name: 'acme', period: 'weekly', at: '00:00', formats: ['json'], recipients: RECIPIENTS }]
          : [],
      }
      await writeFile(fileOf(ordinal), JSON.stringify({ ...base, sharding: { ordinal, total: 2 }, reports }))
    }
    await seedSchedule({ uri, database })
    return { sink, configure, fileOf, place: { uri, database } }
  }

  /** The store has known the schedule for a week, so that exactly one report is due. */
  async function seedSchedule(place: { readonly uri: string; readonly database: string }): Promise<void> {
    const store = await mongoStore({ ...place, claim: claimOf({ ordinal: 0, total: 2, leaseMs: 15_000 }) }, silentLog)
    const today = Math.floor(Date.now() / DAY) * DAY
    const monday = today - ((new Date(today).getUTCDay() + 6) % 7) * DAY
    await store.deliveries.since('acme', monday - 1)
    await store.close()
  }

  const receivers = ({ mails }: SmtpSink) => mails.map(({ to }) => to).toSorted()

  async function statesAt(exporter: ExporterProcess): Promise<string[]> {
    return Listed.parse(await exporter.json('GET', '/api/reports')).reports.flatMap(({ state, deliveries }) => [
      state,
      ...deliveries.map((one) => one.state),
    ])
  }

  test('one makes the report, about the whole fleet, and everybody receives it once', async (context) => {
    const { sink, configure, fileOf, place } = await fleet(context)
    const exporters: ExporterProcess[] = []
    for (const ordinal of [0, 1]) {
      await configure(ordinal, false)
      exporters.push(await startExporter(context, fileOf(ordinal)))
    }
    const reader = await mongoReader(place, silentLog)
    context.onTestFinished(() => reader.close())
    await until('both parts of the fleet to be in the store', async () => {
      return (await reader.accounts()).filter(({ gone }) => !gone).length === ACCOUNTS.length
    })

    for (const ordinal of [0, 1]) await configure(ordinal, true)
    for (const exporter of exporters) exporter.signal('SIGHUP')
    for (const exporter of exporters)
      await until('both to see it sent', async () => {
        const states = await statesAt(exporter)
        return states.length === 1 + RECIPIENTS.length && states.every((state) => state === 'sent')
      })
    expect(receivers(sink)).toEqual(RECIPIENTS)
    const lines = exporters.flatMap((exporter) => exporter.lines)
    expect(lines.filter((line) => line.includes('A report was made.'))).toHaveLength(1)
    for (const { mail } of sink.mails) {
      const [file] = mail.attachments
      const { ranking } = ReportDocument.parse(JSON.parse(file?.content.toString() ?? ''))
      expect(ranking.map(({ account }) => account).toSorted()).toEqual(ACCOUNTS)
    }
  })

  test('one that is killed while it sends stops nobody: the others are sent by the next one, none of them twice', async (context) => {
    const { sink, configure, fileOf } = await fleet(context)
    for (const ordinal of [0, 1]) await configure(ordinal, true)
    const { promise: killed, resolve } = Promise.withResolvers<void>()
    const doomed: { exporter: ExporterProcess | null } = { exporter: null }
    // The whole message is there, and its sender never hears so.
    sink.beforeAnswer(async () => {
      sink.beforeAnswer(() => {})
      const exporter = await until('the exporter to be known', () => doomed.exporter ?? undefined)
      exporter.signal('SIGKILL')
      await exporter.ended
      resolve()
    })
    doomed.exporter = await startExporter(context, fileOf(0))
    await killed
    expect(receivers(sink)).toEqual(RECIPIENTS.slice(0, 1))

    const next = await startExporter(context, fileOf(1))
    await until('the others to be sent', async () => {
      return (await statesAt(next)).toSorted().join() === 'sending,sent,sent,sent'
    })
    expect(receivers(sink)).toEqual(RECIPIENTS)
    expect(next.lines.filter((line) => line.includes('A report was sent.'))).toHaveLength(2)
  })
})
