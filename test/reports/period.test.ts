import { describe, expect, test } from 'vitest'
import { daysOf, hourOfWeek, PeriodError, parsePeriod, periodAfter, periodBefore } from '../../src/reports/period.ts'

const HOUR = 3_600_000
/** A Tuesday. */
const NOW = Date.parse('2026-03-10T12:34:56Z')
const iso = (ms: number) => new Date(ms).toISOString().replace(':00.000Z', 'Z')
const span = (text: string, zone = 'UTC') => {
  const { kind, name, fromMs, toMs } = parsePeriod(text, zone, NOW)
  return [kind, name, iso(fromMs), iso(toMs)]
}

describe('a period is read as people write it', () => {
  test.each([
    ['today', 'day', '2026-03-10', '2026-03-10T00:00Z', '2026-03-11T00:00Z'],
    ['yesterday', 'day', '2026-03-09', '2026-03-09T00:00Z', '2026-03-10T00:00Z'],
    ['this-week', 'week', '2026-W11', '2026-03-09T00:00Z', '2026-03-16T00:00Z'],
    ['last-week', 'week', '2026-W10', '2026-03-02T00:00Z', '2026-03-09T00:00Z'],
    ['last-month', 'month', '2026-02', '2026-02-01T00:00Z', '2026-03-01T00:00Z'],
    ['last-quarter', 'quarter', '2025-Q4', '2025-10-01T00:00Z', '2026-01-01T00:00Z'],
    ['last-30-days', 'custom', '2026-02-08..2026-03-09', '2026-02-08T00:00Z', '2026-03-10T00:00Z'],
    ['2026-03-01', 'day', '2026-03-01', '2026-03-01T00:00Z', '2026-03-02T00:00Z'],
    ['2026-W01', 'week', '2026-W01', '2025-12-29T00:00Z', '2026-01-05T00:00Z'],
    ['2020-W53', 'week', '2020-W53', '2020-12-28T00:00Z', '2021-01-04T00:00Z'],
    ['2024-02', 'month', '2024-02', '2024-02-01T00:00Z', '2024-03-01T00:00Z'],
    ['2026-Q1', 'quarter', '2026-Q1', '2026-01-01T00:00Z', '2026-04-01T00:00Z'],
    ['2026-03-01..2026-03-01', 'custom', '2026-03-01..2026-03-01', '2026-03-01T00:00Z', '2026-03-02T00:00Z'],
  ])('%s', (text, ...expected) => expect(span(text)).toEqual(expected))

  test.each([
    ['a month in which the clocks go forward', '2026-03', 'Europe/Berlin', 743],
    ['a month in which they go back', '2026-10', 'Europe/Berlin', 745],
    ['a day of 23 hours', '2026-03-29', 'Europe/Berlin', 23],
    ['a day of 25 hours', '2026-10-25', 'Europe/Berlin', 25],
    ['a day whose midnight the clocks skip', '2026-04-24', 'Africa/Cairo', 23],
    ['a day with a change of half an hour', '2026-10-04', 'Australia/Lord_Howe', 23.5],
  ])('%s has as many hours as it has', (_name, text, zone, hours) => {
    const { fromMs, toMs } = parsePeriod(text, zone, NOW)
    expect((toMs - fromMs) / HOUR).toBe(hours)
  })

  test('a month of a zone with half an hour begins at its midnight', () => {
    expect(span('2026-03', 'Asia/Kolkata').slice(2)).toEqual(['2026-02-28T18:30Z', '2026-03-31T18:30Z'])
  })

  test.each([
    ['nonsense', 'UTC', /"nonsense" is not a period. Use today/],
    ['2026-13', 'UTC', /is not a period/],
    ['2026-02-30', 'UTC', /is not a period/],
    ['2025-W53', 'UTC', /is not a period/],
    ['2026-03-02..2026-03-01', 'UTC', /is empty. The last day must not be before the first/],
    ['2024-01-01..2026-03-01', 'UTC', /At most 400 are possible/],
    ['last-0-days', 'UTC', /is empty/],
    ['2026-03', 'Mars/Olympus', /"Mars\/Olympus" is not a time zone/],
    ['2026-03', '+01:00', /is not a time zone/],
  ])('%s in %s is refused', (text, zone, message) => {
    expect(() => parsePeriod(text, zone, NOW)).toThrow(PeriodError)
    expect(() => parsePeriod(text, zone, NOW)).toThrow(message)
  })
})

describe('neighbours', () => {
  test.each([
    ['2026-03', '2026-02', '2026-04'],
    ['2026-W01', '2025-W52', '2026-W02'],
    ['2026-Q1', '2025-Q4', '2026-Q2'],
    ['2026-03-29', '2026-03-28', '2026-03-30'],
    ['2026-03-11..2026-03-20', '2026-03-01..2026-03-10', '2026-03-21..2026-03-30'],
    ['2026-03-25..2026-03-31', '2026-03-18..2026-03-24', '2026-04-01..2026-04-07'],
  ])('of %s are %s and %s', (text, before, after) => {
    const period = parsePeriod(text, 'Europe/Berlin', NOW)
    expect(periodBefore(period).name).toBe(before)
    expect(periodBefore(period).toMs).toBe(period.fromMs)
    expect(periodAfter(period).name).toBe(after)
    expect(periodAfter(period).fromMs).toBe(period.toMs)
  })
})

test('the days of a period touch one another and fill it', () => {
  const period = parsePeriod('2026-03', 'Europe/Berlin', NOW)
  const days = daysOf(period)
  expect(days).toHaveLength(31)
  expect(days[0]?.fromMs).toBe(period.fromMs)
  expect(days.at(-1)?.toMs).toBe(period.toMs)
  for (const [index, day] of days.entries()) if (index > 0) expect(day.fromMs).toBe(days[index - 1]?.toMs)
  expect(days[28]).toMatchObject({ date: '2026-03-29' })
})

test.each([
  ['Monday 00:00', '2026-03-08T23:00:00Z', 0],
  ['Sunday 23:00', '2026-03-15T22:59:00Z', 167],
  ['Sunday 03:00 after the hour that the clocks skipped', '2026-03-29T01:00:00Z', 147],
])('the hour of the week is the one on the clocks of the zone: %s', (_name, at, hour) => {
  expect(hourOfWeek(Date.parse(at), { timeZone: 'Europe/Berlin' })).toBe(hour)
})
