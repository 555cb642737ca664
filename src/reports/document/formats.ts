/** How figures are written: in one language, one time zone, and with `–` for a figure that does not exist. */
export interface Formats {
  /** BCP 47. */
  readonly locale: string
  readonly timeZone: string
  /**
   * An availability: never rounded up, so that 99.9996 % is not shown as 100 %.
   * @param ratio 0 to 1
   */
  availability(ratio: number | null): string
  /** A share that is not an availability, rounded as usual. */
  percent(ratio: number | null): string
  /** A difference of two ratios as percentage points, with its sign. @param fractionDigits at most; 3 as of availabilities */
  points(difference: number | null, fractionDigits?: number): string
  /** A span in its two largest units: `3 h 12 min`, `45 s`. */
  span(spanMs: number | null): string
  /** A response time: `84 ms`, `1.2 s`. */
  response(spanMs: number | null): string
  number(value: number | null, fractionDigits?: number): string
  date(atMs: number): string
  /** Day and month, short. */
  dayAndMonth(atMs: number): string
  dateTime(atMs: number): string
  /** To the second. */
  clock(atMs: number): string
  /** Day of the month alone. */
  dayNumber(atMs: number): string
  /** 0 is Monday. */
  weekday(index: number, length: 'long' | 'short'): string
  /** 0 is Monday. */
  weekdayOf(atMs: number): number
}

/** Stands for a figure that does not exist. */
export const NONE = '–'

const SECOND_MS = 1_000
/** Symbols that are the same in every language (those of the SI and what is accepted beside it). */
const UNITS = [
  { symbol: 'd', ms: 86_400_000 },
  { symbol: 'h', ms: 3_600_000 },
  { symbol: 'min', ms: 60_000 },
  { symbol: 's', ms: SECOND_MS },
] as const
/** A Monday, at noon in UTC. */
const MONDAY_MS = Date.UTC(2024, 0, 1, 12)
const DAY_MS = 86_400_000

/**
 * Formats of a locale and a time zone.
 * @throws RangeError for a locale or time zone that the runtime does not know; the options refuse these beforehand
 */
export function formatsFor(locale: string, timeZone: string): Formats {
  const percentOf = (options: Intl.NumberFormatOptions) =>
    new Intl.NumberFormat(locale, { style: 'percent', ...options })
  const available = percentOf({ minimumFractionDigits: 2, maximumFractionDigits: 3, roundingMode: 'floor' })
  const share = percentOf({ maximumFractionDigits: 1 })
  const plain = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 })
  const seconds = new Intl.NumberFormat(locale, { maximumSignificantDigits: 2 })
  const when = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, { timeZone, ...options })
  const date = when({ dateStyle: 'long' })
  const dayAndMonth = when({ day: 'numeric', month: 'short' })
  const dateTime = when({ day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' })
  const clock = when({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit' })
  const dayNumber = new Intl.DateTimeFormat('en', { timeZone, day: 'numeric' })
  const weekdays = { long: weekdayNames('long'), short: weekdayNames('short') }
  const weekday = new Intl.DateTimeFormat('en', { timeZone, weekday: 'short' })

  function weekdayNames(length: 'long' | 'short'): readonly string[] {
    const names = new Intl.DateTimeFormat(locale, { timeZone: 'UTC', weekday: length })
    return Array.from({ length: 7 }, (_, index) => names.format(MONDAY_MS + index * DAY_MS))
  }

  const finite = (value: number | null): value is number => value !== null && Number.isFinite(value)

  return {
    locale,
    timeZone,
    availability: (ratio) => {
      if (!finite(ratio)) return NONE
      return ratio >= 1 ? share.format(1) : available.format(trimmed(ratio))
    },
    percent: (ratio) => (finite(ratio) ? share.format(ratio) : NONE),
    points: (difference, fractionDigits = 3) =>
      finite(difference)
        ? new Intl.NumberFormat(locale, { maximumFractionDigits: fractionDigits, signDisplay: 'exceptZero' }).format(
            difference * 100,
          )
        : NONE,
    span: (spanMs) => (finite(spanMs) ? spanText(spanMs, plain) : NONE),
    response(spanMs) {
      if (!finite(spanMs)) return NONE
      return spanMs < SECOND_MS ? `${plain.format(spanMs)}\u00a0ms` : `${seconds.format(spanMs / SECOND_MS)}\u00a0s`
    },
    number: (value, fractionDigits = 0) => {
      if (!finite(value)) return NONE
      if (fractionDigits === 0) return plain.format(value)
      return new Intl.NumberFormat(locale, {
        minimumFractionDigits: fractionDigits,
        maximumFractionDigits: fractionDigits,
      }).format(value)
    },
    date: (atMs) => date.format(atMs),
    dayAndMonth: (atMs) => dayAndMonth.format(atMs),
    dateTime: (atMs) => dateTime.format(atMs),
    clock: (atMs) => clock.format(atMs),
    dayNumber: (atMs) => dayNumber.format(atMs),
    weekday: (index, length) => weekdays[length][index] ?? '',
    weekdayOf: (atMs) => WEEKDAYS.indexOf(weekday.format(atMs)),
  }
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** Without the noise of binary fractions, which rounding down would turn 0.9995 into 99.949 % by. */
function trimmed(ratio: number): number {
  return Number(ratio.toPrecision(12))
}

/** The two largest units of a span; rounded to the smaller of them, so that 1 h 59 min 50 s is 2 h. */
function spanText(spanMs: number, plain: Intl.NumberFormat): string {
  if (spanMs > 0 && spanMs < SECOND_MS) return `<${plain.format(1)}\u00a0s`
  const wholeMs = Math.round(spanMs / SECOND_MS) * SECOND_MS
  const largest = UNITS.findIndex(({ ms }) => wholeMs >= ms)
  if (largest === -1) return `${plain.format(0)}\u00a0s`
  const smallestMs = (UNITS[largest + 1] ?? UNITS[largest])?.ms ?? SECOND_MS
  let restMs = Math.round(wholeMs / smallestMs) * smallestMs
  const pieces: string[] = []
  for (const { symbol, ms } of UNITS) {
    const count = Math.floor(restMs / ms)
    restMs -= count * ms
    if (count > 0) pieces.push(`${plain.format(count)}\u00a0${symbol}`)
  }
  return pieces.join(' ')
}
