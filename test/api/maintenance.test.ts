import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createApi } from '../../src/api/app.ts'
import { silentLog } from '../../src/log.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { fakeParts, NOW_MS, read, type Served, serve, stillNotifications } from './fakes.ts'

const at = (ms: number) => new Date(ms).toISOString()
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const Planned = z.object({ plan: z.looseObject({ id: z.string() }) })
const Calendar = z.object({
  plans: z.array(z.looseObject({ id: z.string() })),
  windows: z.array(z.looseObject({ id: z.string(), plan: z.string() })),
})

let store: Store
let served: Served
let nowMs: number
beforeEach(async () => {
  store = sqliteStore({ path: ':memory:' }, silentLog)
  nowMs = NOW_MS
  const { maintenance } = stillNotifications(store, {
    nowMs: () => nowMs,
    configuredMaintenance: () => [
      {
        kind: 'once',
        startMs: NOW_MS - MINUTE,
        endMs: NOW_MS + HOUR,
        select: { labels: { team: 'sales' } },
        author: 'ops',
        reason: 'Move',
      },
    ],
  })
  served = await serve(createApi(fakeParts({ store, maintenance, now: () => nowMs })))
})
afterEach(async () => {
  await served.close()
  await store.close()
})

const call = (method: string, path: string, body?: unknown) =>
  fetch(`${served.url}/api/maintenance${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
const calendar = async (query = '') => read(await call('GET', query), Calendar)
const plan = async (body: object) => (await read(await call('POST', '', body), Planned)).plan

test('a window from now on needs a duration and a reason', async () => {
  const made = await plan({ gateways: ['waha-1'], duration: '90m', reason: 'Upgrade' })
  expect(made).toMatchObject({
    origin: 'api',
    gateways: ['waha-1'],
    startsAt: at(NOW_MS),
    endsAt: at(NOW_MS + 90 * MINUTE),
    author: 'anonymous',
    createdBy: 'anonymous',
    endedAt: null,
  })
  expect((await calendar()).windows).toMatchObject([
    { plan: 'config-1', origin: 'config', open: true, labels: { team: 'sales' }, author: 'ops', silence: 'due' },
    { plan: made.id, origin: 'api', open: true, reason: 'Upgrade' },
  ])
})

test('a recurring plan has its next windows in the list', async () => {
  const made = await plan({
    cron: '0 3 * * 1',
    duration: '1h',
    timeZone: 'Europe/Berlin',
    author: 'alice',
    reason: 'x',
  })
  expect(made).toMatchObject({ cron: '0 3 * * 1', durationSeconds: 3600, timeZone: 'Europe/Berlin', author: 'alice' })
  const { windows } = await calendar(`?from=${at(NOW_MS)}&to=${at(NOW_MS + 15 * 24 * HOUR)}`)
  expect(windows.filter((window) => window.plan === made.id)).toMatchObject([
    { startsAt: '2026-03-02T02:00:00.000Z', endsAt: '2026-03-02T03:00:00.000Z', open: false },
    { startsAt: '2026-03-09T02:00:00.000Z' },
    { startsAt: '2026-03-16T02:00:00.000Z' },
  ])
})

test('ending early ends a plan, or one window of the configuration', async () => {
  const made = await plan({ duration: '1h', reason: 'x' })
  nowMs += 10 * MINUTE
  const ended = await call('DELETE', `/${made.id}`)
  expect([ended.status, await ended.json()]).toMatchObject([
    200,
    { plan: { endedAt: at(nowMs), endedBy: 'anonymous' } },
  ])
  const [window] = (await calendar()).windows
  const cut = await call('DELETE', `/${window?.id}`)
  expect([cut.status, await cut.json()]).toMatchObject([200, { window: { endsAt: at(nowMs), open: false } }])
  expect((await calendar()).windows.map(({ open, silence }) => [open, silence])).toEqual([
    [false, 'over'],
    [false, 'over'],
  ])
})

describe('what cannot be planned is refused with the rule', () => {
  test.each([
    ['nothing but a reason', { reason: 'x' }, 'body: needs end or duration'],
    ['no reason', { duration: '1h' }, 'body.reason'],
    ['the past', { start: at(NOW_MS - HOUR), duration: '2h', reason: 'x' }, 'body.start: lies in the past'],
    ['an end before the start', { start: at(NOW_MS + HOUR), end: at(NOW_MS), reason: 'x' }, 'body.end: must be later'],
    ['two lengths', { end: at(NOW_MS + HOUR), duration: '1h', reason: 'x' }, 'body.duration: is given together'],
    ['a month', { duration: '30d', reason: 'x' }, 'body.duration: must be a duration from 1s to 7d'],
    ['cron without a time zone', { cron: '0 3 * * *', duration: '1h', reason: 'x' }, 'body.timeZone: is required'],
    [
      'cron with a start',
      { cron: '0 3 * * *', start: at(NOW_MS), duration: '1h', timeZone: 'UTC', reason: 'x' },
      'body.cron: is given together',
    ],
    [
      'a cron that never comes',
      { cron: '0 3 30 2 *', duration: '1h', timeZone: 'UTC', reason: 'x' },
      'body.cron: is no cron expression',
    ],
    [
      'a cron with seconds',
      { cron: '0 0 3 * * *', duration: '1h', timeZone: 'UTC', reason: 'x' },
      'body.cron: must have five fields',
    ],
    [
      'a time without an offset',
      { start: '2026-03-01T05:00:00', duration: '1h', reason: 'x' },
      'body.start: must be a moment',
    ],
    ['an unknown key', { gateway: 'waha-1', duration: '1h', reason: 'x' }, 'Did you mean \\"gateways\\"?'],
  ])('%s', async (_name, body, rule) => {
    const answer = await call('POST', '', body)
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(rule)])
    expect((await calendar()).plans).toHaveLength(1)
  })
})

test.each([
  ['m-none', 404, 'GET /api/maintenance lists'],
  ['config-1', 409, 'stands in the configuration'],
])('%s cannot be ended', async (id, status, why) => {
  const answer = await call('DELETE', `/${id}`)
  expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(why)])
})

test('a store that is away refuses a plan, and goes on with what is known', async () => {
  await store.close()
  expect((await call('POST', '', { duration: '1h', reason: 'x' })).status).toBe(503)
  expect((await calendar()).windows).toHaveLength(1)
})
