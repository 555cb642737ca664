import { GATEWAY_FAMILIES } from '../metrics/catalogue.ts'
import { selector } from '../metrics/promql.ts'
import { ALLOWED, DOWNTIME, DOWNTIME_LAST, OBSERVED } from './account-recordings.ts'
import { growthOf, lines, OUTSIDE_MAINTENANCE, WINDOW_SECONDS } from './expressions.ts'
import { IDENTITY, TRIED, WHO } from './facts.ts'
import { KEPT_ACCOUNT, KEPT_GATEWAY, KEPT_TENANT, kept, unseenTenants } from './kept.ts'
import type { AlertingRule, BoardLink, RecordingRule, RuleGroup } from './rule.ts'

const BOARD: BoardLink = { uid: 'whatsapp-slo', variables: ['account', 'gateway'] }

/**
 * The windows of burn-rate alerts for a 30-day objective: both must burn `factor` times as fast as allowed. The short
 * one ends the alert soon after the burning ends. Source: Google SRE workbook, "Alerting on SLOs", table 5-8.
 */
export const BURN_WINDOWS = {
  page: [
    { long: '1h', short: '5m', factor: 14.4 },
    { long: '6h', short: '30m', factor: 6 },
  ],
  ticket: [
    { long: '1d', short: '2h', factor: 3 },
    { long: '3d', short: '6h', factor: 1 },
  ],
} as const

/** A page needs at least this much downtime within the hour: with 0.999 one short outage would be one already. */
const LEAST_DOWNTIME_SECONDS = 120
/**
 * Share of its window that must have been observed: over the first minutes of an account, of a fleet or of a Prometheus
 * every outage burns at full rate. Who is down tells the alert by cause, at once.
 */
const LEAST_COVERAGE = { page: { window: '1h', share: 0.5 }, ticket: { window: '1d', share: 0.25 } } as const
/** Ratios over less observed time than this say little about an account. */
const LEAST_OBSERVED_SECONDS = WINDOW_SECONDS['7d']
/** An account that is this many times as bad as its gateway has a fault of its own. */
const OWN_FAULT = 1.5

const REMAINING = 'account:whatsapp_error_budget_remaining:ratio_30d'
const EXHAUSTION = 'account:whatsapp_error_budget_exhaustion_seconds:6h'
const AVAILABILITY = 'account:whatsapp_availability:ratio'
const established = `and (${OBSERVED}30d >= ${LEAST_OBSERVED_SECONDS})`

/** Burn rate of the long window of the few accounts outside maintenance that burn at the rate of a page or of a ticket. */
const FAST = 'account:whatsapp_slo_burn_rate:fast'
const SLOW = 'account:whatsapp_slo_burn_rate:slow'

const fast: RecordingRule = {
  record: FAST,
  expr: lines(
    `(${burns('account', BURN_WINDOWS.page)})`,
    `and ((${growthOf(DOWNTIME_LAST, '1h', `${DOWNTIME}1h`)}) >= ${LEAST_DOWNTIME_SECONDS})`,
    enoughSeen('account', 'page'),
    OUTSIDE_MAINTENANCE,
  ),
}

const slow: RecordingRule = {
  record: SLOW,
  expr: lines(`(${burns('account', BURN_WINDOWS.ticket)})`, enoughSeen('account', 'ticket'), OUTSIDE_MAINTENANCE),
}

const pages: readonly AlertingRule[] = [
  {
    alert: 'WhatsAppAccountBudgetBurnFast',
    severity: 'critical',
    summary: 'A WhatsApp account uses up its error budget so fast that it needs a person now.',
    description: `${WHO}${IDENTITY} burns its error budget {{ $value | printf "%.1f" }} times as fast as its objective allows. ${TRIED}`,
    expr: ofItsOwn(FAST, '1h'),
    keepFiringFor: '2m',
    board: BOARD,
  },
]

const tickets: readonly AlertingRule[] = [
  {
    alert: 'WhatsAppAccountBudgetBurnSlow',
    severity: 'warning',
    summary: 'A WhatsApp account uses up its error budget faster than its objective allows.',
    description: `${WHO}${IDENTITY} has burned its error budget {{ $value | printf "%.1f" }} times as fast as its objective allows for hours. ${TRIED}`,
    expr: ofItsOwn(SLOW, '1d'),
    keepFiringFor: '30m',
    board: BOARD,
  },
]

const groupTickets: readonly (RecordingRule | AlertingRule)[] = [
  kept(
    groupBurn('gateway', 'WhatsAppGatewayBudgetBurn', 'behind a WhatsApp gateway', '{{ $labels.gateway }}'),
    KEPT_GATEWAY,
  ),
  unseenTenants,
  kept(groupBurn('tenant', 'WhatsAppTenantBudgetBurn', 'of a tenant', '{{ $labels.tenant }}'), KEPT_TENANT),
]

