import { ACCOUNT_FAMILIES } from '../metrics/catalogue.ts'
import { selector } from '../metrics/promql.ts'
import { ALLOWED, INCIDENTS } from './account-recordings.ts'
import { ACTIVITY, ACTIVITY_LOWER, EXPECTED_ACTIVITY, RESPONSE, RESPONSE_UPPER } from './activity-recordings.ts'
import { lines, OUTSIDE_MAINTENANCE, SAME_ACCOUNT } from './expressions.ts'
import { IDENTITY, WHO } from './facts.ts'
import { KEPT_ACCOUNT, kept } from './kept.ts'
import type { AlertingRule, BoardLink, RuleGroup } from './rule.ts'

const BOARD: BoardLink = { uid: 'whatsapp-account', variables: ['account', 'gateway'] }
const healthy = `and ${SAME_ACCOUNT} (${selector(ACCOUNT_FAMILIES.status, { status: 'healthy' })} == 1)`

const rules: readonly AlertingRule[] = [
  {
    alert: 'WhatsAppAccountSilent',
    severity: 'warning',
    summary: 'A connected WhatsApp account has gone silent at an hour at which it is usually busy.',
    description: `${WHO}${IDENTITY} says that it is connected, and its activity of the last hour is {{ $value }}, at most a tenth of what is usual at this hour of the week.`,
    expr: lines(
      // Quiet hours need no list: what is usual there is little, and the lower edge of its band is 0.
      `(${ACTIVITY} < ${ACTIVITY_LOWER})`,
      `and (${ACTIVITY} <= 0.1 * ${EXPECTED_ACTIVITY})`,
      healthy,
      OUTSIDE_MAINTENANCE,
    ),
    for: '5m',
    keepFiringFor: '15m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppAccountResponseSlow',
    severity: 'warning',
    summary: 'A WhatsApp account answers its checks much more slowly than usual.',
    description: `${WHO}${IDENTITY} took {{ $value | humanizeDuration }} to answer, on average over five minutes; that is out of its band.`,
    expr: lines(`(${RESPONSE} > ${RESPONSE_UPPER})`, OUTSIDE_MAINTENANCE),
    // A single slow stretch of five minutes is no anomaly.
    for: '10m',
    keepFiringFor: '15m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppAccountFailurePattern',
    severity: 'info',
    summary: 'A WhatsApp account has failed at this hour of the week for three weeks.',
    description: `${WHO}${IDENTITY} had an incident within the coming hour in each of the last three weeks. Look for what happens at that hour: a backup, a restart, a phone that is switched off.`,
    // What the hour that begins now brought in each of the last weeks.
    expr: ['6d23h', '13d23h', '20d23h']
      .map((ago) => `(${INCIDENTS}1h offset ${ago} > 0)`)
      .concat(ALLOWED)
      .join('\nand '),
    keepFiringFor: '15m',
    board: BOARD,
  },
]

/** Alerts about accounts that seem well and are not as usual. */
export const anomalyAlerts: readonly RuleGroup[] = [
  { name: 'whatsapp-anomaly-alerts', interval: '2m', rules: rules.map((rule) => kept(rule, KEPT_ACCOUNT)) },
]
