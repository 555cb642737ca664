import {
  ALLOWED,
  ATTEMPTS,
  DETECTION,
  DOWNTIME,
  FAILURES,
  INCIDENTS,
  MAINTENANCE,
  OBSERVED,
  RESOLVED,
} from './account-recordings.ts'
import { lines, type RecordedWindow, tiles, WINDOW_SECONDS } from './expressions.ts'
import type { RecordingRule, RuleGroup } from './rule.ts'
import { mean, reliabilityScore, share } from './slo-formulas.ts'

/** Above the accounts: what lies behind one gateway, what belongs to one tenant, and everything. */
interface Level {
  readonly name: 'gateway' | 'tenant' | 'fleet'
  readonly sum: (series: string) => string
}

const LEVELS: readonly Level[] = [
  { name: 'gateway', sum: (series) => `sum by (gateway) (${series})` },
  // Accounts without a tenant belong to none.
  { name: 'tenant', sum: (series) => `sum by (tenant) (${series.replace(/^(account:\w+:\w+)/, '$1{tenant!=""}')})` },
  { name: 'fleet', sum: (series) => `sum(${series})` },
]

const EVENTS = [INCIDENTS, RESOLVED, DETECTION, ATTEMPTS, FAILURES]
const COVERED = ['5m', '1h', '1d', '7d', '30d'] as const
type CoveredWindow = (typeof COVERED)[number]
const BURN_WINDOWS = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'] as const

/** The recorded series of gateways, tenants and the fleet: sums of the accounts' seconds and events, never means of ratios. */
export const groupRecordings: readonly RuleGroup[] = LEVELS.flatMap((level) => [
  // Tiles of 5 minutes lie side by side only if they are recorded at every multiple of 5 minutes: not every 2 or 4.
  { name: `whatsapp-${level.name}-5m`, interval: '1m' as const, rules: fiveMinuteRules(level) },
  { name: `whatsapp-${level.name}-short`, interval: '2m' as const, rules: shortRules(level) },
  { name: `whatsapp-${level.name}-long`, interval: '4m' as const, rules: longRules(level) },
])

function fiveMinuteRules(level: Level): readonly RecordingRule[] {
  const { observed, downtime, allowed } = sumsOf(level)
  return [
    { record: `${observed}5m`, expr: sumOfParts(level, `${observed}5m`, `${OBSERVED}5m`) },
    { record: `${downtime}5m`, expr: sumOfParts(level, `${downtime}5m`, `${DOWNTIME}5m`) },
    // With each account's own objective: the budget of a group is the sum of its accounts' budgets.
    { record: `${allowed}5m`, expr: sumOfParts(level, `${allowed}5m`, `${OBSERVED}5m * ${ALLOWED}`) },
  ]
}

function shortRules(level: Level): readonly RecordingRule[] {
  const { observed, downtime, allowed } = sumsOf(level)
  return [
    ...[observed, downtime, allowed].map((sum) => ({ record: `${sum}1h`, expr: tiles(`${sum}5m`, '1h', '5m') })),
    ...ratios(level, '5m'),
    ...BURN_WINDOWS.filter((window) => window !== '1d' && window !== '3d').map((window) => burn(level, window)),
  ]
}

