import { parseDurationMs } from '../../src/option-types.ts'

/** By how much the times of the rules are divided: an hour of theirs is a minute here. */
export const FACTOR = 60

/** Unix milliseconds. */
export interface Moments {
  readonly nowMs: number
  /** When the faults begin that are written into the past, and when they end. */
  readonly illAtMs: number
  readonly wellAtMs: number
}

/** A time of the rules, as it is here. */
function span(text: string): number {
  const ms = parseDurationMs(text)
  if (ms === null) throw new Error(`${text} is no duration`)
  return ms / FACTOR
}

const TILE = { '5m': span('5m'), '1h': span('1h') }
const SECOND = 1000

/** The history that some alerts need, as OpenMetrics with timestamps: recorded series, in the time of the test. */
export function pastOf({ nowMs, illAtMs, wellAtMs }: Moments): string {
  const lines: string[] = []
  const put = (record: string, labels: string, value: number, atMs: number) =>
    lines.push(`${record}{${labels}} ${value} ${atMs / 1000}`)

  /** Tiles side by side, up to now. */
  const tiles = (record: string, labels: string, tile: keyof typeof TILE, back: string, value: number) => {
    const step = TILE[tile]
    const last = Math.floor((nowMs - SECOND) / step) * step
    for (let atMs = last - span(back); atMs <= last; atMs += step) put(`${record}${tile}`, labels, value, atMs)
  }
  /** A value for each second from one moment to another, that long ago. */
  const stretch = (record: string, labels: string, ago: string, fromMs: number, toMs: number, value: number) => {
    for (let atMs = fromMs; atMs < toMs; atMs += SECOND) put(record, labels, value, atMs - span(ago))
  }
  const account = (name: string, more = '') => `account="${name}",gateway="g-${name}"${more}`

  // A good day, of which an outage is a small part.
  const burning = account('burning', ',tenant="acme"')
  for (const [level, labels] of [
    ['account', burning],
    ['gateway', 'gateway="g-burning"'],
    ['tenant', 'tenant="acme"'],
  ] as const) {
    tiles(`${level}:whatsapp_observed_seconds:increase`, labels, '5m', '1d', 300)
    tiles(`${level}:whatsapp_downtime_seconds:increase`, labels, '5m', '1d', 0)
    if (level === 'account') tiles(`${level}:whatsapp_maintenance_seconds:increase`, labels, '5m', '1d', 0)
    else tiles(`${level}:whatsapp_error_budget_seconds:increase`, labels, '5m', '1d', 1.5)
  }

  // Five of a hundred seconds down for seven days and a half, none in the week before.
  const spent = account('spent')
  tiles('account:whatsapp_observed_seconds:increase', spent, '1h', '180h', 3600)
  tiles('account:whatsapp_downtime_seconds:increase', spent, '1h', '180h', 180)
  tiles('account:whatsapp_maintenance_seconds:increase', spent, '1h', '180h', 0)
  for (const series of ['availability', 'coverage'])
    stretch(`account:whatsapp_${series}:ratio_7d`, spent, '7d', nowMs - 30 * SECOND, wellAtMs + 60 * SECOND, 1)

  // Four fifths of the budget of 0.995 used, at ten times the allowed rate within the last day.
  const spending = account('spending')
  tiles('account:whatsapp_observed_seconds:increase', spending, '1h', '180h', 3600)
  tiles('account:whatsapp_downtime_seconds:increase', spending, '1h', '180h', 0.8 * 0.005 * 3600)
  tiles('account:whatsapp_observed_seconds:increase', spending, '5m', '1d', 300)
  tiles('account:whatsapp_downtime_seconds:increase', spending, '5m', '1d', 15)

  tiles('account:whatsapp_response_seconds:mean', account('slow'), '5m', '30h', 0.1)

  // Faults of this hour of the week begin and end by themselves.
  stretch('account:whatsapp_activity:changes1h', account('silent'), '7d', nowMs - 30 * SECOND, illAtMs, 0)
  stretch('account:whatsapp_activity:changes1h', account('silent'), '7d', illAtMs, wellAtMs + 60 * SECOND, 40)
  for (const ago of ['167h', '335h', '503h']) {
    stretch('account:whatsapp_incidents:increase1h', account('pattern'), ago, nowMs - 30 * SECOND, illAtMs, 0)
    stretch('account:whatsapp_incidents:increase1h', account('pattern'), ago, illAtMs, wellAtMs, 1)
    stretch('account:whatsapp_incidents:increase1h', account('pattern'), ago, wellAtMs, wellAtMs + 60 * SECOND, 0)
  }
  return `${lines.join('\n')}\n# EOF\n`
}
