import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { type NotificationAudit, notificationAudit } from '../../src/notifications/audit.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import type { Notification, Store } from '../../src/store/store.ts'
import { accountOf, batchOf, incidentOf } from '../store/fixtures.ts'
import { alertOf, messageOf, NOW_MS, resolved } from './messages.ts'

let store: Store
let audit: NotificationAudit
let nowMs: number
let counted: string[]
beforeEach(() => {
  store = sqliteStore({ path: ':memory:' }, silentLog)
  nowMs = NOW_MS
  counted = []
  audit = notificationAudit({
    store,
    nowMs: () => nowMs,
    counted: (receiver, status) => counted.push(`${receiver} ${status}`),
  })
})
afterEach(() => store.close())

const all = async (filter: object = {}) => (await store.notifications({ limit: 100, ...filter })).items

test('a message that Alertmanager sends again, because it heard no answer, changes and counts nothing', async () => {
  const message = messageOf([alertOf('a'), alertOf('b')])
  expect(await audit.record(message)).toHaveLength(2)
  nowMs += 30_000
  expect(await audit.record(message)).toEqual([])
  expect((await all()).map(({ firedMs }) => firedMs)).toEqual([NOW_MS, NOW_MS])
  expect(counted).toEqual(['on-call firing'])
})

test('the end is told once, and keeps when the alert was told first', async () => {
  const message = messageOf([alertOf('a')])
  await audit.record(message)
  nowMs += 600_000
  const over = resolved(message, NOW_MS + 590_000)
  await audit.record(over)
  await audit.record(over)
  expect(await all()).toEqual([
    expect.objectContaining({
      status: 'resolved',
      firedMs: NOW_MS,
      endsMs: NOW_MS + 590_000,
      resolvedMs: NOW_MS + 600_000,
    }),
  ])
  expect(counted).toEqual(['on-call firing', 'on-call resolved'])
})

test('each receiver, group and new start of an alert is an entry of its own', async () => {
  await audit.record(messageOf([alertOf('a')]))
  await audit.record(messageOf([alertOf('a')], { receiver: 'audit' }))
  await audit.record(messageOf([alertOf('a')], { groupKey: 'another route' }))
  await audit.record(messageOf([alertOf('a', { startsMs: NOW_MS + 1 })]))
  expect(await all()).toHaveLength(4)
})

test('a group that grows adds only what is new, and an entry says how large its message was', async () => {
  await audit.record(messageOf([alertOf('a')]))
  const grown = await audit.record(messageOf([alertOf('a'), alertOf('b')], { truncatedAlerts: 40 }))
  expect(grown.map(({ key, groupSize }) => [key, groupSize])).toEqual([['waha-1/b', 42]])
})

test('latency counts from the start of the incident that the alert is about', async () => {
  const startMs = NOW_MS - 150_000
  await store.write(
    batchOf(1, {
      incidents: [
        incidentOf('earlier', accountOf('a'), startMs - 900_000, { endMs: startMs - 600_000 }),
        incidentOf('this', accountOf('a'), startMs),
        incidentOf('other', accountOf('b'), startMs),
      ],
    }),
  )
  const [first] = await audit.record(messageOf([alertOf('a')]))
  expect(first).toMatchObject({ incidentId: 'this', latencyMs: 150_000 })
})

test('an alert that is about no account has neither key nor latency', async () => {
  const gateway = { labels: { alertname: 'WhatsAppGatewayDown', gateway: 'waha-1', severity: 'critical' } }
  const [told] = await audit.record(messageOf([alertOf(null, gateway)]))
  expect(told).toMatchObject({ key: null, gateway: 'waha-1', incidentId: null, latencyMs: null })
})

test('whoever follows hears what is new, and nothing that comes again', async () => {
  const heard: Notification[] = []
  const stop = audit.follow((notification) => heard.push(notification))
  const message = messageOf([alertOf('a')])
  await audit.record(message)
  await audit.record(message)
  stop()
  await audit.record(resolved(message, NOW_MS))
  expect(heard.map(({ key, status }) => [key, status])).toEqual([['waha-1/a', 'firing']])
})

test('an end that nobody was told is recorded as such', async () => {
  const [open] = await audit.record(messageOf([alertOf('a')]))
  await audit.close(open === undefined ? [] : [open], NOW_MS + 5)
  expect(await all()).toEqual([expect.objectContaining({ status: 'resolved', endsMs: NOW_MS + 5, resolvedMs: null })])
  expect(counted).toEqual(['on-call firing'])
})
