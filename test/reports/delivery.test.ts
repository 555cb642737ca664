import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { retryMs } from '../../src/reports/delivery.ts'
import { type DeliveryLedger, FILES, openDeliveryLedger } from '../../src/reports/delivery-ledger.ts'
import { deliveryRig } from './delivery-rig.ts'
import { type SmtpSink, smtpSink } from './smtp-sink.ts'

const NOW = Date.parse('2026-03-09T06:00:00Z')
const HOUR = 3_600_000
const PERIOD = '2026-W10'
let folder: string
let ledger: DeliveryLedger
let sink: SmtpSink

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'delivery-'))
  ledger = openDeliveryLedger(folder)
  ledger.since('acme', NOW - HOUR)
  sink = await smtpSink()
})
afterEach(async () => {
  ledger.close()
  await sink.close()
  rmSync(folder, { recursive: true })
})

function rig(over: { readonly password?: string; readonly port?: number; readonly ledger?: DeliveryLedger } = {}) {
  return deliveryRig({
    ledger: over.ledger ?? ledger,
    port: over.port ?? sink.port,
    password: over.password,
    nowMs: NOW,
  })
}

const states = () =>
  Object.fromEntries(
    ledger.of('acme', PERIOD).map(({ recipient, state }) => [recipient === FILES ? 'files' : recipient, state]),
  )
const receivers = () => sink.mails.map(({ to }) => to).sort()

test('a due report is made once and mailed once to everybody, however often it is looked for', async () => {
  const { seen, round } = rig()
  await round()
  await round()
  await Promise.all([round(), round()])
  expect(seen).toMatchObject({ made: [PERIOD], begun: 1, failed: 0 })
  expect(receivers()).toEqual(['anna@example.org', 'bob@example.org'])
  expect(states()).toEqual({ files: 'sent', 'anna@example.org': 'sent', 'bob@example.org': 'sent' })
})

test('the mail is a proper one: sender, subject, date, id, attachment', async () => {
  await rig().round()
  const [{ mail } = { mail: null }] = sink.mails
  expect(mail).toMatchObject({
    subject: 'Report 2026-W10',
    messageId: '<acme.2026-W10.anna.example.org@reports>',
    date: new Date(NOW),
    from: { text: 'reports@example.org' },
    to: { text: 'anna@example.org' },
  })
  expect(mail?.headers.get('auto-submitted')).toBe('auto-generated')
  expect(mail?.attachments.map(({ filename, contentType, size }) => [filename, contentType, size])).toEqual([
    ['sla.pdf', 'application/pdf', 300_000],
  ])
})

test('nothing is due before its time', async () => {
  const { seen, round } = rig()
  seen.nowMs = NOW - 1
  await round()
  expect(seen.made).toEqual([])
})

test('a report that was missed is caught up, with the note that it is late', async () => {
  const { seen, round } = rig()
  seen.nowMs = NOW + 26 * HOUR
  await round()
  expect(receivers()).toHaveLength(2)
  expect(seen.late).toEqual([true, true])
})

test('two exporters with one folder send it once', async () => {
  const second = openDeliveryLedger(folder)
  const one = rig()
  const other = rig({ ledger: second })
  await Promise.all([one.round(), other.round()])
  await Promise.all([one.round(), other.round()])
  second.close()
  expect(one.seen.begun + other.seen.begun).toBe(1)
  expect(receivers()).toEqual(['anna@example.org', 'bob@example.org'])
})

