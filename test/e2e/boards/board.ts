import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

// What the proof and the pictures read of Grafana's dashboard JSON. Grafana reads more; these are its own names.

export interface Board {
  readonly uid: string
  readonly title: string
  readonly time: { readonly from: string; readonly to: string }
  readonly templating: { readonly list: readonly Variable[] }
  readonly annotations: { readonly list: readonly Annotation[] }
  readonly panels: readonly Panel[]
}

export interface Variable {
  readonly name: string
  readonly label?: string
  readonly type: string
  /** Text, or an object around it. */
  readonly query?: string | { readonly query: string }
  readonly regex?: string
  readonly multi?: boolean
  readonly includeAll?: boolean
  readonly allValue?: string | null
  readonly current?: { readonly value?: string | readonly string[] }
}

export interface Annotation {
  readonly name: string
  readonly expr?: string
  readonly step?: string
  readonly titleFormat?: string
  readonly textFormat?: string
  readonly tagKeys?: string
  readonly useValueForTime?: boolean | 'on' | 'off'
  readonly iconColor?: string
  readonly enable?: boolean
}

export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly datasource?: { readonly uid?: string }
  readonly targets?: readonly Target[]
  readonly interval?: string
  readonly maxDataPoints?: number
  readonly timeFrom?: string
  readonly fieldConfig?: {
    readonly defaults: FieldDefaults
    readonly overrides: readonly Override[]
  }
  // Each panel type has options of its own; who draws the type reads them.
  readonly options?: Readonly<Record<string, unknown>>
  readonly transformations?: readonly Transformation[]
  /** Of a row that is folded. */
  readonly panels?: readonly Panel[]
}

export interface Target {
  readonly refId: string
  readonly expr?: string
  readonly legendFormat?: string
  readonly format?: string
  readonly instant?: boolean
  readonly range?: boolean
  readonly interval?: string
  readonly hide?: boolean
}

export interface FieldDefaults {
  readonly unit?: string
  readonly decimals?: number
  readonly min?: number
  readonly max?: number
  readonly noValue?: string
  readonly color?: { readonly mode?: string; readonly fixedColor?: string }
  readonly thresholds?: { readonly steps: readonly { readonly color: string; readonly value: number | null }[] }
  readonly mappings?: readonly ValueMapping[]
  readonly custom?: Readonly<Record<string, unknown>>
  readonly displayName?: string
}

export interface ValueMapping {
  readonly type: string
  readonly options: Readonly<Record<string, unknown>>
}

export interface Override {
  readonly matcher: { readonly id: string; readonly options?: unknown }
  readonly properties: readonly { readonly id: string; readonly value?: unknown }[]
}

export interface Transformation {
  readonly id: string
  readonly options: Readonly<Record<string, unknown>>
}

/** Every board of a folder, by uid. Throws where a file is no JSON. */
export function readBoards(folder = 'grafana/dashboards'): readonly Board[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Board) // our own generator writes them
    .sort((a, b) => a.uid.localeCompare(b.uid))
}

/** The panels that show data, also those in folded rows, in reading order. */
export function panelsOf(board: Board): readonly Panel[] {
  return board.panels
    .flatMap((panel) => (panel.type === 'row' ? (panel.panels ?? []) : [panel]))
    .filter(({ type }) => type !== 'text')
}

/** All that boards ask Prometheus for, with its variables. */
export function expressionsOf(boards: readonly Board[]): readonly string[] {
  return boards.flatMap((board) => [
    ...panelsOf(board).flatMap(({ targets = [] }) => targets.map(({ expr = '' }) => expr)),
    ...board.annotations.list.map(({ expr = '' }) => expr),
    ...board.templating.list.map(queryText),
  ])
}

/** What a variable asks for. */
export function queryText({ query = '' }: Variable): string {
  return typeof query === 'string' ? query : query.query
}
