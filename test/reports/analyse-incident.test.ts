import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { analyse } from '../../src/reports/analyse.ts'
import { analyseIncident, type IncidentSources } from '../../src/reports/analyse-incident.ts'
import { type Analytics, createAnalytics } from '../../src/reports/analytics.ts'
import { incidentDocument } from '../../src/reports/document/post-mortem.ts'
import { DEFAULT_LOOK } from '../../src/reports/document/writing.ts'
import { PeriodError, parsePeriod } from '../../src/reports/period.ts'
import { incidentJson, publishedIncident } from '../../src/reports/report-json.ts'
import { storeHistory } from '../../src/reports/store-history.ts'
import type { Store } from '../../src/store/store.ts'
import { accountOf, attemptOf, DAY, HOUR, live, MINUTE, storeOf } from './simulated-month.ts'

const FROM = Date.parse('2026-03-02T00:00:00Z')
const NOW = FROM + 8 * DAY
const failing = (day: number, hours: number) => ({
  fromMs: FROM + day * DAY,
  toMs: FROM + day * DAY + hours * HOUR,
  state: 'disconnected' as const,
  reason: 'network' as const,
})

let store: Store
let id = ''
let sources: IncidentSources

beforeAll(async () => {
  const lives = [
    live({ account: accountOf('main'), bornMs: FROM - DAY, script: [failing(1, 1), failing(3, 2)] }, NOW, [], []),
    live({ account: accountOf('beside'), bornMs: FROM - DAY, script: [failing(3, 1)] }, NOW, [], []),
    live({ account: accountOf('later'), bornMs: FROM - DAY, script: [failing(5, 1)] }, NOW, [], []),
  ]
  id = [...(lives[0]?.incidents.values() ?? [])].find(({ startMs }) => startMs === FROM + 3 * DAY)?.id ?? ''
  store = await storeOf(lives, [
    attemptOf('waha-1/main', { requestedMs: FROM + 3 * DAY + 90 * MINUTE, incidentId: id }),
    attemptOf('waha-1/main', { requestedMs: FROM + 3 * DAY + 10 * MINUTE, incidentId: id, outcome: 'failed' }),
  ])
  sources = {
    ledger: store,
    accounts: () => lives.map(({ account }) => ({ account, gone: false })),
    windows: () => [
      {
        id: 'w',
        select: {},
        startMs: FROM + 3 * DAY - HOUR,
        endMs: FROM + 3 * DAY + HOUR,
        author: 'Ada',
        reason: 'move',
      },
    ],
    defaultObjective: 0.99,
    now: () => NOW,
  }
}, 60_000)
afterAll(() => store.close())

describe('the story of an incident', () => {
  test('tells transitions and attempts from begin to end, and what failed beside it', async () => {
    const story = await analyseIncident(id, 'UTC', sources)
    expect(story?.transitions.map(({ toState, toStatus }) => [toState, toStatus])).toEqual([
      ['disconnected', 'warning'],
      ['disconnected', 'unhealthy'],
      ['connected', 'unhealthy'],
      ['connected', 'healthy'],
    ])
    expect(story?.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'verified'])
    expect(story?.sameTime.map(({ account }) => account)).toEqual(['beside'])
    expect(story?.sameTimeElsewhere).toBe(0)
    expect(story).toMatchObject({ recentIncidents: 1, account: { objective: 0.995 } })
    expect(story?.planned).toMatchObject([{ startMs: FROM + 3 * DAY - 5 * MINUTE, endMs: FROM + 3 * DAY + HOUR }])
    if (story !== null) expect(publishedIncident(story).incident.startedAt).toBe('2026-03-05T00:00:00.000Z')
  })

  test('that is over is dated by its end: told again later, it is the same to the byte', async () => {
    const toldAt = async (nowMs: number) => {
      const story = await analyseIncident(id, 'UTC', { ...sources, now: () => nowMs })
      if (story === null) throw new Error('there is no such incident')
      return { asOfMs: story.asOfMs, page: incidentDocument(story, DEFAULT_LOOK), json: incidentJson(story) }
    }
    const first = await toldAt(NOW)
    expect(first.asOfMs).toBe(FROM + 3 * DAY + 2 * HOUR)
    expect(await toldAt(NOW + 40 * DAY)).toEqual(first)
  })

  test('that is open is dated by the moment of telling', async () => {
    const incident = async (wanted: string) => {
      const found = await store.incident(wanted)
      return found === null ? null : { ...found, endMs: null, resolution: null }
    }
    const ledger: IncidentSources['ledger'] = {
      incident,
      incidents: (query) => store.incidents(query),
      recoveries: (query) => store.recoveries(query),
      transitions: (query) => store.transitions(query),
    }
    expect(await analyseIncident(id, 'UTC', { ...sources, ledger })).toMatchObject({ asOfMs: NOW })
  })

  test('names no account of another tenant, only how many incidents they had', async () => {
    const accounts = async () =>
      [...(await sources.accounts())].map(({ account, gone }) => ({
        account: { ...account, labels: { tenant: account.account } },
        gone,
      }))
    const story = await analyseIncident(id, 'UTC', { ...sources, accounts })
    expect(story).toMatchObject({ sameTime: [], sameTimeElsewhere: 1 })
  })

  test('is told of an account that nobody knows any more', async () => {
    const story = await analyseIncident(id, 'UTC', { ...sources, accounts: () => [] })
    expect(story?.account).toMatchObject({ account: 'main', objective: 0.99, name: null })
  })

  test('is null where there is none', async () => {
    expect(await analyseIncident('none', 'UTC', sources)).toBeNull()
  })
})