describe('trouble', () => {
  test('with making it is tried again later, and nothing is mailed meanwhile', async () => {
    const { seen, round } = rig()
    seen.failures.push(new Error('Prometheus and store are away'))
    await round()
    await round()
    expect(seen.made).toEqual([])
    expect(sink.mails).toEqual([])
    seen.nowMs += 2 * 60_000
    await round()
    expect(seen.made).toEqual([PERIOD])
    expect(receivers()).toHaveLength(2)
  })

  test('with one recipient is that one’s alone: a refusal for good is not tried again', async () => {
    const { seen, round } = rig()
    sink.refuse(550)
    await round()
    seen.nowMs += HOUR
    await round()
    expect(receivers()).toEqual(['bob@example.org'])
    expect(states()).toMatchObject({ 'anna@example.org': 'failed', 'bob@example.org': 'sent' })
    expect(seen.failed).toBe(1)
  })

  test('that passes is waited out', async () => {
    const { seen, round } = rig()
    sink.refuse(451)
    await round()
    expect(receivers()).toEqual(['bob@example.org'])
    seen.nowMs += 2 * 60_000
    await round()
    expect(receivers()).toEqual(['anna@example.org', 'bob@example.org'])
    expect(seen.failed).toBe(0)
  })

  test('with signing in shows no password, and leaves everything to be tried again', async () => {
    const { round } = rig({ password: 'wr0ng-canary' })
    await round()
    const told = ledger.of('acme', PERIOD).map(({ detail }) => detail)
    expect(told.join()).toContain('cannot be used')
    expect(told.join()).not.toContain('canary')
    expect(states()).toMatchObject({ 'anna@example.org': 'waiting', 'bob@example.org': 'waiting' })
  })

  test('that lasts an hour is counted once per recipient', async () => {
    const { seen, round } = rig({ port: 9 })
    await round()
    expect(seen.failed).toBe(0)
    seen.nowMs += 2 * HOUR
    await round()
    seen.nowMs += 2 * HOUR
    await round()
    expect(seen.failed).toBe(2)
  })
})

describe('the doubt', () => {
  test('when the connection is cut after it had the whole message: it is not sent again', async () => {
    const { seen, round } = rig()
    sink.beforeAnswer(() => sink.cut())
    await round()
    sink.beforeAnswer(() => {})
    seen.nowMs += 24 * HOUR
    await round()
    expect(states()).toMatchObject({ 'anna@example.org': 'unsure' })
    expect(seen.failed).toBeGreaterThanOrEqual(1)
    expect(sink.mails.filter(({ to }) => to === 'anna@example.org')).toHaveLength(1)
  })

  test('when the process is killed between sending and writing that down: it is not sent again, the others are', async () => {
    ledger.close()
    const first = startExporter(NOW)
    sink.beforeAnswer(async () => {
      first.kill('SIGKILL')
      await once(first, 'exit')
    })
    await once(first, 'exit')
    sink.beforeAnswer(() => {})
    expect(receivers()).toEqual(['anna@example.org'])

    // Restarted at once, and again when the lease of the dead process has run out.
    for (const nowMs of [NOW + 60_000, NOW + HOUR]) {
      const [code] = await once(startExporter(nowMs), 'exit')
      expect(code).toBe(0)
    }
    ledger = openDeliveryLedger(folder)
    expect(receivers()).toEqual(['anna@example.org', 'bob@example.org'])
    expect(states()).toEqual({ files: 'sent', 'anna@example.org': 'unsure', 'bob@example.org': 'sent' })
  })

  /** Another process that does one round. */
  function startExporter(nowMs: number) {
    const script = new URL('./delivery-child.ts', import.meta.url).pathname
    return spawn(process.execPath, [script, folder, String(sink.port), String(nowMs)], { stdio: 'inherit' })
  }
})

test('the end of the exporter stops a round without losing anything', async () => {
  const { roundUntil } = rig()
  await roundUntil(AbortSignal.abort())
  const again = rig()
  again.seen.nowMs += 1
  await again.round()
  expect(receivers()).toHaveLength(2)
})

test('waits grow to an hour and spread', () => {
  expect([1, 2, 3, 10].map((attempts) => retryMs(attempts, 0.5) / 60_000)).toEqual([1, 2, 4, 60])
  expect(retryMs(1, 0)).toBeLessThan(retryMs(1, 1))
})
