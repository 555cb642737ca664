import { DAY, HOUR } from './past-troubles.ts'

const GROUP = 'rule_group="rules/account-recordings.yml;whatsapp-account-5m"'
/** Messages per hour by the way they go, and how many of them fail. */
const MESSAGES = [
  { integration: 'slack', perHour: 0.7, failedPerHour: 0 },
  { integration: 'email', perHour: 0.7, failedPerHour: 0 },
  { integration: 'webhook', perHour: 1.4, failedPerHour: 0.2 },
]

/** What Prometheus tells of itself at a moment of the past, as far as the boards ask. */
export function prometheusPast(atMs: number): string {
  const series = 2800 + 60 * Math.sin((atMs / DAY) * 2 * Math.PI)
  return [
    `prometheus_tsdb_head_series ${Math.round(series)}`,
    `prometheus_rule_group_iterations_missed_total{${GROUP}} 0`,
    `prometheus_rule_evaluation_failures_total{${GROUP}} 0`,
    `prometheus_rule_group_last_duration_seconds{${GROUP}} 0.04`,
    `prometheus_rule_group_interval_seconds{${GROUP}} 60`,
    '',
  ].join('\n')
}

/** What Alertmanager tells of itself at a moment of the past, as far as the boards ask. */
export function alertmanagerPast(atMs: number, fromMs: number): string {
  const grown = (perHour: number) => Math.floor((perHour * (atMs - fromMs)) / HOUR)
  return MESSAGES.map(
    ({ integration, perHour, failedPerHour }) =>
      `alertmanager_notifications_total{integration="${integration}"} ${grown(perHour)}\n` +
      `alertmanager_notifications_failed_total{integration="${integration}"} ${grown(failedPerHour)}\n`,
  ).join('')
}
