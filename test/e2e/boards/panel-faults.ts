// What is wrong with the data of a panel, in sentences. A panel without any is one that a person can believe.
import type { FieldDefaults, Override, Panel } from './board.ts'
import { type Field, type Frame, rowCount } from './frames.ts'
import type { PanelData } from './panel-data.ts'
import { DAY } from './past-troubles.ts'

export interface Expectation {
  readonly nowMs: number
  /** Columns that come and go with the data, by label and by title. */
  readonly mayLack?: readonly string[]
}

/** Every fault of a panel: what is empty, not a number, out of its unit's range, or named and not there. */
export function panelFaults(data: PanelData, { nowMs, mayLack = [] }: Expectation): readonly string[] {
  const { panel, answers, frames, faults } = data
  const filled = frames.filter((frame) => rowCount(frame) > 0)
  if (filled.length === 0) return [`shows nothing: ${answers.map(({ query }) => query).join(' ; ')}`]
  const missing = [...faults, ...overrideFaults(panel, filled), ...linkFaults(panel, filled)]
  return [
    ...emptyAnswers(data),
    ...missing.filter((fault) => !mayLack.some((name) => fault.includes(`"${name}"`))),
    ...legendFaults(data),
    ...filled.flatMap((frame) => frame.fields.flatMap((field) => valueFaults(panel, field, nowMs))),
    ...sortFaults(panel, filled),
    ...rowFaults(panel, filled),
    ...curveFaults(data),
  ]
}

function emptyAnswers({ answers }: PanelData): readonly string[] {
  return answers
    .filter(({ series }) => !series.some(({ points }) => points.some(([, value]) => !Number.isNaN(value))))
    .map(({ target, query }) => `the query ${target.refId} has no number: ${query}`)
}

/** A label that a legend names must be on some series, or the names of all are alike. */
function legendFaults({ answers }: PanelData): readonly string[] {
  return answers.flatMap(({ target, series }) => {
    if (target.format === 'table') return []
    const named = [...(target.legendFormat ?? '').matchAll(/\{\{\s*(.+?)\s*\}\}/g)].map(([, label = '']) => label)
    const missing = named.filter((label) => !series.some(({ labels }) => (labels[label] ?? '') !== ''))
    const names = series.map(({ labels }) => named.map((label) => labels[label]).join('|'))
    const alike = new Set(names).size < names.length
    return [
      ...missing.map((label) => `the legend of ${target.refId} names ${label}, which no series has`),
      ...(alike ? [`series of ${target.refId} have the same name in the legend "${target.legendFormat ?? ''}"`] : []),
    ]
  })
}

/** Ranges in which a value of a unit can be believed. Units that are not here need only be finite. */
function rangeOf(unit: string, nowMs: number): readonly [number, number] {
  switch (unit) {
    case 'percentunit':
      return [0, 1]
    case 'percent':
    case 'humidity':
      return [0, 100]
    case 's':
    case 'ms':
    case 'bytes':
    case 'decbytes':
    case 'ops':
    case 'reqps':
    case 'cps':
      return [0, Number.MAX_SAFE_INTEGER]
    case 'dateTimeFromNow':
    case 'dateTimeAsIso':
    case 'dateTimeAsLocal':
      return [nowMs - 60 * DAY, nowMs + 60 * DAY]
    default:
      return [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]
  }
}

/** Shares of a budget go below 0 when it is overspent, and differences of shares as well. */
const MAY_BE_NEGATIVE = /budget|in a week|difference/i

function valueFaults(panel: Panel, field: Field, nowMs: number): readonly string[] {
  if (field.kind !== 'number') return []
  const config = configOf(panel, field)
  const numbers = field.values.filter((value): value is number => typeof value === 'number' && !Number.isNaN(value))
  if (numbers.length === 0) return [`"${field.name}" has no number`]
  const [least, most] = rangeOf(config.unit ?? '', nowMs)
  const signed = MAY_BE_NEGATIVE.test(panel.title) || MAY_BE_NEGATIVE.test(field.name)
  const low = Math.max(signed ? -Number.MAX_SAFE_INTEGER : least, config.min ?? -Number.MAX_SAFE_INTEGER)
  const high = Math.min(most, config.max ?? Number.MAX_SAFE_INTEGER)
  const wrong = numbers.filter((value) => value < low || value > high)
  if (wrong.length === 0) return []
  return [`"${field.name}" in ${config.unit} holds ${wrong[0]}, which is not between ${low} and ${high}`]
}

