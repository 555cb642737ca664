import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { ACCOUNT_FAMILIES } from '../../metrics/catalogue.ts'
import type { BoardRow } from '../board.ts'
import { ROW_TO_ACCOUNT, SERIES_TO_ACCOUNT } from '../board-links.ts'
import { AVAILABILITY, BUDGET, BURN, COVERAGE, SCORE } from '../panels/looks.ts'
import { over, rows } from '../panels/query.ts'
import { table } from '../panels/table.ts'
import { curves } from '../panels/time-series.ts'
import { perAccount, recorded, SAME_ACCOUNT } from '../selection.ts'

/** Whose budget is in danger, and how fast it goes. */
export function budgetsRow(): BoardRow {
  return { title: 'Budgets', panels: [byDanger(), burningAccounts(), burningGroups()] }
}

function byDanger(): Panel {
  const each = (series: string) => rows(`max by (account, gateway) (${recorded('account', series)})`)
  return table({
    title: 'Budgets by danger',
    description:
      'Every chosen account, the one with the least budget left first. Budgets are of 30 days; a page needs a burn rate of 14.4 over an hour or 6 over six hours.',
    unit: 'none',
    size: [24, 11],
    queries: [
      rows(`max by (account, gateway, tenant) (${recorded('account', 'error_budget_remaining:ratio_30d')})`),
      rows(perAccount(ACCOUNT_FAMILIES.objective)),
      each('availability:ratio_30d'),
      each('coverage:ratio_30d'),
      each('slo_burn_rate:ratio_1h'),
      each('slo_burn_rate:ratio_6h'),
      each('slo_burn_rate:ratio_3d'),
      each('error_budget_exhaustion_seconds:6h'),
      each('reliability_score:30d'),
    ],
    columns: [
      { of: 'account', title: 'Account', link: ROW_TO_ACCOUNT },
      { of: 'gateway', title: 'Gateway' },
      { of: 'tenant', title: 'Tenant' },
      { of: 0, title: 'Budget left', unit: 'percentunit', decimals: 0, steps: BUDGET },
      {
        of: 7,
        title: 'Ends in',
        unit: 's',
        steps: ['red', [86_400, 'orange'], [259_200, 'yellow'], [2_592_000, 'green']],
      },
      { of: 4, title: 'Burn, 1 hour', unit: 'short', decimals: 1, steps: BURN },
      { of: 5, title: 'Burn, 6 hours', unit: 'short', decimals: 1, steps: BURN },
      { of: 6, title: 'Burn, 3 days', unit: 'short', decimals: 1, steps: BURN },
      { of: 1, title: 'Objective', unit: 'percentunit', decimals: 2 },
      { of: 2, title: 'Availability', unit: 'percentunit', decimals: 3, steps: AVAILABILITY },
      { of: 3, title: 'Coverage', unit: 'percentunit', decimals: 1, steps: COVERAGE },
      { of: 8, title: 'Score', unit: 'short', decimals: 0, steps: SCORE },
    ],
    sortBy: { title: 'Budget left', descending: false },
  })
}

function burningAccounts(): Panel {
  const burn = recorded('account', 'slo_burn_rate:ratio_6h')
  return curves({
    title: 'Burn rate of the ten fastest accounts, 6 hours',
    description: 'How fast the budgets went of those ten accounts that burn fastest at the end of the chosen time.',
    unit: 'short',
    min: 0,
    size: [12, 9],
    queries: [over(`${burn} and ${SAME_ACCOUNT} topk(10, ${burn} @ end())`, '{{account}}')],
    steps: BURN,
    showSteps: 'line',
    links: [SERIES_TO_ACCOUNT],
    legend: ['max', 'lastNotNull'],
  })
}

function burningGroups(): Panel {
  return curves({
    title: 'Burn rate of gateways, tenants and the fleet, 6 hours',
    description: 'How fast groups of accounts use up their budgets together, each account with its own objective.',
    unit: 'short',
    min: 0,
    size: [12, 9],
    queries: [
      over(recorded('gateway', 'slo_burn_rate:ratio_6h'), 'gateway {{gateway}}'),
      over(recorded('tenant', 'slo_burn_rate:ratio_6h'), 'tenant {{tenant}}'),
      over(recorded('fleet', 'slo_burn_rate:ratio_6h'), 'whole fleet'),
    ],
    steps: BURN,
    showSteps: 'line',
    legend: ['max', 'lastNotNull'],
  })
}
