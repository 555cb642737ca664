import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import type { BoardRow } from '../board.ts'
import { STATE_SERIES } from '../panels/looks.ts'
import { coloured } from '../panels/panel.ts'
import { over } from '../panels/query.ts'
import { bars, curves, stackedAreas } from '../panels/time-series.ts'
import { counted, recorded } from '../selection.ts'

/** The accounts behind the gateways. */
export function accountsRow(): BoardRow {
  return { title: 'Accounts behind them', panels: [states(), availability(), repairs(), burn()] }
}

function states(): Panel {
  return stackedAreas({
    title: 'Accounts by state',
    description: 'How many accounts of the chosen tenants behind the chosen gateways were in each state.',
    unit: 'short',
    decimals: 0,
    min: 0,
    size: [12, 8],
    queries: [over(counted('state'), '{{state}}')],
    overrides: coloured(STATE_SERIES),
    interval: '1m',
  })
}

function availability(): Panel {
  return curves({
    title: 'Availability, each hour',
    description:
      'Availability of all accounts behind each gateway over the hour before each point, beside the whole fleet.',
    unit: 'percentunit',
    max: 1,
    size: [12, 8],
    queries: [
      over(recorded('gateway', 'availability:ratio_1h'), '{{gateway}}'),
      over(recorded('fleet', 'availability:ratio_1h'), 'whole fleet'),
    ],
    overrides: coloured({ 'whole fleet': 'text' }),
    legend: ['min', 'lastNotNull'],
  })
}

function repairs(): Panel {
  return bars({
    title: 'Restarts, each hour',
    description: 'Restarts that were asked of each gateway in the hour before each point, and those that failed.',
    unit: 'short',
    decimals: 0,
    min: 0,
    size: [12, 8],
    queries: [
      over(recorded('gateway', 'recovery_attempts:increase1h'), '{{gateway}}: restarts'),
      over(recorded('gateway', 'recovery_failures:increase1h'), '{{gateway}}: failed'),
    ],
    interval: '1h',
    legend: ['sum'],
  })
}

function burn(): Panel {
  return curves({
    title: 'Burn rate',
    description:
      'How fast the accounts behind each gateway use up their error budgets together: 1 uses them exactly within 30 days. WhatsAppGatewayBudgetBurn fires at 3 over a day and two hours, or at 1 over three days and six hours.',
    unit: 'short',
    min: 0,
    size: [12, 8],
    queries: [
      over(recorded('gateway', 'slo_burn_rate:ratio_6h'), '{{gateway}}, 6 hours'),
      over(recorded('gateway', 'slo_burn_rate:ratio_1d'), '{{gateway}}, 1 day'),
    ],
    steps: ['green', [1, 'yellow'], [3, 'red']],
    showSteps: 'line',
    legend: ['max', 'lastNotNull'],
  })
}
