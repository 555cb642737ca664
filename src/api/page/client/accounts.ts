import { html, nothing, type TemplateResult } from 'lit-html'
import { live } from 'lit-html/directives/live.js'
import { repeat } from 'lit-html/directives/repeat.js'
import type { Actions } from './actions.ts'
import { isFiltered, START_VIEW, type View } from './address.ts'
import type { Account } from './documents.ts'
import type { PageState } from './state.ts'
import { age, count, milliseconds, moment, percent, plain } from './words.ts'

export const PAGE_SIZE = 50

const STATES = ['connected', 'degraded', 'connecting', 'disconnected', 'awaiting_auth', 'stopped', 'blocked', 'unknown']

const COLUMNS: readonly {
  readonly name: string
  readonly sort?: string
  readonly worstFirst?: 'desc'
  readonly kind: string
}[] = [
  { name: 'Status', sort: 'status', kind: 'status' },
  { name: 'Account', sort: 'key', kind: 'account' },
  { name: 'Phone', kind: 'phone' },
  { name: 'State', kind: 'state' },
  { name: 'Since', sort: 'since', worstFirst: 'desc', kind: 'since' },
  { name: 'Response', sort: 'response', worstFirst: 'desc', kind: 'number response' },
  { name: 'Uptime', kind: 'number uptime' },
]

/** The list of accounts, page by page, with search, filter and order. */
export function accountsPanel(state: PageState, actions: Actions, nowMs: number): TemplateResult {
  const { fleet, view } = state
  return html`<section id="accounts" class="panel accounts" aria-labelledby="accounts-title" tabindex="-1">
    <div class="panel-head">
      <h2 id="accounts-title">Accounts</h2>
      <p class="dim" role="status">${fleet === null ? 'Reading …' : matchText(fleet.matched, view)}</p>
    </div>
    ${toolbar(state, actions)}
    <div class="scroll">
      <table class="grid">
        <caption class="hidden">Accounts; a button in each row opens the details.</caption>
        <thead><tr>${COLUMNS.map((column) => heading(column, view, actions))}</tr></thead>
        <tbody>${repeat(
          fleet?.accounts ?? [],
          ({ key }) => key,
          (account) => row(account, view, actions, nowMs),
        )}</tbody>
      </table>
    </div>
    ${fleet !== null && fleet.accounts.length === 0 ? emptyText(state, actions) : nothing}
    ${pager(state, actions)}
  </section>`
}

function matchText(matched: number, view: View): string {
  const noun = matched === 1 ? 'account' : 'accounts'
  return isFiltered(view) ? `${count(matched)} ${noun} match` : `${count(matched)} ${noun}`
}

function toolbar({ fleet, view }: PageState, actions: Actions): TemplateResult {
  const gateways = fleet?.gateways ?? []
  return html`<form class="toolbar" role="search" aria-label="Accounts" @submit=${(event: Event) => event.preventDefault()}>
    <label class="search"><span class="hidden">Search by name, id, phone or label</span>
      <svg viewBox="0 0 20 20" aria-hidden="true"><circle cx="9" cy="9" r="5.5"></circle><path d="m13.2 13.2 4 4"></path></svg>
      <input id="search" type="search" maxlength="128" placeholder="Name, id, phone, label" autocomplete="off" spellcheck="false"
        .value=${live(view.q)} @input=${(event: Event) => actions.show({ q: textOf(event) })}>
      <kbd aria-hidden="true">/</kbd></label>
    <label><span class="hidden">Gateway</span><select .value=${live(view.gateway)} @change=${(event: Event) => actions.show({ gateway: textOf(event) })}>
      <option value="">All gateways</option>
      ${gateways.map(({ name }) => html`<option value=${name} ?selected=${name === view.gateway}>${name}</option>`)}
    </select></label>
    <label><span class="hidden">State</span><select .value=${live(view.state)} @change=${(event: Event) => actions.show({ state: textOf(event) })}>
      <option value="">All states</option>
      ${STATES.map((state) => html`<option value=${state} ?selected=${state === view.state}>${plain(state)}</option>`)}
    </select></label>
    ${view.label === '' ? nothing : html`<button type="button" class="chip" @click=${() => actions.show({ label: '' })} aria-label="Remove the filter ${view.label}">${view.label} <span aria-hidden="true">×</span></button>`}
    ${isFiltered(view) ? html`<button type="button" class="quiet" @click=${() => actions.show({ ...START_VIEW, account: view.account })}>Clear</button>` : nothing}
  </form>`
}

