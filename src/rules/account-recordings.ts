import { ACCOUNT_FAMILIES } from '../metrics/catalogue.ts'
import { over } from '../metrics/promql.ts'
import { growth, growthOf, lines, merged, sinceFirst, tiles, WINDOW_SECONDS } from './expressions.ts'
import type { RecordingRule, RuleGroup } from './rule.ts'
import { coverage, mean, reliabilityScore, share } from './slo-formulas.ts'

const { observed, downtime, maintenance, objective } = ACCOUNT_FAMILIES
const { incidents, incidentsResolved, detectionDelay, recoveryAttempts, recoveryFailures } = ACCOUNT_FAMILIES

/** Recorded growths of the account's counters, from which everything else is made. */
export const OBSERVED = 'account:whatsapp_observed_seconds:increase'
export const DOWNTIME = 'account:whatsapp_downtime_seconds:increase'
export const MAINTENANCE = 'account:whatsapp_maintenance_seconds:increase'
export const INCIDENTS = 'account:whatsapp_incidents:increase'
export const RESOLVED = 'account:whatsapp_incidents_resolved:increase'
export const DETECTION = 'account:whatsapp_detection_delay_seconds:increase'
export const ATTEMPTS = 'account:whatsapp_recovery_attempts:increase'
export const FAILURES = 'account:whatsapp_recovery_failures:increase'

const EVENTS = [
  [INCIDENTS, incidents],
  [RESOLVED, incidentsResolved],
  [DETECTION, detectionDelay],
  [ATTEMPTS, recoveryAttempts],
  [FAILURES, recoveryFailures],
] as const

/** Error budget of every account that exists: the share of time in which it may be down. Held as long as the growths. */
export const ALLOWED = 'account:whatsapp_error_budget:ratio'

/** The counters of seconds, read once a minute for all windows. */
const OBSERVED_LAST = 'account:whatsapp_observed_seconds:last'
export const DOWNTIME_LAST = 'account:whatsapp_downtime_seconds:last'

const BURN = 'account:whatsapp_slo_burn_rate:ratio'
const REMAINING = 'account:whatsapp_error_budget_remaining:ratio_30d'

const fiveMinutes: readonly RecordingRule[] = [
  { record: OBSERVED_LAST, expr: merged(over('last_over_time', observed.name, '5m')) },
  { record: DOWNTIME_LAST, expr: merged(over('last_over_time', downtime.name, '5m')) },
  { record: ALLOWED, expr: `1 - ${merged(over('last_over_time', objective.name, '5m'))}` },
  { record: `${OBSERVED}5m`, expr: growthOf(OBSERVED_LAST, '5m', sinceFirst(observed, '5m', OBSERVED_LAST)) },
  { record: `${DOWNTIME}5m`, expr: growthOf(DOWNTIME_LAST, '5m', sinceFirst(downtime, '5m', DOWNTIME_LAST)) },
  {
    record: `${MAINTENANCE}5m`,
    expr: `${WINDOW_SECONDS['5m']} * ${merged(over('avg_over_time', maintenance.name, '5m'))}`,
  },
  { record: 'account:whatsapp_availability:ratio_5m', expr: share(`${DOWNTIME}5m`, `${OBSERVED}5m`) },
  { record: 'account:whatsapp_coverage:ratio_5m', expr: coverage(`${OBSERVED}5m`, `${MAINTENANCE}5m`, 300) },
]

const burnRates: readonly RecordingRule[] = [
  { record: `${BURN}_5m`, expr: burnRate(`${DOWNTIME}5m`, `${OBSERVED}5m`) },
  // From the counters themselves: the page must not wait for the next tile. An account that is younger, or was reset,
  // has the tiles of its hour.
  ...(['30m', '1h'] as const).map((window) => ({
    record: `${BURN}_${window}`,
    expr: burnRate(growthOf(DOWNTIME_LAST, window, `${DOWNTIME}1h`), growthOf(OBSERVED_LAST, window, `${OBSERVED}1h`)),
  })),
]

const hours: readonly RecordingRule[] = [
  ...[OBSERVED, DOWNTIME, MAINTENANCE].map((record) => ({
    record: `${record}1h`,
    expr: tiles(`${record}5m`, '1h', '5m'),
  })),
  ...EVENTS.map(([record, counter]) => ({ record: `${record}1h`, expr: growth(counter, '1h') })),
  { record: 'account:whatsapp_availability:ratio_1h', expr: share(`${DOWNTIME}1h`, `${OBSERVED}1h`) },
  {
    record: 'account:whatsapp_coverage:ratio_1h',
    expr: coverage(`${OBSERVED}1h`, `${MAINTENANCE}1h`, WINDOW_SECONDS['1h']),
  },
  ...(['2h', '6h'] as const).map((window) => ({
    record: `${BURN}_${window}`,
    expr: burnRate(tiles(`${DOWNTIME}5m`, window, '5m'), tiles(`${OBSERVED}5m`, window, '5m')),
  })),
]

