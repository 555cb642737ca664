import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { type PanelFacts, panel } from './panel.ts'

/** A line for each series, coloured by the word of its value from change to change. @param interval lower limit of the step */
export function timeline(facts: PanelFacts, interval?: string): Panel {
  return panel('state-timeline', facts, {
    options: {
      alignValue: 'left',
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
      mergeValues: true,
      rowHeight: 0.9,
      showValue: 'auto',
      tooltip: { mode: 'single', sort: 'none' },
    },
    custom: { fillOpacity: 80, lineWidth: 0 },
    colour: 'by value',
    ...(interval === undefined ? {} : { interval }),
  })
}
