// The few words of PromQL that rules, boards and reports share, so that a renamed metric cannot compile.
import type { MetricFamily } from './catalogue.ts'

/** A condition on a label's value. A plain string means "equals". */
export type LabelMatch =
  | string
  | { readonly not: string }
  | { readonly matches: string }
  | { readonly notMatches: string }

/** A PromQL duration: `5m`, `1h`, `30d`, or a variable of Grafana's such as `$__rate_interval`. */
export type RangeText = `${number}${'s' | 'm' | 'h' | 'd' | 'w'}` | `$${string}`

/** Functions over a range that rules and boards use on a family. */
export type RangeFunction =
  | 'increase'
  | 'rate'
  | 'avg_over_time'
  | 'sum_over_time'
  | 'count_over_time'
  | 'min_over_time'
  | 'max_over_time'
  | 'last_over_time'
  | 'changes'
  | 'resets'

/**
 * Selector of a catalogue family: `selector(ACCOUNT_FAMILIES.up, { gateway: 'waha-1' })` is
 * `whatsapp_account_up{gateway="waha-1"}`. Values are escaped; `matches` takes an RE2 expression, anchored by Prometheus.
 * @throws {TypeError} on a label name that PromQL cannot read
 */
export function selector(
  family: Pick<MetricFamily, 'name'>,
  labels: Readonly<Record<string, LabelMatch>> = {},
): string {
  return named(family.name, labels)
}

/** Selector of a histogram's buckets. */
export function buckets(family: HistogramFamily, labels: Readonly<Record<string, LabelMatch>> = {}): string {
  return named(`${family.name}_bucket`, labels)
}

type HistogramFamily = Pick<MetricFamily, 'name'> & { readonly type: 'histogram' }
type CounterFamily = Pick<MetricFamily, 'name'> & { readonly type: 'counter' }

/** `increase(family[range])`; only counters have one. */
export function increase(
  family: CounterFamily,
  range: RangeText,
  labels: Readonly<Record<string, LabelMatch>> = {},
): string {
  return over('increase', selector(family, labels), range)
}

/** `rate(family[range])`; only counters have one. */
export function rate(
  family: CounterFamily,
  range: RangeText,
  labels: Readonly<Record<string, LabelMatch>> = {},
): string {
  return over('rate', selector(family, labels), range)
}

/** `fn(series[range])` of a selector or a recorded series. */
export function over(fn: RangeFunction, series: string, range: RangeText): string {
  return `${fn}(${series}[${range}])`
}

/** `sum by (a, b) (expression)` and its like. */
export function aggregate(
  operator: 'sum' | 'avg' | 'min' | 'max' | 'count',
  by: readonly string[],
  expression: string,
): string {
  return `${operator} by (${by.join(', ')}) (${expression})`
}

/** A string literal of PromQL, quoted. Go's escapes are JSON's but for what lies outside Unicode. */
function literal(text: string): string {
  return JSON.stringify(text.toWellFormed())
}

/** Text that an RE2 expression matches only as it stands, for `{ matches: names.map(exactly).join('|') }`. */
export function exactly(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')
}

function named(name: string, labels: Readonly<Record<string, LabelMatch>>): string {
  const matchers = Object.entries(labels).map(([label, match]) => matcher(label, match))
  return matchers.length === 0 ? name : `${name}{${matchers.join(',')}}`
}

function matcher(label: string, match: LabelMatch): string {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label)) {
    throw new TypeError(
      `"${label}" is not a Prometheus label name. Use letters, digits and _, not starting with a digit.`,
    )
  }
  if (typeof match === 'string') return `${label}=${literal(match)}`
  if ('not' in match) return `${label}!=${literal(match.not)}`
  if ('matches' in match) return `${label}=~${literal(match.matches)}`
  return `${label}!~${literal(match.notMatches)}`
}
