import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { NEUTRAL } from './looks.ts'
import { type PanelFacts, panel } from './panel.ts'

const LAST = { calcs: ['lastNotNull'], fields: '', values: false }

/** One figure, in the colour of its step. */
export function stat(facts: PanelFacts): Panel {
  return panel('stat', { steps: NEUTRAL, ...facts }, { options: options('value', 'auto'), colour: 'by value' })
}

/** One figure on a ground of its colour: for what must be seen from across the room. */
export function loudStat(facts: PanelFacts): Panel {
  return panel('stat', { steps: NEUTRAL, ...facts }, { options: options('background', 'auto'), colour: 'by value' })
}

/** A tile for each series with its name and the colour of its value: hundreds of them fill the panel as a grid. */
export function tiles(facts: PanelFacts): Panel {
  return panel('stat', facts, { options: options('background', 'name'), colour: 'by value' })
}

/** The label of a series as the figure: versions, causes. */
export function nameStat(facts: PanelFacts): Panel {
  return panel('stat', { steps: NEUTRAL, ...facts }, { options: options('value', 'name'), colour: 'by value' })
}

function options(colorMode: 'value' | 'background', textMode: 'auto' | 'name'): object {
  return { colorMode, graphMode: 'none', justifyMode: 'auto', orientation: 'auto', reduceOptions: LAST, textMode }
}
