import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { type DeliverySchedule, FILES, retryMs } from '../../src/reports/delivery.ts'
import type { DeliveryLedger } from '../../src/store/deliveries.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import { type Store, StoreError } from '../../src/store/store.ts'
import { deliveryRig } from './delivery-rig.ts'
import { type SmtpSink, smtpSink } from './smtp-sink.ts'

const NOW = Date.parse('2026-03-09T06:00:00Z')
const HOUR = 3_600_000
const PERIOD = '2026-W10'
const ANNA = { schedule: 'acme', period: PERIOD, recipient: 'anna@example.org' }
let folder: string
let path: string
let store: Store
let ledger: DeliveryLedger
let sink: SmtpSink

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'delivery-'))
  path = join(folder, 'exporter.db')
  openStore()
  await ledger.since('acme', NOW - HOUR)
  sink = await smtpSink()
})
function openStore(): void {
  store = sqliteStore({ path }, silentLog)
  ledger = store.deliveries
}
afterEach(async () => {
  await store.close()
  await sink.close()
  rmSync(folder, { recursive: true })
})

function rig(
  over: {
    readonly password?: string
    readonly port?: number
    readonly ledger?: DeliveryLedger
    readonly schedules?: readonly DeliverySchedule[]
  } = {},
) {
  return deliveryRig({
    schedules: over.schedules,
    ledger: over.ledger ?? ledger,
    port: over.port ?? sink.port,
    password: over.password,
    nowMs: NOW,
  })
}

const states = async () =>
  Object.fromEntries(
    (await ledger.latest(1)).map(({ recipient, state }) => [recipient === FILES ? 'files' : recipient, state]),
  )
const receivers = () => sink.mails.map(({ to }) => to).sort()

test('a due report is made once and mailed once to everybody, however often it is looked for', async () => {
  const { seen, round } = rig()
  await round()
  await round()
  await Promise.all([round(), round()])
  expect(seen).toMatchObject({ made: [PERIOD], begun: 1, failed: 0 })
  expect(receivers()).toEqual(['anna@example.org', 'bob@example.org'])
  expect(await states()).toEqual({ files: 'sent', 'anna@example.org': 'sent', 'bob@example.org': 'sent' })
})

