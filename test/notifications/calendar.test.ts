import { afterEach, beforeEach, expect, test } from 'vitest'
import type { MaintenanceSpec } from '../../src/health/maintenance.ts'
import { silentLog } from '../../src/log.ts'
import { type MaintenanceCalendar, maintenanceCalendar } from '../../src/notifications/calendar.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'

const T0 = Date.UTC(2026, 2, 1)
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const nightly: MaintenanceSpec = {
  kind: 'recurring',
  cron: '0 3 * * *',
  durationMs: HOUR,
  timeZone: 'UTC',
  select: { gateways: ['waha-1'] },
  author: 'ops',
  reason: 'Backup',
}
const once = (startMs: number, endMs: number): MaintenanceSpec => ({
  kind: 'once',
  startMs,
  endMs,
  select: {},
  author: 'alice',
  reason: 'Upgrade',
})

let store: Store
let configured: readonly MaintenanceSpec[]
let nowMs: number
let changes: number
let calendar: MaintenanceCalendar
const open = () =>
  maintenanceCalendar({ configured: () => configured, store, nowMs: () => nowMs, changed: () => changes++ })
beforeEach(() => {
  store = sqliteStore({ path: ':memory:' }, silentLog)
  configured = [nightly]
  nowMs = T0 + 3 * HOUR + 10 * MINUTE
  changes = 0
  calendar = open()
})
afterEach(() => store.close())

const times = (fromMs = T0, toMs = T0 + DAY) =>
  calendar.windows(fromMs, toMs).map(({ startMs, endMs }) => [(startMs - T0) / MINUTE, (endMs - T0) / MINUTE])

test('windows of the configuration and of the API are one calendar, oldest first', async () => {
  const plan = await calendar.add(once(T0 + 2 * HOUR, T0 + 5 * HOUR), 'bob')
  expect(calendar.windows(T0, T0 + DAY)).toMatchObject([
    { plan: plan.id, origin: 'api', author: 'alice' },
    { plan: 'config-1', origin: 'config', author: 'ops' },
  ])
  expect(plan).toMatchObject({ createdBy: 'bob', createdMs: nowMs, endedMs: null })
  expect(changes).toBe(1)
})

test('a window of the configuration can be ended early; the next one comes all the same', async () => {
  const [window] = calendar.windows(nowMs, nowMs + 1)
  expect(await calendar.end(window?.id ?? '', 'bob')).toMatchObject({ ended: 'window', window: { endedBy: 'bob' } })
  expect(times(T0, T0 + 2 * DAY)).toEqual([
    [180, 190],
    [1620, 1680],
  ])
  expect(calendar.windows(nowMs, nowMs + 1)).toEqual([])
})

test('a plan that ends takes its windows with it, and what has been stays', async () => {
  configured = []
  const plan = await calendar.add(once(nowMs - 5 * MINUTE, nowMs + HOUR), 'alice')
  nowMs += 10 * MINUTE
  expect(await calendar.end(plan.id, 'bob')).toMatchObject({ ended: 'plan', plan: { endedBy: 'bob' } })
  expect(times()).toEqual([[185, 200]])
  expect(calendar.windows(T0, T0 + DAY)).toMatchObject([{ endedBy: 'bob' }])
})

test('one window of a recurring plan can be ended, and the plan goes on', async () => {
  configured = []
  nowMs = T0 + 2 * HOUR
  const plan = await calendar.add(nightly, 'alice')
  nowMs = T0 + 3 * HOUR + 15 * MINUTE
  const [window] = calendar.windows(nowMs, nowMs + 1)
  expect(window?.plan).toBe(plan.id)
  await calendar.end(window?.id ?? '', 'bob')
  expect(times(T0, T0 + 2 * DAY)).toEqual([
    [180, 195],
    [1620, 1680],
  ])
})

test('a window that has not begun and is ended never comes', async () => {
  configured = []
  const plan = await calendar.add(once(nowMs + HOUR, nowMs + 2 * HOUR), 'alice')
  await calendar.end(plan.id, 'bob')
  expect(times()).toEqual([])
})

test('a rule that is made today planned nothing yesterday', async () => {
  configured = []
  await calendar.add(nightly, 'alice')
  expect(times(T0 - 3 * DAY, T0 + 2 * DAY)).toEqual([
    [190, 240],
    [1620, 1680],
  ])
})

test.each([
  ['nothing has the id', 'm-none', 'unknown'],
  ['a plan stands in the configuration', 'config-1', 'config'],
  ['no such entry of the configuration', 'config-7', 'unknown'],
  ['the window is over', `config-1-${new Date(T0 - 21 * HOUR).toISOString()}`, 'over'],
])('what cannot be ended says why: %s', async (_name, id, why) => {
  expect(await calendar.end(id, 'bob')).toEqual({ ended: 'nothing', why })
})

test('a plan is ended once', async () => {
  const plan = await calendar.add(once(nowMs, nowMs + HOUR), 'alice')
  await calendar.end(plan.id, 'bob')
  expect(await calendar.end(plan.id, 'carol')).toEqual({ ended: 'nothing', why: 'over' })
})

test('all of it is there after a restart', async () => {
  const [window] = calendar.windows(nowMs, nowMs + 1)
  await calendar.end(window?.id ?? '', 'bob')
  await calendar.add(once(nowMs + HOUR, nowMs + 2 * HOUR), 'alice')
  const before = calendar.windows(T0, T0 + 2 * DAY)
  calendar = open()
  await calendar.refresh()
  expect(calendar.windows(T0, T0 + 2 * DAY)).toEqual(before)
})

test('what cannot be kept is not done', async () => {
  await store.close()
  await expect(calendar.add(once(nowMs, nowMs + HOUR), 'alice')).rejects.toThrow('closed')
  expect(calendar.plans().map(({ id }) => id)).toEqual(['config-1'])
  expect(changes).toBe(0)
})
