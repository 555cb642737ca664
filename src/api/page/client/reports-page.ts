import { html, type TemplateResult } from 'lit-html'
import { FACTS } from './facts.ts'
import type { ReportActions } from './reports-control.ts'
import { reportForm } from './reports-form.ts'
import { reportList, subscriptionList } from './reports-lists.ts'
import type { PageState } from './state.ts'

/** Reports: make one, have one sent, and all that are there. */
export function reportsPage(
  { reports, fleet, view }: Pick<PageState, 'reports' | 'fleet' | 'view'>,
  actions: ReportActions,
  nowMs: number,
): TemplateResult {
  return html`<div class="reports-page">
    ${FACTS.mayOperate ? reportForm(reports, fleet, view, actions, nowMs) : html`<p class="notice">${FACTS.user} has the role read: making a report, and subscribing somebody, needs the role operate.</p>`}
    ${reportList(reports, nowMs)}
    ${subscriptionList(reports, actions, nowMs)}
  </div>`
}
