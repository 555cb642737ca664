import type { RecoveryAttempt } from '../health/recovery.ts'
import type { AccountAnalysis, AnalysisNote, DayFigures, FailurePeak, IncidentEntry, PlannedEntry } from './analysis.ts'
import { type Column, csvHeader, csvLine, csvRow } from './csv.ts'

type Account = AccountAnalysis
type Of<T> = { readonly of: Account; readonly item: T }

const seconds = (ms: number | null) => (ms === null ? null : Math.round(ms) / 1000)
const at = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())
const rounded = (value: number | null) => (value === null ? null : Math.round(value * 1e9) / 1e9)

const whose: readonly Column<{ readonly of: Account }>[] = [
  { name: 'gateway', type: 'text', meaning: 'Name of the gateway.', cell: ({ of }) => of.account.gateway },
  {
    name: 'account',
    type: 'text',
    meaning: 'Id of the account, unique within its gateway.',
    cell: ({ of }) => of.account.account,
  },
]

const accounts: readonly Column<{ readonly of: Account }>[] = [
  ...whose,
  {
    name: 'phone',
    type: 'text',
    meaning: 'Phone number, shown as `privacy.phone` says.',
    cell: ({ of }) => of.account.phone,
  },
  { name: 'name', type: 'text', meaning: 'Display name.', cell: ({ of }) => of.account.name },
  {
    name: 'labels',
    type: 'text',
    meaning: 'Operator labels, `name=value` in the order of their names, separated by semicolons.',
    cell: ({ of }) => labelsText(of),
  },
  {
    name: 'gone',
    type: 'boolean',
    meaning: 'Whether the account is no longer in the fleet.',
    cell: ({ of }) => of.gone,
  },
  {
    name: 'objective',
    type: 'ratio',
    meaning: 'Availability that was promised.',
    cell: ({ of }) => of.account.objective,
  },
  {
    name: 'slo',
    type: 'text',
    meaning: '`met`, `missed`, or `unknown` where nothing was seen.',
    cell: ({ of }) => of.verdict,
  },
  {
    name: 'availability',
    type: 'ratio',
    meaning: '1 − downtime ÷ observed.',
    cell: ({ of }) => rounded(of.availability),
  },
  {
    name: 'coverage',
    type: 'ratio',
    meaning: 'observed ÷ (period until now − maintenance).',
    cell: ({ of }) => rounded(of.coverage),
  },
  {
    name: 'observed_seconds',
    type: 'seconds',
    meaning: 'Time that was seen, maintenance left out.',
    cell: ({ of }) => seconds(of.observedMs),
  },
  {
    name: 'downtime_seconds',
    type: 'seconds',
    meaning: 'Time in confirmed outages, maintenance and unseen time left out.',
    cell: ({ of }) => seconds(of.downtimeMs),
  },
  {
    name: 'planned_seconds',
    type: 'seconds',
    meaning: 'Planned maintenance; overlapping windows count once.',
    cell: ({ of }) => seconds(of.plannedMs),
  },
  {
    name: 'budget_seconds',
    type: 'seconds',
    meaning: '(1 − objective) × observed.',
    cell: ({ of }) => seconds(of.budgetMs),
  },
  {
    name: 'budget_used',
    type: 'ratio',
    meaning: 'downtime ÷ budget; above 1 the objective is missed.',
    cell: ({ of }) => rounded(of.budgetUsed),
  },
  { name: 'checks', type: 'count', meaning: 'Checks made.', cell: ({ of }) => of.checks },
  {
    name: 'check_failures',
    type: 'count',
    meaning: 'Checks that found the account unusable.',
    cell: ({ of }) => of.failures,
  },
  { name: 'incidents', type: 'count', meaning: 'Incidents that began in the period.', cell: ({ of }) => of.incidents },
  {
    name: 'mttr_seconds',
    type: 'seconds',
    meaning: 'Mean downtime of the incidents that ended in the period.',
    cell: ({ of }) => seconds(of.mttrMs),
  },
  {
    name: 'mttd_seconds',
    type: 'seconds',
    meaning: 'Mean time from the first bad check to the confirming one.',
    cell: ({ of }) => seconds(of.mttdMs),
  },
  {
    name: 'mtbf_seconds',
    type: 'seconds',
    meaning: '(observed − downtime) ÷ incidents.',
    cell: ({ of }) => seconds(of.mtbfMs),
  },
  {
    name: 'recovery_attempts',
    type: 'count',
    meaning: 'Restarts requested in the period, dry runs left out.',
    cell: ({ of }) => of.recovery.attempts,
  },
  {
    name: 'recovery_success',
    type: 'ratio',
    meaning: 'verified ÷ (verified + failed).',
    cell: ({ of }) => rounded(of.recovery.success),
  },
  {
    name: 'reliability',
    type: 'score',
    meaning:
      '0 to 100: 60 × (1 − budget used ÷ 10) + 20 × (1 − downtime per ended incident ÷ 1 h) + 20 × (1 − incidents per observed day), each bracket from 0 to 1.',
    cell: ({ of }) => (of.reliability === null ? null : Math.round(of.reliability * 100) / 100),
  },
  {
    name: 'response_p50_seconds',
    type: 'seconds',
    meaning: 'Median response time of answered checks.',
    cell: ({ of }) => seconds(of.response.p50Ms),
  },
  {
    name: 'response_p95_seconds',
    type: 'seconds',
    meaning: '95 % of the answered checks were at most this slow.',
    cell: ({ of }) => seconds(of.response.p95Ms),
  },
  {
    name: 'response_p99_seconds',
    type: 'seconds',
    meaning: '99 % of the answered checks were at most this slow.',
    cell: ({ of }) => seconds(of.response.p99Ms),
  },
  {
    name: 'availability_before',
    type: 'ratio',
    meaning: 'Availability in the period before.',
    cell: ({ of }) => rounded(of.before?.availability ?? null),
  },
  {
    name: 'trend',
    type: 'text',
    meaning: '`better`, `worse` or `steady`; empty below 14 observed days.',
    cell: ({ of }) => of.trend?.direction ?? null,
  },
  {
    name: 'miss_probability',
    type: 'ratio',
    meaning: 'Probability that the next period misses the objective, if it is like the past.',
    cell: ({ of }) => of.forecast?.missProbability ?? null,
  },
  {
    name: 'source',
    type: 'text',
    meaning: 'Where the history came from: `prometheus` or `store`.',
    cell: ({ of }) => of.source,
  },
]

