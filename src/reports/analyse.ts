import { setImmediate } from 'node:timers/promises'
import type { Account } from '../accounts/account.ts'
import type { Incident } from '../health/health.ts'
import { type MaintenanceWindow, type Selection, selects } from '../health/maintenance.ts'
import type { RecoveryAttempt } from '../health/recovery.ts'
import type { Store, TimeRange } from '../store/store.ts'
import { type AnalysisFrame, analyseAccount, analysisFrame } from './account-analysis.ts'
import { allItems, allPages } from './all-pages.ts'
import type { AccountAnalysis, Analysis, AnalysisNote, Period } from './analysis.ts'
import { fleetSums } from './fleet-analysis.ts'
import type { HistoryReader } from './history.ts'
import { analysisNotes } from './notes.ts'
import { plannedEntry } from './planned-time.ts'

/** Where an analysis takes its facts from. */
export interface AnalysisSources {
  /** The accounts of the fleet, in any order. */
  accounts(): Iterable<ReportedAccount> | Promise<Iterable<ReportedAccount>>
  readonly ledger: Pick<Store, 'incidents' | 'recoveries'>
  readonly history: HistoryReader
  /** Objective of accounts of which only incidents are left. */
  readonly defaultObjective: number
  /** What kept `history` from its first choice, in one sentence; null while nothing did. */
  readonly historyTrouble?: () => string | null
  /** Maintenance that touches the range. */
  windows(fromMs: number, toMs: number): readonly MaintenanceWindow[] | Promise<readonly MaintenanceWindow[]>
  /** Unix milliseconds. */
  now(): number
}

export interface ReportedAccount {
  readonly account: Account
  readonly gone: boolean
}

export interface AnalysisRequest {
  readonly period: Period
  readonly selection: Selection
  /** How many of the worst accounts `Analysis.accounts` holds. @default 50 */
  readonly worst?: number | undefined
}

/** Told of every account as soon as it is analysed; what it returns is awaited, so that a slow file slows the analysis. */
export type AccountSink = (account: AccountAnalysis, done: number, total: number) => void | Promise<void>

const USUAL_WORST = 50

/**
 * Analyses the selected accounts one after the other, so that memory holds one account, the worst ones, and a line for
 * each. Gives way to the event loop after every account.
 * Rejects with StoreError where the ledger cannot be read, and with the signal's reason once it aborts.
 */
export async function analyse(
  request: AnalysisRequest,
  sources: AnalysisSources,
  signal: AbortSignal,
  sink: AccountSink = () => {},
): Promise<Analysis> {
  const { period, selection, worst = USUAL_WORST } = request
  const frame = analysisFrame(period, sources.now())
  const span = { fromMs: frame.baseline.fromMs, toMs: frame.range.toMs }
  const windows = await sources.windows(span.fromMs, span.toMs)
  const selected = await selectedAccounts(selection, frame, sources)
  const sums = fleetSums(frame, worst)
  const notes = analysisNotes(frame)
  const touched = new Set<string>()

  for (const [index, { account, gone }] of selected.entries()) {
    signal.throwIfAborted()
    const history = await sources.history.read(account, frame.range, { responses: true }, signal)
    const baseline = await sources.history.read(account, frame.baseline, { responses: false }, signal)
    const incidents = await incidentsOf(sources.ledger, account.key, span)
    const attempts = await attemptsOf(sources.ledger, account.key, attemptRange(span, incidents))
    const analysed = analyseAccount(frame, {
      account,
      gone,
      history,
      baseline: baseline.slots,
      incidents,
      attempts,
      windows,
    })
    sums.add(analysed, history.responses)
    notes.take(analysed.analysis, history)
    for (const { id } of analysed.analysis.planned) touched.add(id)
    await sink(analysed.analysis, index + 1, selected.length)
    await setImmediate()
  }

  const ranking = sums.ranking()
  const accounts = sums.worst()
  const omitted = ranking.length - accounts.length
  return {
    period,
    asOfMs: frame.range.toMs,
    selection,
    fleet: sums.fleet(),
    ranking,
    accounts,
    omitted,
    planned: plannedEntries(windows, touched, frame),
    notes: notes.list({ omitted, trouble: sources.historyTrouble?.() ?? null }) satisfies readonly AnalysisNote[],
  }
}

/** The account of an incident, where nothing else is known of it any more. */
export function accountOf({ key, account, gateway }: Incident, objective: number): Account {
  return { key, account, gateway, nativeId: account, phone: null, name: null, labels: {}, objective, desired: 'any' }
}

/** The fleet's accounts and those that are gone but had an incident in the period, by key: leaving the fleet hides no outage. */
async function selectedAccounts(
  selection: Selection,
  { range }: AnalysisFrame,
  sources: AnalysisSources,
): Promise<readonly ReportedAccount[]> {
  const known = new Map<string, ReportedAccount>()
  for (const one of await sources.accounts()) known.set(one.account.key, one)
  for await (const incident of allPages((page) => sources.ledger.incidents({ range, ...page }))) {
    if (known.has(incident.key)) continue
    known.set(incident.key, { account: accountOf(incident, sources.defaultObjective), gone: true })
  }
  return [...known.values()]
    .filter(({ account }) => selects(selection, account))
    .toSorted((a, b) => (a.account.key < b.account.key ? -1 : 1))
}

/** Every incident of the account that touches the range, newest start first. */
export async function incidentsOf(
  ledger: Pick<Store, 'incidents'>,
  key: string,
  range: TimeRange,
): Promise<readonly Incident[]> {
  return await allItems((page) => ledger.incidents({ keys: [key], range, ...page }))
}

/** Every attempt for the account requested in the range, newest first. */
export async function attemptsOf(
  ledger: Pick<Store, 'recoveries'>,
  key: string,
  range: TimeRange,
): Promise<readonly RecoveryAttempt[]> {
  return await allItems((page) => ledger.recoveries({ keys: [key], range, ...page }))
}

/** The attempts of an incident that began long before belong to its story. */
function attemptRange(span: TimeRange, incidents: readonly Incident[]): TimeRange {
  return { fromMs: incidents.reduce((first, { startMs }) => Math.min(first, startMs), span.fromMs), toMs: span.toMs }
}

function plannedEntries(windows: readonly MaintenanceWindow[], touched: ReadonlySet<string>, { range }: AnalysisFrame) {
  return windows
    .filter(({ id, startMs, endMs }) => touched.has(id) && startMs < range.toMs && endMs > range.fromMs)
    .map((window) => plannedEntry(window, range))
    .toSorted((a, b) => a.startMs - b.startMs || (a.id < b.id ? -1 : 1))
}
