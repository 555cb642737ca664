import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { cronCalls } from '../../src/reports/cron-calls.ts'
import { cronFault, dueReports, type Schedule, startTimetable } from '../../src/reports/timetable.ts'

const weekly: Schedule = { name: 'acme', period: 'weekly', timeZone: 'Europe/Berlin', minuteOfDay: 6 * 60 + 30 }
const monthly: Schedule = { ...weekly, period: 'monthly' }
const ms = Date.parse
const LONG_AGO = 0
const due = (schedule: Schedule, since: number, now: number) =>
  dueReports()(schedule, since, now).map(({ period, dueMs }) => `${period.name} at ${new Date(dueMs).toISOString()}`)

describe('a weekly report', () => {
  test('is due on Monday at its time, by the clocks of its zone', () => {
    expect(due(weekly, LONG_AGO, ms('2026-01-19T05:29:59Z')).at(-1)).toBe('2026-W02 at 2026-01-12T05:30:00.000Z')
    expect(due(weekly, LONG_AGO, ms('2026-01-19T05:30:00Z')).at(-1)).toBe('2026-W03 at 2026-01-19T05:30:00.000Z')
  })

  test('moves with the clocks: in summer an hour earlier in UTC', () => {
    expect(due(weekly, LONG_AGO, ms('2026-03-30T04:30:00Z')).at(-1)).toBe('2026-W13 at 2026-03-30T04:30:00.000Z')
  })

  test('is caught up for five weeks, oldest first, and not longer', () => {
    expect(due(weekly, LONG_AGO, ms('2026-02-23T12:00:00Z')).map((one) => one.slice(0, 8))).toEqual([
      '2026-W04',
      '2026-W05',
      '2026-W06',
      '2026-W07',
      '2026-W08',
    ])
  })

  test('is not due for the time before the schedule was made', () => {
    const since = ms('2026-02-16T05:30:01Z')
    expect(due(weekly, since, ms('2026-02-17T00:00:00Z'))).toEqual([])
    expect(due(weekly, since, ms('2026-02-24T00:00:00Z'))).toEqual(['2026-W08 at 2026-02-23T05:30:00.000Z'])
  })
})

describe('a monthly report', () => {
  test('is due on the first of the month', () => {
    expect(due(monthly, LONG_AGO, ms('2026-03-01T05:30:00Z')).at(-1)).toBe('2026-02 at 2026-03-01T05:30:00.000Z')
  })

  test('is due at the same time on the clocks after they changed', () => {
    expect(due(monthly, LONG_AGO, ms('2026-04-01T04:30:00Z')).at(-1)).toBe('2026-03 at 2026-04-01T04:30:00.000Z')
  })
})

test('a time that the clocks skip comes an hour later', () => {
  // New York springs forward on Sunday 8 March 2026 at 02:00; Cairo on Friday 24 April 2026 at midnight.
  const cairo: Schedule = { name: 'c', period: 'monthly', timeZone: 'Africa/Cairo', minuteOfDay: 15 }
  expect(due(cairo, LONG_AGO, ms('2026-05-01T00:00:00Z')).at(-1)).toBe('2026-04 at 2026-04-30T21:15:00.000Z')
})

describe('a report by cron', () => {
  const daily: Schedule = {
    name: 'c',
    period: 'cron',
    timeZone: 'Europe/Berlin',
    cron: '0 7 * * 1-5',
    covers: 'yesterday',
  }

  test('is due when the expression comes true by the clocks of its zone, and covers the period before', () => {
    expect(due(daily, ms('2026-03-26T00:00:00Z'), ms('2026-03-30T05:00:00Z'))).toEqual([
      '2026-03-25 at 2026-03-26T06:00:00.000Z',
      '2026-03-26 at 2026-03-27T06:00:00.000Z',
      // The clocks sprang forward on Sunday.
      '2026-03-29 at 2026-03-30T05:00:00.000Z',
    ])
    expect(due(daily, ms('2026-03-27T12:00:00Z'), ms('2026-03-30T04:59:59.999Z'))).toEqual([])
  })

  test('is due once for each period, however often the expression comes true', () => {
    const hourly: Schedule = { ...daily, cron: '0 * * * *', covers: 'last-week' }
    expect(due(hourly, ms('2026-03-08T12:30:00Z'), ms('2026-03-09T03:00:00Z'))).toEqual([
      '2026-W09 at 2026-03-08T13:00:00.000Z',
      '2026-W10 at 2026-03-08T23:00:00.000Z',
    ])
  })

  test('is caught up for five weeks, and not more than forty', () => {
    const everyDay: Schedule = { ...daily, cron: '0 7 * * *' }
    expect(due(everyDay, LONG_AGO, ms('2026-03-31T12:00:00Z'))).toHaveLength(35)
    const everyMinute: Schedule = { ...daily, cron: '* * * * *', covers: 'last-1-days' }
    expect(due(everyMinute, LONG_AGO, ms('2026-03-31T12:00:00Z'))).toHaveLength(1)
  })

  test.each([
    ['0 7 * * 1', true],
    ['*/15 6-20 1,15 * *', true],
    ['0 7 * * MON-FRI', true],
    ['0 7 * *', false],
    ['0 0 7 * * 1', false],
    ['0 7 30 2 *', false],
    ['0 7 * * 8', false],
    ['61 7 * * 1', false],
    ['@weekly', false],
  ])('takes %s: %s', (cron, isFine) => {
    expect(cronFault(cron) === null).toBe(isFine)
  })
})

