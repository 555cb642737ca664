import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MaintenanceWindow } from '../../src/health/maintenance.ts'
import { analyse } from '../../src/reports/analyse.ts'
import type { AccountAnalysis, Analysis } from '../../src/reports/analysis.ts'
import { parsePeriod } from '../../src/reports/period.ts'
import { storeHistory } from '../../src/reports/store-history.ts'
import type { Store } from '../../src/store/store.ts'
import {
  accountOf,
  attemptOf,
  berlin,
  DAY,
  down,
  HOUR,
  type Life,
  live,
  MARCH,
  MINUTE,
  storeOf,
  ZONE,
} from './simulated-month.ts'

// March 2026 in Berlin has 743 hours. The exporter is off on the 20th, so 719 of them can be seen,
// less the one minute between the last check before and the first after.
const SEEN = 719 * HOUR - MINUTE
const OFF = [{ fromMs: berlin('2026-03-20T00:00'), toMs: berlin('2026-03-21T00:00') }]
const NOW = berlin('2026-04-01T06:00')

const WINDOWS: readonly MaintenanceWindow[] = [
  ['first', '2026-03-10T11:00', '2026-03-10T12:30'],
  ['second', '2026-03-10T12:00', '2026-03-10T13:00'],
].map(([id = '', start = '', end = '']) => ({
  id,
  select: { accounts: ['maintained'] },
  startMs: berlin(start),
  endMs: berlin(end),
  author: 'Ada',
  reason: 'move to a new host',
}))

const BEFORE = berlin('2026-02-15T00:00')
const script = {
  steady: [],
  carried: [down('2026-02-28T22:00', '2026-03-01T02:00')],
  leaving: [down('2026-03-31T23:00', '2026-04-01T03:00', 'gateway_down')],
  clocks: [down('2026-03-29T01:30', '2026-03-29T03:30')],
  maintained: [down('2026-03-10T10:00', '2026-03-10T14:00')],
  newcomer: [down('2026-03-18T08:00', '2026-03-18T08:30', 'logged_out')],
  lost: [down('2026-03-30T12:00', '2026-05-01T00:00', 'banned')],
  weekly: ['03', '10', '17', '24', '31'].map((day) => down(`2026-03-${day}T04:00`, `2026-03-${day}T04:30`)),
}

let store: Store
let lives: readonly Life[]
let analysis: Analysis

beforeAll(async () => {
  lives = Object.entries(script).map(([name, scripted]) =>
    live(
      {
        account: accountOf(name, { objective: 0.999 }),
        bornMs: name === 'newcomer' ? berlin('2026-03-16T00:00') : BEFORE,
        script: scripted,
      },
      NOW,
      OFF,
      WINDOWS,
    ),
  )
  const key = 'waha-1/weekly'
  const at = (day: string, minute: number) => berlin(`2026-03-${day}T04:00`) + minute * MINUTE
  store = await storeOf(lives, [
    attemptOf(key, { requestedMs: at('03', 5), outcome: 'failed' }),
    attemptOf(key, { requestedMs: at('03', 20), outcome: 'verified' }),
    attemptOf(key, { requestedMs: at('10', 25), outcome: 'verified' }),
    attemptOf(key, { requestedMs: at('17', 25), outcome: 'needs_human' }),
    attemptOf(key, { requestedMs: at('17', 26), outcome: 'dry_run' }),
    attemptOf(key, { requestedMs: at('24', 25), outcome: 'interrupted' }),
  ])
  analysis = await run()
}, 60_000)
afterAll(() => store.close())

function run(over: { now?: number; worst?: number; period?: string } = {}): Promise<Analysis> {
  return analyse(
    { period: parsePeriod(over.period ?? '2026-03', ZONE, NOW), selection: {}, worst: over.worst },
    {
      accounts: () => lives.map(({ account }) => ({ account, gone: false })),
      ledger: store,
      history: storeHistory(store),
      windows: () => WINDOWS,
      defaultObjective: 0.999,
      now: () => over.now ?? NOW,
    },
    new AbortController().signal,
  )
}

function of(name: string, within: Analysis = analysis): AccountAnalysis {
  const found = within.accounts.find(({ account }) => account.account === name)
  if (found === undefined) throw new Error(`${name} is not in the analysis`)
  return found
}

