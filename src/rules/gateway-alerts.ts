import { ACCOUNT_FAMILIES, GATEWAY_FAMILIES } from '../metrics/catalogue.ts'
import { aggregate, increase, selector } from '../metrics/promql.ts'
import { UNHEALTHY } from './account-alerts.ts'
import { IN_MAINTENANCE, lines, SAME_ACCOUNT } from './expressions.ts'
import { KEPT_GATEWAY, type Kept, kept, UNSEEN_ACCOUNTS, unseenGateways } from './kept.ts'
import type { AlertingRule, BoardLink, RecordingRule, RuleGroup } from './rule.ts'

const BOARD: BoardLink = { uid: 'whatsapp-gateway', variables: ['gateway'] }
const { up, breakerOpen, unmapped } = GATEWAY_FAMILIES
const { status, maintenance, info } = ACCOUNT_FAMILIES

/** The fleet is degraded when this share of the accounts that are seen is unhealthy, and at least so many. */
const DEGRADED = { share: 0.2, accounts: 3 }

/** Accounts behind a gateway by tenant, and 1 for a gateway that is all in maintenance: counted once for all alerts. */
const ACCOUNTS = 'gateway:whatsapp_accounts:count'
const MAINTAINED = 'gateway:whatsapp_maintenance:min'

/** Accounts that can be seen, outside maintenance. */
const SEEN = `${selector(status, { status: 'unknown' })} == 0 unless ${SAME_ACCOUNT} ${IN_MAINTENANCE}`

const counts: readonly RecordingRule[] = [
  { record: ACCOUNTS, expr: aggregate('count', ['gateway', 'tenant'], selector(info)) },
  { record: MAINTAINED, expr: aggregate('min', ['gateway'], selector(maintenance)) },
]

/** A breaker is one exporter's own: others that see the gateway know nothing of it. */
const KEPT_BREAKER: Kept = { ...KEPT_GATEWAY, while: UNSEEN_ACCOUNTS }

const down: AlertingRule = {
  alert: 'WhatsAppGatewayDown',
  severity: 'critical',
  summary: 'A WhatsApp gateway gives no readings.',
  description:
    'The gateway {{ $labels.gateway }} does not answer, or refuses our credentials; {{ $value }} accounts{{ with $labels.tenant }} of {{ . }}{{ end }} behind it cannot be reached or seen.',
  expr: perTenant(`${selector(up)} == 0`),
  // Until the accounts behind it had time to connect again.
  keepFiringFor: '2m',
  board: BOARD,
}

const breakerIsOpen: AlertingRule = {
  alert: 'WhatsAppGatewayBreakerOpen',
  severity: 'critical',
  summary: 'Many accounts of a WhatsApp gateway fail together, and their repair is held back.',
  description:
    'A large share of the {{ $value }} accounts{{ with $labels.tenant }} of {{ . }}{{ end }} behind {{ $labels.gateway }} began to fail together, so that the fault is not theirs: the breaker holds back all restarts there but one probe. Look at the gateway.',
  // A gateway that is down has its own alert, and a breaker that waits for its cooldown harms nobody.
  expr: perTenant(
    lines(`${selector(breakerOpen)} == 1`, `and on (gateway) (${selector(up)} == 1)`, `and on (gateway) ${UNHEALTHY}`),
  ),
  keepFiringFor: '5m',
  board: BOARD,
}

const unmappedValues: AlertingRule = {
  alert: 'WhatsAppGatewayUnmappedValues',
  severity: 'info',
  summary: 'A WhatsApp gateway says words that this exporter does not know.',
  description:
    '{{ $labels.gateway }} said {{ $value | printf "%.0f" }} words within the last hour that this version does not know; the accounts concerned may be shown as unknown.',
  expr: aggregate('sum', ['gateway'], increase(unmapped, '1h')).concat(' > 0'),
  keepFiringFor: '1h',
  board: BOARD,
}

const rules: readonly (RecordingRule | AlertingRule)[] = [
  unseenGateways,
  kept(down, KEPT_GATEWAY),
  kept(breakerIsOpen, KEPT_BREAKER),
  kept(unmappedValues, KEPT_GATEWAY),
]

const degraded: AlertingRule = {
  alert: 'WhatsAppFleetDegraded',
  severity: 'critical',
  summary: 'Many WhatsApp accounts are unhealthy at once.',
  description:
    '{{ $value | humanizePercentage }} of the accounts that can be seen are unhealthy, those behind a gateway that is down left out.',
  expr: degradedShare(UNHEALTHY, SEEN),
  keepFiringFor: '5m',
  board: { uid: 'whatsapp-fleet', variables: [] },
}

/** As long as those that nobody sees would be too many together with what is seen, nobody knows that it is over. */
const KEPT_FLEET: Kept = {
  by: '',
  on: '',
  while: lines('(', degradedShare(withUnseen(UNHEALTHY), withUnseen(`(${SEEN})`)), ')'),
  who: 'a part of the fleet',
}

/** Alerts about a gateway as a whole, and about the fleet. */
export const gatewayAlerts: readonly RuleGroup[] = [
  { name: 'whatsapp-gateway-alerts', interval: '15s', rules },
  // What is asked of every account and changes seldom.
  { name: 'whatsapp-fleet-alerts', interval: '1m', rules: [...counts, kept(degraded, KEPT_FLEET)] },
]

/**
 * The accounts behind every gateway for which the condition holds, one alert for each tenant there, so that the people
 * of that tenant hear of it. A gateway without accounts has one alert too. Full maintenance mutes it.
 */
function perTenant(condition: string): string {
  const holds = aggregate('max', ['gateway'], condition)
  return lines(
    `((${ACCOUNTS} and on (gateway) ${holds})`,
    `or on (gateway) (0 * ${holds}))`,
    `unless on (gateway) (${MAINTAINED} == 1)`,
  )
}

/** The share of bad accounts among all, where it is too large; what is behind a dead gateway is in neither. */
function degradedShare(bad: string, all: string): string {
  const reachable = `unless on (gateway) (${selector(up)} == 0)`
  const count = `count((${bad}) ${reachable})`
  return lines(
    `(${count} / sum(count by (gateway) (${all}) ${reachable}) >= ${DEGRADED.share})`,
    `and (${count} >= ${DEGRADED.accounts})`,
  )
}

function withUnseen(accounts: string): string {
  return `${accounts} or ${SAME_ACCOUNT} ${UNSEEN_ACCOUNTS}`
}
