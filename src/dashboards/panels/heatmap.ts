import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { type PanelFacts, panel } from './panel.ts'

export interface HeatmapFacts extends PanelFacts {
  /** Unit of the bounds, on the left. */
  readonly boundUnit: string
}

/** Cells over time, the fuller the darker, from buckets that Prometheus has already made. */
export function heatmap(facts: HeatmapFacts): Panel {
  return panel('heatmap', facts, {
    options: {
      calculate: false,
      cellGap: 1,
      cellValues: { unit: facts.unit },
      color: { mode: 'scheme', scheme: 'Oranges', fill: 'dark-orange', exponent: 0.5, reverse: false, steps: 64 },
      exemplars: { color: 'rgba(255,0,255,0.7)' },
      filterValues: { le: 1e-9 },
      legend: { show: true },
      rowsFrame: { layout: 'auto' },
      showValue: 'never',
      tooltip: { show: true, yHistogram: false },
      yAxis: { axisPlacement: 'left', reverse: false, unit: facts.boundUnit },
    },
    custom: { hideFrom: { legend: false, tooltip: false, viz: false }, scaleDistribution: { type: 'linear' } },
  })
}
