import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { ACCOUNT_FAMILIES } from '../../metrics/catalogue.ts'
import type { BoardRow } from '../board.ts'
import { BUDGET, BURN } from '../panels/looks.ts'
import { named } from '../panels/panel.ts'
import { now, over, rows } from '../panels/query.ts'
import { stat } from '../panels/stat.ts'
import { transformedTable } from '../panels/table.ts'
import { curves } from '../panels/time-series.ts'
import { perAccount, recorded } from '../selection.ts'

const TILE = [3, 4] as const
const REMAINING = recorded('account', 'error_budget_remaining:ratio_30d')

/** The objective: what is left of its budget, how fast it goes, and where that leads. */
export function objectiveRow(): BoardRow {
  return {
    title: 'Objective',
    panels: [
      target(),
      budgetLeft(),
      burnNow(),
      exhausted(),
      nextWeek(),
      weekAgainstWeek(),
      burnRates(),
      budgetOverTime(),
    ],
  }
}

function target(): Panel {
  return stat({
    title: 'Objective',
    description: 'Availability that was promised for this account: slo.objective, or its own.',
    unit: 'percentunit',
    decimals: 2,
    size: TILE,
    queries: [now(perAccount(ACCOUNT_FAMILIES.objective), '{{account}}')],
  })
}

function budgetLeft(): Panel {
  return stat({
    title: 'Budget left',
    description: 'Share of the error budget of 30 days that is left. Below 0 the objective is missed.',
    unit: 'percentunit',
    decimals: 0,
    size: TILE,
    queries: [now(REMAINING, '{{account}}')],
    steps: BUDGET,
  })
}

function burnNow(): Panel {
  return stat({
    title: 'Burn rate, 6 hours',
    description: 'How fast the budget went over the last six hours: at 1 it lasts exactly 30 days, at 6 five days.',
    unit: 'short',
    decimals: 1,
    size: TILE,
    queries: [now(recorded('account', 'slo_burn_rate:ratio_6h'), '{{account}}')],
    steps: BURN,
  })
}

function exhausted(): Panel {
  return stat({
    title: 'Budget ends in',
    description:
      'When the budget is used up if it goes on as in the last six hours. Nothing while nothing burns; 0 when nothing is left. Pessimistic after an outage, since old outages also leave the window.',
    unit: 's',
    size: TILE,
    queries: [now(recorded('account', 'error_budget_exhaustion_seconds:6h'), '{{account}}')],
    steps: ['red', [86_400, 'orange'], [259_200, 'yellow'], [2_592_000, 'green']],
    noValue: 'nothing burns',
  })
}

function nextWeek(): Panel {
  return stat({
    title: 'Budget in a week',
    description:
      'Share of the budget that is left in seven days if it goes on as over the last three days: what is left now and seven days of their slope, at most 1.',
    unit: 'percentunit',
    decimals: 0,
    size: TILE,
    queries: [now(`clamp_max(${REMAINING} + 7 * 86400 * deriv(${REMAINING}[3d]), 1)`, '{{account}}')],
    steps: BUDGET,
  })
}

function weekAgainstWeek(): Panel {
  const week = recorded('account', 'availability:ratio_7d')
  return transformedTable(
    {
      title: 'This week and the one before',
      description: 'Availability over the last seven days, over the seven days before, and the difference.',
      unit: 'percentunit',
      decimals: 3,
      size: [9, 4],
      queries: [rows(`max by (account) (${week})`), rows(`max by (account) (${week} offset 7d)`)],
      noValue: 'not a week of history',
      columns: [
        { of: 'account', title: 'Account' },
        { of: 0, title: 'This week' },
        { of: 1, title: 'Week before' },
        { of: 'Difference', title: 'Difference', steps: ['red', [-0.005, 'yellow'], [0, 'green']] },
      ],
    },
    [
      { id: 'merge', options: {} },
      {
        id: 'calculateField',
        options: {
          alias: 'Difference',
          mode: 'binary',
          binary: { left: 'Value #A', operator: '-', right: 'Value #B', reducer: 'sum' },
          reduce: { reducer: 'sum' },
          replaceFields: false,
        },
      },
    ],
  )
}

function burnRates(): Panel {
  return curves({
    title: 'Burn rate',
    description:
      'How fast the budget goes: 1 uses it exactly within 30 days. A page needs 14.4 over one hour and five minutes, or 6 over six hours and 30 minutes.',
    unit: 'short',
    min: 0,
    size: [12, 8],
    queries: [
      over(recorded('account', 'slo_burn_rate:ratio_1h'), '1 hour ({{account}})'),
      over(recorded('account', 'slo_burn_rate:ratio_6h'), '6 hours ({{account}})'),
      over(recorded('account', 'slo_burn_rate:ratio_1d'), '1 day ({{account}})'),
      over(recorded('account', 'slo_burn_rate:ratio_3d'), '3 days ({{account}})'),
    ],
    steps: BURN,
    showSteps: 'line',
    legend: ['max', 'lastNotNull'],
  })
}

function budgetOverTime(): Panel {
  return curves({
    title: 'Budget left, and the fleet',
    description:
      'Share of the error budget of the 30 days before each point that was left, beside that of the whole fleet. It comes back when old outages leave the window.',
    unit: 'percentunit',
    max: 1,
    size: [12, 8],
    queries: [
      over(REMAINING, '{{account}}'),
      over(recorded('fleet', 'error_budget_remaining:ratio_30d'), 'whole fleet'),
    ],
    steps: ['red', [0, 'text']],
    showSteps: 'line',
    overrides: [
      named('whole fleet', {
        'custom.lineStyle': { fill: 'dash', dash: [8, 8] },
        'custom.fillOpacity': 0,
        color: { mode: 'fixed', fixedColor: 'text' },
      }),
    ],
    legend: ['min', 'lastNotNull'],
  })
}
