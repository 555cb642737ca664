import { z } from 'zod'
import { REASONS, STATES, STATUSES } from '../accounts/vocabulary.ts'

// The published form of an analysis: report.schema.json, the JSON report and GET /api/analytics. Moments are RFC 3339 in
// UTC, spans are seconds, shares are ratios from 0 to 1. A figure is null where there was nothing to compute it from.

const Moment = z.string().meta({ format: 'date-time', description: 'RFC 3339, UTC.' })
const Span = z.number().describe('Seconds.')
const Ratio = z.number().describe('0 to 1.')
const count = z.int().min(0)
const Reason = z.enum(REASONS)

const PeriodDocument = z
  .strictObject({
    kind: z.enum(['day', 'week', 'month', 'quarter', 'custom']),
    name: z.string().describe('`2026-03-01`, `2026-W10`, `2026-03`, `2026-Q1`, or `2026-03-01..2026-03-15`.'),
    timeZone: z.string().describe('IANA name.'),
    from: Moment,
    to: Moment.describe('Not part of it any more.'),
  })
  .describe('A stretch of the calendar.')

const SelectionDocument = z
  .strictObject({
    accounts: z.array(z.string()).exactOptional(),
    gateways: z.array(z.string()).exactOptional(),
    labels: z.record(z.string(), z.string()).exactOptional(),
  })
  .describe('An absent part selects every account.')

const figures = {
  observedSeconds: Span.describe('Time that was seen, planned maintenance left out.'),
  downtimeSeconds: Span,
  plannedSeconds: Span.describe('Planned maintenance; overlapping windows count once.'),
  availability: Ratio.nullable().describe('1 − downtime ÷ observed.'),
  coverage: Ratio.describe('observed ÷ (period until asOf − maintenance).'),
  checks: count,
  failures: count,
  incidents: count.describe('Incidents that began in the period.'),
  mttrSeconds: Span.nullable().describe('Mean downtime of the incidents that ended in the period.'),
  mttdSeconds: Span.nullable().describe(
    'Mean time to the confirming check, of the incidents that began in the period.',
  ),
  mtbfSeconds: Span.nullable().describe('(observed − downtime) ÷ incidents.'),
  recovery: z.strictObject({
    attempts: count,
    verified: count,
    failed: count,
    success: Ratio.nullable().describe('verified ÷ (verified + failed).'),
  }),
  reliability: z
    .number()
    .nullable()
    .describe(
      '0 to 100: 60 × (1 − budget used ÷ 10) + 20 × (1 − downtime per ended incident ÷ 1 h) + 20 × (1 − incidents per observed day), each bracket from 0 to 1.',
    ),
}

const ResponseDocument = z.strictObject({
  count,
  p50Seconds: Span.nullable(),
  p95Seconds: Span.nullable(),
  p99Seconds: Span.nullable(),
  maxSeconds: Span.nullable(),
})

const CauseDocument = z.strictObject({ cause: Reason, incidents: count, downtimeInPeriodSeconds: Span })

const DayDocument = z.strictObject({
  date: z.string().describe('In the time zone of the period.'),
  from: Moment,
  to: Moment,
  observedSeconds: Span,
  downtimeSeconds: Span,
  plannedSeconds: Span,
  incidents: count,
  meanResponseSeconds: Span.nullable(),
})

const weekOf = (item: z.ZodNumber) => z.array(item).length(168)
const HourOfWeekDocument = z
  .strictObject({
    observedSeconds: weekOf(Span),
    downtimeSeconds: weekOf(Span),
    incidentStarts: weekOf(count),
    peaks: z.array(
      z.strictObject({ hour: z.int().min(0).max(167), downtimeShare: Ratio, timesUsual: z.number(), weeks: count }),
    ),
  })
  .describe('168 sums by hour of the week in the time zone of the period; 0 is Monday 00:00 to 01:00.')

const TrendDocument = z.strictObject({
  direction: z.enum(['better', 'worse', 'steady']),
  perDay: z.number(),
  pValue: Ratio,
  days: count,
})

const ForecastDocument = z.strictObject({
  missProbability: Ratio,
  standardError: z.number(),
  likelihood: z.enum(['likely', 'possible', 'unlikely']),
  p10: Ratio,
  p50: Ratio,
  p90: Ratio,
  days: count,
  nextDays: count,
})

const PlannedDocument = z.strictObject({
  id: z.string(),
  select: SelectionDocument,
  startedAt: Moment,
  endedAt: Moment,
  author: z.string(),
  reason: z.string(),
})

const AccountDocument = z.strictObject({
  key: z.string().describe('`gateway/account`.'),
  account: z.string(),
  gateway: z.string(),
  phone: z.string().nullable(),
  name: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  objective: Ratio,
})

const IncidentDocument = z.strictObject({
  id: z.string(),
  key: z.string(),
  account: z.string(),
  gateway: z.string(),
  startedAt: Moment,
  detectedAt: Moment,
  endedAt: Moment.nullable(),
  cause: Reason,
  state: z.enum(STATES),
  downtimeSeconds: Span,
  attempts: count,
  resolution: z.enum(['recovered', 'repaired', 'removed']).nullable(),
})

