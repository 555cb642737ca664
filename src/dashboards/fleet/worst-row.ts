import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import type { BoardRow } from '../board.ts'
import { ROW_TO_ACCOUNT, SERIES_TO_ACCOUNT, SERIES_TO_GATEWAY } from '../board-links.ts'
import { barList } from '../panels/bar-gauge.ts'
import { AVAILABILITY, BUDGET, REPAIR_TIME, SCORE } from '../panels/looks.ts'
import { now, rows } from '../panels/query.ts'
import { table } from '../panels/table.ts'
import { recorded } from '../selection.ts'

/** Which accounts are trouble. */
export function worstRow(): BoardRow {
  return { title: 'Worst', panels: [worstScores(), worstAccounts(), gateways(), tenants()] }
}

function worstScores(): Panel {
  return barList({
    title: 'Least reliable accounts',
    description:
      'The ten accounts with the lowest reliability score over 30 days, 0 to 100, from availability against the objective, time to repair and how often incidents come (docs/slo.md).',
    unit: 'short',
    decimals: 0,
    min: 0,
    max: 100,
    size: [8, 10],
    queries: [now(`sort(bottomk(10, ${recorded('account', 'reliability_score:30d')}))`, '{{account}}')],
    steps: SCORE,
    links: [SERIES_TO_ACCOUNT],
  })
}

function worstAccounts(): Panel {
  const worst = `bottomk(20, ${recorded('account', 'availability:ratio_30d')})`
  const ofWorst = (series: string) =>
    `max by (account, gateway) (${recorded('account', series)}) and on (account, gateway) ${worst}`
  return table({
    title: 'Accounts with the lowest availability',
    description:
      'The 20 accounts with the lowest availability over 30 days, with what it took to repair them. Read availability together with coverage: it speaks only of the time that was observed.',
    unit: 'none',
    size: [16, 10],
    queries: [
      rows(ofWorst('availability:ratio_30d')),
      rows(ofWorst('coverage:ratio_30d')),
      rows(ofWorst('error_budget_remaining:ratio_30d')),
      rows(ofWorst('incidents:increase30d')),
      rows(ofWorst('mttr_seconds:30d')),
      rows(ofWorst('availability:ratio_1d')),
    ],
    columns: [
      { of: 'account', title: 'Account', link: ROW_TO_ACCOUNT },
      { of: 'gateway', title: 'Gateway' },
      { of: 0, title: '30 days', unit: 'percentunit', decimals: 3, steps: AVAILABILITY },
      { of: 1, title: 'Coverage', unit: 'percentunit', decimals: 1 },
      { of: 5, title: '24 hours', unit: 'percentunit', decimals: 3, steps: AVAILABILITY },
      { of: 2, title: 'Budget left', unit: 'percentunit', decimals: 0, steps: BUDGET },
      { of: 3, title: 'Incidents', unit: 'short', decimals: 0 },
      { of: 4, title: 'Time to repair', unit: 's', steps: REPAIR_TIME },
    ],
    sortBy: { title: '30 days', descending: false },
  })
}

function gateways(): Panel {
  return barList({
    title: 'Availability by gateway, 30 days',
    description: 'Availability of all accounts behind each gateway over 30 days, the lowest first.',
    unit: 'percentunit',
    decimals: 3,
    max: 1,
    size: [12, 7],
    queries: [now(`sort(bottomk(15, ${recorded('gateway', 'availability:ratio_30d')}))`, '{{gateway}}')],
    steps: AVAILABILITY,
    links: [SERIES_TO_GATEWAY],
  })
}

function tenants(): Panel {
  return barList({
    title: 'Availability by tenant, 30 days',
    description:
      'Availability of all accounts of each tenant over 30 days, the lowest first. Empty where no account has the label tenant.',
    unit: 'percentunit',
    decimals: 3,
    max: 1,
    size: [12, 7],
    queries: [now(`sort(bottomk(15, ${recorded('tenant', 'availability:ratio_30d')}))`, '{{tenant}}')],
    steps: AVAILABILITY,
    noValue: 'No account has the label tenant.',
  })
}