function longRules(level: Level): readonly RecordingRule[] {
  const prefix = `${level.name}:whatsapp`
  const { observed, downtime, allowed } = sumsOf(level)
  const [incidents = '', resolved = '', detection = '', attempts = '', failures = ''] = EVENTS.map((event) =>
    ofLevel(level, event),
  )
  return [
    // What they are made of comes every 4 minutes as well.
    ...EVENTS.map((event) => {
      const record = `${ofLevel(level, event)}1h`
      return { record, expr: sumOfParts(level, record, `${event}1h`) }
    }),
    ...[observed, downtime, allowed, incidents, resolved, detection, attempts, failures].map((sum) => ({
      record: `${sum}30d`,
      expr: tiles(`${sum}1h`, '30d', '1h'),
    })),
    ...(['1h', '1d', '7d', '30d'] as const).flatMap((window) => ratios(level, window)),
    burn(level, '1d'),
    burn(level, '3d'),
    { record: `${prefix}_mttr_seconds:7d`, expr: mean(sumOver(downtime, '7d'), sumOver(resolved, '7d')) },
    { record: `${prefix}_mttr_seconds:30d`, expr: mean(`${downtime}30d`, `${resolved}30d`) },
    { record: `${prefix}_mttd_seconds:30d`, expr: mean(`${detection}30d`, `${incidents}30d`) },
    { record: `${prefix}_mtbf_seconds:30d`, expr: mean(`(${observed}30d - ${downtime}30d)`, `${incidents}30d`) },
    { record: `${prefix}_recovery_success:ratio_7d`, expr: share(sumOver(failures, '7d'), sumOver(attempts, '7d')) },
    { record: `${prefix}_recovery_success:ratio_30d`, expr: share(`${failures}30d`, `${attempts}30d`) },
    { record: `${prefix}_error_budget_remaining:ratio_30d`, expr: `1 - ${downtime}30d / (${allowed}30d > 0)` },
    {
      record: `${prefix}_error_budget_exhaustion_seconds:6h`,
      // Seconds of budget that are left, at the pace at which the last six hours used them.
      expr: `${WINDOW_SECONDS['6h']} * clamp_min(${allowed}30d - ${downtime}30d, 0) / (${sumOver(downtime, '6h')} > 0)`,
    },
    {
      record: `${prefix}_reliability_score:30d`,
      expr: reliabilityScore({
        budgetUsed: `(1 - ${prefix}_error_budget_remaining:ratio_30d)`,
        downtime: `${downtime}30d`,
        resolved: `${resolved}30d`,
        incidents: `${incidents}30d`,
        observed: `${observed}30d`,
      }),
    },
  ]
}

/** Every account is behind one gateway, so that the fleet is the sum of its gateways: fifty series, not ten thousand. */
function sumOfParts(level: Level, record: string, ofAccounts: string): string {
  return level.sum(level.name === 'fleet' ? record.replace(/^fleet:/, 'gateway:') : ofAccounts)
}

function ratios(level: Level, window: CoveredWindow): readonly RecordingRule[] {
  const { observed, downtime } = sumsOf(level)
  const expected = level.sum(`${MAINTENANCE}${window}`)
  const accounts = expected.replace(/^sum/, 'count')
  return [
    {
      record: `${level.name}:whatsapp_availability:ratio_${window}`,
      expr: share(sumOver(downtime, window), sumOver(observed, window)),
    },
    {
      record: `${level.name}:whatsapp_coverage:ratio_${window}`,
      expr: `clamp_max(${sumOver(observed, window)} / ((${WINDOW_SECONDS[window]} * ${accounts} - ${expected}) > 0), 1)`,
    },
  ]
}

function burn(level: Level, window: (typeof BURN_WINDOWS)[number]): RecordingRule {
  const { downtime, allowed } = sumsOf(level)
  return {
    record: `${level.name}:whatsapp_slo_burn_rate:ratio_${window}`,
    expr: lines(sumOver(downtime, window), `/ (${sumOver(allowed, window)} > 0)`),
  }
}

/** The sum over a window: recorded, or added up from the longest tiles that lie close enough to now. */
function sumOver(sum: string, window: RecordedWindow): string {
  if (window === '5m' || window === '1h' || window === '30d') return `${sum}${window}`
  return window === '3d' || window === '7d' ? tiles(`${sum}1h`, window, '1h') : tiles(`${sum}5m`, window, '5m')
}

function sumsOf(level: Level) {
  return {
    observed: ofLevel(level, OBSERVED),
    downtime: ofLevel(level, DOWNTIME),
    allowed: `${level.name}:whatsapp_error_budget_seconds:increase`,
  }
}

function ofLevel(level: Level, accountSeries: string): string {
  return accountSeries.replace(/^account:/, `${level.name}:`)
}
