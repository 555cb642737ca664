// What Grafana 9.4.7 has, by its published schemas (grafana/kind-registry, 9.4.7) and its panels: an option that is newer
// would be lost there without a word.
import { describe, expect, test } from 'vitest'
import { BOARDS, type BoardJson, type PanelJson, panelsOf } from './board-json.ts'

const BOARD =
  'annotations description editable fiscalYearStartMonth graphTooltip links panels refresh schemaVersion tags templating time timezone title uid'
const PANEL =
  'datasource description fieldConfig gridPos id interval options targets title transformations transparent type'
const ROW = 'collapsed gridPos id panels title type'
const TARGET = 'datasource expr format instant legendFormat range refId'
const VARIABLE = 'allValue current datasource includeAll label multi name options query refresh skipUrlSync sort type'
const BOARD_LINK = 'asDropdown icon includeVars keepTime tags targetBlank title tooltip type url'
const ANNOTATION = 'datasource enable expr hide iconColor name step tagKeys textFormat titleFormat useValueForTime'
const DEFAULTS = 'color custom decimals links mappings max min noValue thresholds unit'

/** Options and field options of each panel type. */
const TYPES: Readonly<Record<string, { readonly options: string; readonly custom: string }>> = {
  stat: { options: 'colorMode graphMode justifyMode orientation reduceOptions text textMode', custom: '' },
  bargauge: {
    options: 'displayMode minVizHeight minVizWidth orientation reduceOptions showUnfilled text valueMode',
    custom: '',
  },
  timeseries: {
    options: 'legend tooltip',
    custom:
      'axisPlacement drawStyle fillOpacity gradientMode lineInterpolation lineStyle lineWidth showPoints spanNulls stacking thresholdsStyle',
  },
  table: { options: 'footer showHeader sortBy', custom: 'align displayMode filterable inspect width' },
  'state-timeline': {
    options: 'alignValue legend mergeValues rowHeight showValue tooltip',
    custom: 'fillOpacity lineWidth',
  },
  heatmap: {
    options: 'calculate cellGap cellValues color exemplars filterValues legend rowsFrame showValue tooltip yAxis',
    custom: 'hideFrom scaleDistribution',
  },
}

const TRANSFORMATIONS: Readonly<Record<string, string>> = {
  merge: '',
  organize: 'excludeByName indexByName renameByName',
  groupBy: 'fields',
  calculateField: 'alias binary mode reduce replaceFields',
  groupingToMatrix: 'columnField rowField valueField',
}

const OVERRIDES =
  'color decimals links mappings noValue thresholds unit custom.displayMode custom.fillOpacity custom.lineStyle custom.width'

const beyond = (value: object, known: string) => Object.keys(value).filter((key) => !known.split(' ').includes(key))

describe.each(BOARDS.map((board) => [board.uid, board] as const))('%s', (_, board) => {
  test('is written in the schema of Grafana 9.4, from which newer versions migrate', () => {
    expect(board.schemaVersion).toBe(37)
    expect(beyond(board, BOARD)).toEqual([])
    expect(board.templating.list.flatMap((variable) => beyond(variable, VARIABLE))).toEqual([])
    expect(board.annotations.list.flatMap((annotation) => beyond(annotation, ANNOTATION))).toEqual([])
    expect(board.links.flatMap((link) => beyond(link, BOARD_LINK))).toEqual([])
    expect(rowsOf(board).flatMap((row) => beyond(row, ROW))).toEqual([])
  })

  test('has only panels, options and transformations that Grafana 9.4 has', () => {
    expect(panelsOf(board).flatMap((panel) => newerIn(panel).map((what) => `${panel.title}: ${what}`))).toEqual([])
  })

  test('has field options on every table, without which some versions of Grafana 12 do not migrate its columns', () => {
    const tables = panelsOf(board).filter(({ type }) => type === 'table')
    expect(tables.filter(({ fieldConfig }) => fieldConfig.defaults.custom === undefined)).toEqual([])
  })
})

test('a newer option is found', () => {
  const [panel] = BOARDS.flatMap(panelsOf)
  if (panel === undefined) throw new Error('There is no panel.')
  expect(newerIn({ ...panel, options: { ...panel.options, wideLayout: true } })).toEqual(['wideLayout'])
  expect(newerIn({ ...panel, type: 'canvas' })).toEqual(['panel type canvas'])
})

function rowsOf(board: BoardJson): readonly object[] {
  return board.panels.filter(({ type }) => type === 'row')
}

function newerIn(panel: PanelJson): readonly string[] {
  const type = TYPES[panel.type]
  if (type === undefined) return [`panel type ${panel.type}`]
  const { defaults, overrides } = panel.fieldConfig
  return [
    ...beyond(panel, PANEL),
    ...beyond(panel.options, type.options),
    ...beyond(defaults, DEFAULTS),
    ...beyond(defaults.custom ?? {}, type.custom),
    ...panel.targets.flatMap((target) => beyond(target, TARGET)),
    ...overrides
      .flatMap(({ properties }) => properties.map(({ id }) => id))
      .filter((id) => !OVERRIDES.split(' ').includes(id)),
    ...panel.transformations.flatMap(({ id, options }) => {
      const known = TRANSFORMATIONS[id]
      return known === undefined ? [`transformation ${id}`] : beyond(options, known)
    }),
  ]
}
