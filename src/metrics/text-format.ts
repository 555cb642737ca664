import type { MetricFamily } from './catalogue.ts'

/** `text` is the Prometheus text format 0.0.4, `openmetrics` is OpenMetrics 1.0. */
export type PageFormat = 'text' | 'openmetrics'

export const CONTENT_TYPES: Readonly<Record<PageFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/** Last line of an OpenMetrics page; the text format has none. */
export const OPENMETRICS_END = '# EOF\n'

/** Type and help of a family that goes on the page; the catalogue's families and those of prom-client both fit. */
export type FamilyHead = Pick<MetricFamily, 'name' | 'type' | 'help' | 'unit'>

/**
 * The `# HELP`, `# TYPE` and, in OpenMetrics, `# UNIT` lines of a family.
 *
 * Statesets are gauges in both formats: OpenMetrics 1.0 wants the label of a StateSet to bear the family's name, ours are
 * called `state`, `status` and `mode`, and a strict parser would refuse the page. Text 0.0.4 knows neither type.
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/#stateset
 */
export function familyHeader(family: FamilyHead, format: PageFormat): string {
  const help = escapeHelp(family.help, format)
  if (format === 'text') return `# HELP ${family.name} ${help}\n# TYPE ${family.name} ${textType(family.type)}\n`
  const name = openMetricsName(family)
  const type = family.type === 'stateset' ? 'gauge' : family.type
  const unit = family.unit !== undefined && name.endsWith(`_${family.unit}`) ? `# UNIT ${name} ${family.unit}\n` : ''
  return `# TYPE ${name} ${type}\n${unit}# HELP ${name} ${help}\n`
}

/** OpenMetrics names the family without the suffix that its samples carry. */
function openMetricsName(family: FamilyHead): string {
  if (family.type === 'counter') return family.name.replace(/_total$/, '')
  if (family.type === 'info') return family.name.replace(/_info$/, '')
  return family.name
}

function textType(type: FamilyHead['type']): string {
  return type === 'stateset' || type === 'info' ? 'gauge' : type
}

/** Escapes help text; OpenMetrics also escapes the quotation mark. */
function escapeHelp(help: string, format: PageFormat): string {
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return format === 'openmetrics' ? escaped.replaceAll('"', '\\"') : escaped
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' }

/** Escapes a label value. Both formats agree: backslash, quotation mark and line feed. */
export function escapeLabelValue(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => ESCAPES[character] ?? character)
}

/** Labels in braces, or nothing where there are none. */
export function labelBlock(labels: Readonly<Record<string, string | number>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabelValue(String(value))}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

/** A sample value as text; both formats read JavaScript's shortest round trip, but spell infinity their own way. */
export function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return String(value)
}

/** An upper bound of a bucket: OpenMetrics wants a float there (`1.0`), client libraries write `1` in the text format. */
export function bucketBound(bound: number, format: PageFormat): string {
  const text = numberText(bound)
  return format === 'openmetrics' && Number.isInteger(bound) ? `${text}.0` : text
}
