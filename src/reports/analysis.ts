import type { Account, AccountKey } from '../accounts/account.ts'
import type { Reason } from '../accounts/vocabulary.ts'
import type { Incident, Transition } from '../health/health.ts'
import type { Selection } from '../health/maintenance.ts'
import type { RecoveryAttempt } from '../health/recovery.ts'

// What a report is made of. Moments (`fromMs`, `startMs`, …) are Unix milliseconds, spans (`downtimeMs`, …) are
// milliseconds, shares are ratios from 0 to 1. A figure is null where nothing was there to compute it from: never 0, never NaN.

/** A stretch of the calendar, `[fromMs, toMs)`, whose borders are midnights of its time zone. */
export interface Period {
  readonly kind: 'day' | 'week' | 'month' | 'quarter' | 'custom'
  /** Same text for the same period: `2026-03-01`, `2026-W10`, `2026-03`, `2026-Q1`, `2026-03-01..2026-03-15` (both days included). */
  readonly name: string
  /** IANA name. */
  readonly timeZone: string
  readonly fromMs: number
  readonly toMs: number
}

/** Where availability and response times come from. */
export type HistorySource = 'prometheus' | 'store'

/** Whether the objective was reached; `unknown` where nothing was observed. */
export type SloVerdict = 'met' | 'missed' | 'unknown'

/** Figures of one account, of the fleet, or of a period before; the formulas are in docs/reports.md. */
export interface Figures {
  /** Seen time, planned maintenance left out. */
  readonly observedMs: number
  readonly downtimeMs: number
  /** Of the period until `asOfMs`, so far as it is maintenance; overlapping windows count once. */
  readonly plannedMs: number
  /** 1 − downtime ÷ observed. */
  readonly availability: number | null
  /** Observed ÷ (period until `asOfMs` − maintenance); over several accounts, of all together. */
  readonly coverage: number
  readonly checks: number
  readonly failures: number
  /** Incidents that began in the period. */
  readonly incidents: number
  /** Mean downtime of the incidents that ended in the period. */
  readonly mttrMs: number | null
  /** Mean time from the first bad check to the confirming one, of the incidents that began in the period. */
  readonly mttdMs: number | null
  /** (observed − downtime) ÷ incidents that began in the period. */
  readonly mtbfMs: number | null
  readonly recovery: RecoveryFigures
  /** 0 to 100, src/health/reliability.ts. */
  readonly reliability: number | null
}

export interface RecoveryFigures {
  /** Real attempts requested in the period, dry runs left out. */
  readonly attempts: number
  readonly verified: number
  /** Failed, rejected by the gateway, or found to need a person. */
  readonly failed: number
  /** verified ÷ (verified + failed): attempts without a verdict (pending, interrupted) say nothing. */
  readonly success: number | null
}

/** Response times of answered checks; each quantile is within 1 % of a real one. */
export interface ResponseTimes {
  readonly count: number
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly p99Ms: number | null
  readonly maxMs: number | null
}

/** One day of the period's time zone; the first and last may be cut by `asOfMs`. */
export interface DayFigures {
  /** `2026-03-01`. */
  readonly date: string
  readonly fromMs: number
  readonly toMs: number
  readonly observedMs: number
  readonly downtimeMs: number
  readonly plannedMs: number
  /** Incidents that began on the day. */
  readonly incidents: number
  /** Mean over the day's answered checks. */
  readonly meanResponseMs: number | null
}

/** Sums by hour of the week in the period's time zone: 168 entries, 0 is Monday 00:00 to 01:00. */
export interface HourOfWeek {
  readonly observedMs: readonly number[]
  readonly downtimeMs: readonly number[]
  readonly incidentStarts: readonly number[]
  /** Hours that fail again and again, worst first; at most 3. */
  readonly peaks: readonly FailurePeak[]
}

/** An hour of the week with at least three times the usual share of downtime, seen in at least two weeks. */
export interface FailurePeak {
  /** 0 to 167. */
  readonly hour: number
  /** Downtime ÷ observed in that hour. */
  readonly downtimeShare: number
  /** `downtimeShare` ÷ downtime ÷ observed of the whole period. */
  readonly timesUsual: number
  readonly weeks: number
}

export interface IncidentEntry {
  /** As it was known at `asOfMs`: one that ended later is open, so that a report made again says the same. */
  readonly incident: Incident
  /** Its downtime inside the period: the ledger's, cut at the borders. */
  readonly downtimeInPeriodMs: number
  /** Began before the period: listed, but not counted in `incidents`. */
  readonly carriedOver: boolean
  /** Still open at `asOfMs`. */
  readonly open: boolean
  /** What was tried, oldest first. */
  readonly attempts: readonly RecoveryAttempt[]
}

/** A window of maintenance that was left out, cut to the period. */
export interface PlannedEntry {
  readonly id: string
  readonly select: Selection
  readonly startMs: number
  readonly endMs: number
  readonly author: string
  readonly reason: string
}

/** Direction of the daily availability over the period and what came before it, at least 28 days (Mann–Kendall test). */
export interface Trend {
  readonly direction: 'better' | 'worse' | 'steady'
  /** Median change of availability per day (Theil–Sen slope), a ratio. */
  readonly perDay: number
  /** Probability to see such a run of days without any trend; below 0.05 counts as one. */
  readonly pValue: number
  /** Days that were observed. */
  readonly days: number
}

