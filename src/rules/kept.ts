// An alert must not end because the exporter that told of it is gone or blind
// (docs/decisions/0012-alerts-outlive-their-shard.md). Prometheus remembers what fires in its own series ALERTS:
// meanwhile, an alert about what nobody sees any longer goes on from there, with the labels that it had.
import { ACCOUNT_FAMILIES, EXPORTER_FAMILIES, GATEWAY_FAMILIES } from '../metrics/catalogue.ts'
import { over, selector } from '../metrics/promql.ts'
import { lines, ordinals, SAME_SHARD } from './expressions.ts'
import type { AlertingRule, RecordingRule, RuleDuration } from './rule.ts'

/** So long after its shard was last seen an alert is kept: longer than a night, and not for ever. */
const KEPT_FOR = '12h' satisfies RuleDuration

/** The value of an alert that is kept; no expression of the rules has it. */
const KEPT_VALUE = '-Inf'
const IS_KEPT = 'lt $value -1e9'

/**
 * By namespace, the shards that were there within `KEPT_FOR` and are not now, or the exporters that are cut off. By
 * ordinal and not by address: a standby or a new pod takes the place of the one before, and a standby that waits has
 * none.
 */
const LOST = lines(
  '(count by (namespace) (',
  `  ${ordinals(over('last_over_time', EXPORTER_FAMILIES.shardOrdinal.name, KEPT_FOR))}`,
  `  unless ${SAME_SHARD} ${ordinals(EXPORTER_FAMILIES.shardOrdinal.name)}`,
  `) or count by (namespace) (${EXPORTER_FAMILIES.blind.name} == 1))`,
)
/** Accounts of which somebody has a reading. */
const SEEN = `(${selector(ACCOUNT_FAMILIES.status, { status: 'unknown' })} == 0)`

/** What alerts are about, and when one of them is kept. */
export interface Kept {
  /** Labels that tell the alerts of one rule apart. */
  readonly by: string
  /** Matched with `on`, it is there while alerts are kept. */
  readonly while: string
  readonly on: string
  /** Whom nobody sees; a Go template over the labels of the alert. */
  readonly who: string
}

const UNSEEN = 'whatsapp_unseen:alerts'
export const UNSEEN_ACCOUNTS = `account:${UNSEEN}`

/** How many alerts each account has that nobody sees while a shard is lost or blind. */
export const unseenAccounts: RecordingRule = {
  record: UNSEEN_ACCOUNTS,
  expr: unseen('account, gateway', 'WhatsAppAccount.+', SEEN),
}

/** The same of gateways. Who sees one down does not know it for those whose shard is lost; who sees it up does. */
export const unseenGateways: RecordingRule = {
  record: `gateway:${UNSEEN}`,
  expr: unseen('gateway', 'WhatsAppGateway.+', `(${selector(GATEWAY_FAMILIES.up)} == 1)`),
}

/** The same of tenants. */
export const unseenTenants: RecordingRule = {
  record: `tenant:${UNSEEN}`,
  expr: unseen('tenant', 'WhatsAppTenant.+', SEEN),
}

export const KEPT_ACCOUNT: Kept = {
  by: 'account, gateway',
  while: UNSEEN_ACCOUNTS,
  on: 'account, gateway',
  who: '{{ $labels.account }} at {{ $labels.gateway }}',
}

export const KEPT_GATEWAY: Kept = {
  by: 'gateway, tenant',
  while: unseenGateways.record,
  on: 'gateway',
  who: '{{ $labels.gateway }}{{ with $labels.tenant }} for {{ . }}{{ end }}',
}

export const KEPT_TENANT: Kept = {
  by: 'tenant',
  while: unseenTenants.record,
  on: 'tenant',
  who: 'the accounts of {{ $labels.tenant }}',
}

/**
 * The alert, which goes on while nobody sees what it is about. Its description says so then: the value is gone, and so
 * is all that it would ask Prometheus for.
 */
export function kept(rule: AlertingRule, { by, while: condition, on, who }: Kept): AlertingRule {
  return {
    ...rule,
    description: `{{ if ${IS_KEPT} }}No exporter sees ${who} now: nobody knows how it is. When last seen: ${rule.summary}{{ else }}${rule.description}{{ end }}`,
    expr: lines(
      rule.expr,
      `or on (${by}) (`,
      `  ${KEPT_VALUE} * max without (alertname, alertstate, severity) (ALERTS{alertname="${rule.alert}",alertstate="firing"})`,
      `  and on (${on}) ${condition}`,
      ')',
    ),
  }
}

function unseen(by: string, alerts: string, seen: string): string {
  return lines(
    `count by (${by}, namespace) (ALERTS{alertname=~"${alerts}",alertstate="firing"})`,
    `unless on (${by}) ${seen}`,
    `and on (namespace) ${LOST}`,
  )
}
