import { ACCOUNT_FAMILIES, type MetricFamily } from '../metrics/catalogue.ts'
import { type LabelMatch, selector } from '../metrics/promql.ts'
import { INCIDENTS } from './account-recordings.ts'
import { family, IN_MAINTENANCE, lines, merged, OUTSIDE_MAINTENANCE, SAME_ACCOUNT } from './expressions.ts'
import { CAUSE, IDENTITY, SINCE_VALUE, TRIED, WHO } from './facts.ts'
import { KEPT_ACCOUNT, kept, unseenAccounts } from './kept.ts'
import type { AlertingRule, BoardLink, RecordingRule, RuleGroup } from './rule.ts'

const BOARD: BoardLink = { uid: 'whatsapp-account', variables: ['account', 'gateway'] }
const { incidentStart, stateSince, status, state, reason, recoveryBudgetLeft, recoveryFailures } = ACCOUNT_FAMILIES

/** Reasons that have an alert of their own, beside the states that mean the same. */
const LOGGED_OUT = 'logged_out|qr_timeout'
const BLOCKED = 'banned|temp_banned'
const NOT_OURS = `${LOGGED_OUT}|${BLOCKED}|conflict|outdated_client|gateway_down`

/** Incidents within an hour from which on an account flaps. */
const FLAPPING_INCIDENTS = 4

/** Start of the outage of every unhealthy account outside maintenance; the other rules of the group look at these few. */
export const UNHEALTHY = 'account:whatsapp_unhealthy:start'

/** 1 for every account that is logged out or blocked, by its state. */
const DEFINITE = 'account:whatsapp_definite:state'
const AWAITING_AUTH = `${DEFINITE}{state="awaiting_auth"}`
const BLOCKED_STATE = `${DEFINITE}{state="blocked"}`

/** What most rules ask of the whole fleet is read once, and kept for the few accounts of which it is true. */
const fewOfAll: readonly RecordingRule[] = [
  { record: IN_MAINTENANCE, expr: `${family(ACCOUNT_FAMILIES.maintenance)} == 1` },
  {
    record: UNHEALTHY,
    // An account is unhealthy exactly while its incident is open and its checks bring readings.
    expr: lines(merged(whereStatus('unhealthy', incidentStart)), OUTSIDE_MAINTENANCE),
  },
  { record: DEFINITE, expr: `${family(state, { state: { matches: 'awaiting_auth|blocked' } })} == 1` },
]

const FACTS = `${CAUSE} ${TRIED}`

const byCause: readonly AlertingRule[] = [
  {
    alert: 'WhatsAppAccountAwaitingAuth',
    severity: 'critical',
    summary: 'A WhatsApp account is logged out and needs a person.',
    description: `${WHO}${IDENTITY} waits to be paired again ${SINCE_VALUE}: scan its QR code or enter its pairing code. ${FACTS}`,
    expr: unhealthy(`and ${SAME_ACCOUNT} (${AWAITING_AUTH} or ${SAME_ACCOUNT} ${hasReason({ matches: LOGGED_OUT })})`),
    keepFiringFor: '2m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppAccountBlocked',
    severity: 'critical',
    summary: 'WhatsApp has blocked an account.',
    description: `${WHO}${IDENTITY} is blocked by WhatsApp ${SINCE_VALUE}. Restarts make it worse and are held back. ${FACTS}`,
    expr: unhealthy(`and ${SAME_ACCOUNT} (${BLOCKED_STATE} or ${SAME_ACCOUNT} ${hasReason({ matches: BLOCKED })})`),
    keepFiringFor: '2m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppAccountConflict',
    severity: 'critical',
    summary: 'Another client uses the credentials of a WhatsApp account.',
    description: `${WHO}${IDENTITY} is pushed out by another client with the same credentials ${SINCE_VALUE}. Stop that client; restarts only begin the next round and are held back. ${FACTS}`,
    expr: unhealthy(`and ${SAME_ACCOUNT} ${hasReason('conflict')}`),
    keepFiringFor: '5m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppAccountClientOutdated',
    severity: 'critical',
    summary: 'WhatsApp refuses the client version of a gateway.',
    description: `${WHO}${IDENTITY} is refused by WhatsApp ${SINCE_VALUE} because the version of its gateway is too old. Update the gateway; a restart does not help. ${FACTS}`,
    expr: unhealthy(`and ${SAME_ACCOUNT} ${hasReason('outdated_client')}`),
    keepFiringFor: '2m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppAccountDisconnected',
    severity: 'warning',
    summary: 'A WhatsApp account is down and is being repaired.',
    description: `${WHO}${IDENTITY} cannot be used ${SINCE_VALUE}. ${FACTS}`,
    expr: unhealthy(`unless ${SAME_ACCOUNT} ${DEFINITE}`, `unless ${SAME_ACCOUNT} ${hasReason({ matches: NOT_OURS })}`),
    keepFiringFor: '2m',
    board: BOARD,
  },
]

