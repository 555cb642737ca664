import { parseDurationMs } from '../../src/option-types.ts'

/** By how much the times of the rules are divided: an hour of theirs is a minute here. */
export const FACTOR = 60

/** A time of the rules, as it is here. */
function span(text: string): number {
  const ms = parseDurationMs(text)
  if (ms === null) throw new Error(`${text} is no duration`)
  return ms / FACTOR
}

const TILE = { '5m': span('5m'), '1h': span('1h') }
const SECOND = 1000
const MINUTE = 60 * SECOND
/** Longer than the test takes. */
const TEST_MS = 10 * MINUTE

/** The history that some alerts need, as OpenMetrics with timestamps: recorded series, in the time of the test. */
export function pastOf(nowMs: number): string {
  const lines: string[] = []
  const put = (record: string, labels: string, value: number, atMs: number) =>
    lines.push(`${record}{${labels}} ${value} ${atMs / 1000}`)

  /** Tiles side by side, up to now. */
  const tiles = (record: string, labels: string, tile: keyof typeof TILE, back: string, value: number) => {
    const step = TILE[tile]
    const last = Math.floor((nowMs - SECOND) / step) * step
    for (let atMs = last - span(back); atMs <= last; atMs += step) put(`${record}${tile}`, labels, value, atMs)
  }
  /** What a series was that long ago, for the time of the test. */
  const then = (record: string, labels: string, ago: string, value: number) => {
    for (let atMs = nowMs - MINUTE; atMs < nowMs + TEST_MS; atMs += SECOND) put(record, labels, value, atMs - span(ago))
  }
  /** The sums over a month, of which a tile more comes too seldom for the test. */
  const month = (labels: string, observed: number, downtime: number) => {
    put('account:whatsapp_observed_seconds:sum30d', labels, observed, nowMs - SECOND)
    put('account:whatsapp_downtime_seconds:sum30d', labels, downtime, nowMs - SECOND)
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
  month(spent, 180 * 3600, 180 * 180)
  for (const series of ['availability', 'coverage']) then(`account:whatsapp_${series}:ratio_7d`, spent, '7d', 1)

  // Four fifths of the budget of 0.995 used, at ten times the allowed rate within the last day.
  const spending = account('spending')
  tiles('account:whatsapp_observed_seconds:increase', spending, '1h', '180h', 3600)
  tiles('account:whatsapp_downtime_seconds:increase', spending, '1h', '180h', 0.8 * 0.005 * 3600)
  month(spending, 180 * 3600, 180 * 0.8 * 0.005 * 3600)
  tiles('account:whatsapp_observed_seconds:increase', spending, '5m', '1d', 300)
  tiles('account:whatsapp_downtime_seconds:increase', spending, '5m', '1d', 15)

  tiles('account:whatsapp_response_seconds:mean', account('slow'), '5m', '30h', 0.1)

  then('account:whatsapp_activity:changes1h', account('silent'), '7d', 40)
  for (const ago of ['167h', '335h', '503h']) then('account:whatsapp_incidents:increase1h', account('pattern'), ago, 1)
  return `${lines.join('\n')}\n# EOF\n`
}
