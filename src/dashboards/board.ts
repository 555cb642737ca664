import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type Panel,
  RowBuilder,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard'
import type { Mark } from './annotations.ts'
import { linksFrom } from './board-links.ts'
import type { Variable } from './variables.ts'

/** Panels under a heading, in reading order; those of one line are 24 columns wide together. */
export interface BoardRow {
  readonly title: string
  readonly panels: readonly Panel[]
}

export interface Board {
  readonly uid: string
  readonly title: string
  readonly description: string
  /** Time range at first, as Grafana writes it: `now-6h`. */
  readonly from: string
  /** How often the board asks again. */
  readonly refresh: string
  readonly variables: readonly Variable[]
  readonly marks: readonly Mark[]
  readonly rows: readonly BoardRow[]
}

/**
 * Schema of the JSON. Grafana 9.4 knows 37; newer versions migrate from it, so that one file serves all: among others they
 * rename the table's `displayMode`, which 9.4 has, to the `cellOptions` that it does not have.
 */
const SCHEMA_VERSION = 37

/** The board as Grafana reads it: panels placed line by line and numbered in reading order. */
export function dashboard(board: Board): Dashboard {
  const builder = new DashboardBuilder(board.title)
    .uid(board.uid)
    .description(board.description)
    .tags(['whatsapp-exporter'])
    .readonly()
    .refresh(board.refresh)
    .time({ from: board.from, to: 'now' })
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .annotations(board.marks.map((mark) => ({ build: () => mark })))
  for (const row of board.rows) {
    builder.withRow(new RowBuilder(row.title))
    for (const panel of row.panels) builder.withPanel({ build: () => panel })
  }
  const built = builder.build()
  const panels = (built.panels ?? []).map((panel, index) => ({ ...panel, id: index + 1 }))
  const list = board.variables.map((variable) => known(variable.build()))
  const links = linksFrom(
    board.uid,
    list.map(({ name }) => name),
  )
  return { ...built, schemaVersion: SCHEMA_VERSION, templating: { list }, links: [...links], panels }
}

/** A variable without what the SDK writes by default though Grafana 9.4 has no such option; newer versions have the same defaults. */
function known(variable: VariableModel): VariableModel {
  const { allowCustomValue: _custom, auto: _auto, auto_min: _least, auto_count: _count, ...kept } = variable
  return kept
}