test('an account that left the fleet keeps its outages in the report, and is named as gone', async () => {
  const analysis = await analyse(
    { period: parsePeriod('2026-W10', 'UTC', NOW), selection: {} },
    { ...sources, accounts: () => [], history: storeHistory(store), windows: () => [] },
    new AbortController().signal,
  )
  expect(analysis.ranking).toHaveLength(3)
  expect(analysis.accounts.every(({ gone }) => gone)).toBe(true)
  expect(analysis.fleet.downtimeMs).toBe(5 * HOUR)
  expect(analysis.fleet.atRisk).toEqual([])
  expect(analysis.notes).toContainEqual({
    code: 'accounts-gone',
    accounts: 3,
    detail: '3 accounts are no longer in the fleet and still counted here.',
  })
})

test('an analysis that is given up ends with the reason', async () => {
  const ending = new AbortController()
  const running = analyse(
    { period: parsePeriod('2026-W10', 'UTC', NOW), selection: {} },
    { ...sources, history: storeHistory(store) },
    ending.signal,
    () => ending.abort(new Error('enough')),
  )
  await expect(running).rejects.toThrow('enough')
})

describe('analytics on request', () => {
  const never = new AbortController().signal
  const query = { period: '2026-W10', timeZone: 'UTC', selection: {}, worst: 1 }
  let analytics: Analytics

  beforeAll(() => {
    analytics = createAnalytics({
      store,
      accounts: () => [{ account: accountOf('main'), gone: false }],
      prometheus: () => ({ url: 'http://127.0.0.1:9' }),
      windows: () => [],
      defaultObjective: () => 0.99,
      now: () => NOW,
    })
  })

  test('one account, an unknown one and a period that means nothing', async () => {
    const main = await analytics.account('waha-1/main', query, never)
    expect(main).toMatchObject({ incidents: 2, downtimeSeconds: 3 * 3600, source: 'store' })
    expect(await analytics.account('waha-1/nobody', query, never)).toBeNull()
    await expect(analytics.account('waha-1/main', { ...query, period: 'soon' }, never)).rejects.toThrow(PeriodError)
    await expect(analytics.incident(id, 'Mars')).rejects.toThrow(PeriodError)
  })

  test('of many reports at once the last are refused, and the first are made', async () => {
    const asked = await Promise.allSettled(Array.from({ length: 8 }, () => analytics.report(query, never)))
    const failures = asked.filter((one) => one.status === 'rejected')
    expect(failures.length).toBeGreaterThan(0)
    expect(failures.map(({ reason }) => String(reason))).toEqual(
      failures.map(() => 'AnalyticsBusyError: Too many reports are being made. Ask again in a minute.'),
    )
    expect(asked[0]?.status).toBe('fulfilled')
    expect((await analytics.report(query, never)).accounts).toHaveLength(1)
  })
})
