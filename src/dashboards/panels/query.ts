import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'

/** One query of a panel. */
export interface Query {
  readonly expr: string
  /** Name of a series, with `{{label}}` for its labels. */
  readonly legend: string
  /** `now` asks for the last moment of the time range, `range` for all of it. */
  readonly span: 'now' | 'range'
  readonly format: 'time_series' | 'table' | 'heatmap'
}

/** The value at the end of the time range. */
export function now(expr: string, legend = ''): Query {
  return { expr, legend, span: 'now', format: 'time_series' }
}

/** The values over the time range. */
export function over(expr: string, legend = ''): Query {
  return { expr, legend, span: 'range', format: 'time_series' }
}

/** One row for each series, its labels as columns. */
export function rows(expr: string): Query {
  return { expr, legend: '', span: 'now', format: 'table' }
}

/** One row for each sample of the time range, its labels as columns. */
export function rowsOver(expr: string): Query {
  return { expr, legend: '', span: 'range', format: 'table' }
}

/** Buckets of a histogram over the time range, one row of cells for each bound. */
export function cells(expr: string): Query {
  return { expr, legend: '{{le}}', span: 'range', format: 'heatmap' }
}

/** Name that Grafana gives the query at this place: A, B, C. */
export function refId(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index)
}

const FORMATS: Readonly<Record<Query['format'], PromQueryFormat>> = {
  time_series: PromQueryFormat.TimeSeries,
  table: PromQueryFormat.Table,
  heatmap: PromQueryFormat.Heatmap,
}

/** The query as Grafana's Prometheus data source reads it. */
export function target({ expr, legend, span, format }: Query, index: number): DataqueryBuilder {
  const builder = new DataqueryBuilder().refId(refId(index)).expr(expr).format(FORMATS[format])
  if (span === 'now') builder.instant()
  else builder.range()
  return legend === '' ? builder : builder.legendFormat(legend)
}
