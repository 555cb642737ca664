import { html, nothing, type TemplateResult } from 'lit-html'
import { repeat } from 'lit-html/directives/repeat.js'
import type { Reports, Subscription } from './documents.ts'
import { FACTS } from './facts.ts'
import type { ReportActions } from './reports-control.ts'
import type { ReportsState } from './reports-state.ts'
import { clock, moment } from './words.ts'

type Requested = Reports['requested'][number]
type Scheduled = Reports['reports'][number]

interface Link {
  readonly text: string
  readonly href: string
  readonly isTable: boolean
}

/** A report of either kind, as the list shows it. */
interface Line {
  readonly key: string
  readonly at: string
  readonly title: string
  readonly about: string
  readonly by: string
  readonly tone: 'good' | 'wait' | 'bad'
  readonly state: string
  readonly detail: string
  readonly links: readonly Link[]
}

const TITLES: Readonly<Record<string, string>> = {
  monthly: 'Monthly report',
  weekly: 'Weekly report',
  executive: 'Executive summary',
  incident: 'Post-mortem',
}
const STATES: Readonly<Record<string, readonly [tone: Line['tone'], text: string]>> = {
  waiting: ['wait', 'waits'],
  claimed: ['wait', 'is being made'],
  making: ['wait', 'is being made'],
  sending: ['wait', 'is being made'],
  ready: ['good', 'ready'],
  sent: ['good', 'ready'],
  failed: ['bad', 'failed'],
  unsure: ['bad', 'unsure'],
}

/** Reports that are there or on their way, newest first. */
export function reportList({ made, madeError, subscriptions }: ReportsState, nowMs: number): TemplateResult {
  const lines = [
    ...(made?.requested ?? []).map(requestedLine),
    ...(made?.reports ?? []).map((report) => scheduledLine(report, subscriptions?.subscriptions ?? [])),
  ].toSorted((a, b) => (a.at < b.at ? 1 : -1))
  return html`<section id="reports" class="panel reports" aria-labelledby="reports-title" tabindex="-1">
    <div class="panel-head"><h2 id="reports-title">Reports</h2></div>
    ${madeError === '' ? nothing : html`<p class="notice bad" role="alert">${madeError}</p>`}
    ${lines.length > 0 ? nothing : html`<p class="empty">${made === null ? 'Reading …' : 'None yet.'}</p>`}
    <ul class="report-lines">${repeat(
      lines,
      ({ key }) => key,
      (line) => reportLine(line, nowMs),
    )}</ul>
  </section>`
}

function reportLine({ at, title, about, by, tone, state, detail, links }: Line, nowMs: number): TemplateResult {
  const documents = links.filter(({ isTable }) => !isTable).toSorted((a, b) => orderOf(a) - orderOf(b))
  const tables = links.filter(({ isTable }) => isTable)
  return html`<li>
    <div class="what"><strong>${title}</strong><span class="sub">${about}</span></div>
    <div class="when"><time datetime=${at} title=${moment(at)}>${clock(at, nowMs)}</time><span class="sub">${by}</span></div>
    <div class="how"><span class="pill ${PILLS[tone]}">${state}</span>${detail === '' ? nothing : html`<span class="sub ${tone === 'bad' ? 'error' : ''}">${detail}</span>`}</div>
    <div class="files">${documents.map(fileLink)}${
      tables.length === 0
        ? nothing
        : html`<details><summary>CSV <span class="dim">(${tables.length} tables)</span></summary>${tables.map(fileLink)}</details>`
    }</div>
  </li>`
}

/** What most people want comes first. */
function orderOf({ text }: Link): number {
  return ['PDF', 'HTML', 'JSON'].indexOf(text)
}

const PILLS: Readonly<Record<Line['tone'], string>> = { good: 'healthy', wait: 'unknown', bad: 'unhealthy' }

function fileLink({ text, href }: Link): TemplateResult {
  return html`<a class="button" href=${href} download>${text}</a>`
}

function requestedLine(report: Requested): Line {
  const { id, state, detail, period, template, requestedAt, requestedBy, files } = report
  const [tone, text] = STATES[state] ?? ['wait', state]
  return {
    key: id,
    at: requestedAt,
    title: `${TITLES[template] ?? template}${period === '' ? '' : ` ${period}`}`,
    about: template === 'incident' ? `incident ${report.incident ?? ''}` : `${aboutText(report)}, ${report.timeZone}`,
    by: `asked for by ${requestedBy}`,
    tone,
    state: text,
    detail,
    links: files.map(({ name, format, href }) => linkOf(name, format, href)),
  }
}

