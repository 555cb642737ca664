import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { ReportsOptions } from '../../src/reports/options.ts'
import { expireReports } from '../../src/reports/report-folder.ts'
import { createReporting, type ReportRun } from '../../src/reports/reporting.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import type { ReportSubscription } from '../../src/store/store.ts'
import { sampleFleet } from './sample-fleet.ts'
import { type SmtpSink, smtpSink } from './smtp-sink.ts'

const DAY = 86_400_000
const DUE = Date.parse('2026-04-01T06:00:00Z')
const QUARTERLY: ReportSubscription = {
  id: 'quarterly',
  recipient: 'bob@example.org',
  timing: { kind: 'cron', cron: '0 6 1 * *', covers: 'last-quarter' },
  timeZone: 'UTC',
  select: {},
  template: 'executive',
  formats: ['json'],
  language: null,
  createdMs: DUE - 5 * DAY,
  createdBy: 'alice',
  endedMs: null,
  endedBy: null,
}

let directory: string
let sink: SmtpSink
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'report-expiry-'))
  sink = await smtpSink()
})
afterEach(async () => {
  await sink.close()
  rmSync(directory, { recursive: true })
})

/** An exporter that is started, does what is due, and ends. */
async function runAt(
  nowMs: number,
  schedules: readonly object[],
  subscriptions: readonly ReportSubscription[] = [],
  exporter: { readonly ordinal?: number; readonly url?: string } = {},
) {
  const store = sqliteStore({ path: join(directory, `exporter-${exporter.ordinal ?? ''}.db`) }, silentLog)
  for (const subscription of subscriptions) await store.putSubscription(subscription)
  const fleet = sampleFleet(1)
  const options = ReportsOptions.parse({
    directory,
    keep: '1d',
    smtp: { host: '127.0.0.1', port: sink.port, requireTls: false, from: 'reports@example.org' },
    schedules,
  })
  const reporting = createReporting({
    options: () => options,
    analytics: {
      analysis: ({ period, timeZone }, _signal, accounts) => fleet.analysis(period, timeZone, accounts),
      incidentAnalysis: async () => null,
    },
    store,
    externalUrl: () => exporter.url ?? null,
    ordinal: exporter.ordinal,
    searchPath: '',
    log: silentLog,
    events: { begun() {}, failed() {}, mailed() {} },
    now: () => nowMs,
    random: () => 0.5,
  })
  reporting.start()
  await reporting.idle()
  const listed: readonly ReportRun[] = await reporting.list()
  await reporting.stop()
  await store.close()
  return listed.map(({ period }) => period)
}

test('a report whose files expire before its catching up ends is not made and mailed again', async () => {
  const schedules = [
    { name: 'acme', period: 'monthly', formats: ['json'], at: '06:00', recipients: ['anna@example.org'] },
  ]
  await runAt(DUE - DAY, schedules)
  expect(await runAt(DUE, schedules)).toEqual(['2026-03'])
  expect(existsSync(join(directory, 'acme', '2026-03'))).toBe(true)
  // Files carry the date of the machine, so that only the record expires here.
  for (const days of [3, 4, 20, 29]) expect(await runAt(DUE + days * DAY, schedules)).toEqual([])
  expect(sink.mails.map(({ to }) => to)).toEqual(['anna@example.org'])
})

test('a quarter that is asked for month by month is mailed once, however short reports are kept', async () => {
  await runAt(DUE - DAY, [], [QUARTERLY])
  for (let days = 0; days < 91; days += 10) await runAt(DUE + days * DAY, [])
  expect(sink.mails.map(({ mail }) => mail?.subject)).toHaveLength(1)
})

test('exporters that report about their own parts send mails that no mail server takes for one', async () => {
  const schedules = [
    { name: 'acme', period: 'monthly', formats: ['json'], at: '06:00', recipients: ['anna@example.org'] },
  ]
  for (const exporter of [{ ordinal: 0 }, { ordinal: 1 }, { ordinal: 2, url: 'https://exporter.example:8443/x' }]) {
    await runAt(DUE - DAY, schedules, [], exporter)
    await runAt(DUE, schedules, [], exporter)
  }
  expect(sink.mails.map(({ mail }) => mail?.messageId)).toEqual([
    '<acme.2026-03.anna-example.org@shard-0.whatsapp-exporter>',
    '<acme.2026-03.anna-example.org@shard-1.whatsapp-exporter>',
    '<acme.2026-03.anna-example.org@shard-2.exporter.example>',
  ])
})

test('what a making left that was given up expires too, and so does the folder of who has no report any more', async () => {
  const left = (...path: string[]) => {
    const folder = join(directory, ...path)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'accounts.csv'), '')
    return folder
  }
  const old = [left('acme', '2026-02'), left('_0123456789abcdef', '2026-W08'), left('_requested', 'without-facts')]
  for (const folder of old) utimesSync(folder, new Date(DUE - 1), new Date(DUE - 1))
  const made = left('beta', '2026-02')
  writeFileSync(join(made, 'mail.json'), '{}')
  utimesSync(join(made, 'mail.json'), new Date(DUE - 1), new Date(DUE - 1))
  const fresh = left('acme', '2026-03')
  utimesSync(fresh, new Date(DUE), new Date(DUE))
  writeFileSync(join(directory, 'unsubscribe.key'), 'key')
  expect(await expireReports(directory, DUE)).toBe(4)
  expect(readdirSync(directory).toSorted()).toEqual(['acme', 'unsubscribe.key'])
  expect(existsSync(fresh)).toBe(true)
})
