// One message instead of many: the cause mutes what follows from it. Alertmanager takes two absent labels for equal ones,
// so that both sides must carry every label that is compared. A test holds the names against src/rules.

/** Alerts of the rules that the inhibitions name. */
export const INHIBITING = {
  blind: 'WhatsAppExporterBlind',
  down: 'WhatsAppExporterDown',
  gatewayDown: 'WhatsAppGatewayDown',
  flapping: 'WhatsAppAccountFlapping',
} as const

/** A budget that burns says how bad it is, not why: it mutes nothing. */
const BUDGETS = 'WhatsAppAccountBudget.+'
/** What exporters tell of, and not of themselves. */
const WATCHED = 'alertname=~"WhatsApp(Gateway|Account|Fleet).+"'
const ACCOUNT = ['account=~".+"', 'gateway=~".+"']

/**
 * The inhibition: uplink, then gateway, then account, then warning.
 * @param sharded whether several exporters share the Alertmanager: one that is blind says nothing of the others
 */
export function inhibitRules(sharded: boolean): readonly object[] {
  return [
    ...(sharded ? [] : [{ source_matchers: [`alertname="${INHIBITING.blind}"`], target_matchers: [WATCHED] }]),
    {
      // What no exporter shows ends at Prometheus, and nobody may be told that it is over.
      source_matchers: [`alertname="${INHIBITING.down}"`, 'watching="nobody"'],
      target_matchers: [WATCHED],
    },
    {
      source_matchers: [`alertname="${INHIBITING.gatewayDown}"`, 'gateway=~".+"'],
      target_matchers: ['alertname!="WhatsAppGatewayDown"', 'gateway=~".+"'],
      equal: ['gateway'],
    },
    {
      // Of a target that ends while it is muted the end is told late, so that those which end no later than the cause,
      // the outage itself and its failed repairs, are told in full.
      source_matchers: ['severity="critical"', `alertname!~"${BUDGETS}"`, ...ACCOUNT],
      target_matchers: [
        'severity=~"warning|info"',
        'alertname!~"WhatsAppAccount(Disconnected|RecoveryFailed)"',
        ...ACCOUNT,
      ],
      equal: ['gateway', 'account'],
    },
    {
      // An account that comes and goes is told once, not at each turn.
      source_matchers: [`alertname="${INHIBITING.flapping}"`, ...ACCOUNT],
      target_matchers: ['alertname=~"WhatsAppAccount(Disconnected|Warning|RecoveryFailed)"', ...ACCOUNT],
      equal: ['gateway', 'account'],
    },
  ]
}
