import { ACCOUNT_FAMILIES } from '../metrics/catalogue.ts'
import { aggregate } from '../metrics/promql.ts'
import { family } from './expressions.ts'
import type { RuleGroup } from './rule.ts'

const { status, state } = ACCOUNT_FAMILIES

/**
 * How many accounts have each status and each state, 0 where none has it. Recorded for the boards: counted from the
 * accounts' own statesets, the curve of 1 000 accounts over six hours takes Prometheus seconds, and boards ask for it
 * every ten.
 */
export const statusRecordings: readonly RuleGroup[] = [
  {
    name: 'whatsapp-gateway-statuses',
    interval: '1m',
    rules: [
      {
        record: 'gateway:whatsapp_account_status:sum',
        expr: aggregate('sum', ['gateway', 'tenant', 'status'], family(status)),
      },
      {
        record: 'gateway:whatsapp_account_state:sum',
        expr: aggregate('sum', ['gateway', 'tenant', 'state'], family(state)),
      },
    ],
  },
]
