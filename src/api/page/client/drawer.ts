import { html, nothing, type TemplateResult } from 'lit-html'
import type { Actions } from './actions.ts'
import { availabilityChart, responseChart, trendsTable } from './chart.ts'
import type { AccountDetail, Incident, Recovery, Transition } from './documents.ts'
import { FACTS } from './facts.ts'
import { maintenanceControl } from './maintenance.ts'
import type { DrawerState, PageState, Range } from './state.ts'
import { age, clock, count, duration, milliseconds, moment, percent, plain } from './words.ts'

const RANGES: readonly Range[] = ['1h', '24h', '7d', '30d']
const FOLDED = 5

/** Everything about one account, in a dialog at the side. */
export function accountDrawer({ drawer }: PageState, actions: Actions, nowMs: number): TemplateResult {
  const closeOnBackdrop = (event: Event) => {
    if (event.target === event.currentTarget) actions.close()
  }
  return html`<dialog id="account" class="drawer" aria-labelledby="account-title" @close=${() => actions.close()} @click=${closeOnBackdrop}>
    ${drawer === null ? nothing : html`<div class="drawer-body">${content(drawer, actions, nowMs)}</div>`}
  </dialog>
  <dialog id="confirm" class="confirm" aria-labelledby="confirm-title" @close=${() => actions.confirmRestart(false)}>
    ${drawer?.confirmsRestart === true ? confirmation(drawer, actions) : nothing}
  </dialog>`
}

function content(drawer: DrawerState, actions: Actions, nowMs: number): TemplateResult {
  const { key, detail, error } = drawer
  return html`<header class="drawer-head">
      <div>
        <h2 id="account-title">${detail?.name ?? detail?.account ?? key}</h2>
        <p class="sub">${key}</p>
      </div>
      <button type="button" class="icon" aria-label="Close" @click=${() => actions.close()}>×</button>
    </header>
    ${error === '' ? nothing : html`<p class="notice bad" role="alert">${error}</p>`}
    ${detail === null ? (error === '' ? html`<p class="empty">Reading …</p>` : nothing) : overview(detail, drawer, actions, nowMs)}`
}

function overview(detail: AccountDetail, drawer: DrawerState, actions: Actions, nowMs: number): TemplateResult {
  return html`<p class="verdict"><span class="pill ${detail.status}">${detail.status}</span> for ${age(detail.statusSince, nowMs)}</p>
    <p class="why">${readable(detail.why, nowMs)}</p>
    ${labels(detail, actions)}
    ${controls(detail, drawer, actions)}
    ${maintenanceControl(detail, drawer, actions, nowMs)}
    ${drawer.message === null ? nothing : html`<p class="notice ${drawer.message.tone}" role="status">${drawer.message.text}</p>`}
    ${trends(drawer, actions)}
    ${facts(detail, nowMs)}
    ${drawer.historyError === '' ? nothing : html`<p class="notice bad" role="alert">${drawer.historyError}</p>`}
    ${list('Incidents', drawer.incidents, drawer, actions, (incident) => incidentLine(incident, nowMs))}
    ${list('Repairs', drawer.recoveries, drawer, actions, (recovery) => recoveryLine(recovery, nowMs))}
    ${list('State history', drawer.transitions, drawer, actions, (transition) => transitionLine(transition, nowMs))}`
}

/** The sentence with moments as the reader's clock shows them, and states and reasons as words. */
function readable(why: string, nowMs: number): string {
  return why
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (text) => clock(text, nowMs))
    .replaceAll(/\b[a-z]+(?:_[a-z]+)+\b/g, plain)
}

function labels(detail: AccountDetail, actions: Actions): TemplateResult | typeof nothing {
  const entries = Object.entries(detail.labels)
  if (entries.length === 0) return nothing
  return html`<ul class="chips" aria-label="Labels">${entries.map(([name, value]) => {
    const label = `${name}=${value}`
    return html`<li><button type="button" class="chip" title="Show all accounts with ${label}" @click=${() => actions.show({ label, account: '' })}>${label}</button></li>`
  })}</ul>`
}