describe('what a cron expression asked for', () => {
  const order = { cron: '30 2 * * *', timeZone: 'Europe/Berlin', covers: 'yesterday' }

  test('is read once until it comes true again, and anew when the schedule or the time asked about is another', () => {
    const callsOf = cronCalls()
    const at = (text: string) => callsOf(order, ms('2026-03-01T00:00:00Z'), ms(text))
    const first = at('2026-03-10T12:00:00Z')
    const isRemembered = (calls: typeof first) => calls.some(({ period }) => first.some((one) => one.period === period))
    expect(first).toHaveLength(10)
    expect(isRemembered(at('2026-03-10T12:05:00Z'))).toBe(true)
    expect(isRemembered(callsOf({ ...order }, ms('2026-03-05T00:00:00Z'), ms('2026-03-11T01:29:59Z')))).toBe(true)
    expect(isRemembered(callsOf({ ...order, cron: '30 3 * * *' }, 0, ms('2026-03-10T12:05:00Z')))).toBe(false)
    expect(isRemembered(callsOf({ ...order, timeZone: 'UTC' }, 0, ms('2026-03-10T12:05:00Z')))).toBe(false)
    expect(isRemembered(at('2026-03-10T11:59:00Z'))).toBe(false)
    expect(at('2026-03-11T01:30:00Z')).toHaveLength(11)
  })

  test('makes the same reports due whether it is remembered or not, also where the clocks change', () => {
    const DAY = 86_400_000
    for (const cron of ['30 2 * * *', '*/20 2 * * *', '0 7 * * 1-5'])
      for (const day of ['2026-03-29', '2026-10-25']) {
        const schedule: Schedule = { ...order, cron, name: 'c', period: 'cron' }
        const remembering = dueReports()
        const from = ms(`${day}T00:00:00Z`) - 3 * DAY
        for (let now = from; now < from + 5 * DAY; now += 61 * 60_000)
          expect(remembering(schedule, from - DAY, now)).toEqual(dueReports()(schedule, from - DAY, now))
      }
  })
})

describe('a timetable', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: ms('2026-03-09T04:58:30Z') })
  })
  afterEach(() => {
    vi.useRealTimers()
  })
  const MINUTE = 60_000

  test('wakes at the time of each schedule by the clocks of its zone, and every five minutes', async () => {
    const woken: string[] = []
    const at = { ...weekly, minuteOfDay: 6 * 60 + 3 }
    const timetable = startTimetable([at], () => void woken.push(new Date().toISOString().slice(11, 16)))
    await vi.advanceTimersByTimeAsync(7 * MINUTE)
    expect(woken).toEqual(['05:00', '05:03', '05:05'])
    await timetable.stop()
  })

  test('can be stopped at once and twice, and wakes nobody any more', async () => {
    let woken = 0
    const timetable = startTimetable(
      [weekly, monthly, { name: 'c', period: 'cron', timeZone: 'UTC', cron: '* * * * *', covers: 'last-week' }],
      () => {
        woken += 1
      },
    )
    await vi.advanceTimersByTimeAsync(MINUTE)
    expect(woken).toBe(1)
    await timetable.stop()
    await timetable.stop()
    await vi.advanceTimersByTimeAsync(60 * MINUTE)
    expect(woken).toBe(1)
  })
})
