// How Grafana's Prometheus data source makes fields of an answer. A frame is a table; a series is a table of two columns.
import type { Series } from './ask.ts'
import type { Target } from './board.ts'

export type Value = number | string | null

export interface Field {
  /** As it is shown. */
  readonly name: string
  /** Its name before a transformation renamed it: links know it by both. */
  readonly source?: string
  readonly kind: 'time' | 'number' | 'text'
  readonly labels: Readonly<Record<string, string>>
  readonly values: readonly Value[]
}

export interface Frame {
  readonly refId: string
  readonly fields: readonly Field[]
}

/** @param tables how many queries of the panel are asked for as tables: several have their letters in the name of the value */
export function framesOf(target: Target, series: readonly Series[], tables: number): readonly Frame[] {
  if (target.format === 'table') return series.length === 0 ? [] : [tableOf(target, series, tables)]
  const frames = series.map(({ labels, points }): Frame => {
    const name = seriesName(target, labels)
    return {
      refId: target.refId,
      fields: [
        { name: 'Time', kind: 'time', labels: {}, values: points.map(([atMs]) => atMs) },
        { name, kind: 'number', labels, values: points.map(([, value]) => value) },
      ],
    }
  })
  return target.format === 'heatmap' ? differences(frames) : frames
}

function tableOf({ refId }: Target, series: readonly Series[], tables: number): Frame {
  const names = [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))].sort()
  const rows = series.flatMap(({ labels, points }) => points.map(([atMs, value]) => ({ labels, atMs, value })))
  rows.sort((a, b) => a.atMs - b.atMs)
  return {
    refId,
    fields: [
      { name: 'Time', kind: 'time', labels: {}, values: rows.map(({ atMs }) => atMs) },
      ...names.map(
        (name): Field => ({ name, kind: 'text', labels: {}, values: rows.map(({ labels }) => labels[name] ?? '') }),
      ),
      {
        name: tables > 1 ? `Value #${refId}` : 'Value',
        kind: 'number',
        labels: {},
        values: rows.map(({ value }) => value),
      },
    ],
  }
}

/** Labels in place of `{{label}}`; without a pattern, all of them. */
function seriesName({ legendFormat = '', expr = '' }: Target, labels: Readonly<Record<string, string>>): string {
  if (legendFormat !== '' && legendFormat !== '__auto')
    return legendFormat.replaceAll(/\{\{\s*(.+?)\s*\}\}/g, (_whole, label: string) => labels[label] ?? '')
  const { __name__: metric = '', ...own } = labels
  const pairs = Object.entries(own).map(([name, value]) => `${name}="${value}"`)
  if (metric === '' && pairs.length === 0) return expr
  return pairs.length === 0 ? metric : `${metric}{${pairs.join(', ')}}`
}

/** Buckets count all below their bound; a heatmap shows what lies between two bounds. */
function differences(frames: readonly Frame[]): readonly Frame[] {
  const bound = (frame: Frame) => Number((frame.fields[1]?.labels['le'] ?? '').replace('+Inf', 'Infinity'))
  const sorted = [...frames].sort((a, b) => bound(a) - bound(b))
  return sorted.map((frame, index) => {
    const below = new Map<Value, Value>()
    const [times, values] = sorted[index - 1]?.fields ?? []
    for (const [at, time] of (times?.values ?? []).entries()) below.set(time, values?.values[at] ?? 0)
    const [ownTimes, own] = frame.fields
    if (ownTimes === undefined || own === undefined) return frame
    const less = own.values.map((value, at) =>
      typeof value === 'number' ? Math.max(0, value - Number(below.get(ownTimes.values[at] ?? null) ?? 0)) : value,
    )
    return { ...frame, fields: [ownTimes, { ...own, values: less }] }
  })
}

export function fieldNamed(frame: Frame, name: string): Field | undefined {
  return frame.fields.find((field) => field.name === name)
}

export function rowCount(frame: Frame): number {
  return frame.fields[0]?.values.length ?? 0
}

/** The values of a reducer that panels use: `lastNotNull`, `mean`, … Throws on one that is not known here. */
export function reduced(values: readonly Value[], calc: string): number | null {
  const numbers = values.filter((value) => typeof value === 'number').filter((value) => !Number.isNaN(value))
  if (numbers.length === 0) return null
  switch (calc) {
    case 'last':
    case 'lastNotNull':
      return numbers.at(-1) ?? null
    case 'mean':
      return numbers.reduce((sum, value) => sum + value, 0) / numbers.length
    case 'sum':
      return numbers.reduce((sum, value) => sum + value, 0)
    case 'max':
      return Math.max(...numbers)
    case 'min':
      return Math.min(...numbers)
    case 'count':
      return numbers.length
    default:
      throw new Error(`the reducer ${calc} is not known here`)
  }
}
