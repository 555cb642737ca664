import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { type PanelFacts, panel } from './panel.ts'

/** A bar for each series, beside each other as lines: for lists of the best and the worst. */
export function barList(facts: PanelFacts): Panel {
  return panel('bargauge', facts, {
    options: {
      displayMode: 'gradient',
      minVizHeight: 10,
      minVizWidth: 0,
      orientation: 'horizontal',
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      showUnfilled: true,
    },
    colour: 'by value',
  })
}