/** What the next period of the same kind may bring, when it is like the past (docs/reports.md, block bootstrap). */
export interface Forecast {
  /** Share of the simulated periods that miss the objective. */
  readonly missProbability: number
  /** Standard error of `missProbability` by the number of draws; the assumption that the past repeats is not in it. */
  readonly standardError: number
  readonly likelihood: 'likely' | 'possible' | 'unlikely'
  /** Availability in the simulated periods: 8 of 10 lie from p10 to p90. */
  readonly p10: number
  readonly p50: number
  readonly p90: number
  /** Observed days that were drawn from, and days of the next period. */
  readonly days: number
  readonly nextDays: number
}

export interface AccountAnalysis extends Figures {
  readonly account: Pick<Account, 'key' | 'account' | 'gateway' | 'phone' | 'name' | 'labels' | 'objective'>
  /** No longer in the fleet. */
  readonly gone: boolean
  readonly source: HistorySource
  /** First check in the period; null where there was none. Later than the period's begin for a new account. */
  readonly watchedFromMs: number | null
  readonly verdict: SloVerdict
  /** (1 − objective) × observed. */
  readonly budgetMs: number
  /** Downtime ÷ budget: 1 is all of it, more is a miss. */
  readonly budgetUsed: number | null
  readonly response: ResponseTimes
  readonly causes: readonly CauseFigures[]
  readonly days: readonly DayFigures[]
  readonly hourOfWeek: HourOfWeek
  /** Newest start first: that began in the period, or reach into it. */
  readonly incidentList: readonly IncidentEntry[]
  /** Windows of this account, oldest first. */
  readonly planned: readonly PlannedEntry[]
  /** Null where nothing was observed then. */
  readonly before: Figures | null
  /** Null below 14 observed days. */
  readonly trend: Trend | null
  readonly forecast: Forecast | null
}

export interface CauseFigures {
  readonly cause: Reason
  /** Incidents that touch the period. */
  readonly incidents: number
  readonly downtimeInPeriodMs: number
}

/** One line of the ranking: every account has one. */
export interface RankedAccount {
  /** 1 is the worst: most of the budget used, then most downtime. Accounts of which nothing was seen come last. */
  readonly rank: number
  readonly key: AccountKey
  readonly account: string
  readonly gateway: string
  readonly name: string | null
  readonly objective: number
  readonly verdict: SloVerdict
  readonly availability: number | null
  readonly coverage: number
  readonly downtimeMs: number
  readonly budgetUsed: number | null
  readonly incidents: number
  readonly reliability: number | null
  readonly p95Ms: number | null
  /** Availability minus that of the period before. */
  readonly change: number | null
  readonly missProbability: number | null
}

/** All selected accounts together. Times are added up over the accounts. */
export interface FleetAnalysis extends Figures {
  readonly accounts: number
  readonly met: number
  readonly missed: number
  /** Accounts of which nothing was seen. */
  readonly unknown: number
  /** Sum of the accounts' budgets, and how much of it is used. */
  readonly budgetMs: number
  readonly budgetUsed: number | null
  readonly response: ResponseTimes
  readonly causes: readonly CauseFigures[]
  readonly days: readonly DayFigures[]
  readonly hourOfWeek: HourOfWeek
  readonly before: (Figures & { readonly period: Period }) | null
  readonly trend: Trend | null
  /** Accounts with forecast `likely` or `possible`, most likely first; at most 20. */
  readonly atRisk: readonly {
    readonly key: AccountKey
    readonly account: string
    readonly gateway: string
    readonly forecast: Forecast
  }[]
}

/** What a reader must know to trust the figures; `detail` is one English sentence, `code` is for other languages. */
export interface AnalysisNote {
  readonly code:
    | 'period-unfinished'
    | 'low-coverage'
    | 'prometheus-unavailable'
    | 'store-used'
    | 'history-expired'
    | 'response-times-sampled'
    | 'accounts-gone'
    | 'accounts-omitted'
    | 'nothing-selected'
  readonly detail: string
  /** How many accounts it is about, where it is about accounts. */
  readonly accounts: number | null
}

/** The whole input of a report document. */
export interface Analysis {
  readonly period: Period
  /** Until when the figures reach: the period's end, or the moment of the analysis where that is earlier. */
  readonly asOfMs: number
  readonly selection: Selection
  readonly fleet: FleetAnalysis
  /** Every account, worst first. */
  readonly ranking: readonly RankedAccount[]
  /** In full: the worst, in the ranking's order, at most as many as asked for. */
  readonly accounts: readonly AccountAnalysis[]
  /** Accounts that `accounts` leaves out; they are in `ranking`, and in the CSV. */
  readonly omitted: number
  /** Windows that touch the period and any selected account, oldest first. */
  readonly planned: readonly PlannedEntry[]
  readonly notes: readonly AnalysisNote[]
}

/** One incident told from begin to end, for the post-mortem. */
export interface IncidentAnalysis {
  readonly incident: Incident
  readonly account: AccountAnalysis['account']
  readonly timeZone: string
  /** Oldest first, from five minutes before the start to five after the end. */
  readonly transitions: readonly Transition[]
  readonly attempts: readonly RecoveryAttempt[]
  readonly planned: readonly PlannedEntry[]
  /** Other incidents of the same tenant behind the same gateway that were open at the same time; at most 50 with those of others. */
  readonly sameTime: readonly Incident[]
  /** How many incidents of other tenants were open there at the same time: a customer does not read their names. */
  readonly sameTimeElsewhere: number
  /** Incidents of the account in the 30 days before. */
  readonly recentIncidents: number
  /** Until when it is told: the incident's end; the moment of the analysis while it is open. */
  readonly asOfMs: number
}
