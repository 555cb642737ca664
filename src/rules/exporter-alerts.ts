import { ACCOUNT_FAMILIES, EXPORTER_FAMILIES } from '../metrics/catalogue.ts'
import { increase, over, selector } from '../metrics/promql.ts'
import { lines, ordinals, TOGETHER } from './expressions.ts'
import type { AlertingRule, BoardLink, RuleGroup } from './rule.ts'

const BOARD: BoardLink = { uid: 'whatsapp-exporter', variables: [] }
/** The scrape job that `whatsapp-exporter render` writes, and names that contain it. */
const UP = 'up{job=~".*whatsapp-exporter.*"}'
const { blind, checkLag, checkInterval, storeUp, storeDroppedSamples, shards, shardOrdinal } = EXPORTER_FAMILIES
const { reloadSuccessful, reportFailures, notifications, discoveryFailures } = EXPORTER_FAMILIES
const SAME_PROCESS = 'on (instance, job)'
/** Label of `WhatsAppExporterDown` where no exporter answers. */
const WATCHING = { label: 'watching', nobody: 'nobody' } as const
const ORDINALS = ordinals(shardOrdinal.name)

const reach: readonly AlertingRule[] = [
  {
    alert: 'WhatsAppExporterDown',
    severity: 'critical',
    summary: 'Prometheus cannot scrape the WhatsApp exporter.',
    description:
      'The exporter {{ $labels.instance }} did not answer Prometheus for a minute: nothing is known of its accounts, and perhaps nothing is repaired.',
    // Where another exporter answers, accounts are still watched, and their alerts must not be muted (inhibit-rules.ts).
    expr: lines(
      `label_replace((${UP} == 0) unless on () (${UP} == 1), "${WATCHING.label}", "${WATCHING.nobody}", "", "")`,
      `or ${SAME_PROCESS} (${UP} == 0)`,
    ),
    for: '1m',
    // Until what it knows of its accounts has been evaluated again: it mutes their ends.
    keepFiringFor: '1m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppExporterAbsent',
    severity: 'critical',
    summary: 'Prometheus has no WhatsApp exporter to scrape.',
    description: 'No target of a job named whatsapp-exporter exists for five minutes: nothing is watched.',
    expr: `absent(${UP})`,
    for: '5m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppExporterShardMissing',
    severity: 'critical',
    summary: 'A shard of the WhatsApp exporter is missing.',
    description:
      '{{ $value }} of the shards that the exporters of {{ $labels.job }} were told of are not there: their accounts are not watched.',
    expr: `max ${TOGETHER} (${shards.name}) - count ${TOGETHER} (${ORDINALS}) > 0`,
    for: '5m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppExporterShardOverlap',
    severity: 'critical',
    summary: 'Two WhatsApp exporters watch the same shard.',
    description:
      '{{ $value }} exporters of {{ $labels.job }} have the ordinal {{ $labels.ordinal }}: they check the same accounts, and restart them twice.',
    expr: `${ORDINALS} > 1`,
    for: '1m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppExporterShardTotalsDiffer',
    severity: 'critical',
    summary: 'The WhatsApp exporters do not agree on the number of shards.',
    description:
      'The exporters of {{ $labels.job }} were told of different numbers of shards, {{ $value }} apart: some accounts are watched twice, others by nobody.',
    expr: `max ${TOGETHER} (${shards.name}) - min ${TOGETHER} (${shards.name}) > 0`,
    for: '5m',
    board: BOARD,
  },
]

const sight: readonly AlertingRule[] = [
  {
    alert: 'WhatsAppExporterBlind',
    severity: 'critical',
    summary: 'The WhatsApp exporter is cut off from what it watches.',
    description:
      'The exporter {{ $labels.instance }} reaches neither a gateway nor the addresses of checks.uplink: its accounts are unknown, not down. Look at its network, and at its machine.',
    expr: `${selector(blind)} == 1`,
    for: '30s',
    keepFiringFor: '2m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppExporterLagging',
    severity: 'warning',
    summary: 'The WhatsApp exporter checks its accounts too late.',
    description:
      'The checks of {{ $labels.instance }} start {{ $value | humanizeDuration }} late, more than half an interval: it has too much to do, or too little processor time.',
    expr: `${selector(checkLag)} > 0.5 * ${selector(checkInterval)}`,
    for: '5m',
    keepFiringFor: '5m',
    board: BOARD,
  },
]