const unsteady: readonly AlertingRule[] = [
  {
    alert: 'WhatsAppAccountWarning',
    severity: 'warning',
    summary: 'A WhatsApp account works only in part, or too slowly.',
    description: `${WHO}${IDENTITY} is limited, slow or not yet confirmed to be down ${SINCE_VALUE}. ${FACTS}`,
    expr: lines(merged(whereStatus('warning', stateSince)), OUTSIDE_MAINTENANCE),
    // The first bad check makes a warning; most are over before they matter.
    for: '5m',
    keepFiringFor: '5m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppAccountNotObserved',
    severity: 'warning',
    summary: 'Nothing is known of a WhatsApp account.',
    description: `The checks of ${WHO}${IDENTITY} bring no reading ${SINCE_VALUE}: it may be up or down. ${CAUSE}`,
    expr: lines(
      merged(whereStatus('unknown', stateSince)),
      `unless ${SAME_ACCOUNT} ${isState('stopped')}`,
      OUTSIDE_MAINTENANCE,
    ),
    for: '15m',
    keepFiringFor: '5m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppAccountFlapping',
    severity: 'warning',
    summary: 'A WhatsApp account goes down and comes back again and again.',
    description: `${WHO}${IDENTITY} had {{ $value }} incidents within an hour. ${FACTS}`,
    expr: lines(`(${INCIDENTS}1h >= ${FLAPPING_INCIDENTS})`, OUTSIDE_MAINTENANCE),
    keepFiringFor: '30m',
    board: BOARD,
  },
]

const repairs: readonly AlertingRule[] = [
  {
    alert: 'WhatsAppAccountRecoveryFailed',
    severity: 'warning',
    summary: 'A restart did not bring a WhatsApp account back.',
    description: `${WHO}${IDENTITY} is down ${SINCE_VALUE}, and a restart within the last 15 minutes did not help. ${FACTS}`,
    expr: unhealthy(`and ${SAME_ACCOUNT} (increase(${selector(recoveryFailures)}[15m]) > 0)`),
    keepFiringFor: '5m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppAccountRecoveryExhausted',
    severity: 'critical',
    summary: 'All automatic restarts of a WhatsApp account are used up.',
    description: `${WHO}${IDENTITY} is down ${SINCE_VALUE}, and no automatic restart is left: it needs a person. ${FACTS}`,
    expr: unhealthy(`and ${SAME_ACCOUNT} (${selector(recoveryBudgetLeft)} == 0)`),
    keepFiringFor: '5m',
    board: BOARD,
  },
]

/** Alerts about one account, by what has to be done. */
export const accountAlerts: readonly RuleGroup[] = [
  { name: 'whatsapp-account-alerts', interval: '15s', rules: [unseenAccounts, ...fewOfAll, ...byCause.map(keptOne)] },
  // What waits for minutes anyway, or looks back over many samples.
  { name: 'whatsapp-account-steady-alerts', interval: '1m', rules: [...unsteady, ...repairs].map(keptOne) },
]

function keptOne(rule: AlertingRule): AlertingRule {
  return kept(rule, KEPT_ACCOUNT)
}

/** The accounts that are unhealthy, as far as the conditions hold. The value is the start of the outage. */
function unhealthy(...conditions: readonly string[]): string {
  return lines(UNHEALTHY, ...conditions)
}

/** Series of the accounts of one status; picked before they are merged, since they are few. */
function whereStatus(word: 'unhealthy' | 'warning' | 'unknown', source: Pick<MetricFamily, 'name'>): string {
  return `${source.name} and ${SAME_ACCOUNT} (${selector(status, { status: word })} == 1)`
}

function isState(value: string): string {
  return `(${selector(state, { state: value })} == 1)`
}

function hasReason(match: LabelMatch): string {
  return selector(reason, { reason: match })
}