const AttemptDocument = z.strictObject({
  id: z.string(),
  key: z.string(),
  account: z.string(),
  gateway: z.string(),
  incidentId: z.string().nullable(),
  attempt: count,
  by: z.string(),
  reason: Reason.nullable(),
  requestedAt: Moment,
  acceptedAt: Moment.nullable(),
  endedAt: Moment.nullable(),
  outcome: z.enum(['pending', 'verified', 'failed', 'rejected', 'needs_human', 'dry_run', 'interrupted']),
  detail: z.string(),
})

const SLO_VERDICT = z.enum(['met', 'missed', 'unknown'])

/** One account in full; also the answer of GET /api/analytics/accounts/{id}. */
export const AccountAnalysisDocument = z.strictObject({
  account: AccountDocument,
  gone: z.boolean(),
  source: z.enum(['prometheus', 'store']),
  watchedFrom: Moment.nullable(),
  ...figures,
  verdict: SLO_VERDICT,
  budgetSeconds: Span.describe('(1 − objective) × observed.'),
  budgetUsed: z.number().nullable().describe('downtime ÷ budget; above 1 the objective is missed.'),
  response: ResponseDocument,
  causes: z.array(CauseDocument),
  days: z.array(DayDocument),
  hourOfWeek: HourOfWeekDocument,
  incidentList: z.array(
    z.strictObject({
      incident: IncidentDocument,
      downtimeInPeriodSeconds: Span,
      carriedOver: z.boolean(),
      open: z.boolean(),
      attempts: z.array(AttemptDocument),
    }),
  ),
  planned: z.array(PlannedDocument),
  before: z.strictObject(figures).nullable(),
  trend: TrendDocument.nullable(),
  forecast: ForecastDocument.nullable(),
})

const FleetDocument = z.strictObject({
  accounts: count,
  met: count,
  missed: count,
  unknown: count,
  ...figures,
  budgetSeconds: Span,
  budgetUsed: z.number().nullable(),
  response: ResponseDocument,
  causes: z.array(CauseDocument),
  days: z.array(DayDocument),
  hourOfWeek: HourOfWeekDocument,
  before: z.strictObject({ ...figures, period: PeriodDocument }).nullable(),
  trend: TrendDocument.nullable(),
  atRisk: z.array(
    z.strictObject({ key: z.string(), account: z.string(), gateway: z.string(), forecast: ForecastDocument }),
  ),
})

const RankedDocument = z.strictObject({
  rank: z.int().min(1),
  key: z.string(),
  account: z.string(),
  gateway: z.string(),
  name: z.string().nullable(),
  objective: Ratio,
  verdict: SLO_VERDICT,
  availability: Ratio.nullable(),
  coverage: Ratio,
  downtimeSeconds: Span,
  budgetUsed: z.number().nullable(),
  incidents: count,
  reliability: z.number().nullable(),
  p95Seconds: Span.nullable(),
  change: z.number().nullable().describe('Availability minus that of the period before.'),
  missProbability: Ratio.nullable(),
})

const NoteDocument = z.strictObject({
  code: z.enum([
    'period-unfinished',
    'low-coverage',
    'prometheus-unavailable',
    'store-used',
    'history-expired',
    'response-times-sampled',
    'accounts-gone',
    'accounts-omitted',
    'nothing-selected',
  ]),
  detail: z.string(),
  accounts: count.nullable(),
})

/** A whole report as JSON. `version` grows when a reader of the older form would be misled. */
export const ReportDocument = z.strictObject({
  version: z.literal(1),
  period: PeriodDocument,
  asOf: Moment,
  selection: SelectionDocument,
  fleet: FleetDocument,
  ranking: z.array(RankedDocument).describe('Every account, worst first.'),
  accounts: z.array(AccountAnalysisDocument).describe('The worst accounts in full.'),
  omitted: count.describe('Accounts that stand in the ranking only.'),
  planned: z.array(PlannedDocument),
  notes: z.array(NoteDocument).describe('What a reader must know to trust the figures.'),
})
export type ReportDocument = z.output<typeof ReportDocument>

/** One incident from begin to end; the answer of GET /api/analytics/incidents/{id}. */
export const IncidentAnalysisDocument = z.strictObject({
  incident: IncidentDocument,
  account: AccountDocument,
  timeZone: z.string(),
  transitions: z.array(
    z.strictObject({
      key: z.string(),
      at: Moment,
      fromState: z.enum(STATES),
      toState: z.enum(STATES),
      fromStatus: z.enum(STATUSES),
      toStatus: z.enum(STATUSES),
      reason: Reason.nullable(),
      native: z.string(),
    }),
  ),
  attempts: z.array(AttemptDocument),
  planned: z.array(PlannedDocument),
  sameTime: z.array(IncidentDocument),
  sameTimeElsewhere: count,
  recentIncidents: count,
  asOf: Moment,
})

/** JSON Schema (2020-12) of the JSON report: report.schema.json. */
export function reportJsonSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(ReportDocument)
  return { $schema, title: 'SLA report of whatsapp-exporter', ...schema }
}
