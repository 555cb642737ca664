import type { PrometheusAsker, Series } from './ask.ts'
import type { Board, Panel, Target } from './board.ts'
import { type Frame, framesOf } from './frames.ts'
import { timeSteps } from './time-steps.ts'
import { transform } from './transformations.ts'
import { type Choices, substitute } from './variables.ts'

/** One query of a panel as it was asked, with its answer. */
export interface Answer {
  readonly target: Target
  /** With all variables replaced. */
  readonly query: string
  readonly series: readonly Series[]
}

export interface PanelData {
  readonly panel: Panel
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs: number
  readonly answers: readonly Answer[]
  /** What the panel shows: after its transformations. */
  readonly frames: readonly Frame[]
  /** Names that the transformations did not find. */
  readonly faults: readonly string[]
}

/** Width of a board on a usual screen, in pixels: Grafana asks for no more points than a panel has. */
const BOARD_WIDTH = 1600
const COLUMNS = 24

/** Asks what Grafana asks for a panel, over the board's own time range up to now. Rejects on a query that Prometheus refuses. */
export async function panelData(
  board: Board,
  panel: Panel,
  choices: Choices,
  asker: PrometheusAsker,
  nowMs: number,
): Promise<PanelData> {
  const range = panel.timeFrom === undefined ? board.time : { from: `now-${panel.timeFrom}`, to: 'now' }
  const points = panel.maxDataPoints ?? Math.floor((panel.gridPos.w / COLUMNS) * BOARD_WIDTH)
  const targets = (panel.targets ?? []).filter(({ hide }) => hide !== true)
  const usual = timeSteps(range, nowMs, points, panel.interval)
  const answers: Answer[] = []
  for (const target of targets) {
    const steps = timeSteps(range, nowMs, points, target.interval ?? panel.interval)
    const query = substitute(target.expr ?? '', choices, steps.builtIns)
    const series =
      target.instant === true
        ? await asker.instant(query, nowMs)
        : await asker.range(query, steps.fromMs, steps.toMs, steps.stepMs)
    answers.push({ target, query, series })
  }
  const tables = targets.filter(({ format }) => format === 'table').length
  const frames = answers.flatMap(({ target, series }) => framesOf(target, series, tables))
  const { fromMs, toMs, stepMs } = usual
  return { panel, fromMs, toMs, stepMs, answers, ...transform(frames, panel.transformations ?? []) }
}