const days: readonly Column<Of<DayFigures>>[] = [
  ...whose,
  { name: 'date', type: 'text', meaning: 'Day in the time zone of the period.', cell: ({ item }) => item.date },
  { name: 'from', type: 'timestamp', meaning: 'Begin of the day.', cell: ({ item }) => at(item.fromMs) },
  {
    name: 'to',
    type: 'timestamp',
    meaning: 'End of the day; it has 23 or 25 hours when the clocks change.',
    cell: ({ item }) => at(item.toMs),
  },
  {
    name: 'observed_seconds',
    type: 'seconds',
    meaning: 'Time that was seen, maintenance left out.',
    cell: ({ item }) => seconds(item.observedMs),
  },
  {
    name: 'downtime_seconds',
    type: 'seconds',
    meaning: 'Downtime of the day.',
    cell: ({ item }) => seconds(item.downtimeMs),
  },
  {
    name: 'planned_seconds',
    type: 'seconds',
    meaning: 'Planned maintenance of the day.',
    cell: ({ item }) => seconds(item.plannedMs),
  },
  { name: 'incidents', type: 'count', meaning: 'Incidents that began on the day.', cell: ({ item }) => item.incidents },
  {
    name: 'response_mean_seconds',
    type: 'seconds',
    meaning: 'Mean response time of the answered checks.',
    cell: ({ item }) => seconds(item.meanResponseMs),
  },
]

const incidents: readonly Column<Of<IncidentEntry>>[] = [
  { name: 'incident', type: 'text', meaning: 'Id of the incident.', cell: ({ item }) => item.incident.id },
  ...whose,
  { name: 'started', type: 'timestamp', meaning: 'First bad check.', cell: ({ item }) => at(item.incident.startMs) },
  {
    name: 'detected',
    type: 'timestamp',
    meaning: 'The check that confirmed it.',
    cell: ({ item }) => at(item.incident.detectedMs),
  },
  {
    name: 'ended',
    type: 'timestamp',
    meaning: 'First good check; empty while open at the end of the period.',
    cell: ({ item }) => at(item.incident.endMs),
  },
  { name: 'cause', type: 'text', meaning: 'Reason code (docs/health.md).', cell: ({ item }) => item.incident.cause },
  { name: 'state', type: 'text', meaning: 'What the gateway said.', cell: ({ item }) => item.incident.state },
  {
    name: 'downtime_seconds',
    type: 'seconds',
    meaning: 'Downtime of the whole incident.',
    cell: ({ item }) => seconds(item.incident.downtimeMs),
  },
  {
    name: 'downtime_in_period_seconds',
    type: 'seconds',
    meaning: 'The part of it that lies in the period.',
    cell: ({ item }) => seconds(item.downtimeInPeriodMs),
  },
  {
    name: 'carried_over',
    type: 'boolean',
    meaning: 'Whether it began before the period.',
    cell: ({ item }) => item.carriedOver,
  },
  { name: 'attempts', type: 'count', meaning: 'Restarts that were tried.', cell: ({ item }) => item.attempts.length },
  {
    name: 'resolution',
    type: 'text',
    meaning: '`recovered` on its own, `repaired` by a restart, `removed` with its account; empty while open.',
    cell: ({ item }) => item.incident.resolution,
  },
]