function heading(column: (typeof COLUMNS)[number], view: View, actions: Actions): TemplateResult {
  const { name, sort, kind } = column
  if (sort === undefined) return html`<th scope="col" class=${kind}>${name}</th>`
  const isSorted = view.sort === sort
  const first = column.worstFirst ?? 'asc'
  const next = isSorted ? (view.order === 'asc' ? 'desc' : 'asc') : first
  const direction = isSorted ? (view.order === 'asc' ? 'ascending' : 'descending') : 'none'
  return html`<th scope="col" class=${kind} aria-sort=${direction}><button type="button" @click=${() => actions.show({ sort, order: next })}>${name}<span class="arrow" aria-hidden="true">${isSorted ? (view.order === 'asc' ? '↑' : '↓') : ''}</span></button></th>`
}

function row(account: Account, view: View, actions: Actions, nowMs: number): TemplateResult {
  const { key, status, state, reason, name, phone, availability, objective, maintenance } = account
  const missed = availability !== null && availability < objective
  const open = (event: Event) => {
    // A click on the button of the row opens it already.
    if (event.target instanceof Element && event.target.closest('button') === null) actions.open(key)
  }
  return html`<tr class=${key === view.account ? 'open' : ''} @click=${open}>
    <td class="status"><span class="pill ${status}">${status}</span></td>
    <th scope="row" class="account"><button type="button" data-key=${key} aria-haspopup="dialog" @click=${() => actions.open(key)}>${name ?? account.account}</button>
      <span class="sub">${key}</span>${maintenance === null ? nothing : html`<span class="tag">maintenance</span>`}</th>
    <td class="phone">${phone ?? ''}</td>
    <td class="state">${plain(state)}${reason === null ? nothing : html`<span class="sub">${plain(reason)}</span>`}</td>
    <td class="since" title=${moment(account.statusSince)}>${age(account.statusSince, nowMs)}</td>
    <td class="number response">${milliseconds(account.responseSeconds)}</td>
    <td class="number uptime ${missed ? 'missed' : ''}" title="Objective ${percent(objective)}">${percent(availability)}</td>
  </tr>`
}

function emptyText({ fleet, view }: PageState, actions: Actions): TemplateResult {
  if (isFiltered(view)) {
    return html`<p class="empty">No account matches. <button type="button" class="quiet" @click=${() => actions.show({ ...START_VIEW })}>Clear the filter</button></p>`
  }
  return fleet?.gateways.length === 0
    ? html`<p class="empty">No gateway is configured. Name one in <code>config.yml</code> and reload.</p>`
    : html`<p class="empty">No account is known yet. The exporter asks its gateways for their accounts.</p>`
}

function pager({ fleet, cursors }: PageState, actions: Actions): TemplateResult | typeof nothing {
  if (fleet === null || (cursors.length === 0 && fleet.nextCursor === undefined)) return nothing
  const first = cursors.length * PAGE_SIZE + 1
  return html`<nav class="pager" aria-label="Pages of accounts">
    <button type="button" ?disabled=${cursors.length === 0} @click=${() => actions.previousPage()}>← Previous</button>
    <span>${count(first)} – ${count(first + fleet.accounts.length - 1)} of ${count(fleet.matched)}</span>
    <button type="button" ?disabled=${fleet.nextCursor === undefined} @click=${() => actions.nextPage()}>Next →</button>
  </nav>`
}

function textOf({ target }: Event): string {
  return target instanceof HTMLInputElement || target instanceof HTMLSelectElement ? target.value : ''
}
