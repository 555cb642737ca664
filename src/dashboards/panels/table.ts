import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Steps, ValueWord } from './looks.ts'
import {
  type DataLink,
  inPlace,
  named,
  type Override,
  type PanelFacts,
  panel,
  type Transformation,
  thresholds,
  valueMappings,
} from './panel.ts'
import { refId } from './query.ts'

/** A column of a table, in the order in which they stand. */
export interface Column {
  /** Label of the queries' series, or the place of the query whose value this is. */
  readonly of: string | number
  readonly title: string
  readonly unit?: string
  readonly decimals?: number
  /** Colours the text by the value. */
  readonly steps?: Steps
  /** Fills the cell with the colour of its step. */
  readonly filled?: boolean
  readonly words?: readonly ValueWord[]
  readonly width?: number
  readonly link?: DataLink
}

export interface TableFacts extends Omit<PanelFacts, 'overrides' | 'links' | 'steps'> {
  readonly columns: readonly Column[]
  /** Places of queries that only bring labels: their values are not shown. */
  readonly hidden?: readonly number[]
  readonly sortBy?: { readonly title: string; readonly descending: boolean }
}

/** Never without `custom`: some versions of Grafana 12 skip the migration of overrides where it is missing. */
const CUSTOM = { align: 'left', displayMode: 'auto', filterable: true, inspect: false }

/** One row for each set of labels; the values of all queries with these labels stand in it. */
export function table(facts: TableFacts): Panel {
  return shown(facts, [...(facts.queries.length > 1 ? [{ id: 'merge', options: {} }] : []), arranged(facts)])
}

/** A table after transformations of its own; its columns are named by the fields that these leave. */
export function transformedTable(facts: TableFacts, transformations: readonly Transformation[]): Panel {
  return shown(facts, [...transformations, arranged(facts)])
}

function shown(facts: TableFacts, transformations: readonly Transformation[]): Panel {
  const { sortBy, columns, hidden: _, ...rest } = facts
  return panel(
    'table',
    { ...rest, overrides: columns.flatMap(columnOverrides) },
    {
      options: {
        showHeader: true,
        footer: { show: false, reducer: ['sum'], fields: '' },
        ...(sortBy === undefined ? {} : { sortBy: [{ displayName: sortBy.title, desc: sortBy.descending }] }),
      },
      custom: CUSTOM,
      colour: 'by value',
      transformations,
    },
  )
}

/** Puts the columns in order under their titles, and hides the time of the query. */
function arranged({ columns, queries, hidden = [] }: TableFacts): Transformation {
  const fields = columns.map(({ of, title }) => ({ field: fieldName(of, queries.length), title }))
  return {
    id: 'organize',
    options: {
      excludeByName: Object.fromEntries(
        ['Time', ...hidden.map((place) => fieldName(place, queries.length))].map((field) => [field, true]),
      ),
      indexByName: Object.fromEntries(fields.map(({ field }, index) => [field, index])),
      renameByName: Object.fromEntries(fields.map(({ field, title }) => [field, title])),
    },
  }
}

function fieldName(of: string | number, queries: number): string {
  if (typeof of === 'string') return of
  return queries === 1 ? 'Value' : `Value #${refId(of)}`
}

function columnOverrides({ title, unit, decimals, steps, filled, words, width, link }: Column): readonly Override[] {
  const properties = {
    ...(unit === undefined ? {} : { unit }),
    ...(decimals === undefined ? {} : { decimals }),
    ...(steps === undefined ? {} : { thresholds: thresholds(steps) }),
    ...(words === undefined ? {} : { mappings: valueMappings(words) }),
    ...(steps === undefined && words === undefined
      ? {}
      : { 'custom.displayMode': filled ? 'color-background-solid' : 'color-text' }),
    ...(width === undefined ? {} : { 'custom.width': width }),
    ...(link === undefined ? {} : { links: [inPlace(link)] }),
  }
  // Else an empty cell would say what the panel says when it has no rows.
  return [named(title, { noValue: '-', ...properties })]
}
