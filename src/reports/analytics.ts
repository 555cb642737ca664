import pLimit from 'p-limit'
import type { z } from 'zod'
import type { MaintenanceWindow, Selection } from '../health/maintenance.ts'
import type { Store } from '../store/store.ts'
import { type Tracing, traced } from '../tracing/span.ts'
import { type ReadTrend, trendReader } from './account-trend.ts'
import { type AccountSink, type AnalysisSources, analyse } from './analyse.ts'
import { analyseIncident } from './analyse-incident.ts'
import type { Analysis, IncidentAnalysis } from './analysis.ts'
import { historyReader } from './history-choice.ts'
import { parsePeriod } from './period.ts'
import type { PrometheusApiOptions } from './prometheus-api.ts'
import { publishedAccount, publishedIncident, publishedReport } from './report-json.ts'
import type { AccountAnalysisDocument, IncidentAnalysisDocument, ReportDocument } from './report-schema.ts'

/** What is asked of the analytics: a period as text (parsePeriod), and whom it is about. */
export interface AnalyticsQuery {
  readonly period: string
  /** IANA name. */
  readonly timeZone: string
  readonly selection: Selection
  /** How many of the worst accounts come in full. */
  readonly worst: number
}

/**
 * Analyses on request, beside the checks. Of whole fleets one at a time: a further one waits, and beyond a few they are
 * refused with AnalyticsBusyError. Rejects with PeriodError for a period that means nothing, with StoreError where the
 * ledger cannot be read, and with the signal's reason once it aborts.
 */
export interface Analytics {
  /** @param sink told of every account, so that tables of large fleets need not lie in memory */
  analysis(query: AnalyticsQuery, signal: AbortSignal, sink?: AccountSink): Promise<Analysis>
  report(query: AnalyticsQuery, signal: AbortSignal): Promise<ReportDocument>
  /** Null where the account was neither in the fleet nor in an incident of the period. */
  account(
    key: string,
    query: Pick<AnalyticsQuery, 'period' | 'timeZone'>,
    signal: AbortSignal,
  ): Promise<z.output<typeof AccountAnalysisDocument> | null>
  /** The history of one account in steps, with incidents and repairs. Rejects also with PrometheusError where only that was asked for. */
  readonly trend: ReadTrend
  incidentAnalysis(id: string, timeZone: string): Promise<IncidentAnalysis | null>
  /** Null where there is no such incident. */
  incident(id: string, timeZone: string): Promise<z.output<typeof IncidentAnalysisDocument> | null>
}

/** Too many analyses wait already. */
class AnalyticsBusyError extends Error {
  override readonly name = 'AnalyticsBusyError'

  constructor() {
    super('Too many reports are being made. Ask again in a minute.')
  }
}

export interface AnalyticsParts {
  /** The fleet as it is now. */
  accounts(): ReturnType<AnalysisSources['accounts']>
  readonly store: Pick<Store, 'incident' | 'incidents' | 'recoveries' | 'transitions' | 'history' | 'samples'>
  /** Asked for every analysis: a reload may change it. */
  prometheus(): PrometheusApiOptions
  windows(fromMs: number, toMs: number): readonly MaintenanceWindow[]
  defaultObjective(): number
  now(): number
  /** Absent where nothing is traced. */
  readonly tracing?: Tracing | undefined
}

const MAX_WAITING = 4
const SINGLE_AT_ONCE = 4

export function createAnalytics(parts: AnalyticsParts): Analytics {
  const fleets = pLimit(1)
  const singles = pLimit(SINGLE_AT_ONCE)

  const trend = trendReader(parts)

  const sources = (): AnalysisSources => {
    const { history, trouble } = historyReader('auto', parts.prometheus(), parts.store)
    return {
      accounts: () => parts.accounts(),
      ledger: parts.store,
      history,
      historyTrouble: trouble,
      windows: (fromMs, toMs) => parts.windows(fromMs, toMs),
      defaultObjective: parts.defaultObjective(),
      now: () => parts.now(),
    }
  }

  async function analysis(query: AnalyticsQuery, signal: AbortSignal, sink?: AccountSink): Promise<Analysis> {
    const { selection, worst } = query
    const period = parsePeriod(query.period, query.timeZone, parts.now())
    if (fleets.pendingCount >= MAX_WAITING) throw new AnalyticsBusyError()
    const attributes = { 'whatsapp.report.period': period.name }
    return await traced(parts.tracing, 'analysis', { attributes }, () =>
      fleets(() => analyse({ period, selection, worst }, sources(), signal, sink)),
    )
  }

  async function incidentAnalysis(id: string, timeZone: string): Promise<IncidentAnalysis | null> {
    // Only to refuse a zone that is none.
    parsePeriod('today', timeZone, parts.now())
    const { accounts, windows, now, defaultObjective } = sources()
    return await analyseIncident(id, timeZone, { accounts, windows, now, defaultObjective, ledger: parts.store })
  }

  return {
    analysis,
    report: async (query, signal) => publishedReport(await analysis(query, signal)),
    async account(key, query, signal) {
      const period = parsePeriod(query.period, query.timeZone, parts.now())
      const found = await singles(() =>
        analyse({ period, selection: { accounts: [key] }, worst: 1 }, sources(), signal),
      )
      const [one] = found.accounts
      return one === undefined ? null : publishedAccount(one)
    },
    trend: (...question) => singles(() => trend(...question)),
    incidentAnalysis,
    async incident(id, timeZone) {
      const found = await incidentAnalysis(id, timeZone)
      return found === null ? null : publishedIncident(found)
    },
  }
}
