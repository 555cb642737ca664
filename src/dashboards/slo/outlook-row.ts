import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { aggregate } from '../../metrics/promql.ts'
import type { BoardRow } from '../board.ts'
import { ROW_TO_ACCOUNT, ROW_TO_GATEWAY } from '../board-links.ts'
import { AVAILABILITY, BUDGET, type Steps } from '../panels/looks.ts'
import { rows } from '../panels/query.ts'
import { table, transformedTable } from '../panels/table.ts'
import { recorded, SAME_ACCOUNT } from '../selection.ts'

const ENDS: Steps = ['red', [86_400, 'orange'], [259_200, 'yellow'], [2_592_000, 'green']]
const BETTER: Steps = ['red', [-0.005, 'orange'], [-0.0005, 'text'], [0.0005, 'green']]

/** This week against the one before, and who breaks next. */
export function outlookRow(): BoardRow {
  return { title: 'Then, now and next', panels: [weekOfGateways(), weekOfTenants(), whoBreaksNext(), declining()] }
}

function weekOfGateways(): Panel {
  return weeks('gateway', { of: 'gateway', title: 'Gateway', link: ROW_TO_GATEWAY })
}

function weekOfTenants(): Panel {
  return weeks('tenant', { of: 'tenant', title: 'Tenant' })
}

function weeks(
  level: 'gateway' | 'tenant',
  column: { of: string; title: string; link?: typeof ROW_TO_GATEWAY },
): Panel {
  const week = recorded(level, 'availability:ratio_7d')
  const repair = recorded(level, 'mttr_seconds:7d')
  const each = (series: string) => rows(aggregate('max', [level], series))
  return transformedTable(
    {
      title: `This week and the one before, by ${level}`,
      description: `Availability and mean time to repair over the last seven days and over the seven days before. Needs two weeks of history.${level === 'tenant' ? ' Empty where no account has the label tenant.' : ''}`,
      unit: 'none',
      size: [12, 8],
      queries: [each(week), each(`${week} offset 7d`), each(repair), each(`${repair} offset 7d`)],
      noValue: '-',
      columns: [
        column,
        { of: 0, title: 'This week', unit: 'percentunit', decimals: 3, steps: AVAILABILITY },
        { of: 1, title: 'Week before', unit: 'percentunit', decimals: 3, steps: AVAILABILITY },
        { of: 'Difference', title: 'Difference', unit: 'percentunit', decimals: 3, steps: BETTER },
        { of: 2, title: 'Repair, this week', unit: 's' },
        { of: 3, title: 'Repair, week before', unit: 's' },
      ],
      sortBy: { title: 'Difference', descending: false },
    },
    [{ id: 'merge', options: {} }, DIFFERENCE],
  )
}

const DIFFERENCE = {
  id: 'calculateField',
  options: {
    alias: 'Difference',
    mode: 'binary',
    binary: { left: 'Value #A', operator: '-', right: 'Value #B', reducer: 'sum' },
    reduce: { reducer: 'sum' },
    replaceFields: false,
  },
}

function whoBreaksNext(): Panel {
  const ends = `max by (account, gateway) (${recorded('account', 'error_budget_exhaustion_seconds:6h')})`
  const next = `bottomk(20, ${ends} > 0)`
  const remaining = recorded('account', 'error_budget_remaining:ratio_30d')
  return table({
    title: 'Who breaks next',
    description:
      'The 20 accounts whose budget ends soonest if they go on as in the last six hours, with the budget that is left in a week at the slope of the last three days. Accounts that burn nothing are not in it; those that have already missed are above.',
    unit: 'none',
    size: [12, 9],
    queries: [
      rows(next),
      rows(`max by (account, gateway) (${remaining}) and ${SAME_ACCOUNT} ${next}`),
      rows(
        `clamp_max(max by (account, gateway) (${remaining} + 7 * 86400 * deriv(${remaining}[3d])), 1) and ${SAME_ACCOUNT} ${next}`,
      ),
      rows(`max by (account, gateway) (${recorded('account', 'slo_burn_rate:ratio_6h')}) and ${SAME_ACCOUNT} ${next}`),
    ],
    noValue: 'Nothing burns.',
    columns: [
      { of: 'account', title: 'Account', link: ROW_TO_ACCOUNT },
      { of: 'gateway', title: 'Gateway' },
      { of: 0, title: 'Ends in', unit: 's', steps: ENDS },
      { of: 1, title: 'Budget left', unit: 'percentunit', decimals: 0, steps: BUDGET },
      { of: 2, title: 'In a week', unit: 'percentunit', decimals: 0, steps: BUDGET },
      { of: 3, title: 'Burn, 6 hours', unit: 'short', decimals: 1 },
    ],
    sortBy: { title: 'Ends in', descending: false },
  })
}

function declining(): Panel {
  const week = `max by (account, gateway) (${recorded('account', 'availability:ratio_7d')})`
  const before = `max by (account, gateway) (${recorded('account', 'availability:ratio_7d')} offset 7d)`
  const worst = `bottomk(20, ${week} - ${before})`
  return table({
    title: 'Who became worse',
    description:
      'The 20 accounts whose availability fell most from the week before to this week. Needs two weeks of history.',
    unit: 'none',
    size: [12, 9],
    queries: [
      rows(worst),
      rows(`${week} and ${SAME_ACCOUNT} ${worst}`),
      rows(`${before} and ${SAME_ACCOUNT} ${worst}`),
    ],
    columns: [
      { of: 'account', title: 'Account', link: ROW_TO_ACCOUNT },
      { of: 'gateway', title: 'Gateway' },
      { of: 0, title: 'Difference', unit: 'percentunit', decimals: 3, steps: BETTER },
      { of: 1, title: 'This week', unit: 'percentunit', decimals: 3, steps: AVAILABILITY },
      { of: 2, title: 'Week before', unit: 'percentunit', decimals: 3, steps: AVAILABILITY },
    ],
    sortBy: { title: 'Difference', descending: false },
  })
}
