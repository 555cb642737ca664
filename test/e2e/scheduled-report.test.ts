import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { ReportsOptions } from '../../src/reports/options.ts'
import { expireReports } from '../../src/reports/report-folder.ts'
import { createReporting, type Reporting } from '../../src/reports/reporting.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import { sampleFleet } from '../reports/sample-fleet.ts'
import { type SmtpSink, smtpSink } from '../reports/smtp-sink.ts'

const DUE = Date.parse('2026-04-01T04:30:00Z')
const DAY = 86_400_000
const directory = mkdtempSync(join(tmpdir(), 'reporting-'))
const logo = join(directory, 'logo.svg')
let sink: SmtpSink

beforeAll(async () => {
  sink = await smtpSink()
  writeFileSync(logo, '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>')
})
afterAll(async () => {
  await sink.close()
  rmSync(directory, { recursive: true })
})

/** Runs the reports of a configuration as the exporter does, at a moment. */
async function runAt(
  nowMs: number,
  over: object = {},
  look: (reporting: Reporting) => Promise<void> = async () => {},
): Promise<{ begun: number; failed: number }> {
  const fleet = sampleFleet(6)
  const counted = { begun: 0, failed: 0 }
  const store = sqliteStore({ path: join(directory, 'exporter.db') }, silentLog)
  const options = ReportsOptions.parse({
    directory,
    language: 'de',
    brand: { name: 'Acme', logoFile: logo },
    smtp: { host: '127.0.0.1', port: sink.port, requireTls: false, from: 'reports@example.org' },
    schedules: [
      {
        name: 'acme',
        period: 'monthly',
        timeZone: 'Europe/Berlin',
        at: '06:30',
        formats: ['pdf', 'csv', 'json', 'html'],
        recipients: ['anna@example.org'],
      },
    ],
    ...over,
  })
  const reporting = createReporting({
    options: () => options,
    analytics: {
      analysis: ({ period, timeZone }, _signal, sink) => fleet.analysis(period, timeZone, sink),
      incidentAnalysis: async () => null,
    },
    store,
    externalUrl: () => null,
    searchPath: process.env['PATH'] ?? '',
    log: silentLog,
    events: {
      begun: () => {
        counted.begun += 1
      },
      failed: () => {
        counted.failed += 1
      },
      mailed() {},
    },
    now: () => nowMs,
    random: () => 0.5,
  })
  reporting.start()
  await reporting.idle()
  await look(reporting)
  await reporting.stop()
  await store.close()
  return counted
}

test('a schedule is made, kept and mailed when its month is over, once', async () => {
  expect(await runAt(DUE - DAY)).toEqual({ begun: 0, failed: 0 })
  expect(sink.mails).toHaveLength(0)

  expect(await runAt(DUE + 60_000)).toEqual({ begun: 1, failed: 0 })
  const listed = runAt(DUE + 2 * 60_000, {}, async (reporting) => {
    const [run, ...others] = await reporting.list()
    expect(others).toEqual([])
    expect(run).toMatchObject({ schedule: 'acme', period: '2026-03', dueMs: DUE, state: 'sent' })
    expect(run?.files).toEqual(expect.arrayContaining(['acme-2026-03.pdf', 'accounts.csv']))
    expect(run?.deliveries).toMatchObject([{ recipient: 'anna@example.org', state: 'sent', attempts: 1 }])
    expect(await reporting.file('acme', '2026-03', 'acme-2026-03.pdf')).toMatchObject({ type: 'application/pdf' })
    for (const [schedule, period, name] of [
      ['acme', '2026-03', 'mail.json'],
      ['acme', '2026-03', '../../deliveries.db'],
      ['..', '.', 'logo.svg'],
      ['acme', '2026-02', 'acme-2026-02.pdf'],
    ] as const)
      expect(await reporting.file(schedule, period, name)).toBeNull()
    const query = { period: '2026-03', timeZone: 'Europe/Berlin', selection: {}, worst: 50 }
    const made = await reporting.document(query, 'executive', 'html', new AbortController().signal)
    expect(made).toMatchObject({ name: 'executive-2026-03.html', type: 'text/html; charset=utf-8' })
  })
  expect(await listed).toEqual({ begun: 0, failed: 0 })
  expect(sink.mails).toHaveLength(1)
  const [{ mail } = { mail: null }] = sink.mails
  expect(mail?.subject).toBe('Service-Level-Bericht, 1. März 2026 – 31. März 2026 – Acme')
  expect(mail?.text).toContain('Verfügbarkeit: 9')
  expect(mail?.text).toContain('Zeitplans „acme“')
  const names = mail?.attachments.map(({ filename }) => filename ?? '') ?? []
  expect(names).toEqual(
    expect.arrayContaining([
      'acme-2026-03.pdf',
      'acme-2026-03.json',
      'acme-2026-03.html',
      'accounts.csv',
      'data-dictionary.csv',
    ]),
  )
  const pdf = mail?.attachments.find(({ filename }) => filename === 'acme-2026-03.pdf')
  expect(pdf).toMatchObject({ contentType: 'application/pdf' })
  expect(pdf?.content.subarray(0, 5).toString()).toBe('%PDF-')
  expect(readdirSync(join(directory, 'acme', '2026-03')).filter((name) => name.includes('draft'))).toEqual([])
})

