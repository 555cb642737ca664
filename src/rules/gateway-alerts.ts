import { ACCOUNT_FAMILIES, GATEWAY_FAMILIES } from '../metrics/catalogue.ts'
import { aggregate, increase, selector } from '../metrics/promql.ts'
import { UNHEALTHY } from './account-alerts.ts'
import { IN_MAINTENANCE, lines, SAME_ACCOUNT } from './expressions.ts'
import type { AlertingRule, BoardLink, RecordingRule, RuleGroup } from './rule.ts'

const BOARD: BoardLink = { uid: 'whatsapp-gateway', variables: ['gateway'] }
const { up, breakerOpen, unmapped } = GATEWAY_FAMILIES
const { status, maintenance, info } = ACCOUNT_FAMILIES

/** The fleet is degraded when this share of the accounts that are seen is unhealthy, and at least so many. */
const DEGRADED = { share: 0.2, accounts: 3 }

/** Accounts behind a gateway by tenant, and 1 for a gateway that is all in maintenance: counted once for all alerts. */
const ACCOUNTS = 'gateway:whatsapp_accounts:count'
const MAINTAINED = 'gateway:whatsapp_maintenance:min'

const counts: readonly RecordingRule[] = [
  { record: ACCOUNTS, expr: aggregate('count', ['gateway', 'tenant'], selector(info)) },
  { record: MAINTAINED, expr: aggregate('min', ['gateway'], selector(maintenance)) },
]

const rules: readonly AlertingRule[] = [
  {
    alert: 'WhatsAppGatewayDown',
    severity: 'critical',
    summary: 'A WhatsApp gateway gives no readings.',
    description:
      'The gateway {{ $labels.gateway }} does not answer, or refuses our credentials; {{ $value }} accounts{{ with $labels.tenant }} of {{ . }}{{ end }} behind it cannot be reached or seen.',
    expr: perTenant(`${selector(up)} == 0`),
    // Until the accounts behind it had time to connect again.
    keepFiringFor: '2m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppGatewayBreakerOpen',
    severity: 'critical',
    summary: 'Many accounts of a WhatsApp gateway fail together, and their repair is held back.',
    description:
      'A large share of the {{ $value }} accounts{{ with $labels.tenant }} of {{ . }}{{ end }} behind {{ $labels.gateway }} began to fail together, so that the fault is not theirs: the breaker holds back all restarts there but one probe. Look at the gateway.',
    // A gateway that is down has its own alert, and a breaker that waits for its cooldown harms nobody.
    expr: perTenant(
      lines(
        `${selector(breakerOpen)} == 1`,
        `and on (gateway) (${selector(up)} == 1)`,
        `and on (gateway) ${UNHEALTHY}`,
      ),
    ),
    keepFiringFor: '5m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppGatewayUnmappedValues',
    severity: 'info',
    summary: 'A WhatsApp gateway says words that this exporter does not know.',
    description:
      '{{ $labels.gateway }} said {{ $value | printf "%.0f" }} words within the last hour that this version does not know; the accounts concerned may be shown as unknown.',
    expr: aggregate('sum', ['gateway'], increase(unmapped, '1h')).concat(' > 0'),
    keepFiringFor: '1h',
    board: BOARD,
  },
]

const fleet: readonly AlertingRule[] = [
  {
    alert: 'WhatsAppFleetDegraded',
    severity: 'critical',
    summary: 'Many WhatsApp accounts are unhealthy at once.',
    description:
      '{{ $value | humanizePercentage }} of the accounts that can be seen are unhealthy, those behind a gateway that is down left out.',
    expr: fleetShare(),
    keepFiringFor: '5m',
    board: { uid: 'whatsapp-fleet', variables: [] },
  },
]

/** Alerts about a gateway as a whole, and about the fleet. */
export const gatewayAlerts: readonly RuleGroup[] = [
  { name: 'whatsapp-gateway-alerts', interval: '15s', rules },
  // What is asked of every account and changes seldom.
  { name: 'whatsapp-fleet-alerts', interval: '1m', rules: [...counts, ...fleet] },
]

/**
 * The accounts behind every gateway for which the condition holds, one alert for each tenant there, so that the people
 * of that tenant hear of it. A gateway without accounts has one alert too. Full maintenance mutes it.
 */
function perTenant(condition: string): string {
  const holds = aggregate('max', ['gateway'], condition)
  return lines(
    `(${ACCOUNTS} and on (gateway) ${holds})`,
    `or on (gateway) (0 * ${holds})`,
    `unless on (gateway) (${MAINTAINED} == 1)`,
  )
}

/** Unhealthy accounts over all that can be seen; what stands in maintenance or behind a dead gateway is in neither. */
function fleetShare(): string {
  const reachable = `unless on (gateway) (${selector(up)} == 0)`
  const bad = `count(${UNHEALTHY} ${reachable})`
  const seen = `${selector(status, { status: 'unknown' })} == 0 unless ${SAME_ACCOUNT} ${IN_MAINTENANCE}`
  const all = `sum(count by (gateway) (${seen}) ${reachable})`
  return lines(`(${bad} / ${all} >= ${DEGRADED.share})`, `and (${bad} >= ${DEGRADED.accounts})`)
}
