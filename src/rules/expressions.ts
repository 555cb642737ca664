// The pieces that several rules are made of.
import type { MetricFamily } from '../metrics/catalogue.ts'
import { type LabelMatch, selector } from '../metrics/promql.ts'

/**
 * Labels that say which process was scraped. They change when an exporter moves, and an account's history must not end
 * there, so that no rule keeps them.
 */
const SCRAPED = 'instance, job, pod, container, endpoint'

/** Pairs up series of one account. */
export const SAME_ACCOUNT = 'on (account, gateway)'

/** Exporters that share one fleet; the namespace tells apart two installations in one cluster. */
const ONE_FLEET = 'job, namespace'
export const TOGETHER = `by (${ONE_FLEET})`
/** Pairs up shards by what `ordinals` gives. */
export const SAME_SHARD = `on (${ONE_FLEET}, ordinal)`

/** How many exporters have each ordinal, which becomes the label `ordinal`. */
export function ordinals(series: string): string {
  return `count_values ${TOGETHER} ("ordinal", ${series})`
}

/** Of the same account in several processes, the largest value: a double start counts nothing twice. */
export function merged(expression: string, operator: 'max' | 'min' = 'max'): string {
  return `${operator} without (${SCRAPED}) (${expression})`
}

/** A family's series without the labels of the process. */
export function family(source: Pick<MetricFamily, 'name'>, labels: Readonly<Record<string, LabelMatch>> = {}): string {
  return merged(selector(source, labels))
}

/** The accounts in a maintenance window; few, and recorded once for all alerts (account-alerts.ts). */
export const IN_MAINTENANCE = 'account:whatsapp_maintenance:open'

/** Accounts that are not in a maintenance window. */
export const OUTSIDE_MAINTENANCE = `unless ${SAME_ACCOUNT} ${IN_MAINTENANCE}`

/** The lines of an expression, as one that a person can read. */
export function lines(...parts: readonly string[]): string {
  return parts.join('\n')
}

/**
 * How much a counter grew, without the extrapolation of `increase`: the last value of this window less the last value
 * of the window before, so that the growths of windows that follow each other add up to the whole. Where the window
 * before has no value, or a reset made the difference negative, growth is counted from the first value of this one.
 * A scrape gap at the end of the window loses nothing.
 */
export function growth(counter: Pick<MetricFamily, 'name'>, window: '1h'): string {
  return difference(
    merged(`last_over_time(${counter.name}[${window}])`),
    merged(`last_over_time(${counter.name}[${window}] offset ${window})`),
    sinceFirst(counter, window, merged(`last_over_time(${counter.name}[${window}])`)),
  )
}

/** The same of a counter whose last values are recorded every minute, which costs a fraction. `since` is what counts without one. */
export function growthOf(last: string, window: '5m' | '30m' | '1h', since: string): string {
  return difference(last, `${last} offset ${window}`, since)
}

/** What a counter gained since its first value within a window, or since its lowest, where it was reset. */
export function sinceFirst(counter: Pick<MetricFamily, 'name'>, window: '5m' | '1h', last: string): string {
  return `(${last} - ${merged(`min_over_time(${counter.name}[${window}])`, 'min')})`
}

function difference(last: string, before: string, since: string): string {
  return lines(`((${last} - ${before}) >= 0)`, `or ${since}`)
}

/** Windows over which recorded growths are added up, in seconds. */
export const WINDOW_SECONDS = {
  '5m': 300,
  '30m': 1800,
  '1h': 3600,
  '2h': 7200,
  '6h': 21_600,
  '1d': 86_400,
  '3d': 259_200,
  '7d': 604_800,
  '30d': 2_592_000,
} as const
export type RecordedWindow = keyof typeof WINDOW_SECONDS

/** The windows less one millisecond: a closed range would count the tile at its far end, which is one too many. */
const ALMOST: Readonly<Record<Exclude<RecordedWindow, '5m'>, string>> = {
  '30m': '29m59s999ms',
  '1h': '59m59s999ms',
  '2h': '1h59m59s999ms',
  '6h': '5h59m59s999ms',
  '1d': '23h59m59s999ms',
  '3d': '2d23h59m59s999ms',
  '7d': '6d23h59m59s999ms',
  '30d': '29d23h59m59s999ms',
}

/**
 * Sum of recorded growths that lie side by side over a window. A subquery, so that a series younger than the window
 * counts as what it is and not as if it had always been there, and so that 30 days cost 720 points, not 8640.
 */
export function tiles(series: string, window: Exclude<RecordedWindow, '5m'>, step: '5m' | '1h'): string {
  return `sum_over_time(${series}[${ALMOST[window]}:${step}])`
}