describe('the golden month, computed by hand', () => {
  test('an account that never fails is up all the time that was seen', () => {
    expect(of('steady')).toMatchObject({
      observedMs: SEEN,
      downtimeMs: 0,
      availability: 1,
      coverage: SEEN / (743 * HOUR),
      verdict: 'met',
      budgetUsed: 0,
      incidents: 0,
      mttrMs: null,
      mttdMs: null,
      mtbfMs: null,
      reliability: 100,
    })
  })

  test('an incident across the begin of the month counts with its part, and not as a new incident', () => {
    const carried = of('carried')
    // The check at midnight brings the minute before it.
    expect(carried.downtimeMs).toBe(121 * MINUTE)
    expect(carried.incidents).toBe(0)
    expect(carried.incidentList).toMatchObject([{ carriedOver: true, open: false, downtimeInPeriodMs: 2 * HOUR }])
    expect(carried.mttrMs).toBe(4 * HOUR)
    expect(carried.before).toMatchObject({ incidents: 1, mttrMs: null })
  })

  test('an incident across the end of the month is open there, whatever came later', () => {
    const leaving = of('leaving')
    expect(leaving.downtimeMs).toBe(59 * MINUTE)
    expect(leaving).toMatchObject({ incidents: 1, mttrMs: null, mttdMs: 2 * MINUTE })
    expect(leaving.incidentList).toMatchObject([
      { open: true, incident: { endMs: null, resolution: null, cause: 'gateway_down' } },
    ])
    expect(leaving.incidentList[0]?.downtimeInPeriodMs).toBeLessThanOrEqual(HOUR)
  })

  test('an incident across the change of the clocks lasts as long as it lasted, not as long as the clocks say', () => {
    expect(of('clocks')).toMatchObject({ downtimeMs: HOUR, mttrMs: HOUR, incidents: 1 })
    const day = of('clocks').days.find(({ date }) => date === '2026-03-29')
    expect(day).toMatchObject({ downtimeMs: HOUR, incidents: 1, observedMs: 23 * HOUR })
  })

  test('overlapping maintenance is left out once, of downtime and of what could be seen', () => {
    const maintained = of('maintained')
    expect(maintained).toMatchObject({
      plannedMs: 2 * HOUR,
      downtimeMs: 2 * HOUR,
      observedMs: SEEN - 2 * HOUR,
      coverage: (SEEN - 2 * HOUR) / (741 * HOUR),
    })
    expect(maintained.incidentList[0]?.downtimeInPeriodMs).toBe(2 * HOUR)
    expect(maintained.planned.map(({ author, reason }) => [author, reason])).toEqual([
      ['Ada', 'move to a new host'],
      ['Ada', 'move to a new host'],
    ])
  })

  test('a new account is judged by what was seen of it, and its coverage says how little that is', () => {
    const newcomer = of('newcomer')
    const seen = 15 * DAY + 23 * HOUR - DAY - 2 * MINUTE
    expect(newcomer).toMatchObject({
      watchedFromMs: berlin('2026-03-16T00:00'),
      observedMs: seen,
      downtimeMs: 30 * MINUTE,
      availability: 1 - (30 * MINUTE) / seen,
      coverage: seen / (743 * HOUR),
      before: null,
      verdict: 'missed',
    })
    // 30 minutes of a budget of 0.1 % of 358 h 58 min = 21.538 minutes.
    expect(newcomer.budgetUsed).toBeCloseTo(30 / (0.001 * (seen / MINUTE)), 10)
    expect(newcomer.causes).toEqual([{ cause: 'logged_out', incidents: 1, downtimeInPeriodMs: 30 * MINUTE }])
  })

  test('an open incident counts until the end of the period', () => {
    const lost = of('lost')
    expect(lost.downtimeMs).toBe(36 * HOUR - MINUTE)
    expect(lost.incidentList).toMatchObject([{ open: true, downtimeInPeriodMs: 36 * HOUR - MINUTE }])
    expect(lost).toMatchObject({ mttrMs: null, incidents: 1, verdict: 'missed' })
  })

  test('repairs: two verified and two failed are a success of one half; dry runs and interruptions say nothing', () => {
    const weekly = of('weekly')
    expect(weekly.recovery).toEqual({ attempts: 5, verified: 2, failed: 2, success: 0.5 })
    expect(weekly).toMatchObject({ incidents: 5, downtimeMs: 150 * MINUTE, mttrMs: 30 * MINUTE, mttdMs: 2 * MINUTE })
    expect(weekly.mtbfMs).toBe((SEEN - 150 * MINUTE) / 5)
    // 150 minutes of a budget of 43.139: 3.48 times. Repairs of half an hour: 10 of 20 points. 5 incidents in 29.96 days.
    const byHand = 60 * (1 - 150 / (0.001 * (SEEN / MINUTE)) / 10) + 20 * 0.5 + 20 * (1 - 5 / (SEEN / DAY))
    expect(weekly.reliability).toBeCloseTo(byHand, 10)
    expect(byHand).toBeCloseTo(65.8, 1)
  })

  test('the hour of the week that fails again and again is found: Tuesday from 04:00', () => {
    const [peak, ...others] = of('weekly').hourOfWeek.peaks
    expect(others).toEqual([])
    expect(peak).toMatchObject({ hour: 24 + 4, weeks: 5 })
    expect(of('weekly').hourOfWeek.incidentStarts[28]).toBe(5)
    expect(of('newcomer').hourOfWeek.peaks).toEqual([])
  })

  test('response times: quantiles of 101 to 200 ms are within 1 %', () => {
    const { response } = of('steady')
    expect(response.count).toBe(719 * 60)
    for (const [seen, real] of [
      [response.p50Ms, 150],
      [response.p95Ms, 195],
      [response.p99Ms, 199],
    ] as const) {
      expect(Math.abs((seen ?? 0) - real) / real).toBeLessThan(0.02)
    }
    expect(response.maxMs).toBe(200)
  })

  test('the fleet is the sum of its accounts', () => {
    const { fleet, accounts } = analysis
    const sum = (of: (account: AccountAnalysis) => number) => accounts.reduce((total, one) => total + of(one), 0)
    expect(fleet.accounts).toBe(8)
    expect([fleet.met, fleet.missed, fleet.unknown]).toEqual([1, 7, 0])
    expect(fleet.downtimeMs).toBe(sum(({ downtimeMs }) => downtimeMs))
    expect(fleet.availability).toBeCloseTo(1 - fleet.downtimeMs / sum(({ observedMs }) => observedMs), 12)
    expect(fleet.incidents).toBe(10)
    expect(fleet.days).toHaveLength(31)
    expect(fleet.days.reduce((total, { downtimeMs }) => total + downtimeMs, 0)).toBe(fleet.downtimeMs)
    expect(fleet.response.count).toBe(sum(({ response }) => response.count))
  })

  test('the ranking begins with the account that used most of its budget', () => {
    expect(analysis.ranking.map(({ account }) => account)).toEqual([
      'lost',
      'weekly',
      'carried',
      'maintained',
      'newcomer',
      'clocks',
      'leaving',
      'steady',
    ])
    expect(analysis.ranking.map(({ rank }) => rank)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  test('only the worst are kept in full when there are too many, and the notes say so', async () => {
    const short = await run({ worst: 2 })
    expect(short.accounts.map(({ account }) => account.account)).toEqual(
      analysis.ranking.slice(0, 2).map(({ account }) => account),
    )
    expect(short).toMatchObject({ omitted: 6 })
    expect(short.ranking).toEqual(analysis.ranking)
    expect(short.fleet).toEqual(analysis.fleet)
    expect(short.notes.map(({ code }) => code)).toContain('accounts-omitted')
  })

  test('the same analysis is made again to the byte, also days later', async () => {
    const again = await run({ now: NOW + 3 * DAY })
    expect(JSON.stringify(again)).toBe(JSON.stringify(analysis))
  })

  test('a period that is not over reaches until now', async () => {
    const open = await run({ now: berlin('2026-03-10T12:00') })
    expect(open.asOfMs).toBe(berlin('2026-03-10T12:00'))
    expect(of('steady', open).coverage).toBe(1)
    expect(of('steady', open).days).toHaveLength(10)
    expect(open.notes.map(({ code }) => code)).toContain('period-unfinished')
    expect(of('maintained', open)).toMatchObject({ plannedMs: HOUR, incidents: 1, mttrMs: null })
  })
})

describe('the golden month, computed again from the raw transitions', () => {
  // Knows nothing of samples, counters and incidents: an outage is a run of transitions away from usable states.
  test.each(Object.keys(script))('%s has the downtime that its transitions tell', (name) => {
    const life = lives.find(({ account }) => account.account === name)
    if (life === undefined) throw new Error(`${name} has no life`)
    expect(Math.abs(of(name).downtimeMs - downtimeByTransitions(life))).toBeLessThanOrEqual(3 * MINUTE)
  })
})

/** Time in the month from a transition to `disconnected` until the next to `connected`, off-time and maintenance left out. */
function downtimeByTransitions({ account, transitions }: Life): number {
  let totalMs = 0
  let sinceMs: number | null = null
  const minutes = (fromMs: number, toMs: number) => {
    for (let atMs = Math.max(fromMs, MARCH.fromMs); atMs < Math.min(toMs, MARCH.toMs); atMs += MINUTE) {
      const isOff = OFF.some((off) => atMs >= off.fromMs && atMs < off.toMs)
      const isPlanned =
        account.account === 'maintained' && WINDOWS.some(({ startMs, endMs }) => atMs >= startMs && atMs < endMs)
      if (!isOff && !isPlanned) totalMs += MINUTE
    }
  }
  for (const { atMs, toState } of [...transitions].sort((a, b) => a.atMs - b.atMs)) {
    if (toState === 'disconnected') sinceMs ??= atMs
    else if (sinceMs !== null) {
      minutes(sinceMs, atMs)
      sinceMs = null
    }
  }
  if (sinceMs !== null) minutes(sinceMs, MARCH.toMs)
  return totalMs
}
