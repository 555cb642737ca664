// How figures and times are written on the page.

/** A share in per cent, rounded down: 99.996 % must not read as 100 %. */
export function percent(share: number | null): string {
  return share === null ? '–' : `${(Math.floor(share * 10_000 + 1e-6) / 100).toFixed(2)} %`
}

export function milliseconds(seconds: number | null): string {
  if (seconds === null) return '–'
  return seconds < 10 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`
}

/** A length of time with its two largest units at most: `42 s`, `3 min`, `2 h 5 min`, `4 d 3 h`. */
export function duration(seconds: number | null): string {
  if (seconds === null) return '–'
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return whole % 60 === 0 || minutes >= 10 ? `${minutes} min` : `${minutes} min ${whole % 60} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  const days = Math.floor(hours / 24)
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`
}

/** How long ago a moment was. */
export function age(moment: string | null, nowMs: number): string {
  return moment === null ? 'never' : duration((nowMs - Date.parse(moment)) / 1000)
}

const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' })
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })

/** Date and time in the reader's zone. */
export function moment(text: string | null): string {
  return text === null ? 'never' : FULL.format(new Date(text))
}

/** The time of day, and the date where it is not today. */
export function clock(text: string, nowMs: number): string {
  const at = new Date(text)
  const isToday = at.toDateString() === new Date(nowMs).toDateString()
  return isToday ? CLOCK.format(at) : `${DAY.format(at)}, ${CLOCK.format(at)}`
}

/** The date, for the axis of a chart. */
export function day(ms: number): string {
  return DAY.format(new Date(ms))
}

export function hour(ms: number): string {
  return CLOCK.format(new Date(ms))
}

export function bytes(count: number): string {
  return count < 1e9 ? `${Math.round(count / 1e6)} MB` : `${(count / 1e9).toFixed(2)} GB`
}

const COUNT = new Intl.NumberFormat('en', { useGrouping: true })

/** A count with narrow spaces between the thousands. */
export function count(value: number): string {
  return COUNT.format(value).replaceAll(',', '\u202f')
}

/** A word of the API as people write it: `gateway_down` as `gateway down`. */
export function plain(word: string): string {
  return word.replaceAll('_', ' ')
}
