import { ACCOUNT_FAMILIES, GATEWAY_FAMILIES } from '../metrics/catalogue.ts'
import { aggregate, selector } from '../metrics/promql.ts'
import { lines } from './expressions.ts'
import type { AlertingRule, BoardLink, RuleGroup } from './rule.ts'

const BOARD: BoardLink = { uid: 'whatsapp-gateway', variables: ['gateway'] }
const { up } = GATEWAY_FAMILIES

const rules: readonly AlertingRule[] = [
  {
    alert: 'WhatsAppGatewayDown',
    severity: 'critical',
    summary: 'A WhatsApp gateway gives no readings.',
    description:
      'The gateway {{ $labels.gateway }} does not answer, or refuses our credentials; {{ $value }} accounts{{ with $labels.tenant }} of {{ . }}{{ end }} behind it cannot be reached or seen.',
    expr: perTenant(`${selector(up)} == 0`),
    keepFiringFor: '2m',
    board: BOARD,
  },
]

/** Alerts about a gateway as a whole. */
export const gatewayAlerts: readonly RuleGroup[] = [{ name: 'whatsapp-gateway-alerts', interval: '15s', rules }]

/**
 * The accounts behind every gateway for which the condition holds, one alert for each tenant there, so that the people
 * of that tenant hear of it. A gateway without accounts has one alert too. Full maintenance mutes it.
 */
function perTenant(condition: string): string {
  const holds = aggregate('max', ['gateway'], condition)
  return lines(
    `(count by (gateway, tenant) (${selector(ACCOUNT_FAMILIES.info)}) and on (gateway) ${holds})`,
    `or on (gateway) (0 * ${holds})`,
    `unless on (gateway) (${aggregate('min', ['gateway'], selector(ACCOUNT_FAMILIES.maintenance))} == 1)`,
  )
}
