import type { AnalysisFrame } from './account-analysis.ts'
import type { AccountAnalysis, AnalysisNote } from './analysis.ts'
import type { AccountHistory } from './history.ts'

const LOW_COVERAGE = 0.9

/** Collects what a reader must know to trust the figures. */
export interface NoteBook {
  take(analysis: AccountAnalysis, history: AccountHistory): void
  list(end: { readonly omitted: number; readonly trouble: string | null }): readonly AnalysisNote[]
}

export function analysisNotes({ period, range }: AnalysisFrame): NoteBook {
  const count = { all: 0, low: 0, store: 0, prometheus: 0, expired: 0, sampled: 0, gone: 0 }
  let sampledEveryMs = 0
  return {
    take(analysis, history) {
      count.all += 1
      if (analysis.coverage < LOW_COVERAGE) count.low += 1
      count[analysis.source] += 1
      if (analysis.gone) count.gone += 1
      if (history.sampledEveryMs !== null) {
        count.sampled += 1
        sampledEveryMs = Math.max(sampledEveryMs, history.sampledEveryMs)
      } else if (analysis.checks > 0 && analysis.response.count < (analysis.checks - analysis.failures) / 2) {
        count.expired += 1
      }
    },
    list({ omitted, trouble }) {
      const notes: AnalysisNote[] = []
      const note = (code: AnalysisNote['code'], accounts: number | null, detail: string) =>
        notes.push({ code, accounts, detail })
      if (count.all === 0) note('nothing-selected', null, 'The selection names no account that is known.')
      if (range.toMs < period.toMs) {
        note(
          'period-unfinished',
          null,
          `The period is not over: the figures reach until ${new Date(range.toMs).toISOString()}.`,
        )
      }
      if (count.low > 0) {
        note('low-coverage', count.low, `${accounts(count.low)} seen in less than 90 % of the time that could be seen.`)
      }
      if (trouble !== null) note('prometheus-unavailable', null, trouble)
      if (count.store > 0 && (count.prometheus > 0 || trouble !== null)) {
        note(
          'store-used',
          count.store,
          `The history of ${count.store} of ${count.all} accounts comes from the exporter's store, not from Prometheus.`,
        )
      }
      if (count.sampled > 0) {
        note(
          'response-times-sampled',
          count.sampled,
          `Response times of ${count.sampled} of ${count.all} accounts are readings from Prometheus, one every ${sampledEveryMs / 1000} s at most, not every check.`,
        )
      }
      if (count.expired > 0) {
        note(
          'history-expired',
          count.expired,
          `Single checks of ${count.expired} of ${count.all} accounts have expired in part: response times miss those days, and what is left of such a day is its sum in UTC.`,
        )
      }
      if (count.gone > 0) {
        note('accounts-gone', count.gone, `${accounts(count.gone)} no longer in the fleet and still counted here.`)
      }
      if (omitted > 0) {
        note('accounts-omitted', omitted, `${accounts(omitted)} in the ranking only; the CSV files hold them in full.`)
      }
      return notes
    },
  }
}

function accounts(count: number): string {
  return count === 1 ? '1 account is' : `${count} accounts are`
}