const day: readonly RecordingRule[] = [
  { record: `${MAINTENANCE}1d`, expr: tiles(`${MAINTENANCE}5m`, '1d', '5m') },
  {
    record: 'account:whatsapp_availability:ratio_1d',
    expr: share(tiles(`${DOWNTIME}5m`, '1d', '5m'), tiles(`${OBSERVED}5m`, '1d', '5m')),
  },
  {
    record: 'account:whatsapp_coverage:ratio_1d',
    expr: coverage(tiles(`${OBSERVED}5m`, '1d', '5m'), `${MAINTENANCE}1d`, WINDOW_SECONDS['1d']),
  },
  { record: `${BURN}_1d`, expr: `(1 - account:whatsapp_availability:ratio_1d) / ${ALLOWED}` },
  { record: `${BURN}_3d`, expr: burnRate(tiles(`${DOWNTIME}1h`, '3d', '1h'), tiles(`${OBSERVED}1h`, '3d', '1h')) },
]

const week: readonly RecordingRule[] = [
  { record: `${MAINTENANCE}7d`, expr: tiles(`${MAINTENANCE}1h`, '7d', '1h') },
  {
    record: 'account:whatsapp_availability:ratio_7d',
    expr: share(tiles(`${DOWNTIME}1h`, '7d', '1h'), tiles(`${OBSERVED}1h`, '7d', '1h')),
  },
  {
    record: 'account:whatsapp_coverage:ratio_7d',
    expr: coverage(tiles(`${OBSERVED}1h`, '7d', '1h'), `${MAINTENANCE}7d`, WINDOW_SECONDS['7d']),
  },
  {
    record: 'account:whatsapp_mttr_seconds:7d',
    expr: mean(tiles(`${DOWNTIME}1h`, '7d', '1h'), tiles(`${RESOLVED}1h`, '7d', '1h')),
  },
  {
    record: 'account:whatsapp_recovery_success:ratio_7d',
    expr: share(tiles(`${FAILURES}1h`, '7d', '1h'), tiles(`${ATTEMPTS}1h`, '7d', '1h')),
  },
]

/** What is added up over a month: 720 tiles for each account. */
const MONTHLY = [OBSERVED, DOWNTIME, MAINTENANCE, INCIDENTS, RESOLVED, DETECTION, ATTEMPTS, FAILURES]
const monthSums: readonly RecordingRule[] = MONTHLY.map((record) => ({
  record: hourly(record),
  expr: tiles(`${record}1h`, '30d', '1h'),
}))

const month: readonly RecordingRule[] = [
  // An account without a sum is younger than two hours: its last hour is nearly all that there is.
  ...MONTHLY.map((record) => ({
    record: `${record}30d`,
    expr: `last_over_time(${hourly(record)}[119m])\nor ${record}1h`,
  })),
  { record: 'account:whatsapp_availability:ratio_30d', expr: share(`${DOWNTIME}30d`, `${OBSERVED}30d`) },
  {
    record: 'account:whatsapp_coverage:ratio_30d',
    expr: coverage(`${OBSERVED}30d`, `${MAINTENANCE}30d`, WINDOW_SECONDS['30d']),
  },
  { record: 'account:whatsapp_mttr_seconds:30d', expr: mean(`${DOWNTIME}30d`, `${RESOLVED}30d`) },
  { record: 'account:whatsapp_mttd_seconds:30d', expr: mean(`${DETECTION}30d`, `${INCIDENTS}30d`) },
  {
    record: 'account:whatsapp_mtbf_seconds:30d',
    expr: mean(`(${OBSERVED}30d - ${DOWNTIME}30d)`, `${INCIDENTS}30d`),
  },
  { record: 'account:whatsapp_recovery_success:ratio_30d', expr: share(`${FAILURES}30d`, `${ATTEMPTS}30d`) },
  { record: REMAINING, expr: `1 - (1 - account:whatsapp_availability:ratio_30d) / ${ALLOWED}` },
  {
    record: 'account:whatsapp_error_budget_exhaustion_seconds:6h',
    expr: `clamp_min(${REMAINING}, 0) * ${OBSERVED}30d / (${BURN}_6h > 0)`,
  },
  {
    record: 'account:whatsapp_reliability_score:30d',
    expr: reliabilityScore({
      budgetUsed: `(1 - ${REMAINING})`,
      downtime: `${DOWNTIME}30d`,
      resolved: `${RESOLVED}30d`,
      incidents: `${INCIDENTS}30d`,
      observed: `${OBSERVED}30d`,
    }),
  },
]

/** The recorded series of single accounts, from the shortest window to the longest: each level is made of the one before. */
export const accountRecordings: readonly RuleGroup[] = [
  { name: 'whatsapp-account-5m', interval: '1m', rules: [...fiveMinutes, ...burnRates] },
  { name: 'whatsapp-account-1h', interval: '4m', rules: hours },
  { name: 'whatsapp-account-1d', interval: '4m', rules: day },
  { name: 'whatsapp-account-7d', interval: '4m', rules: week },
  // A new tile comes every hour, so that more often would only cost.
  { name: 'whatsapp-account-30d-sums', interval: '1h', rules: monthSums },
  { name: 'whatsapp-account-30d', interval: '4m', rules: month },
]

/** `account:whatsapp_incidents:increase` as it is recorded every hour. */
function hourly(record: string): string {
  return record.replace(/:increase$/, ':sum30d')
}

function burnRate(down: string, seen: string): string {
  return lines(`((${down})`, `/ ((${seen}) > 0))`, `/ ${ALLOWED}`)
}
