import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { type PanelFacts, panel } from './panel.ts'

export interface CurveFacts extends PanelFacts {
  /** What the legend tells beside the names. Absent: a list of names. */
  readonly legend?: readonly ('lastNotNull' | 'mean' | 'max' | 'min' | 'sum')[]
  /** Draws the steps behind the curves: as lines, or as areas. */
  readonly showSteps?: 'line' | 'area'
  /** Lower limit of the step, for series that are recorded rarely, or of which there is one for each account. */
  readonly interval?: string
}

const CUSTOM = {
  drawStyle: 'line',
  lineInterpolation: 'linear',
  lineWidth: 1,
  fillOpacity: 8,
  gradientMode: 'none',
  showPoints: 'never',
  spanNulls: false,
  axisPlacement: 'auto',
  stacking: { mode: 'none', group: 'A' },
}

/** Curves over time. */
export function curves(facts: CurveFacts): Panel {
  return drawn(facts, {})
}

/** Areas on top of each other: parts of a whole. */
export function stackedAreas(facts: CurveFacts): Panel {
  return drawn(facts, { fillOpacity: 60, lineWidth: 0, stacking: { mode: 'normal', group: 'A' } })
}

/** Bars: events within each step. */
export function bars(facts: CurveFacts): Panel {
  return drawn(facts, { drawStyle: 'bars', fillOpacity: 70, stacking: { mode: 'normal', group: 'A' } })
}

function drawn(facts: CurveFacts, custom: object): Panel {
  const { legend = [], showSteps, interval } = facts
  return panel('timeseries', facts, {
    options: {
      legend: {
        calcs: [...legend],
        displayMode: legend.length === 0 ? 'list' : 'table',
        placement: 'bottom',
        showLegend: true,
      },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
    custom: { ...CUSTOM, ...custom, thresholdsStyle: { mode: showSteps ?? 'off' } },
    colour: 'by series',
    ...(interval === undefined ? {} : { interval }),
  })
}
