import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Log, silentLog } from '../../src/log.ts'
import { type TextMessageBridge, textMessageBridge } from '../../src/notifications/text-messages.ts'
import { twilioClient } from '../../src/notifications/twilio.ts'
import { Secret } from '../../src/option-types.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import { type Store, StoreError } from '../../src/store/store.ts'
import { type FakeTwilio, startFakeTwilio } from './fake-twilio.ts'
import { alertOf, messageOf, NOW_MS, resolved } from './messages.ts'

const SID = `AC${'0'.repeat(32)}`
const TOKEN = 'canary-token-0123456789'
const NUMBERS = ['+4915112345671', '+4915112345672']
const REPEAT_MS = 4 * 3_600_000
const { signal } = new AbortController()

let twilio: FakeTwilio
let store: Store
let bridge: TextMessageBridge
let nowMs: number
let failures: string[]
let logged: string[]
beforeEach(async () => {
  twilio = await startFakeTwilio({ sid: SID, token: TOKEN })
  store = sqliteStore({ path: ':memory:' }, silentLog)
  nowMs = NOW_MS
  failures = []
  logged = []
  const tell = (facts: object, text: string) => logged.push(`${text} ${JSON.stringify(facts)}`)
  const log: Log = { debug: tell, info: tell, warn: tell, error: tell }
  const client = twilioClient({ apiUrl: twilio.url, accountSid: SID, authToken: new Secret(TOKEN) })
  bridge = textMessageBridge({
    receivers: () => [{ name: 'night', from: '+15005550006', to: NUMBERS, client }],
    repeatMs: () => REPEAT_MS,
    store,
    nowMs: () => nowMs,
    failed: (receiver) => failures.push(receiver),
    log,
  })
})
afterEach(async () => {
  await twilio.close()
  await store.close()
})

const message = messageOf([alertOf('sales-01')], { receiver: 'night' })
const send = (one = message) => bridge.send('night', one, signal)
const kept = async () => (await store.textMessages({ limit: 100 })).items

test('every number gets one SMS, and each is recorded with what the service says of it', async () => {
  expect(await send()).toMatchObject({ sent: 'all', messages: [{ to: NUMBERS[0] }, { to: NUMBERS[1] }] })
  expect(twilio.sent).toEqual(
    NUMBERS.map((to) => ({
      To: to,
      From: '+15005550006',
      Body: 'CRITICAL AccountBlocked at waha-1: 1 firing (sales-01)',
    })),
  )
  expect((await kept()).map(({ status, detail, attempts }) => [status, detail, attempts])).toEqual([
    ['accepted', 'queued', 1],
    ['accepted', 'queued', 1],
  ])
  expect(failures).toEqual([])
})

test('the same message again goes to nobody; after the repeat interval it is a reminder and goes to all', async () => {
  await send()
  nowMs += REPEAT_MS - 1
  expect(await send()).toMatchObject({ sent: 'all' })
  expect(twilio.sent).toHaveLength(2)
  nowMs += 1
  await send()
  expect(twilio.sent).toHaveLength(4)
})

test('the end, and a group that grows, are other messages', async () => {
  await send()
  await send(messageOf([alertOf('sales-01'), alertOf('sales-02')], { receiver: 'night' }))
  await send(resolved(message, NOW_MS))
  expect(twilio.sent.map(({ Body }) => Body)).toHaveLength(6)
})

test('two deliveries of one message at the same time are one', async () => {
  await Promise.all([send(), send()])
  expect(twilio.sent).toHaveLength(2)
})

test('where one number fails for the moment, the next try goes to that number only', async () => {
  twilio.answer(NUMBERS[1] ?? '', { status: 503, body: 'busy' })
  expect(await send()).toMatchObject({ sent: 'not_all', retry: true })
  expect(failures).toEqual(['night'])
  twilio.answer(NUMBERS[1] ?? '', null)
  expect(await send()).toMatchObject({ sent: 'all' })
  expect(twilio.sent.map(({ To }) => To).sort()).toEqual([NUMBERS[0], NUMBERS[1], NUMBERS[1]])
  expect((await kept()).map(({ to, attempts }) => [to, attempts]).sort()).toEqual([
    [NUMBERS[0], 1],
    [NUMBERS[1], 2],
  ])
})

test.each([
  [400, '{"code":21211,"message":"Invalid To number"}', false, 'Invalid To number, error 21211'],
  [401, '{"code":20003,"message":"Authenticate"}', false, 'answers 401: Authenticate'],
  [429, '{"code":20429,"message":"Too many requests"}', true, 'answers 429'],
  [500, '<html>', true, 'answers 500.'],
  [200, '{"nothing":"here"}', true, 'in no form of Twilio'],
])('an answer %d %s', async (status, body, retry, why) => {
  for (const to of NUMBERS) twilio.answer(to, { status, body })
  const result = await send()
  expect(result).toMatchObject({ sent: 'not_all', retry })
  expect(result?.sent === 'not_all' ? result.why.join() : '').toContain(why)
  expect((await kept()).map((one) => one.status)).toEqual(['failed', 'failed'])
})

test('a service that is away is tried again', async () => {
  await twilio.close()
  expect(await send()).toMatchObject({ sent: 'not_all', retry: true })
})

test('neither token nor whole numbers reach the log', async () => {
  for (const to of NUMBERS) twilio.answer(to, { status: 401, body: '{}' })
  await send()
  expect(logged.length).toBeGreaterThan(0)
  expect(logged.join()).not.toContain(TOKEN)
  expect(logged.join()).not.toContain('4915112345')
})

test('what became of a message is asked until the service knows', async () => {
  await send()
  nowMs += 10_000
  await bridge.followUp(signal)
  expect((await kept()).map(({ status }) => status)).toEqual(['accepted', 'accepted'])
  twilio.fate(NUMBERS[0] ?? '', { status: 'delivered' })
  twilio.fate(NUMBERS[1] ?? '', { status: 'undelivered', error_code: 30003 })
  nowMs += 10_000
  await bridge.followUp(signal)
  expect((await kept()).map(({ to, status, detail }) => [to, status, detail]).sort()).toEqual([
    [NUMBERS[0], 'delivered', 'delivered'],
    [NUMBERS[1], 'failed', 'undelivered (error 30003)'],
  ])
  expect(failures).toEqual(['night'])
  const looks = twilio.looks
  nowMs += 3_600_000
  await bridge.followUp(signal)
  expect(twilio.looks).toBe(looks)
})

test('a receiver that nobody knows is told apart', async () => {
  expect(await bridge.send('nobody', message, signal)).toBeNull()
})

test('a store that is away is said before anything is sent', async () => {
  await store.close()
  await expect(send()).rejects.toBeInstanceOf(StoreError)
  expect(twilio.sent).toEqual([])
})