function scheduledLine(report: Scheduled, subscriptions: readonly Subscription[]): Line {
  const { schedule, period, due, state, detail, files, deliveries } = report
  const subscription = subscriptions.find(({ id }) => schedule === `_${id}`)
  const [tone, text] = STATES[state] ?? ['wait', state]
  const sent = deliveries.filter(({ state: how }) => how === 'sent').length
  const failed = deliveries.find(({ state: how }) => how === 'failed' || how === 'unsure')
  const mails = deliveries.length === 0 ? '' : `${sent} of ${deliveries.length} mails sent`
  return {
    key: `${schedule}/${period}`,
    at: due,
    title: `${subscription === undefined ? (schedule.startsWith('_') ? 'Subscription' : schedule) : (TITLES[subscription.template] ?? '')} ${period}`,
    about:
      subscription === undefined
        ? mails
        : `${aboutText(subscription)}, to ${subscription.recipient}${sent === 0 ? '' : ', sent'}`,
    by: schedule.startsWith('_') ? 'by a subscription' : 'by a schedule',
    tone: failed === undefined ? tone : 'bad',
    state: failed === undefined ? text : `a mail ${failed.state === 'failed' ? 'failed' : 'is in doubt'}`,
    detail: failed === undefined ? detail : `${failed.recipient}: ${failed.detail}`,
    links: files.map((name) =>
      linkOf(
        name,
        name.slice(name.lastIndexOf('.') + 1),
        `/api/reports/${[schedule, period, name].map(encodeURIComponent).join('/')}`,
      ),
    ),
  }
}

function linkOf(name: string, format: string, href: string): Link {
  const isTable = format === 'csv'
  return { text: isTable ? name.replace(/\.csv$/, '') : format.toUpperCase(), href, isTable }
}

/** Whom a report is about, in a few words. */
function aboutText({
  accounts,
  gateways,
  labels,
}: Pick<Requested | Subscription, 'accounts' | 'gateways' | 'labels'>): string {
  const parts = [
    ...(accounts === undefined ? [] : [accounts.length > 3 ? `${accounts.length} accounts` : accounts.join(', ')]),
    ...(gateways === undefined ? [] : [gateways.join(', ')]),
    ...Object.entries(labels ?? {}).map(([name, value]) => `${name}=${value}`),
  ]
  return parts.length === 0 ? 'all accounts' : parts.join(', ')
}

/** Who has which report sent to whom. */
export function subscriptionList(
  { subscriptions, subscriptionsError, busy }: ReportsState,
  actions: ReportActions,
  nowMs: number,
): TemplateResult {
  const all = subscriptions?.subscriptions ?? []
  return html`<section class="panel subscriptions" aria-labelledby="subscriptions-title">
    <div class="panel-head"><h2 id="subscriptions-title">Subscriptions</h2></div>
    ${subscriptionsError === '' ? nothing : html`<p class="notice bad" role="alert">${subscriptionsError}</p>`}
    ${all.length > 0 ? nothing : html`<p class="empty">${subscriptions === null ? 'Reading …' : 'Nobody is subscribed.'}</p>`}
    <ul class="report-lines">${repeat(
      all,
      ({ id }) => id,
      (one) => html`<li>
        <div class="what"><strong>${one.recipient}</strong><span class="sub">${TITLES[one.template] ?? one.template}, ${aboutText(one)}</span></div>
        <div class="when"><span>${whenText(one)}</span><span class="sub">${one.timeZone}</span></div>
        <div class="how"><span class="sub">${one.formats.join(', ').toUpperCase()}; by ${one.createdBy}, ${clock(one.createdAt, nowMs)}</span></div>
        <div class="files">${FACTS.mayOperate ? html`<button type="button" aria-label="Unsubscribe ${one.recipient}" ?disabled=${busy !== ''} @click=${() => actions.unsubscribe(one.id)}>${busy === one.id ? 'Ending …' : 'Unsubscribe'}</button>` : nothing}</div>
      </li>`,
    )}</ul>
  </section>`
}

function whenText({ schedule, at, cron, covers }: Subscription): string {
  if (schedule === 'weekly') return `Mondays at ${at ?? ''}`
  if (schedule === 'monthly') return `monthly, on the first at ${at ?? ''}`
  return `${cron ?? ''} (${(covers ?? '').replaceAll('-', ' ')})`
}
