import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { ACCOUNT_FAMILIES, EXPORTER_FAMILIES, GATEWAY_FAMILIES } from '../metrics/catalogue.ts'
import { selector } from '../metrics/promql.ts'
import { ROW_TO_ACCOUNT } from './board-links.ts'
import { rows } from './panels/query.ts'
import { table } from './panels/table.ts'
import { ofAccounts, ofGateways, perAccount, recorded, SAME_ACCOUNT } from './selection.ts'

const { incidentStart, reason, state, maintenance, recoveryBudgetLeft, info } = ACCOUNT_FAMILIES
const OPEN = perAccount(incidentStart)

/** Causes and states that a restart does not mend, or makes worse: src/health/recovery-policy.ts refuses them. */
const FOR_A_PERSON = {
  reasons: 'logged_out|qr_timeout|banned|temp_banned|conflict|outdated_client|license',
  states: 'awaiting_auth|blocked',
} as const

/** Confirmed outages that last: since when, why, and what is done about each. */
export function openIncidents(size: readonly [number, number]): Panel {
  return table({
    title: 'Open incidents, one by one',
    description:
      'Confirmed outages that last, the oldest first: since the first bad check, with the cause, and what the exporter does about it. "Needs a person" means that a restart would not help or would harm.',
    unit: 'none',
    size,
    queries: [
      rows(`1000 * ${OPEN}`),
      rows(`${one(perAccount(reason, {}, ['reason']))} and ${SAME_ACCOUNT} ${OPEN}`),
      rows(
        one(
          `max by (account, gateway, state) (${ofAccounts(state)} == 1 and ${SAME_ACCOUNT} ${ofAccounts(incidentStart)})`,
        ),
      ),
      rows(whatIsTried()),
      rows(
        `max by (account, gateway) (${recorded('account', 'recovery_attempts:increase1h')}) and ${SAME_ACCOUNT} ${OPEN}`,
      ),
      rows(`${perAccount(recoveryBudgetLeft)} and ${SAME_ACCOUNT} ${OPEN}`),
      rows(`${one(perAccount(info, {}, ['name', 'phone', 'tenant']))} and ${SAME_ACCOUNT} ${OPEN}`),
    ],
    hidden: [1, 2, 3, 6],
    noValue: 'No incident is open.',
    columns: [
      // What matters first: on a narrow screen the table is cut off on its right.
      { of: 0, title: 'Since', unit: 'dateTimeFromNow', width: 120 },
      { of: 'account', title: 'Account', link: ROW_TO_ACCOUNT },
      { of: 'reason', title: 'Cause' },
      { of: 'doing', title: 'What is tried' },
      { of: 'state', title: 'State' },
      { of: 'gateway', title: 'Gateway' },
      { of: 4, title: 'Restarts in the last hour', decimals: 0 },
      { of: 5, title: 'Restarts left', decimals: 0 },
      { of: 'name', title: 'Name' },
      { of: 'phone', title: 'Phone' },
      { of: 'tenant', title: 'Tenant' },
    ],
    sortBy: { title: 'Since', descending: false },
  })
}

/** At most one series of each account: of two, which only two processes can show at once, the table would make two rows. */
function one(series: string): string {
  return `topk by (account, gateway) (1, ${series})`
}

/** The open incidents with the label `doing`, in the order in which the recovery policy refuses. */
function whatIsTried(): string {
  const mode = (word: string) => `on () (max(${selector(EXPORTER_FAMILIES.recoveryMode, { mode: word })}) == 1)`
  const answers: readonly (readonly [condition: string, doing: string])[] = [
    [
      `${SAME_ACCOUNT} (${ofAccounts(state, { state: { matches: FOR_A_PERSON.states } })} == 1 or ${ofAccounts(reason, { reason: { matches: FOR_A_PERSON.reasons } })} == 1)`,
      'needs a person',
    ],
    [`${SAME_ACCOUNT} ${ofAccounts(reason, { reason: 'gateway_down' })}`, 'waits for the gateway'],
    [`${SAME_ACCOUNT} (${ofAccounts(maintenance)} == 1)`, 'paused: maintenance'],
    [mode('off'), 'watched only: recovery is off'],
    [mode('dry-run'), 'dry run'],
    [`${SAME_ACCOUNT} (${ofAccounts(recoveryBudgetLeft)} == 0)`, 'restarts used up: needs a person'],
    [`on (gateway) (${ofGateways(GATEWAY_FAMILIES.breakerOpen)} == 1)`, 'held by the breaker'],
  ]
  const labelled = answers.map(([condition, doing]) => label(`${OPEN} and ${condition}`, doing))
  return [...labelled, label(OPEN, 'restarts, with pauses')].join(`\nor ${SAME_ACCOUNT} `)
}

function label(series: string, doing: string): string {
  return `label_replace(${series}, "doing", "${doing}", "", "")`
}
