import { EXPORTER_FAMILIES } from '../../../src/metrics/catalogue.ts'
import { hashOf } from '../../../src/simulator/random.ts'
import { DAY, HOUR } from './past-troubles.ts'

/** Counters of the exporter that grow with its work, per hour; others stand still in the past. */
const PER_HOUR: Readonly<Record<string, number>> = {
  process_cpu_user_seconds_total: 95,
  process_cpu_system_seconds_total: 18,
  process_cpu_seconds_total: 113,
  whatsapp_exporter_notifications_total: 0.4,
  whatsapp_exporter_report_runs_total: 0.1,
  nodejs_gc_duration_seconds_bucket: 240,
  nodejs_gc_duration_seconds_count: 240,
  nodejs_gc_duration_seconds_sum: 0.9,
}
/** What an exporter that has only just begun cannot show yet. */
const TYPICAL: Readonly<Record<string, number>> = {
  whatsapp_exporter_check_lag_seconds: 0.004,
  whatsapp_exporter_check_duration_error_seconds: 0.002,
  whatsapp_exporter_check_cycle_duration_seconds: 0.35,
  whatsapp_exporter_checks_in_flight: 2,
  nodejs_eventloop_lag_seconds: 0.003,
}
/** Gauges that go up and down around what they are now. */
const WAVERING = /_(?:lag|duration|error)_seconds$|_bytes$|_in_flight$|_open_fds$/
/** Comes with the first collection, for which a page may be too early. */
const GARBAGE = 'nodejs_gc_duration_seconds_sum{kind="minor"} 0'
const REPORT_FAILURES = EXPORTER_FAMILIES.reportFailures.name
const PLAIN = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/

/** What happened to the exporter itself, Unix milliseconds. */
export interface OwnEvents {
  readonly restartsMs: readonly number[]
  readonly reportFailedMs: number
}

/**
 * The exporter's own lines at a moment of the past, made from those of a running one: counters have grown since the
 * last restart, the start of the process is that restart, and what measures load wavers with the hour.
 * @param page what the running exporter shows, in any text format
 */
export function exporterPast(page: string, { restartsMs, reportFailedMs }: OwnEvents): (atMs: number) => string {
  const series = (page.includes('nodejs_gc_duration_seconds_sum') ? page : `${page}\n${GARBAGE}`)
    .split('\n')
    .filter((line) => /^(?:whatsapp_exporter_|process_|nodejs_)/.test(line))
    .flatMap((line) => {
      const [, name = '', labels = '', value = ''] = PLAIN.exec(line) ?? []
      return name === '' ? [] : [{ name, labels, value: Number(value), phase: hashOf(line) % 1000 }]
    })
  return (atMs) => {
    const startMs = Math.max(...restartsMs.filter((restart) => restart <= atMs))
    let lines = ''
    for (const { name, labels, value, phase } of series) {
      const block = labels === '' ? '' : `{${labels}}`
      const past =
        name === REPORT_FAILURES
          ? Number(atMs >= reportFailedMs)
          : pastValue(`${name}${block}`, TYPICAL[name] ?? value, phase, atMs, startMs)
      lines += `${name}${block} ${past}\n`
    }
    return lines
  }
}

function pastValue(series: string, value: number, phase: number, atMs: number, startMs: number): number {
  const name = series.replace(/\{.*/, '')
  if (name === 'process_start_time_seconds' || name.endsWith('_reload_success_timestamp_seconds')) return startMs / 1000
  const perHour = series.includes('status="failed"') ? 0 : (PER_HOUR[name] ?? 0)
  const grown = (perHour * (atMs - startMs)) / HOUR
  if (/_seconds_(?:total|sum)$/.test(name)) return grown
  if (/_(?:total|count|bucket)$/.test(name)) return Math.floor(grown)
  if (!WAVERING.test(name)) return value
  const byDay = Math.sin(((atMs % DAY) / DAY) * 2 * Math.PI - 2)
  const quick = Math.sin(atMs / 970_000 + phase) * Math.sin(atMs / 310_000)
  const wavering = value * (1 + 0.12 * byDay + 0.1 * quick)
  return Number.isInteger(value) ? Math.round(wavering) : wavering
}
