import type { Incident, Reports, Subscriptions } from './documents.ts'

/** Whether the form makes one report, or has one sent again and again. */
export type ReportMode = 'now' | 'regularly'

/** What of the form decides which fields it has. */
export interface ReportDraft {
  readonly mode: ReportMode
  readonly template: string
  /** A period in words, or `range`. */
  readonly period: string
  readonly schedule: string
}

/** What the page of reports shows; null: not read yet. */
export interface ReportsState {
  readonly draft: ReportDraft
  readonly made: Reports | null
  readonly madeError: string
  readonly subscriptions: Subscriptions | null
  readonly subscriptionsError: string
  /** To choose one for a post-mortem. */
  readonly incidents: readonly Incident[] | null
  /** What is being done: `make`, `subscribe`, or the id of a subscription that ends. */
  readonly busy: string
  readonly message: { readonly tone: 'good' | 'bad'; readonly text: string } | null
}

export const START_REPORTS: ReportsState = {
  draft: { mode: 'now', template: 'monthly', period: 'last-month', schedule: 'monthly' },
  made: null,
  madeError: '',
  subscriptions: null,
  subscriptionsError: '',
  incidents: null,
  busy: '',
  message: null,
}
