import type { Board, Panel } from '../../test/e2e/boards/board.ts'
import type { PanelData } from '../../test/e2e/boards/panel-data.ts'
import type { Choices } from '../../test/e2e/boards/variables.ts'
import { barGaugeHtml } from './bar-gauge.ts'
import { escaped, THEME } from './colours.ts'
import { heatmapSvg } from './heatmap.ts'
import type { ShownPanel } from './shown-panel.ts'
import { statHtml } from './stat.ts'
import { stateTimelineSvg } from './state-timeline.ts'
import { tableHtml } from './table.ts'
import { timeSeriesHtml } from './time-series.ts'

export const PAGE_WIDTH = 1400
const PADDING = 12
const COLUMNS = 24
/** Grafana's height of a row of its grid, and the room between two. */
const ROW = { height: 30, gap: 8 } as const
const HEAD = 52
const TITLE = 30

const DRAWN_BY: Readonly<Record<string, (shown: ShownPanel) => string>> = {
  stat: statHtml,
  timeseries: timeSeriesHtml,
  table: tableHtml,
  bargauge: barGaugeHtml,
  'state-timeline': stateTimelineSvg,
  heatmap: heatmapSvg,
}

/** The board with its data as one page of HTML that needs nothing else. */
export function boardPage(
  board: Board,
  panels: ReadonlyMap<number, PanelData>,
  choices: Choices,
  nowMs: number,
): { readonly html: string; readonly height: number } {
  const bottom = Math.max(...board.panels.map(({ gridPos }) => gridPos.y + gridPos.h))
  const height = HEAD + bottom * (ROW.height + ROW.gap) + PADDING
  const shown = board.panels.map((panel) => panelHtml(panel, panels.get(panel.id), nowMs))
  return {
    height,
    html: `<!doctype html><meta charset="utf-8"><style>${STYLE}</style><header><b>${escaped(board.title)}</b>${choiceHtml(board, choices)}<span class="time">${board.time.from} to ${board.time.to}, UTC</span></header>${shown.join('')}`,
  }
}

function panelHtml(panel: Panel, data: PanelData | undefined, nowMs: number): string {
  const column = (PAGE_WIDTH - 2 * PADDING) / COLUMNS
  const { x, y, w, h } = panel.gridPos
  const left = PADDING + x * column
  const top = HEAD + y * (ROW.height + ROW.gap)
  const width = w * column - ROW.gap
  const height = h * (ROW.height + ROW.gap) - ROW.gap
  const place = `left:${left}px;top:${top}px;width:${width}px;height:${height}px`
  if (panel.type === 'row') return `<h2 style="${place}">⌄ ${escaped(panel.title)}</h2>`
  const draw = DRAWN_BY[panel.type]
  if (draw === undefined || data === undefined) throw new Error(`nobody draws ${panel.title} (${panel.type})`)
  const body = draw({ data, width: width - 20, height: height - TITLE - 8, nowMs })
  return `<section style="${place}"><h3>${escaped(panel.title)}</h3>${body}</section>`
}

function choiceHtml({ templating }: Board, choices: Choices): string {
  return templating.list
    .filter(({ type }) => type !== 'datasource')
    .map(({ name, label = name }) => {
      const chosen = choices.get(name)?.chosen ?? []
      return `<span class="choice"><small>${escaped(label)}</small>${escaped(chosen === 'all' ? 'All' : chosen.join(' + '))}</span>`
    })
    .join('')
}

const STYLE = `
*{box-sizing:border-box;margin:0}
body{background:${THEME.page};color:${THEME.text};font:13px Inter,"Helvetica Neue",Arial,sans-serif;width:${PAGE_WIDTH}px}
header{height:${HEAD}px;padding:0 ${PADDING}px;display:flex;gap:14px;align-items:center}
header b{font-size:16px;margin-right:8px}
.choice{border:1px solid ${THEME.border};background:${THEME.panel};padding:5px 9px;border-radius:2px}
.choice small{color:${THEME.weak};margin-right:7px}
.time{margin-left:auto;color:${THEME.weak}}
section,h2{position:absolute;overflow:hidden}
section{background:${THEME.panel};border:1px solid ${THEME.border};border-radius:2px;padding:0 10px 8px}
h2{font-size:14px;font-weight:500;padding-top:4px}
h3{font-size:13px;font-weight:500;height:${TITLE}px;line-height:${TITLE}px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
svg{display:block;font-family:inherit}
.tiles{display:grid;gap:4px;height:100%;align-content:start}
.tile{display:flex;flex-direction:column;justify-content:center;align-items:center;text-align:center;border-radius:2px;overflow:hidden;padding:0 6px}
.tile b{font-weight:500;white-space:nowrap;line-height:1.15}
.tile small{font-size:11px;white-space:nowrap}
.bar{display:grid;grid-template-columns:34% 1fr 76px;gap:10px;align-items:center;padding:3px 0}
.bar span{text-align:right;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.bar i{height:100%;max-height:22px;display:block}
.bar em{display:block;height:100%}
.bar b{font-weight:500;white-space:nowrap}
table{border-collapse:collapse;width:100%;white-space:nowrap}
th{color:#6e9fff;font-weight:500;text-align:left;padding:0 8px}
td{border-top:1px solid ${THEME.border};padding:0 8px;overflow:hidden;text-overflow:ellipsis;max-width:190px}
td.number{text-align:right}
.legend{font-size:11px;padding-top:3px;display:flex;flex-wrap:wrap;gap:2px 14px;color:${THEME.text}}
table.legend{display:table;width:100%}
table.legend tr{height:18px}
.legend i{display:inline-block;width:14px;height:4px;border-radius:2px;margin-right:6px;vertical-align:middle}
table.legend th,table.legend td{border:0;text-align:right;padding:0 6px}
table.legend td:first-child{text-align:left}
.nothing{color:${THEME.weak};text-align:center;padding-top:30px}
`
