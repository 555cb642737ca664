import { html, nothing, type TemplateResult } from 'lit-html'
import { live } from 'lit-html/directives/live.js'
import type { View } from './address.ts'
import type { FleetStatus, Incident } from './documents.ts'
import type { ReportActions } from './reports-control.ts'
import type { ReportsState } from './reports-state.ts'
import { clock, plain } from './words.ts'

const TEMPLATES: readonly (readonly [name: string, text: string])[] = [
  ['monthly', 'Monthly: everything, account by account'],
  ['weekly', 'Weekly: everything but the single accounts'],
  ['executive', 'Executive: one page'],
  ['incident', 'Post-mortem of one incident'],
]
const PERIODS: readonly (readonly [name: string, text: string])[] = [
  ['yesterday', 'Yesterday'],
  ['last-week', 'Last week'],
  ['this-week', 'This week so far'],
  ['last-month', 'Last month'],
  ['this-month', 'This month so far'],
  ['last-quarter', 'Last quarter'],
  ['last-30-days', 'Last 30 days'],
  ['range', 'From … to …'],
]
const COVERS: readonly (readonly [name: string, text: string])[] = [
  ['yesterday', 'the day before'],
  ['last-week', 'the last week'],
  ['last-month', 'the last month'],
  ['last-quarter', 'the last quarter'],
  ['last-7-days', 'the last 7 days'],
  ['last-30-days', 'the last 30 days'],
]
const SCHEDULES: readonly (readonly [name: string, text: string])[] = [
  ['weekly', 'Every Monday, about the last week'],
  ['monthly', 'Every first of the month, about the last month'],
  ['cron', 'By a cron expression'],
]
const FORMATS = ['pdf', 'csv', 'json', 'html']

const OWN_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone
const ZONES = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')]

/** Chooses a report: made now, or sent again and again. */
export function reportForm(
  { draft, incidents, busy, message, subscriptions }: ReportsState,
  fleet: FleetStatus | null,
  { about, incident }: Pick<View, 'about' | 'incident'>,
  actions: ReportActions,
  nowMs: number,
): TemplateResult {
  const isPostMortem = draft.mode === 'now' && draft.template === 'incident'
  const submit = (event: Event) => {
    event.preventDefault()
    if (event.target instanceof HTMLFormElement) actions.submit(event.target)
  }
  const mode = (name: typeof draft.mode, text: string) =>
    html`<button type="button" aria-pressed=${String(draft.mode === name)} @click=${() => actions.draft({ mode: name, template: name === 'regularly' && draft.template === 'incident' ? 'monthly' : draft.template })}>${text}</button>`
  return html`<section class="panel report-form" aria-labelledby="report-form-title">
    <div class="panel-head"><h2 id="report-form-title">${draft.mode === 'now' ? 'Make a report' : 'Have a report sent'}</h2>
      <div class="segments" role="group" aria-label="When">${mode('now', 'Now')}${mode('regularly', 'Regularly')}</div></div>
    <form @submit=${submit}>
      <fieldset><legend>What</legend>
        ${choice('Template', 'template', draft.mode === 'now' ? TEMPLATES : TEMPLATES.filter(([name]) => name !== 'incident'), draft.template, (template) => actions.draft({ template }))}
        ${isPostMortem ? incidentField(incidents, incident, nowMs) : draft.mode === 'now' ? periodFields(draft.period, actions, nowMs) : scheduleFields(draft.schedule, actions)}
        <label>Time zone <input name="timeZone" list="zones" required autocomplete="off" spellcheck="false" value=${OWN_ZONE}></label>
        <datalist id="zones">${ZONES.map((zone) => html`<option value=${zone}></option>`)}</datalist>
      </fieldset>
      ${accountFields(fleet, about, isPostMortem)}
      <fieldset><legend>How</legend>
        <div class="checks" role="group" aria-label="Formats">${FORMATS.map(
          (format) =>
            html`<label><input type="checkbox" name="format" value=${format} ?checked=${format === 'pdf'} ?disabled=${isPostMortem && format === 'csv'}> ${format.toUpperCase()}</label>`,
        )}</div>
        <label>Language <select name="language"><option value="">As configured</option><option value="en">English</option><option value="de">German</option></select></label>
        ${draft.mode === 'now' ? html`<label>Paper <select name="paper"><option value="">As configured</option><option value="a4">A4</option><option value="letter">Letter</option></select></label>` : nothing}
      </fieldset>
      ${draft.mode === 'regularly' ? recipientFields(subscriptions?.allowedDomains ?? null) : nothing}
      <div class="submit"><button type="submit" class="primary" ?disabled=${busy !== ''}>${submitText(draft.mode, busy)}</button>
        <div role="status">${message === null ? nothing : html`<p class="notice ${message.tone}">${message.text}</p>`}</div></div>
    </form>
  </section>`
}