const attempts: readonly Column<Of<RecoveryAttempt>>[] = [
  { name: 'attempt', type: 'text', meaning: 'Id of the attempt.', cell: ({ item }) => item.id },
  {
    name: 'incident',
    type: 'text',
    meaning: 'Id of the incident that it was for.',
    cell: ({ item }) => item.incidentId,
  },
  ...whose,
  {
    name: 'number',
    type: 'count',
    meaning: '1 for the first attempt of the budget.',
    cell: ({ item }) => item.attempt,
  },
  { name: 'by', type: 'text', meaning: '`policy`, or who asked for it.', cell: ({ item }) => item.by },
  { name: 'requested', type: 'timestamp', meaning: 'When it was decided.', cell: ({ item }) => at(item.requestedMs) },
  {
    name: 'accepted',
    type: 'timestamp',
    meaning: 'When the gateway took it; empty where it did not.',
    cell: ({ item }) => at(item.acceptedMs),
  },
  { name: 'ended', type: 'timestamp', meaning: 'When its outcome was known.', cell: ({ item }) => at(item.endMs) },
  {
    name: 'outcome',
    type: 'text',
    meaning:
      '`verified` by a later good check, `failed`, `rejected`, `needs_human`, `interrupted`, `dry_run` or `pending`.',
    cell: ({ item }) => item.outcome,
  },
  { name: 'detail', type: 'text', meaning: 'What the gateway said.', cell: ({ item }) => item.detail },
]

const maintenance: readonly Column<Of<PlannedEntry>>[] = [
  ...whose,
  { name: 'window', type: 'text', meaning: 'Id of the window.', cell: ({ item }) => item.id },
  { name: 'started', type: 'timestamp', meaning: 'Begin, cut to the period.', cell: ({ item }) => at(item.startMs) },
  { name: 'ended', type: 'timestamp', meaning: 'End, cut to the period.', cell: ({ item }) => at(item.endMs) },
  { name: 'author', type: 'text', meaning: 'Who planned it.', cell: ({ item }) => item.author },
  { name: 'reason', type: 'text', meaning: 'Why.', cell: ({ item }) => item.reason },
]

const peaks: readonly Column<Of<FailurePeak>>[] = [
  ...whose,
  {
    name: 'hour_of_week',
    type: 'count',
    meaning: '0 is Monday 00:00 to 01:00 in the time zone of the period, 167 the last hour of Sunday.',
    cell: ({ item }) => item.hour,
  },
  {
    name: 'downtime_share',
    type: 'ratio',
    meaning: 'Downtime ÷ observed in that hour of the week.',
    cell: ({ item }) => rounded(item.downtimeShare),
  },
  {
    name: 'times_usual',
    type: 'ratio',
    meaning: 'That share ÷ the share of the whole period.',
    cell: ({ item }) => rounded(item.timesUsual),
  },
  {
    name: 'weeks',
    type: 'count',
    meaning: 'Weeks of the period in which the hour saw downtime.',
    cell: ({ item }) => item.weeks,
  },
]

const notes: readonly Column<AnalysisNote>[] = [
  { name: 'code', type: 'text', meaning: 'What kind of note.', cell: ({ code }) => code },
  { name: 'accounts', type: 'count', meaning: 'How many accounts it is about.', cell: ({ accounts: about }) => about },
  { name: 'detail', type: 'text', meaning: 'The note.', cell: ({ detail }) => detail },
]

/** One file of a CSV report. */
export interface CsvTable {
  /** File name without folder. */
  readonly name: string
  readonly columns: readonly { readonly name: string; readonly type: string; readonly meaning: string }[]
}

interface AccountTable extends CsvTable {
  /** The lines of one account. */
  readonly lines: (account: Account) => readonly string[]
}

/** The tables with lines of every account, in the order in which a reader wants them. */
export const ACCOUNT_TABLES: readonly AccountTable[] = [
  tableOf('accounts.csv', accounts, (of) => [{ of }]),
  tableOf('incidents.csv', incidents, (of) => of.incidentList.map((item) => ({ of, item }))),
  tableOf('recovery-attempts.csv', attempts, (of) =>
    of.incidentList.flatMap((entry) => entry.attempts.map((item) => ({ of, item }))),
  ),
  tableOf('days.csv', days, (of) => of.days.map((item) => ({ of, item }))),
  tableOf('failure-peaks.csv', peaks, (of) => of.hourOfWeek.peaks.map((item) => ({ of, item }))),
  tableOf('maintenance.csv', maintenance, (of) => of.planned.map((item) => ({ of, item }))),
]

export const NOTES_TABLE: CsvTable & { readonly line: (note: AnalysisNote) => string } = {
  name: 'notes.csv',
  columns: notes,
  line: (note) => csvRow(notes, note),
}

/** data-dictionary.csv: every column of every table. */
export function dataDictionary(): string {
  const columns = [{ name: 'table' }, { name: 'column' }, { name: 'type' }, { name: 'meaning' }]
  const rows = [...ACCOUNT_TABLES, NOTES_TABLE].flatMap((table) =>
    table.columns.map(({ name, type, meaning }) => csvLine([table.name, name, type, meaning])),
  )
  return csvHeader(columns) + rows.join('')
}

function tableOf<Row>(
  name: string,
  columns: readonly Column<Row>[],
  rows: (account: Account) => readonly Row[],
): AccountTable {
  return { name, columns, lines: (account) => rows(account).map((row) => csvRow(columns, row)) }
}

function labelsText({ account }: Account): string {
  return Object.entries(account.labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join(';')
}