const budgets: readonly AlertingRule[] = [
  {
    alert: 'WhatsAppAccountBudgetExhausted',
    severity: 'warning',
    summary: 'A WhatsApp account has missed its availability objective.',
    description: `${WHO}${IDENTITY} has used all of its error budget of 30 days; {{ $value | humanizePercentage }} of it is left. ${TRIED}`,
    expr: lines(`(${REMAINING} <= 0)`, established, `and ${ALLOWED}`),
    keepFiringFor: '1h',
    board: BOARD,
  },
  {
    alert: 'WhatsAppAccountBudgetForecast',
    severity: 'warning',
    summary: 'A WhatsApp account will miss its availability objective within three days if it goes on like this.',
    description: `At the pace of the last six hours, ${WHO}${IDENTITY} uses up its error budget in {{ $value | humanizeDuration }}. ${TRIED}`,
    expr: lines(
      `(0 < ${EXHAUSTION} < ${WINDOW_SECONDS['3d']})`,
      // Six hours alone would turn one outage into a trend.
      'and (account:whatsapp_slo_burn_rate:ratio_6h > 1)',
      'and (account:whatsapp_slo_burn_rate:ratio_1d > 1)',
      established,
      `and ${ALLOWED}`,
    ),
    keepFiringFor: '1h',
    board: BOARD,
  },
  {
    alert: 'WhatsAppAccountAvailabilityDeclining',
    severity: 'warning',
    summary: 'The availability of a WhatsApp account is lower than in the week before.',
    description: `${WHO}${IDENTITY} was available {{ $value | humanizePercentage }} less of the last seven days than of the seven days before. ${TRIED}`,
    expr: lines(
      `((${AVAILABILITY}_7d offset 7d - ${AVAILABILITY}_7d) > ${ALLOWED})`,
      'and (account:whatsapp_coverage:ratio_7d > 0.5)',
      'and (account:whatsapp_coverage:ratio_7d offset 7d > 0.5)',
    ),
    keepFiringFor: '1h',
    board: BOARD,
  },
]

/** Alerts about the promise: how fast its budget goes, whether it is broken, and whether it will be. */
export const sloAlerts: readonly RuleGroup[] = [
  { name: 'whatsapp-slo-pages', interval: '1m', rules: [fast, ...pages.map(keptOne)] },
  // As often as what they are made of.
  { name: 'whatsapp-slo-tickets', interval: '4m', rules: [slow, ...tickets.map(keptOne), ...groupTickets] },
  { name: 'whatsapp-slo-budgets', interval: '4m', rules: budgets.map(keptOne) },
]

function keptOne(rule: AlertingRule): AlertingRule {
  return kept(rule, KEPT_ACCOUNT)
}

/** Either pair of windows burns at its factor; the value is the burn rate of the long window. */
function burns(level: string, windows: (typeof BURN_WINDOWS)['page' | 'ticket']): string {
  const rate = (window: string) => `${level}:whatsapp_slo_burn_rate:ratio_${window}`
  return windows
    .map(({ long, short, factor }) => `((${rate(long)} > ${factor}) and (${rate(short)} > ${factor}))`)
    .join('\nor ')
}

/** Those of which enough was observed to speak of a rate. */
function enoughSeen(level: string, kind: keyof typeof LEAST_COVERAGE): string {
  const { window, share } = LEAST_COVERAGE[kind]
  return `and (${level}:whatsapp_coverage:ratio_${window} >= ${share})`
}

/** Of some accounts those that are not down together with their gateway: that is one fault, and has alerts of its own. */
function ofItsOwn(few: string, window: '1h' | '1d'): string {
  return lines(
    few,
    `unless (`,
    `  ((1 - (${AVAILABILITY}_${window} and ${few})) <= on (gateway) group_left () (${OWN_FAULT} * (1 - gateway:whatsapp_availability:ratio_${window})))`,
    `  and on (gateway) (${selector(GATEWAY_FAMILIES.accounts)} > 1)`,
    `)`,
  )
}

function groupBurn(level: 'gateway' | 'tenant', alert: string, whose: string, name: string): AlertingRule {
  return {
    alert,
    severity: 'warning',
    summary: `The accounts ${whose} together use up their error budget faster than their objectives allow.`,
    description: `The accounts of the ${level} ${name} have together burned their error budget {{ $value | printf "%.1f" }} times as fast as their objectives allow for hours.`,
    expr: lines(`(${burns(level, BURN_WINDOWS.ticket)})`, enoughSeen(level, 'ticket')),
    keepFiringFor: '30m',
    board: { uid: 'whatsapp-slo', variables: [level] },
  }
}