test('what an earlier version sent, by its own file beside the reports, is not sent again', async () => {
  const folder = join(directory, 'earlier')
  mkdirSync(folder)
  const old = new DatabaseSync(join(folder, 'deliveries.db'))
  old.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE schedules (name TEXT PRIMARY KEY, since_ms INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE deliveries (
      schedule TEXT NOT NULL, period TEXT NOT NULL, recipient TEXT NOT NULL, state TEXT NOT NULL,
      attempts INTEGER NOT NULL, due_ms INTEGER NOT NULL, not_before_ms INTEGER NOT NULL,
      lease_until_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, detail TEXT NOT NULL,
      PRIMARY KEY (schedule, period, recipient)
    ) WITHOUT ROWID;
    INSERT INTO schedules VALUES ('earlier', ${DUE - DAY});
    INSERT INTO deliveries VALUES ('earlier', '2026-03', '', 'sent', 1, ${DUE}, 0, 0, ${DUE}, '');
    INSERT INTO deliveries VALUES ('earlier', '2026-03', 'anna@example.org', 'sent', 1, ${DUE}, 0, 0, ${DUE}, '250 ok');
  `)
  old.close()
  const mails = sink.mails.length
  const over = {
    directory: folder,
    schedules: [
      { name: 'earlier', period: 'monthly', timeZone: 'Europe/Berlin', at: '06:30', recipients: ['anna@example.org'] },
    ],
  }
  await runAt(DUE + 60_000, over, async (reporting) => {
    const run = (await reporting.list()).find(({ schedule }) => schedule === 'earlier')
    expect(run).toMatchObject({ period: '2026-03', state: 'sent' })
    expect(run?.deliveries).toMatchObject([{ recipient: 'anna@example.org', state: 'sent', detail: '250 ok' }])
  })
  expect(sink.mails).toHaveLength(mails)
  expect(readdirSync(folder)).toEqual(['deliveries.db.moved'])
})

test('a report that cannot be made is not mailed, and says why in the ledger', async () => {
  const other = {
    directory: join(directory, 'other'),
    brand: { logoFile: join(directory, 'missing.png') },
    schedules: [
      { name: 'other', period: 'monthly', timeZone: 'Europe/Berlin', at: '06:30', recipients: ['anna@example.org'] },
    ],
  }
  await runAt(DUE - DAY, other)
  expect(await runAt(DUE + 2 * 3_600_000, other)).toEqual({ begun: 1, failed: 1 })
  expect(sink.mails).toHaveLength(1)
})

test('old reports are removed, and folders of schedules that have none any more', async () => {
  expect(await expireReports(directory, Date.now() - DAY)).toBe(0)
  expect(await expireReports(directory, Date.now() + DAY)).toBe(1)
  expect(readdirSync(directory)).not.toContain('acme')
})