function controls(detail: AccountDetail, { busy }: DrawerState, actions: Actions): TemplateResult {
  if (!FACTS.mayOperate) {
    return html`<p class="dim">${FACTS.user} has the role read: checks and restarts need the role operate.</p>`
  }
  return html`<div class="controls">
    <button type="button" class="primary" ?disabled=${busy !== ''} @click=${() => actions.checkNow()}>${busy === 'check' ? 'Checking …' : 'Check now'}</button>
    <button type="button" ?disabled=${busy !== ''} aria-haspopup="dialog" @click=${() => actions.restart()}>${busy === 'restart' ? 'Restarting …' : 'Restart …'}</button>
    ${FACTS.features.has('reports') ? html`<a class="button" href=${reportsAddress('about', detail.key)}>Report …</a>` : nothing}
    <a class="button" href="/api/health/${encodeURIComponent(detail.key)}">JSON</a>
  </div>`
}

/** The page of reports with something chosen. */
function reportsAddress(name: 'about' | 'incident', value: string): string {
  return `/#${new URLSearchParams({ page: 'reports', [name]: value })}`
}

function confirmation({ detail, key }: DrawerState, actions: Actions): TemplateResult {
  const name = detail?.name ?? detail?.account ?? key
  return html`<h2 id="confirm-title">Restart ${name}?</h2>
    <p>Its gateway restarts the session of <strong>${key}</strong>. The pairing stays. Messages wait until it is connected again.</p>
    ${detail?.status === 'healthy' ? html`<p class="notice warn">It is healthy now.</p>` : nothing}
    <div class="controls">
      <button type="button" class="danger" @click=${() => actions.confirmRestart(true)}>Restart</button>
      <button type="button" autofocus @click=${() => actions.confirmRestart(false)}>Cancel</button>
    </div>`
}

function trends({ trends: read, trendsError, range }: DrawerState, actions: Actions): TemplateResult {
  return html`<section aria-labelledby="trends-title">
    <div class="section-head"><h3 id="trends-title">Trend</h3>
      <div class="segments" role="group" aria-label="Range">${RANGES.map(
        (one) =>
          html`<button type="button" aria-pressed=${String(one === range)} @click=${() => actions.setRange(one)}>${one.replace('h', ' h').replace('d', ' d')}</button>`,
      )}</div></div>
    ${trendsError === '' ? nothing : html`<p class="notice bad">${trendsError}</p>`}
    ${
      read === null
        ? html`<p class="empty chart-space">${trendsError === '' ? 'Reading …' : ''}</p>`
        : read.buckets.length === 0
          ? html`<p class="empty">Nothing was recorded in this time yet.</p>`
          : html`${availabilityChart(read)}${responseChart(read)}${trendsTable(read)}`
    }
  </section>`
}

function facts(detail: AccountDetail, nowMs: number): TemplateResult {
  const { counters, evidence } = detail
  const rows: [string, string][] = [
    ['Phone', detail.phone ?? '–'],
    ['Gateway', detail.gateway],
    ['State', `${plain(detail.state)}${detail.native === '' ? '' : ` (${detail.native})`}`],
    [
      'Last check',
      `${age(detail.lastCheckAt, nowMs)}${detail.lastCheckAt === null ? '' : ' ago'}, ${milliseconds(detail.responseSeconds)}`,
    ],
    ['Last good check', `${age(detail.lastSuccessAt, nowMs)}${detail.lastSuccessAt === null ? '' : ' ago'}`],
    ['Uptime', `${percent(detail.availability)} of ${duration(counters.observedSeconds)}`],
    ['Objective', percent(detail.objective)],
    ['Checks', `${count(counters.checks)}, ${count(counters.checkFailures)} failed`],
    ['Incidents', `${count(counters.incidents)}, ${duration(counters.downtimeSeconds)} down`],
    ['Restarts', `${count(counters.recoveryAttempts)}, ${count(counters.recoveryFailures)} did not help`],
  ]
  if (evidence.lastActivityAt !== null) rows.push(['Last activity', `${age(evidence.lastActivityAt, nowMs)} ago`])
  if (evidence.qualityRating !== null)
    rows.push(['Quality', ['', 'red', 'yellow', 'green'][evidence.qualityRating] ?? '–'])
  if (evidence.messagingLimit !== null) {
    rows.push([
      'Messaging limit',
      typeof evidence.messagingLimit === 'number' ? `${count(evidence.messagingLimit)} a day` : 'none',
    ])
  }
  return html`<section aria-label="Facts"><dl class="facts wide">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></section>`
}