/** The options of a field: the panel's, and over them those of the overrides that match it. */
export function configOf(panel: Panel, field: Field): FieldDefaults {
  const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {}
  const own: Record<string, unknown> = { ...defaults, custom: { ...defaults.custom } }
  for (const override of overrides.filter((each) => matches(each, field))) {
    for (const { id, value } of override.properties) {
      if (id.startsWith('custom.'))
        own['custom'] = { ...(own['custom'] as object), [id.slice('custom.'.length)]: value }
      else own[id] = value
    }
  }
  return own as FieldDefaults // properties of overrides are called as those of the defaults
}

function matches({ matcher }: Override, field: Field): boolean {
  switch (matcher.id) {
    case 'byName':
      return matcher.options === field.name
    case 'byRegexp':
      return new RegExp(String(matcher.options).replace(/^\/(.*)\/$/, '$1')).test(field.name)
    case 'byType':
      return matcher.options === (field.kind === 'text' ? 'string' : field.kind)
    default:
      throw new Error(`the matcher ${matcher.id} is not known here`)
  }
}

/** An override of a table's column that is not there was meant for another name. Series come and go. */
function overrideFaults({ type, fieldConfig }: Panel, frames: readonly Frame[]): readonly string[] {
  if (type !== 'table') return []
  const fields = frames.flatMap((frame) => frame.fields)
  return (fieldConfig?.overrides ?? [])
    .filter((override) => !fields.some((field) => matches(override, field)))
    .map(({ matcher }) => `the override for "${matcher.options}" has no field; ${namesOf(fields)}`)
}

/** Fields and labels that links are made of. */
function linkFaults(panel: Panel, frames: readonly Frame[]): readonly string[] {
  const fields = frames.flatMap((frame) => frame.fields)
  const text = JSON.stringify(panel.fieldConfig ?? {})
  const columns = [...text.matchAll(/__data\.fields\.(\w+)/g)].map(([, name = '']) => name)
  const labels = [...text.matchAll(/__field\.labels\.(\w+)/g)].map(([, name = '']) => name)
  return [
    ...columns
      .filter((name) => !fields.some((field) => field.name === name || field.source === name))
      .map((name) => `a link is made of the column "${name}"; ${namesOf(fields)}`),
    ...labels
      .filter((name) => !fields.some((field) => (field.labels[name] ?? '') !== ''))
      .map((name) => `a link is made of the label "${name}", which no series has`),
  ]
}

function sortFaults({ options }: Panel, frames: readonly Frame[]): readonly string[] {
  const sorted = options?.['sortBy']
  if (!Array.isArray(sorted)) return []
  const fields = frames.flatMap((frame) => frame.fields)
  return sorted
    .map(({ displayName }) => String(displayName))
    .filter((name) => !fields.some((field) => field.name === name))
    .map((name) => `it is sorted by "${name}"; ${namesOf(fields)}`)
}

/** Rows that tell of the same things belong together: `__name__` or another label kept the merge from it. */
function rowFaults({ type, targets = [] }: Panel, [frame]: readonly Frame[]): readonly string[] {
  if (type !== 'table' || frame === undefined) return []
  const texts = frame.fields.filter(({ kind }) => kind === 'text')
  const named = texts.some(({ name }) => name === '__name__') ? ['a column shows __name__'] : []
  const own = texts.filter(({ name }) => name !== '__name__')
  const rows = Array.from({ length: rowCount(frame) }, (_, row) => own.map(({ values }) => values[row]).join('|'))
  const twice = targets.length > 1 && new Set(rows).size < rows.length
  return [...named, ...(twice ? [`rows were not merged; ${namesOf(frame.fields)}`] : [])]
}

/** A curve without points is drawn between two values beside each other: values that all stand alone cannot be seen. */
function curveFaults({ panel, answers, stepMs }: PanelData): readonly string[] {
  const { drawStyle, showPoints } = panel.fieldConfig?.defaults.custom ?? {}
  if (panel.type !== 'timeseries' || drawStyle !== 'line' || showPoints !== 'never') return []
  return answers
    .filter(
      ({ series }) =>
        series.length > 0 &&
        !series.some(({ points }) =>
          points.some(([atMs], index) => index > 0 && atMs - (points[index - 1]?.[0] ?? 0) <= stepMs),
        ),
    )
    .map(({ target }) => `the curves of ${target.refId} have no two points beside each other`)
}

function namesOf(fields: readonly Field[]): string {
  return `there are ${fields.map(({ name }) => name).join(', ')}`
}
