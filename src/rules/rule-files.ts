import { stringify } from 'yaml'
import { accountAlerts } from './account-alerts.ts'
import { accountRecordings } from './account-recordings.ts'
import { activityRecordings } from './activity-recordings.ts'
import { anomalyAlerts } from './anomaly-alerts.ts'
import { exporterAlerts } from './exporter-alerts.ts'
import { gatewayAlerts } from './gateway-alerts.ts'
import { groupRecordings } from './group-recordings.ts'
import { type AlertingRule, isAlert, type RecordingRule, type RuleGroup } from './rule.ts'
import { sloAlerts } from './slo-alerts.ts'
import { statusRecordings } from './status-recordings.ts'

/** Where the links of an alert lead. */
export interface RuleLinks {
  /** Address of the folder with the runbooks, without a slash at its end. */
  readonly runbooks: string
  /** Address of Grafana, without a slash at its end. */
  readonly grafana: string
}

export interface RuleFile {
  readonly name: string
  readonly groups: readonly RuleGroup[]
}

/** Links of the committed files; `whatsapp-exporter render` puts those of the configuration in their place. */
export const DEFAULT_LINKS: RuleLinks = {
  // The exporter serves its documentation itself.
  runbooks: 'http://127.0.0.1:19292/docs/alerts',
  grafana: 'http://127.0.0.1:3000',
}

/** Every rule file, as prometheus/rules holds them. Valid on Prometheus 2.42 and later. */
export const RULE_FILES: readonly RuleFile[] = [
  { name: 'account-recordings.yml', groups: accountRecordings },
  { name: 'activity-recordings.yml', groups: activityRecordings },
  { name: 'group-recordings.yml', groups: groupRecordings },
  { name: 'status-recordings.yml', groups: statusRecordings },
  { name: 'account-alerts.yml', groups: accountAlerts },
  { name: 'gateway-alerts.yml', groups: gatewayAlerts },
  { name: 'slo-alerts.yml', groups: sloAlerts },
  { name: 'anomaly-alerts.yml', groups: anomalyAlerts },
  { name: 'exporter-alerts.yml', groups: exporterAlerts },
]

/** The YAML text of a rule file. */
export function renderRuleFile(file: RuleFile, links: RuleLinks = DEFAULT_LINKS): string {
  const groups = ruleGroups(file, links)
  return `# Generated from src/rules by npm run generate. Do not edit.\n${stringify({ groups }, { lineWidth: 0, aliasDuplicateObjects: false })}`
}

/** The groups of a rule file as Prometheus reads them. */
export function ruleGroups(file: RuleFile, links: RuleLinks = DEFAULT_LINKS): readonly object[] {
  return file.groups.map(({ name, interval, rules }) => ({
    name,
    interval,
    rules: rules.map((rule) => (isAlert(rule) ? alertEntry(rule, links) : recordEntry(rule))),
  }))
}

/** Name of an alert's runbook: `WhatsAppGatewayDown` is `gateway-down`. */
export function runbookName(alert: string): string {
  return alert
    .replace(/^WhatsApp/, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
}

function recordEntry({ record, expr }: RecordingRule): object {
  return { record, expr }
}

function alertEntry(rule: AlertingRule, links: RuleLinks): object {
  return {
    alert: rule.alert,
    expr: rule.expr,
    ...(rule.for === undefined ? {} : { for: rule.for }),
    ...(rule.keepFiringFor === undefined ? {} : { keep_firing_for: rule.keepFiringFor }),
    labels: { severity: rule.severity },
    annotations: {
      summary: rule.summary,
      description: rule.description,
      runbook_url: `${links.runbooks}/${runbookName(rule.alert)}.md`,
      dashboard_url: `${links.grafana}/d/${rule.board.uid}${boardQuery(rule.board.variables)}`,
    },
  }
}

function boardQuery(variables: readonly string[]): string {
  if (variables.length === 0) return ''
  return `?${variables.map((name) => `var-${name}={{ $labels.${name} | urlquery }}`).join('&')}`
}
