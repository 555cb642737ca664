import type { TimeInterval } from '../notifications/options.ts'

/**
 * A named interval as Alertmanager is told it. Its days of the month know no months: a range of dates becomes one entry
 * per month.
 */
export function timeInterval({ name, timeZone, weekdays, dates, times }: TimeInterval): object {
  const always = {
    location: timeZone,
    ...(weekdays.length === 0 ? {} : { weekdays }),
    ...(times.length === 0 ? {} : { times: times.map(({ start, end }) => ({ start_time: start, end_time: end })) }),
  }
  const entries = dates.length === 0 ? [always] : dates.flatMap(monthly).map((days) => ({ ...always, ...days }))
  return { name, time_intervals: entries }
}

/** `2026-12-30:2026-12-31` and `12-25` as Alertmanager's years, months and days of the month. */
function monthly(text: string): readonly object[] {
  const [first = '', last = first] = text.split(':')
  const year = first.length > 5 ? first.slice(0, 4) : null
  const [fromMonth, fromDay] = monthAndDay(first)
  const [toMonth, toDay] = monthAndDay(last)
  return Array.from({ length: toMonth - fromMonth + 1 }, (_, index) => {
    const month = fromMonth + index
    const begin = month === fromMonth ? fromDay : 1
    // Alertmanager cuts it to the days that the month has.
    const end = month === toMonth ? toDay : 31
    return {
      ...(year === null ? {} : { years: [year] }),
      months: [String(month)],
      days_of_month: [begin === end ? String(begin) : `${begin}:${end}`],
    }
  })
}

function monthAndDay(text: string): [number, number] {
  const [month, day] = text.slice(-5).split('-').map(Number)
  return [month ?? 1, day ?? 1]
}
