import { type AnalysedAccount, type AnalysisFrame, availabilityOf, sortedCauses } from './account-analysis.ts'
import type {
  AccountAnalysis,
  CauseFigures,
  DayFigures,
  FleetAnalysis,
  HistorySource,
  RankedAccount,
} from './analysis.ts'
import { addSums, figuresOf, NO_SUMS } from './figures.ts'
import type { ObservedDay } from './forecast.ts'
import { type ResponseSketch, responseSketch } from './quantiles.ts'
import { trendOf } from './trend.ts'
import { weekPattern } from './week-pattern.ts'

const SHOWN_AT_RISK = 20

/** Takes the accounts one by one and keeps of each only one line, and the worst in full. */
export interface FleetSums {
  add(account: AnalysedAccount, responses: ResponseSketch): void
  fleet(): FleetAnalysis
  ranking(): readonly RankedAccount[]
  worst(): readonly AccountAnalysis[]
  /** Accounts by where their history came from. */
  sources(): Readonly<Record<HistorySource, number>>
}

/** @param keep how many of the worst accounts are kept in full */
export function fleetSums(frame: AnalysisFrame, keep: number): FleetSums {
  let sums = NO_SUMS
  let sumsBefore = NO_SUMS
  const verdicts = { met: 0, missed: 0, unknown: 0 }
  const sources: Record<HistorySource, number> = { prometheus: 0, store: 0 }
  const responses = responseSketch()
  const pattern = weekPattern(frame.hourOfWeek, frame.period.fromMs)
  const causes = new Map<string, CauseFigures>()
  const days = frame.days.map((day) => ({ ...day, ...NO_DAY }))
  const baselineDays = frame.baselineDays.map(() => ({ observedMs: 0, downtimeMs: 0 }))
  const ranked: Omit<RankedAccount, 'rank'>[] = []
  const atRisk: FleetAnalysis['atRisk'][number][] = []
  const worst: AccountAnalysis[] = []

  const trimWorst = () => {
    worst.sort((a, b) => byTrouble(asRanked(a), asRanked(b)))
    worst.length = Math.min(worst.length, keep)
  }

  return {
    add(account, ownResponses) {
      const { analysis } = account
      sums = addSums(sums, account.sums)
      sumsBefore = addSums(sumsBefore, account.sumsBefore)
      verdicts[analysis.verdict] += 1
      sources[analysis.source] += 1
      responses.merge(ownResponses)
      pattern.merge(account.pattern)
      for (const cause of analysis.causes) addCause(causes, cause)
      for (const [index, day] of analysis.days.entries()) addDay(days[index], day)
      for (const [index, day] of account.baselineDays.entries()) {
        const into = baselineDays[index]
        if (into === undefined) continue
        into.observedMs += day.observedMs
        into.downtimeMs += day.downtimeMs
      }
      ranked.push(asRanked(analysis))
      const { forecast } = analysis
      if (!analysis.gone && forecast !== null && forecast.likelihood !== 'unlikely') {
        const { key, account: id, gateway } = analysis.account
        atRisk.push({ key, account: id, gateway, forecast })
      }
      if (keep === 0) return
      worst.push(analysis)
      if (worst.length >= 2 * keep) trimWorst()
    },
    fleet() {
      const figures = figuresOf(sums)
      const { budgetMs } = sums
      const observed = [...baselineDays, ...days].filter(({ observedMs }) => observedMs > 0)
      return {
        accounts: ranked.length,
        ...verdicts,
        ...figures,
        budgetMs,
        budgetUsed: budgetMs > 0 ? figures.downtimeMs / budgetMs : null,
        response: responses.figures(),
        causes: sortedCauses([...causes.values()]),
        days: days.map(({ responseMs, weight, ...day }) => ({
          ...day,
          meanResponseMs: weight > 0 ? responseMs / weight : null,
        })),
        hourOfWeek: pattern.figures(),
        before: sumsBefore.observedMs > 0 ? { ...figuresOf(sumsBefore), period: frame.before } : null,
        trend: trendOf(observed.map(availabilityOf)),
        atRisk: atRisk
          .toSorted((a, b) => b.forecast.missProbability - a.forecast.missProbability || (a.key < b.key ? -1 : 1))
          .slice(0, SHOWN_AT_RISK),
      }
    },
    ranking: () => ranked.toSorted(byTrouble).map((account, index) => ({ rank: index + 1, ...account })),
    worst() {
      trimWorst()
      return [...worst]
    },
    sources: () => ({ ...sources }),
  }
}

interface DaySums extends ObservedDay {
  observedMs: number
  downtimeMs: number
  plannedMs: number
  incidents: number
  responseMs: number
  weight: number
}

const NO_DAY = { observedMs: 0, downtimeMs: 0, plannedMs: 0, incidents: 0, responseMs: 0, weight: 0 }

function addDay(into: DaySums | undefined, day: DayFigures): void {
  if (into === undefined) return
  into.observedMs += day.observedMs
  into.downtimeMs += day.downtimeMs
  into.plannedMs += day.plannedMs
  into.incidents += day.incidents
  if (day.meanResponseMs === null) return
  into.responseMs += day.meanResponseMs * day.observedMs
  into.weight += day.observedMs
}

function addCause(into: Map<string, CauseFigures>, { cause, incidents, downtimeInPeriodMs }: CauseFigures): void {
  const known = into.get(cause)
  into.set(cause, {
    cause,
    incidents: (known?.incidents ?? 0) + incidents,
    downtimeInPeriodMs: (known?.downtimeInPeriodMs ?? 0) + downtimeInPeriodMs,
  })
}

function asRanked(analysis: AccountAnalysis): Omit<RankedAccount, 'rank'> {
  const { account, availability, before } = analysis
  return {
    key: account.key,
    account: account.account,
    gateway: account.gateway,
    name: account.name,
    objective: account.objective,
    verdict: analysis.verdict,
    availability,
    coverage: analysis.coverage,
    downtimeMs: analysis.downtimeMs,
    budgetUsed: analysis.budgetUsed,
    incidents: analysis.incidents,
    reliability: analysis.reliability,
    p95Ms: analysis.response.p95Ms,
    change: availability === null || before?.availability == null ? null : availability - before.availability,
    missProbability: analysis.forecast?.missProbability ?? null,
  }
}

/** Worst first; what was not seen comes last, and equals in the order of their keys. */
function byTrouble(a: Omit<RankedAccount, 'rank'>, b: Omit<RankedAccount, 'rank'>): number {
  return (
    Number(a.availability === null) - Number(b.availability === null) ||
    (b.budgetUsed ?? 0) - (a.budgetUsed ?? 0) ||
    b.downtimeMs - a.downtimeMs ||
    (a.key < b.key ? -1 : 1)
  )
}