function submitText(mode: ReportsState['draft']['mode'], busy: string): string {
  if (mode === 'now') return busy === 'make' ? 'Asking …' : 'Make the report'
  return busy === 'subscribe' ? 'Subscribing …' : 'Subscribe'
}

function choice(
  label: string,
  name: string,
  options: readonly (readonly [name: string, text: string])[],
  chosen: string,
  choose: (name: string) => void,
): TemplateResult {
  const change = ({ target }: Event) => choose(target instanceof HTMLSelectElement ? target.value : '')
  return html`<label>${label} <select name=${name} .value=${live(chosen)} @change=${change}>
    ${options.map(([value, text]) => html`<option value=${value} ?selected=${value === chosen}>${text}</option>`)}
  </select></label>`
}

function periodFields(period: string, actions: ReportActions, nowMs: number): TemplateResult {
  const today = isoDate(nowMs)
  return html`${choice('Period', 'period', PERIODS, period, (chosen) => actions.draft({ period: chosen }))}
    ${
      period === 'range'
        ? html`<label>From <input type="date" name="from" required max=${today}></label>
          <label>To, included <input type="date" name="to" required max=${today}></label>`
        : nothing
    }`
}

function isoDate(ms: number): string {
  const at = new Date(ms)
  const pad = (value: number) => String(value).padStart(2, '0')
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`
}

function scheduleFields(schedule: string, actions: ReportActions): TemplateResult {
  return html`${choice('When', 'schedule', SCHEDULES, schedule, (chosen) => actions.draft({ schedule: chosen }))}
    ${
      schedule === 'cron'
        ? html`<label>Cron expression <input name="cron" required maxlength="200" spellcheck="false" placeholder="0 7 * * 1-5"></label>
          <label>About <select name="covers">${COVERS.map(([value, text]) => html`<option value=${value}>${text}</option>`)}</select></label>`
        : html`<label>At <input type="time" name="at" required value="06:00"></label>`
    }`
}

function incidentField(incidents: readonly Incident[] | null, wanted: string, nowMs: number): TemplateResult {
  if (incidents === null) return html`<p class="dim">Reading the incidents …</p>`
  const isListed = incidents.some(({ id }) => id === wanted)
  return html`<label class="wide">Incident <select name="incident" required>
    ${incidents.length === 0 && wanted === '' ? html`<option value="">None is known</option>` : nothing}
    ${wanted === '' || isListed ? nothing : html`<option value=${wanted} selected>${wanted}</option>`}
    ${incidents.map(({ id, account, startedAt, cause }) => html`<option value=${id} ?selected=${id === wanted}>${account}, ${clock(startedAt, nowMs)}, ${plain(cause)}</option>`)}
  </select></label>`
}

/** Stays where it is while it has no meaning, so that what was typed is not lost. */
function accountFields(fleet: FleetStatus | null, about: string, isIdle: boolean): TemplateResult {
  return html`<fieldset ?hidden=${isIdle} ?disabled=${isIdle}><legend>Which accounts</legend>
    <label>Gateway <select name="gateway"><option value="">All</option>${(fleet?.gateways ?? []).map(({ name }) => html`<option value=${name}>${name}</option>`)}</select></label>
    <label>Labels <input name="labels" maxlength="500" spellcheck="false" placeholder="tenant=acme" pattern="\\s*[a-zA-Z_]\\w*=[^\\s,;]*([\\s,;]+[a-zA-Z_]\\w*=[^\\s,;]*)*\\s*" title="name=value, several with commas"></label>
    <label class="grow">Accounts <input name="accounts" value=${about} maxlength="4000" spellcheck="false" placeholder="All, or ids and phones with commas"></label>
  </fieldset>`
}

function recipientFields(allowed: readonly string[] | null): TemplateResult {
  const rule =
    allowed === null
      ? nothing
      : allowed.length === 0
        ? html`<p class="dim" id="domains">No mail domain may be subscribed yet. Name some in <code>reports.subscriptions.allowedDomains</code>.</p>`
        : html`<p class="dim" id="domains">An address at ${allowed.join(', ')}.</p>`
  return html`<fieldset><legend>To whom</legend>
    <label class="grow">Mail address <input type="email" name="recipient" required maxlength="254" autocomplete="email" aria-describedby="domains"></label>${rule}
  </fieldset>`
}
