import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Mail, openMailSession } from '../../src/reports/mail.ts'
import { type SmtpSink, smtpSink } from './smtp-sink.ts'

const MAIL: Mail = {
  to: 'anna@example.org',
  subject: 'Report',
  text: 'The report is attached.\n',
  attachments: [],
  messageId: 'weekly.2026-W10.anna@whatsapp-exporter',
  dateMs: Date.UTC(2026, 2, 9),
}
let sink: SmtpSink
beforeEach(async () => {
  sink = await smtpSink()
})
afterEach(() => sink.close())

/** The list headers (RFC 2369) of the mail as a mail program reads them. */
async function listHeaders(mail: Mail): Promise<unknown> {
  const server = {
    host: '127.0.0.1',
    port: sink.port,
    secure: false,
    requireTls: false,
    user: null,
    password: null,
    from: 'reports@example.org',
    bounceAddress: null,
    timeoutMs: 5_000,
    limitMs: 10_000,
  }
  const session = await openMailSession(server, new AbortController().signal)
  await session.send(mail, async () => {})
  session.close()
  return sink.mails[0]?.mail.headers.get('list')
}

test('a mail of a subscription has a button to end it, whose address is whole however long it is', async () => {
  const url = `https://${'long-name.'.repeat(12)}example/api/reports/unsubscribe/0123456789abcdef.${'A1-_'.repeat(10)}xyz`
  expect(await listHeaders({ ...MAIL, unsubscribeUrl: url })).toEqual({
    unsubscribe: { url },
    'unsubscribe-post': { name: 'List-Unsubscribe=One-Click' },
  })
})

test('a link without TLS is named, but mail programs are not told to post to it', async () => {
  const url = 'http://exporter.example/api/reports/unsubscribe/token'
  expect(await listHeaders({ ...MAIL, unsubscribeUrl: url })).toEqual({ unsubscribe: { url } })
})

test.each([undefined, null])('a mail that nobody can end has none (%s)', async (unsubscribeUrl) => {
  expect(await listHeaders({ ...MAIL, unsubscribeUrl })).toBeUndefined()
})