test('the mail is a proper one: sender, subject, date, id, attachment', async () => {
  await rig().round()
  const [{ mail, from } = { mail: null, from: null }] = sink.mails
  expect(from).toBe('bounces@example.org')
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

test('many exporters with one ledger send it once', async () => {
  const exporters = Array.from({ length: 5 }, () => rig())
  await Promise.all(exporters.map(({ round }) => round()))
  await Promise.all(exporters.map(({ round }) => round()))
  expect(exporters.reduce((sum, { seen }) => sum + seen.begun, 0)).toBe(1)
  expect(receivers()).toEqual(['anna@example.org', 'bob@example.org'])
})

test('files that another exporter made, and took with it, are made again before they are mailed', async () => {
  const { seen, round } = rig()
  await ledger.enlist({ schedule: 'acme', period: PERIOD, dueMs: NOW }, ['anna@example.org', 'bob@example.org'], NOW)
  const files = { schedule: 'acme', period: PERIOD, recipient: FILES }
  const claim = await ledger.claim(files, NOW, HOUR)
  if (claim.outcome === 'ours') await ledger.mark(files, claim.attempt, NOW, { state: 'sent' })
  seen.isElsewhere = true
  await round()
  expect(seen.made).toEqual([PERIOD])
  expect(receivers()).toEqual(['anna@example.org', 'bob@example.org'])
})

test('what was taken up for a schedule that only another exporter has is left to that one', async () => {
  await ledger.enlist({ schedule: 'theirs', period: PERIOD, dueMs: NOW }, ['anna@example.org'], NOW)
  await rig().round()
  expect((await ledger.unfinished()).map(({ schedule, attempts }) => [schedule, attempts])).toEqual([
    ['theirs', 0],
    ['theirs', 0],
  ])
})

test('many schedules let the checks go on in between, and trouble the store once for each report', async () => {
  const schedules = Array.from(
    { length: 20 },
    (_, index): DeliverySchedule => ({
      name: `daily-${index}`,
      period: 'cron',
      cron: '0 6 * * *',
      covers: 'yesterday',
      timeZone: 'Europe/Berlin',
      recipients: [],
    }),
  )
  let enlisted = 0
  const counting: DeliveryLedger = {
    ...ledger,
    since: (name) => ledger.since(name, NOW - 30 * 24 * HOUR),
    enlist(...report) {
      enlisted += 1
      return ledger.enlist(...report)
    },
    // What is done with them is the matter of other tests.
    unfinished: async () => [],
  }
  const { round } = rig({ schedules, ledger: counting })
  let turns = 0
  let isOver = false
  const others = (): void => {
    turns += 1
    if (!isOver) setImmediate(others)
  }
  setImmediate(others)
  await round()
  isOver = true
  expect(turns).toBeGreaterThanOrEqual(schedules.length)
  expect(enlisted).toBe(schedules.length * 30)
  await round()
  expect(enlisted).toBe(schedules.length * 30)
})

describe('trouble', () => {
  const away = new StoreError('unavailable', 'The store is away.')
  const whileSending =
    (instead: () => Promise<boolean>): DeliveryLedger['mark'] =>
    (key, attempt, nowMs, progress) =>
      progress.state === 'sending' ? instead() : ledger.mark(key, attempt, nowMs, progress)

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

  test('with making that never ends is given up, and the recipients show that nothing is sent to them, and why', async () => {
    const { seen, round } = rig()
    for (let attempt = 0; attempt < 60; attempt++) {
      seen.failures.push(new Error('No Chromium was found.'))
      await round()
      seen.nowMs += 2 * HOUR
    }
    const deliveries = await ledger.latest(1)
    const why = 'The report was not made: No Chromium was found.'
    expect(deliveries.map(({ recipient, state, detail }) => [recipient, state, detail])).toEqual([
      [FILES, 'failed', 'No Chromium was found.'],
      ['anna@example.org', 'failed', why],
      ['bob@example.org', 'failed', why],
    ])
    expect(await ledger.unfinished()).toEqual([])
    expect(sink.mails).toEqual([])
    // Late after an hour, and given up in the end.
    expect(seen).toMatchObject({ made: [], failed: 2, mailed: ['given_up', 'given_up'] })
  })

  test('with one recipient is that one’s alone: a refusal for good is not tried again', async () => {
    const { seen, round } = rig()
    sink.refuse(550)
    await round()
    seen.nowMs += HOUR
    await round()
    expect(receivers()).toEqual(['bob@example.org'])
    expect(await states()).toMatchObject({ 'anna@example.org': 'failed', 'bob@example.org': 'sent' })
    expect(seen).toMatchObject({ failed: 1, mailed: ['refused', 'sent'] })
    expect((await ledger.get(ANNA))?.detail).toMatch(/did not take the message to anna@example.org: .*550/)
    expect(seen.lines.join('\n')).toContain('a***@example.org')
    expect(seen.lines.join('\n')).not.toMatch(/anna|bob/)
  })

  test('with a message that is too large for the mail server is told at once, and not tried for two days', async (context) => {
    const small = await smtpSink(100_000)
    context.onTestFinished(() => small.close())
    const { seen, round } = rig({ port: small.port })
    await round()
    expect(await states()).toMatchObject({ 'anna@example.org': 'failed', 'bob@example.org': 'failed' })
    expect(seen.mailed).toEqual(['refused', 'refused'])
    expect((await ledger.get(ANNA))?.detail).toContain('larger than allowed')
  })

  test('with the sender is everybody’s, can be corrected, and is tried again', async () => {
    const { seen, round } = rig()
    sink.refuseSender(553, 553)
    await round()
    expect(await states()).toMatchObject({ 'anna@example.org': 'waiting', 'bob@example.org': 'waiting' })
    seen.nowMs += 2 * 60_000
    await round()
    expect(receivers()).toEqual(['anna@example.org', 'bob@example.org'])
  })

  test('with the store before a message is handed over keeps it from leaving', async () => {
    const { seen, round } = rig({ ledger: { ...ledger, mark: whileSending(() => Promise.reject(away)) } })
    await round()
    expect(sink.mails).toEqual([])
    expect(await states()).toMatchObject({ 'anna@example.org': 'waiting', 'bob@example.org': 'waiting' })
    expect(seen.failed).toBe(0)
  })

  test('with a claim that somebody else has by now keeps the message from leaving', async () => {
    const { round } = rig({ ledger: { ...ledger, mark: whileSending(() => Promise.resolve(false)) } })
    await round()
    expect(sink.mails).toEqual([])
  })

  test('with the store after a message was taken is made good when the store is back, and is no doubt', async () => {
    let isAway = true
    const mark: DeliveryLedger['mark'] = (key, attempt, nowMs, progress) =>
      isAway && progress.state === 'sent' && key.recipient !== FILES
        ? Promise.reject(away)
        : ledger.mark(key, attempt, nowMs, progress)
    const { seen, round } = rig({ ledger: { ...ledger, mark } })
    await round()
    expect(await states()).toMatchObject({ 'anna@example.org': 'sending', 'bob@example.org': 'sending' })
    isAway = false
    seen.nowMs += HOUR
    await round()
    expect(await states()).toMatchObject({ 'anna@example.org': 'sent', 'bob@example.org': 'sent' })
    expect(seen).toMatchObject({ failed: 0, mailed: ['sent', 'sent'] })
    expect(sink.mails).toHaveLength(2)
  })

  test('with a store that is away for long is counted once an hour: it has an alert of its own', async () => {
    const { seen, round } = rig({ ledger: { ...ledger, since: () => Promise.reject(away) } })
    for (let minutes = 0; minutes < 130; minutes += 5) {
      await round()
      seen.nowMs += 5 * 60_000
    }
    expect(seen.failed).toBe(2)
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
    const told = (await ledger.latest(1)).map(({ detail }) => detail)
    expect(told.join()).toContain('cannot be used')
    expect(told.join()).not.toContain('canary')
    expect(await states()).toMatchObject({ 'anna@example.org': 'waiting', 'bob@example.org': 'waiting' })
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
    expect(await states()).toMatchObject({ 'anna@example.org': 'unsure' })
    expect(seen.failed).toBeGreaterThanOrEqual(1)
    expect(seen.mailed).toContain('unsure')
    expect(sink.mails.filter(({ to }) => to === 'anna@example.org')).toHaveLength(1)
  })

  test('when the process is killed between sending and writing that down: it is not sent again, the others are', {
    timeout: 60_000,
  }, async () => {
    await store.close()
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
    openStore()
    expect(receivers()).toEqual(['anna@example.org', 'bob@example.org'])
    expect(await states()).toEqual({ files: 'sent', 'anna@example.org': 'unsure', 'bob@example.org': 'sent' })
  })

  /** Another process that does one round. */
  function startExporter(nowMs: number) {
    const script = new URL('./delivery-child.ts', import.meta.url).pathname
    return spawn(process.execPath, [script, path, String(sink.port), String(nowMs)], { stdio: 'inherit' })
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
