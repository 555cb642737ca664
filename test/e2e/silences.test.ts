import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { MaintenanceSpec } from '../../src/health/maintenance.ts'
import { silentLog } from '../../src/log.ts'
import { alertmanagerClient, type Silence } from '../../src/notifications/alertmanager.ts'
import { type MaintenanceCalendar, maintenanceCalendar } from '../../src/notifications/calendar.ts'
import { maintenanceSilences, type Silences } from '../../src/notifications/silences.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { until } from '../service/until.ts'
import { type AlertmanagerProcess, alertmanagerProcess } from './alertmanager-process.ts'

const HOUR = 3_600_000
const { signal } = new AbortController()
const CONFIG = 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n'

let alertmanager: AlertmanagerProcess
beforeAll(async () => {
  alertmanager = await alertmanagerProcess(() => CONFIG)
  await alertmanager.start()
})
afterAll(() => alertmanager.end())

let store: Store
let calendar: MaintenanceCalendar
let silences: Silences
/** How far the clock of the exporter is ahead of the real one. */
let aheadMs: number
const nowMs = () => Date.now() + aheadMs
const openSilences = (scope: string) =>
  maintenanceSilences({
    client: () => alertmanagerClient(alertmanager.url),
    windows: calendar.windows,
    accountsOf: (id) => (id === 'sales-01' ? [{ gateway: 'waha-1', account: id }] : []),
    scope,
    nowMs,
    log: silentLog,
  })
let scope: string
beforeEach(() => {
  store = sqliteStore({ path: ':memory:' }, silentLog)
  aheadMs = 0
  scope = `test-${Math.random()}`
  calendar = maintenanceCalendar({ configured: () => [], store, nowMs, changed() {} })
  silences = openSilences(scope)
})
afterEach(() => store.close())

const once = (
  startMs: number,
  endMs: number,
  over: Partial<Pick<MaintenanceSpec, 'select'>> = {},
): MaintenanceSpec => ({
  kind: 'once',
  startMs,
  endMs,
  select: { gateways: ['waha-1'] },
  author: 'alice',
  reason: 'Upgrade "now"',
  ...over,
})
const found = async (state: Silence['state']) =>
  (await alertmanagerClient(alertmanager.url).silences(signal)).filter(
    (one) => one.state === state && one.comment.includes(scope),
  )

test('an open window is one silence with its author and reason, however often it is looked at', async () => {
  const endMs = Date.now() + HOUR
  await calendar.add(once(Date.now() - 1000, endMs), 'bob')
  for (let times = 0; times < 3; times++) await silences.sync(signal)
  const [silence, ...more] = await found('active')
  expect(more).toEqual([])
  expect(silence).toMatchObject({
    createdBy: 'alice',
    endsMs: endMs,
    matchers: [{ name: 'gateway', value: 'waha-1', isRegex: false, isEqual: true }],
  })
  expect(silence?.comment).toMatch(/^Maintenance: Upgrade "now" \[test-/)
  expect(calendar.windows(Date.now(), Date.now() + 1).map(silences.stateOf)).toEqual(['set'])
})

test('a window that is near waits at Alertmanager, one that is far does not', async () => {
  await calendar.add(once(Date.now() + 5 * 60_000, Date.now() + HOUR), 'bob')
  await calendar.add(once(Date.now() + HOUR, Date.now() + 2 * HOUR), 'bob')
  await silences.sync(signal)
  expect(await found('pending')).toHaveLength(1)
  expect(await found('active')).toEqual([])
  expect(calendar.windows(Date.now(), Date.now() + 2 * HOUR).map(silences.stateOf)).toEqual(['set', 'due'])
})

test('a window that is ended early unmutes its alerts', async () => {
  const plan = await calendar.add(once(Date.now(), Date.now() + HOUR), 'bob')
  await silences.sync(signal)
  await calendar.end(plan.id, 'bob')
  await silences.sync(signal)
  expect(await found('active')).toEqual([])
  expect(await found('expired')).toHaveLength(1)
})

test('a restarted exporter takes over its silences, and ends those whose window is gone', async () => {
  const kept = await calendar.add(once(Date.now(), Date.now() + HOUR), 'bob')
  const gone = await calendar.add(once(Date.now(), Date.now() + HOUR, { select: { labels: { team: 'x' } } }), 'bob')
  await silences.sync(signal)
  const before = (await found('active')).find(({ comment }) => comment.includes(kept.id))
  await calendar.end(gone.id, 'bob')
  await openSilences(scope).sync(signal)
  expect(await found('active')).toEqual([before])
})

test("silences of people and of other exporters are nobody's business", async () => {
  const client = alertmanagerClient(alertmanager.url)
  const matchers = [{ name: 'gateway', value: 'waha-1', isRegex: false, isEqual: true }]
  const times = { startsMs: Date.now(), endsMs: Date.now() + HOUR }
  const byHand = await client.createSilence(
    { matchers, ...times, createdBy: 'carol', comment: `${scope} by hand` },
    signal,
  )
  await calendar.add(once(Date.now(), Date.now() + HOUR), 'bob')
  await openSilences(`${scope}-other`).sync(signal)
  await calendar.end(calendar.plans()[0]?.id ?? '', 'bob')
  await silences.sync(signal)
  const states = await client.silences(signal)
  expect(states.find(({ id }) => id === byHand)?.state).toBe('active')
  expect(states.find(({ comment }) => comment.includes(`[${scope}-other `))?.state).toBe('active')
})

test('an account is muted at its gateway only', async () => {
  await calendar.add(once(Date.now(), Date.now() + HOUR, { select: { accounts: ['sales-01'] } }), 'bob')
  await silences.sync(signal)
  expect((await found('active')).map(({ matchers }) => matchers.map(({ name, value }) => `${name}=${value}`))).toEqual([
    ['gateway=waha-1', 'account=sales-01'],
  ])
})

test('an Alertmanager that is down when a window opens gets the silence as soon as it is back', async () => {
  await alertmanager.stop()
  await calendar.add(once(Date.now(), Date.now() + HOUR), 'bob')
  await expect(silences.sync(signal)).rejects.toThrow('does not answer. Check alerting.url.')
  expect(calendar.windows(Date.now(), Date.now() + 1).map(silences.stateOf)).toEqual(['due'])
  await alertmanager.start()
  await silences.sync(signal)
  expect(await found('active')).toHaveLength(1)
  expect(calendar.windows(Date.now(), Date.now() + 1).map(silences.stateOf)).toEqual(['set'])
})

test('the silence ends with the window by itself', async () => {
  await calendar.add(once(Date.now(), Date.now() + 1500), 'bob')
  await silences.sync(signal)
  expect(await found('active')).toHaveLength(1)
  await sleep(1500)
  await until('the silence to end', async () => (await found('active')).length === 0)
  await silences.sync(signal)
  expect(await found('active')).toEqual([])
})
