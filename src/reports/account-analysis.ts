import type { Account } from '../accounts/account.ts'
import type { Incident } from '../health/health.ts'
import type { MaintenanceWindow } from '../health/maintenance.ts'
import type { RecoveryAttempt } from '../health/recovery.ts'
import type { TimeRange } from '../store/store.ts'
import type { AccountAnalysis, CauseFigures, DayFigures, IncidentEntry, Period } from './analysis.ts'
import { figuresOf, type Sums, sumsOf } from './figures.ts'
import { forecastOf, type ObservedDay } from './forecast.ts'
import { type AccountHistory, DAY_MS, type HistorySlot, HOUR_MS } from './history.ts'
import { daysOf, periodAfter, periodBefore } from './period.ts'
import { type PlannedTime, plannedTime } from './planned-time.ts'
import { trendOf } from './trend.ts'
import { hoursOfWeek, type WeekPattern, weekPattern } from './week-pattern.ts'

/** What trend and forecast look back on at least, where the period and the one before are shorter. */
const BASELINE_MS = 28 * DAY_MS

/** The stretches of time that one analysis reads; all of its accounts share them. */
export interface AnalysisFrame {
  readonly period: Period
  readonly before: Period
  /** From the period's begin to its end, or to now where that is earlier. */
  readonly range: TimeRange
  /** What came before, for comparison, trend and forecast. */
  readonly baseline: TimeRange
  readonly days: readonly (TimeRange & { readonly date: string })[]
  readonly baselineDays: readonly (TimeRange & { readonly date: string })[]
  readonly nextDays: number
  readonly hourOfWeek: (atMs: number) => number
}

/** All that is known of one account; incidents and attempts of the whole frame. */
export interface AccountFacts {
  readonly account: Account
  readonly gone: boolean
  readonly history: AccountHistory
  readonly baseline: readonly HistorySlot[]
  readonly incidents: readonly Incident[]
  readonly attempts: readonly RecoveryAttempt[]
  readonly windows: readonly MaintenanceWindow[]
}

/** The account's analysis, and what the fleet's is added up from. */
export interface AnalysedAccount {
  readonly analysis: AccountAnalysis
  readonly sums: Sums
  readonly sumsBefore: Sums
  readonly pattern: WeekPattern
  readonly baselineDays: readonly ObservedDay[]
}

export function analysisFrame(period: Period, nowMs: number): AnalysisFrame {
  const before = periodBefore(period)
  const range = { fromMs: period.fromMs, toMs: Math.max(period.fromMs, Math.min(period.toMs, nowMs)) }
  const baseline = { fromMs: Math.min(before.fromMs, period.fromMs - BASELINE_MS), toMs: period.fromMs }
  return {
    period,
    before,
    range,
    baseline,
    days: daysOf(period)
      .filter(({ fromMs }) => fromMs < range.toMs)
      .map((day) => ({ ...day, toMs: Math.min(day.toMs, range.toMs) })),
    baselineDays: daysOf({ ...period, ...baseline }),
    nextDays: daysOf(periodAfter(period)).length,
    hourOfWeek: hoursOfWeek(period),
  }
}

/** Every figure of one account. Pure: the same facts give the same analysis. */
export function analyseAccount(frame: AnalysisFrame, facts: AccountFacts): AnalysedAccount {
  const { period, range, before } = frame
  const { account, history, attempts } = facts
  const { slots } = history
  const planned = plannedTime(facts.windows, account, { fromMs: frame.baseline.fromMs, toMs: range.toMs })
  const plannedNow = plannedTime(facts.windows, account, range)
  const incidents = facts.incidents
    .filter(({ startMs }) => startMs < range.toMs)
    .map((incident) => asKnownAt(incident, range.toMs, planned))
  const sums = sumsOf(range, account.objective, plannedNow.within(range), slots, incidents, attempts)
  const slotsBefore = facts.baseline.filter(({ fromMs }) => fromMs >= before.fromMs)
  const sumsBefore = sumsOf(before, account.objective, planned.within(before), slotsBefore, incidents, attempts)
  const figures = figuresOf(sums)
  const { budgetMs } = sums

  const incidentList = incidents
    .filter(({ endMs, startMs }) => endMs === null || endMs > range.fromMs || startMs >= range.fromMs)
    .toSorted((a, b) => b.startMs - a.startMs)
    .map((incident) => incidentEntry(incident, range, planned, sums.downtimeMs, attempts))
  const pattern = weekPattern(frame.hourOfWeek, period.fromMs)
  for (const slot of slots) pattern.addSlot(slot)
  for (const { incident, carriedOver } of incidentList) if (!carriedOver) pattern.addIncident(incident)

  const days = dayFigures(frame.days, slots, incidents, planned)
  const baselineDays = dayFigures(frame.baselineDays, facts.baseline, [], planned)
  const observedDays = [...baselineDays, ...days].filter(({ observedMs }) => observedMs >= HOUR_MS)
  const { key, account: id, gateway, phone, name, labels, objective } = account
  return {
    sums,
    sumsBefore,
    pattern,
    baselineDays,
    analysis: {
      account: { key, account: id, gateway, phone, name, labels, objective },
      gone: facts.gone,
      source: history.source,
      watchedFromMs: slots.find(({ checks }) => checks > 0)?.fromMs ?? null,
      ...figures,
      verdict: figures.availability === null ? 'unknown' : figures.availability >= objective ? 'met' : 'missed',
      budgetMs,
      budgetUsed: budgetMs > 0 ? figures.downtimeMs / budgetMs : null,
      response: history.responses.figures(),
      causes: causesOf(incidentList),
      days,
      hourOfWeek: pattern.figures(),
      incidentList,
      planned: plannedNow.entries,
      before: sumsBefore.observedMs > 0 ? figuresOf(sumsBefore) : null,
      trend: trendOf(observedDays.map(availabilityOf)),
      forecast: forecastOf(observedDays, objective, frame.nextDays, `${key} ${period.name}`),
    },
  }
}

