import { describe, expect, test } from 'vitest'
import { formatsFor, NONE } from '../../src/reports/document/formats.ts'

const plain = (text: string) => text.replaceAll('\u00a0', ' ').replaceAll('\u202f', ' ')
const english = formatsFor('en-GB', 'Europe/Berlin')
const german = formatsFor('de-DE', 'Europe/Berlin')

describe('an availability', () => {
  for (const [ratio, want] of [
    [1, '100%'],
    [0.9999999, '99.999%'],
    [0.9995, '99.95%'],
    [0.29, '29.00%'],
    [0.995, '99.50%'],
    [0, '0.00%'],
    [null, NONE],
    [Number.NaN, NONE],
  ] as const)
    test(`of ${ratio} is written ${want}, never rounded up`, () => expect(english.availability(ratio)).toBe(want))

  test('has the comma and the space of its language', () => expect(plain(german.availability(0.9995))).toBe('99,95 %'))
})

describe('a span', () => {
  const MINUTE = 60_000
  for (const [spanMs, want] of [
    [0, '0 s'],
    [400, '<1 s'],
    [59_700, '1 min'],
    [90_000, '1 min 30 s'],
    [119.9 * MINUTE, '2 h'],
    [90 * MINUTE, '1 h 30 min'],
    [49.6 * 60 * MINUTE, '2 d 2 h'],
    [31 * 24 * 60 * MINUTE, '31 d'],
    [null, NONE],
  ] as const)
    test(`of ${spanMs} ms is written ${want}`, () => expect(plain(english.span(spanMs))).toBe(want))
})

test('a response time is written in milliseconds up to a second', () => {
  expect([84.4, 999.4, 1_234, null].map((ms) => plain(english.response(ms)))).toEqual([
    '84 ms',
    '999 ms',
    '1.2 s',
    NONE,
  ])
})

test('a difference carries its sign, and so many decimals as asked for', () => {
  expect([0.00123, -0.5, 0].map((one) => english.points(one))).toEqual(['+0.123', '-50', '0'])
  expect(english.points(0.07143, 1)).toBe('+7.1')
})

test('days are those of the time zone, over a change of the clocks as well', () => {
  const last = Date.parse('2026-03-28T23:30:00Z')
  expect(english.date(last)).toBe('29 March 2026')
  expect(english.weekdayOf(last)).toBe(6)
  expect(english.dateTime(Date.parse('2026-03-29T01:00:00Z'))).toBe('29 Mar 2026, 03:00')
  expect(german.dayAndMonth(last)).toBe('29. März')
  expect([0, 6].map((day) => german.weekday(day, 'long'))).toEqual(['Montag', 'Sonntag'])
})