function list<Item>(
  title: string,
  items: readonly Item[] | null,
  { unfolded }: DrawerState,
  actions: Actions,
  line: (item: Item) => TemplateResult,
): TemplateResult {
  const shown = items === null ? [] : unfolded.has(title) ? items : items.slice(0, FOLDED)
  return html`<section aria-label=${title}>
    <h3>${title}</h3>
    ${items === null ? html`<p class="empty">Reading …</p>` : items.length === 0 ? html`<p class="empty">None.</p>` : nothing}
    <ol class="timeline">${shown.map(line)}</ol>
    ${items !== null && shown.length < items.length ? html`<button type="button" class="quiet" @click=${() => actions.unfold(title)}>Show ${items.length - shown.length} more</button>` : nothing}
  </section>`
}

function incidentLine(incident: Incident, nowMs: number): TemplateResult {
  const { id, startedAt, endedAt, cause, attempts, resolution } = incident
  const lasted = duration(((endedAt === null ? nowMs : Date.parse(endedAt)) - Date.parse(startedAt)) / 1000)
  const end = resolution === null ? 'still open' : `${resolution} after ${lasted}`
  return html`<li class=${endedAt === null ? 'bad' : 'info'}><time title=${moment(startedAt)} datetime=${startedAt}>${clock(startedAt, nowMs)}</time>
    <span><strong>${plain(cause)}</strong> <span class="dim">${endedAt === null ? `open for ${lasted}` : end}${attempts > 0 ? `, ${attempts} ${attempts === 1 ? 'restart' : 'restarts'}` : ''}</span>
    ${FACTS.mayOperate && FACTS.features.has('reports') ? html`<a href=${reportsAddress('incident', id)} aria-label="Post-mortem of the incident of ${moment(startedAt)}">Post-mortem</a>` : nothing}</span></li>`
}

const OUTCOME_TONES: Readonly<Record<Recovery['outcome'], string>> = {
  pending: 'info',
  verified: 'good',
  failed: 'warn',
  rejected: 'warn',
  needs_human: 'bad',
  dry_run: 'info',
  interrupted: 'info',
}

function recoveryLine({ requestedAt, outcome, by, attempt, detail }: Recovery, nowMs: number): TemplateResult {
  return html`<li class=${OUTCOME_TONES[outcome]}><time title=${moment(requestedAt)} datetime=${requestedAt}>${clock(requestedAt, nowMs)}</time>
    <span><strong>${plain(outcome)}</strong> <span class="dim">${by === 'policy' ? `attempt ${attempt}` : `asked by ${by}`}${detail === '' ? '' : `: ${detail}`}</span></span></li>`
}

const STATUS_TONES: Readonly<Record<Transition['toStatus'], string>> = {
  healthy: 'good',
  warning: 'warn',
  unhealthy: 'bad',
  unknown: 'info',
}

function transitionLine(transition: Transition, nowMs: number): TemplateResult {
  const { at, fromState, toState, fromStatus, toStatus, reason } = transition
  const states = fromState === toState ? plain(toState) : `${plain(fromState)} → ${plain(toState)}`
  const verdict = fromStatus === toStatus ? toStatus : `${fromStatus} → ${toStatus}`
  return html`<li class=${STATUS_TONES[toStatus]}><time title=${moment(at)} datetime=${at}>${clock(at, nowMs)}</time>
    <span><strong>${states}</strong> <span class="dim">${verdict}${reason === null ? '' : `, ${plain(reason)}`}</span></span></li>`
}