/** Share of the day without downtime. */
export function availabilityOf({ observedMs, downtimeMs }: ObservedDay): number {
  return 1 - Math.min(1, downtimeMs / observedMs)
}

/** Incidents by cause, most downtime first. */
function causesOf(entries: readonly IncidentEntry[]): readonly CauseFigures[] {
  const byCause = new Map<CauseFigures['cause'], CauseFigures>()
  for (const { incident, downtimeInPeriodMs } of entries) {
    const known = byCause.get(incident.cause) ?? { cause: incident.cause, incidents: 0, downtimeInPeriodMs: 0 }
    byCause.set(incident.cause, {
      cause: incident.cause,
      incidents: known.incidents + 1,
      downtimeInPeriodMs: known.downtimeInPeriodMs + downtimeInPeriodMs,
    })
  }
  return sortedCauses([...byCause.values()])
}

export function sortedCauses(causes: readonly CauseFigures[]): readonly CauseFigures[] {
  return causes.toSorted(
    (a, b) => b.downtimeInPeriodMs - a.downtimeInPeriodMs || b.incidents - a.incidents || (a.cause < b.cause ? -1 : 1),
  )
}

/** The incident as the ledger had it at that moment: what ends later is open. */
function asKnownAt(incident: Incident, atMs: number, planned: PlannedTime): Incident {
  if (incident.endMs === null || incident.endMs <= atMs) return incident
  const soFarMs = unplannedMs({ fromMs: incident.startMs, toMs: atMs }, planned)
  return { ...incident, endMs: null, resolution: null, downtimeMs: Math.min(incident.downtimeMs, soFarMs) }
}

function incidentEntry(
  incident: Incident,
  range: TimeRange,
  planned: PlannedTime,
  downtimeMs: number,
  attempts: readonly RecoveryAttempt[],
): IncidentEntry {
  const { id, startMs, endMs } = incident
  const insideMs = unplannedMs(
    { fromMs: Math.max(startMs, range.fromMs), toMs: Math.min(endMs ?? range.toMs, range.toMs) },
    planned,
  )
  return {
    incident,
    // The ledger tells the downtime of an open incident only now and then: what history saw is its bound.
    downtimeInPeriodMs: Math.min(insideMs, endMs === null ? downtimeMs : incident.downtimeMs),
    carriedOver: startMs < range.fromMs,
    open: endMs === null,
    attempts: attempts
      .filter(({ incidentId, requestedMs }) => incidentId === id && requestedMs < range.toMs)
      .toSorted((a, b) => a.requestedMs - b.requestedMs),
  }
}

function unplannedMs(range: TimeRange, planned: PlannedTime): number {
  return range.toMs <= range.fromMs ? 0 : range.toMs - range.fromMs - planned.within(range)
}

function dayFigures(
  days: AnalysisFrame['days'],
  slots: readonly HistorySlot[],
  incidents: readonly Incident[],
  planned: PlannedTime,
): readonly DayFigures[] {
  const sums = days.map(() => ({ observedMs: 0, downtimeMs: 0, responseMs: 0, answered: 0 }))
  let index = 0
  for (const slot of slots) {
    while (index < days.length - 1 && slot.fromMs >= (days[index]?.toMs ?? 0)) index++
    const sum = sums[index]
    if (sum === undefined) break
    sum.observedMs += slot.observedMs
    sum.downtimeMs += slot.downtimeMs
    if (slot.meanResponseMs === null) continue
    sum.responseMs += slot.meanResponseMs * slot.checks
    sum.answered += slot.checks
  }
  return days.map((day, at) => {
    const { observedMs, downtimeMs, responseMs, answered } = sums[at] ?? NOTHING
    return {
      ...day,
      observedMs,
      downtimeMs,
      plannedMs: planned.within(day),
      incidents: incidents.filter(({ startMs }) => startMs >= day.fromMs && startMs < day.toMs).length,
      meanResponseMs: answered > 0 ? responseMs / answered : null,
    }
  })
}

const NOTHING = { observedMs: 0, downtimeMs: 0, responseMs: 0, answered: 0 }
