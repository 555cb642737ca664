import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const FOLDER = 'grafana/dashboards'

const Target = z.looseObject({
  refId: z.string(),
  expr: z.string(),
  datasource: z.object({ type: z.string(), uid: z.string() }),
})
const Link = z.looseObject({ title: z.string(), url: z.string() })
const Override = z.object({
  matcher: z.object({ id: z.string(), options: z.string() }),
  properties: z.array(z.object({ id: z.string(), value: z.unknown() })),
})
const PanelJson = z.looseObject({
  id: z.number(),
  type: z.string(),
  title: z.string(),
  description: z.string(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  datasource: z.object({ type: z.string(), uid: z.string() }),
  targets: z.array(Target),
  options: z.looseObject({}),
  transformations: z.array(z.looseObject({ id: z.string(), options: z.looseObject({}) })).default([]),
  fieldConfig: z.object({
    defaults: z.looseObject({
      unit: z.string(),
      custom: z.looseObject({}).optional(),
      links: z.array(Link).default([]),
    }),
    overrides: z.array(Override),
  }),
})
const RowJson = z.looseObject({
  type: z.literal('row'),
  id: z.number(),
  title: z.string(),
  gridPos: PanelJson.shape.gridPos,
})
const VariableJson = z.looseObject({
  type: z.string(),
  name: z.string(),
  label: z.string(),
  query: z.union([z.string(), z.object({ query: z.string(), refId: z.string() })]),
})
const AnnotationJson = z.looseObject({ name: z.string(), expr: z.string(), enable: z.boolean() })
const BoardJson = z.looseObject({
  uid: z.string(),
  title: z.string(),
  description: z.string(),
  editable: z.boolean(),
  refresh: z.string(),
  schemaVersion: z.number(),
  tags: z.array(z.string()),
  time: z.object({ from: z.string(), to: z.string() }),
  links: z.array(z.looseObject({ type: z.string(), url: z.string(), includeVars: z.boolean(), keepTime: z.boolean() })),
  annotations: z.object({ list: z.array(AnnotationJson) }),
  templating: z.object({ list: z.array(VariableJson) }),
  panels: z.array(z.union([RowJson, PanelJson])),
})

export type BoardJson = z.infer<typeof BoardJson>
export type PanelJson = z.infer<typeof PanelJson>
export type VariableJson = z.infer<typeof VariableJson>

/** The committed boards, as Grafana reads them. */
export const BOARDS: readonly BoardJson[] = readdirSync(FOLDER).map((name) =>
  BoardJson.parse(JSON.parse(readFileSync(join(FOLDER, name), 'utf8'))),
)

/** The panels of a board without the headings of its rows. */
export function panelsOf(board: BoardJson): readonly PanelJson[] {
  return board.panels.flatMap((panel) => (panel.type === 'row' ? [] : [PanelJson.parse(panel)]))
}

export interface Located {
  /** Board, panel or variable: for the message of a failed test. */
  readonly place: string
  readonly expr: string
}

/** Every query of a board: of panels, annotations and, as series, of variables. */
export function queriesOf(board: BoardJson): readonly Located[] {
  return [
    ...panelQueriesOf(board),
    ...board.annotations.list.map(({ name, expr }) => ({ place: `${board.uid}: annotation ${name}`, expr })),
    ...board.templating.list.flatMap((variable) => {
      const series = /^label_values\((.*), \w+\)$/.exec(variableQuery(variable))?.[1]
      return series === undefined ? [] : [{ place: `${board.uid}: variable ${variable.name}`, expr: series }]
    }),
  ]
}

/** Every query of the panels of a board. */
export function panelQueriesOf(board: BoardJson): readonly Located[] {
  return panelsOf(board).flatMap(({ title, targets }) =>
    targets.map(({ refId, expr }) => ({ place: `${board.uid}: ${title} ${refId}`, expr })),
  )
}

/** The query of a variable as text. */
export function variableQuery({ query }: VariableJson): string {
  return typeof query === 'string' ? query : query.query
}