/** Asks every account, so that it is asked less often. */
const stalled: AlertingRule = {
  alert: 'WhatsAppExporterStalled',
  severity: 'critical',
  summary: 'The WhatsApp exporter answers, and checks nothing.',
  description:
    'The newest check of {{ $labels.instance }} is {{ $value | humanizeDuration }} old: what it shows is of the past.',
  expr: lines(
    `((time() - max by (instance, job) (${ACCOUNT_FAMILIES.lastCheck.name} > 0))`,
    `> ${SAME_PROCESS} (60 + 4 * ${selector(checkInterval)}))`,
  ),
  for: '1m',
  board: BOARD,
}

const duties: readonly AlertingRule[] = [
  {
    alert: 'WhatsAppExporterStoreFailing',
    severity: 'warning',
    summary: 'The WhatsApp exporter cannot write to its store.',
    description:
      'The exporter {{ $labels.instance }} keeps its journal in memory because its store fails. Checks and alerts go on; a restart now would lose what waits.',
    expr: `${over('max_over_time', selector(storeUp), '2m')} == 0`,
    for: '1m',
    keepFiringFor: '5m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppExporterSamplesDropped',
    severity: 'warning',
    summary: 'The WhatsApp exporter gives up samples because its journal is full.',
    description:
      'The exporter {{ $labels.instance }} gave up {{ $value | printf "%.0f" }} samples within the last 15 minutes; reports over this time have a lower coverage.',
    expr: `${increase(storeDroppedSamples, '15m')} > 0`,
    keepFiringFor: '15m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppExporterReloadFailed',
    severity: 'warning',
    summary: 'The WhatsApp exporter refused its changed configuration.',
    description:
      'The exporter {{ $labels.instance }} goes on with its last good configuration. Run whatsapp-exporter config check to see what is wrong.',
    // The largest of five minutes: a failed scrape must not end the alert.
    expr: `${over('max_over_time', selector(reloadSuccessful), '5m')} == 0`,
    board: BOARD,
  },
  {
    alert: 'WhatsAppReportFailed',
    severity: 'warning',
    summary: 'A report was not made or not sent.',
    description:
      '{{ $value | printf "%.0f" }} reports of {{ $labels.instance }} failed within the last hour; GET /api/reports names the fault.',
    expr: `${increase(reportFailures, '1h')} > 0`,
    keepFiringFor: '1h',
    board: BOARD,
  },
  {
    alert: 'WhatsAppNotificationFailed',
    severity: 'warning',
    summary: 'A notification could not be delivered.',
    description:
      '{{ $value | printf "%.0f" }} notifications to the receiver {{ $labels.receiver }} failed within the last 15 minutes.',
    expr: `sum by (receiver) (${increase(notifications, '15m', { status: 'failed' })}) > 0`,
    keepFiringFor: '15m',
    board: BOARD,
  },
  {
    alert: 'WhatsAppDiscoveryFailing',
    severity: 'warning',
    summary: 'A WhatsApp gateway does not list its accounts.',
    description:
      'Discovery at {{ $labels.gateway }} fails again and again: accounts that are new there are not watched, and ones that are gone still are.',
    expr: `sum by (gateway) (${increase(discoveryFailures, '15m')}) >= 3`,
    for: '5m',
    keepFiringFor: '15m',
    board: { uid: 'whatsapp-gateway', variables: ['gateway'] },
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
export const exporterAlerts: readonly RuleGroup[] = [
  { name: 'whatsapp-exporter-alerts', interval: '15s', rules: [...reach, ...sight, ...duties] },
  { name: 'whatsapp-exporter-steady-alerts', interval: '1m', rules: [stalled] },
]
