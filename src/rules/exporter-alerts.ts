import type { AlertingRule, BoardLink, RuleGroup } from './rule.ts'

const BOARD: BoardLink = { uid: 'whatsapp-exporter', variables: [] }
/** The scrape job that `whatsapp-exporter render` writes, and names that contain it. */
const UP = 'up{job=~".*whatsapp-exporter.*"}'

const rules: readonly AlertingRule[] = [
  {
    alert: 'WhatsAppExporterDown',
    severity: 'critical',
    summary: 'Prometheus cannot scrape the WhatsApp exporter.',
    description:
      'The exporter {{ $labels.instance }} did not answer Prometheus for a minute: nothing is known of its accounts, and nothing is repaired.',
    expr: `${UP} == 0`,
    for: '1m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppExporterAbsent',
    severity: 'critical',
    summary: 'Prometheus has no WhatsApp exporter to scrape.',
    description: 'No target of the job whatsapp-exporter exists for five minutes: nothing is watched.',
    expr: `absent(${UP})`,
    for: '5m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppWatchdog',
    severity: 'none',
    summary: 'The path from Prometheus to the receivers works.',
    description: 'This alert always fires. When it stops arriving, alerts are lost on the way.',
    expr: 'vector(1)',
    board: BOARD,
  },
]

/** Alerts about the exporter itself, and the proof that alerts arrive at all. */
export const exporterAlerts: readonly RuleGroup[] = [{ name: 'whatsapp-exporter-alerts', interval: '15s', rules }]
