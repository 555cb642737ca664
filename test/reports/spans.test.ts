import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { MailError, type MailSession } from '../../src/reports/mail.ts'
import { ReportsOptions } from '../../src/reports/options.ts'
import { createReporting } from '../../src/reports/reporting.ts'
import { tracedRenderer, tracedSession } from '../../src/reports/spans.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import { TracingOptions } from '../../src/tracing/options.ts'
import { type RunningTracing, startTracing } from '../../src/tracing/tracing.ts'
import { startOtlpReceiver } from '../tracing/otlp-receiver.ts'
import { sampleFleet } from './sample-fleet.ts'
import { smtpSink } from './smtp-sink.ts'

const DUE = Date.parse('2026-04-01T04:30:00Z')
const directory = mkdtempSync(join(tmpdir(), 'report-spans-'))
afterAll(() => rmSync(directory, { recursive: true }))

async function started(endpoint: string): Promise<RunningTracing> {
  const tracing = await startTracing(TracingOptions.parse({ endpoint, sampleRatio: 0 }), {
    env: {},
    version: '1',
    instance: 'test',
    hide: (text) => text,
    events: { exported() {}, dropped() {} },
    log: silentLog,
    random: () => 0.5,
    monotonicMs: () => 0,
  })
  if (tracing === undefined) throw new Error('nothing is traced')
  onTestFinished(() => tracing.stop())
  return tracing
}

test('a report on schedule and its mail are traces of their own, which name nobody', async () => {
  const receiver = await startOtlpReceiver()
  const tracing = await started(receiver.url)
  const sink = await smtpSink()
  const store = sqliteStore({ path: join(directory, 'exporter.db') }, silentLog)
  const fleet = sampleFleet(3)
  const options = ReportsOptions.parse({
    directory,
    smtp: { host: '127.0.0.1', port: sink.port, requireTls: false, from: 'reports@example.org' },
    schedules: [{ name: 'acme', period: 'monthly', formats: ['json'], at: '04:30', recipients: ['anna@example.org'] }],
  })
  const reportingAt = (nowMs: number) =>
    createReporting({
      options: () => options,
      analytics: {
        analysis: ({ period, timeZone }, _signal, accounts) => fleet.analysis(period, timeZone, accounts),
        incidentAnalysis: async () => null,
      },
      store,
      externalUrl: () => null,
      searchPath: '',
      log: silentLog,
      events: { begun() {}, failed() {}, mailed() {} },
      tracing,
      now: () => nowMs,
      random: () => 0.5,
    })
  // A schedule owes nothing of the time before it was first seen.
  for (const nowMs of [DUE - 86_400_000, DUE + 60_000]) {
    const reporting = reportingAt(nowMs)
    reporting.start()
    await reporting.idle()
    await reporting.stop()
  }
  expect(sink.mails).toHaveLength(1)
  await sink.close()
  await store.close()
  await tracing.stop()
  expect(receiver.spans).toMatchObject([
    {
      name: 'report',
      parentSpanId: '',
      attributes: { 'whatsapp.report.schedule': 'acme', 'whatsapp.report.period': '2026-03' },
    },
    { name: 'report mail', parentSpanId: '', kind: 'client', attributes: {} },
  ])
  expect(receiver.text()).not.toContain('example.org')
})

test('a mail that is refused says so, without the words of the mail server', async () => {
  const receiver = await startOtlpReceiver()
  const tracing = await started(receiver.url)
  const refusing: MailSession = {
    send: () => Promise.reject(new MailError('550 <anna@example.org> is unknown', { permanent: true, answered: true })),
    close() {},
  }
  const mail = { to: 'anna@example.org', subject: 's', text: 't', attachments: [], messageId: 'm', dateMs: 0 }
  await expect(tracedSession(refusing, tracing).send(mail, async () => {})).rejects.toThrow('550')
  await tracing.stop()
  expect(receiver.spans).toMatchObject([
    { attributes: { 'error.type': 'MailError' }, status: { code: 2, message: '' } },
  ])
})

test('a print belongs to whatever needs it', async () => {
  const receiver = await startOtlpReceiver()
  const tracing = await started(receiver.url)
  const printing = tracedRenderer({ render: async () => new Uint8Array() }, tracing)
  const report = tracing.start('report', { sampling: 'always' })
  await report.within(() => printing.render('<p>', 0, new AbortController().signal))
  report.end()
  await tracing.stop()
  const [print, whole] = receiver.spans
  expect([print?.name, print?.parentSpanId]).toEqual(['print', whole?.spanId])
})
