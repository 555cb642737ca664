import { DateTime, type DateTimeUnit } from 'luxon'
import type { Period } from './analysis.ts'

/** A period that cannot be read; the message says what can. */
export class PeriodError extends Error {
  override readonly name = 'PeriodError'
}

const MAX_DAYS = 400
const UNITS = ['day', 'week', 'month', 'quarter'] as const
type Unit = (typeof UNITS)[number]

const KNOWN =
  'Use today, yesterday, this-week, last-week (also month, quarter), last-30-days, a day 2026-03-01, a week 2026-W10, ' +
  'a month 2026-03, a quarter 2026-Q1, or both days of a range 2026-03-01..2026-03-15'

/**
 * Reads a period as a person writes it. Days begin at midnight of the time zone, or at the first moment after it where
 * the clocks skip midnight; weeks begin on Monday (ISO 8601). The last day of a range belongs to it.
 * @throws PeriodError for text or a time zone that means nothing, for an empty range and one of more than 400 days
 */
export function parsePeriod(text: string, timeZone: string, nowMs: number): Period {
  const now = DateTime.fromMillis(nowMs, { zone: timeZone, locale: 'en' })
  if (!now.isValid || !/^[A-Za-z]/.test(timeZone)) {
    throw new PeriodError(`"${timeZone}" is not a time zone. Use an IANA name, for example Europe/Berlin.`)
  }
  return relative(text, now) ?? calendar(text, timeZone) ?? days(text, now) ?? unreadable(text)
}

/** The period of the same kind that ends where this one begins; for a range, as many days. */
export function periodBefore(period: Period): Period {
  const from = localTime(period.fromMs, period)
  if (period.kind !== 'custom') return unitPeriod(period.kind, from.minus({ [period.kind]: 1 }))
  return rangePeriod(from.minus({ days: dayCount(period) }), from)
}

/** The period of the same kind that begins where this one ends. */
export function periodAfter(period: Period): Period {
  const to = localTime(period.toMs, period)
  if (period.kind !== 'custom') return unitPeriod(period.kind, to)
  return rangePeriod(to, to.plus({ days: dayCount(period) }))
}

/** The days of the period, oldest first: 23 or 25 hours long where the clocks change. */
export function daysOf(
  period: Period,
): readonly { readonly date: string; readonly fromMs: number; readonly toMs: number }[] {
  const found: { date: string; fromMs: number; toMs: number }[] = []
  let day = localTime(period.fromMs, period).startOf('day')
  while (day.toMillis() < period.toMs) {
    const next = dayAfter(day)
    found.push({ date: isoDate(day), fromMs: day.toMillis(), toMs: next.toMillis() })
    day = next
  }
  return found
}

/** Hour of the week on the clocks of the period, 0 for Monday 00:00 to 167. */
export function hourOfWeek(atMs: number, { timeZone }: Pick<Period, 'timeZone'>): number {
  const { weekday, hour } = DateTime.fromMillis(atMs, { zone: timeZone })
  return (weekday - 1) * 24 + hour
}

function relative(text: string, now: DateTime): Period | null {
  if (text === 'today') return unitPeriod('day', now)
  if (text === 'yesterday') return unitPeriod('day', now.minus({ days: 1 }))
  const [, which, unitName] = /^(this|last)-(day|week|month|quarter)$/.exec(text) ?? []
  const unit = UNITS.find((one) => one === unitName)
  if (unit !== undefined) return unitPeriod(unit, which === 'this' ? now : now.startOf(unit).minus({ [unit]: 1 }))
  const [, count] = /^last-(\d{1,3})-days$/.exec(text) ?? []
  if (count === undefined) return null
  const to = now.startOf('day')
  return checked(text, rangePeriod(to.minus({ days: Number(count) }), to))
}

function calendar(text: string, zone: string): Period | null {
  const unit: Unit | null = /^\d{4}-\d\d-\d\d$/.test(text)
    ? 'day'
    : /^\d{4}-W\d\d$/.test(text)
      ? 'week'
      : /^\d{4}-\d\d$/.test(text)
        ? 'month'
        : null
  if (unit !== null) {
    const start = DateTime.fromISO(text, { zone })
    return start.isValid ? unitPeriod(unit, start) : null
  }
  const [, year, quarter] = /^(\d{4})-Q([1-4])$/.exec(text) ?? []
  if (year === undefined || quarter === undefined) return null
  return unitPeriod('quarter', DateTime.fromObject({ year: Number(year), month: Number(quarter) * 3 - 2 }, { zone }))
}

function days(text: string, now: DateTime): Period | null {
  const [, first, last] = /^(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)$/.exec(text) ?? []
  if (first === undefined || last === undefined) return null
  const from = DateTime.fromISO(first, { zone: now.zone })
  const to = DateTime.fromISO(last, { zone: now.zone })
  if (!from.isValid || !to.isValid) return null
  return checked(text, rangePeriod(from.startOf('day'), dayAfter(to)))
}

function checked(text: string, period: Period): Period {
  const count = dayCount(period)
  if (count < 1) throw new PeriodError(`"${text}" is empty. The last day must not be before the first.`)
  if (count > MAX_DAYS) throw new PeriodError(`"${text}" has ${count} days. At most ${MAX_DAYS} are possible.`)
  return period
}

function unreadable(text: string): never {
  throw new PeriodError(`"${text.slice(0, 40)}" is not a period. ${KNOWN}.`)
}

function unitPeriod(unit: Unit, within: DateTime): Period {
  const from = within.startOf(unit satisfies DateTimeUnit)
  const to = from.plus({ [unit]: 1 }).startOf(unit)
  const name = {
    day: isoDate(from),
    week: `${from.weekYear}-W${pad(from.weekNumber)}`,
    month: from.toFormat('yyyy-MM'),
    quarter: `${from.year}-Q${from.quarter}`,
  }[unit]
  return { kind: unit, name, timeZone: zoneOf(from), fromMs: from.toMillis(), toMs: to.toMillis() }
}

function rangePeriod(from: DateTime, to: DateTime): Period {
  const last = to.minus({ days: 1 })
  return {
    kind: 'custom',
    name: `${isoDate(from)}..${isoDate(last)}`,
    timeZone: zoneOf(from),
    fromMs: from.toMillis(),
    toMs: to.toMillis(),
  }
}

/** Counted by the calendar: a day of 23 hours is one. */
function dayCount(period: Period): number {
  return Math.round(localTime(period.toMs, period).diff(localTime(period.fromMs, period), 'days').days)
}

function dayAfter(day: DateTime): DateTime {
  return day.plus({ days: 1 }).startOf('day')
}

function localTime(atMs: number, { timeZone }: Pick<Period, 'timeZone'>): DateTime {
  return DateTime.fromMillis(atMs, { zone: timeZone })
}

function isoDate(time: DateTime): string {
  return time.toFormat('yyyy-MM-dd')
}

function zoneOf(time: DateTime): string {
  return time.zoneName ?? 'UTC'
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}
