import { html, nothing, type TemplateResult } from 'lit-html'
import { repeat } from 'lit-html/directives/repeat.js'
import type { Actions } from './actions.ts'
import type { Account, Gateway } from './documents.ts'
import type { Notice } from './notices.ts'
import type { PageState } from './state.ts'
import { age, bytes, clock, count, duration, milliseconds, moment, plain } from './words.ts'

const MAX_NOTICES = 12

/** Accounts that are down now: since when, why, and what is being tried. */
export function incidentsPanel({ fleet, troubled }: PageState, actions: Actions, nowMs: number): TemplateResult {
  const open = fleet?.summary.openIncidents ?? 0
  return html`<section class="panel incidents" aria-labelledby="incidents-title">
    <div class="panel-head"><h2 id="incidents-title">Open incidents</h2>${open > 0 ? html`<span class="badge bad">${count(open)}</span>` : nothing}</div>
    ${open === 0 ? html`<p class="empty calm">${fleet === null ? 'Reading …' : 'None. Every account that can be seen works.'}</p>` : nothing}
    <ul class="cards">${repeat(
      open === 0 ? [] : troubled,
      ({ key }) => key,
      (account) => incidentCard(account, actions, nowMs),
    )}</ul>
    ${open > troubled.length && troubled.length > 0 ? html`<p class="more">The newest ${troubled.length} of ${count(open)}. <button type="button" class="quiet" @click=${() => actions.show({ status: ['unhealthy'] })}>Show them all</button></p>` : nothing}
  </section>`
}

function incidentCard(account: Account, actions: Actions, nowMs: number): TemplateResult | typeof nothing {
  const { incident, recovery } = account
  if (incident === null) return nothing
  return html`<li><button type="button" class="card" aria-haspopup="dialog" @click=${() => actions.open(account.key)}>
    <span class="card-title"><span class="dot unhealthy" aria-hidden="true"></span>${account.name ?? account.account}<time class="dim" title=${moment(incident.startedAt)}>${age(incident.startedAt, nowMs)}</time></span>
    <span class="card-text">${plain(incident.cause)}${incident.attempts > 0 ? `, ${incident.attempts} ${incident.attempts === 1 ? 'restart' : 'restarts'} tried` : ''}</span>
    <span class="card-text dim">${repairText(recovery, nowMs)}</span>
  </button></li>`
}

/** What recovery does now, in a few words. */
function repairText({ act, refusal, retryAt }: Account['recovery'], nowMs: number): string {
  if (act) return 'restart is due'
  if (refusal === 'pending') return 'restart under way'
  const wait = retryAt === null ? 0 : (Date.parse(retryAt) - nowMs) / 1000
  if (refusal === 'backoff' && wait > 0) return `next restart in ${duration(wait)}`
  return REPAIRS[refusal ?? ''] ?? `no restart: ${plain(refusal ?? 'unknown')}`
}

const REPAIRS: Readonly<Record<string, string>> = {
  needs_human: 'needs a person: pair it again',
  blocked: 'needs a person: WhatsApp blocked it',
  budget: 'needs a person: restarts did not help',
  mode_off: 'repairs are switched off',
  gateway_down: 'its gateway is down',
  gateway_cannot: 'its gateway cannot restart it',
  breaker_open: 'repairs are held back: many fail together',
  not_a_fault: 'it answers again',
  maintenance: 'no restart during maintenance',
  pairing_grace: 'paired a moment ago, reconnects by itself',
  gateway_parallel: 'waits until other repairs are over',
  gateway_budget: 'the repairs of this hour are used up',
  conflict: 'another client uses its session',
  outdated_client: 'update the gateway',
  connecting: 'is connecting',
}

/** What happened lately, newest first; new lines come in live. */
export function noticesPanel({ notices }: PageState, actions: Actions, nowMs: number): TemplateResult {
  return html`<section class="panel notices" aria-labelledby="notices-title">
    <div class="panel-head"><h2 id="notices-title">Notifications</h2></div>
    ${notices.length === 0 ? html`<p class="empty">Nothing happened lately.</p>` : nothing}
    <ol class="timeline">${repeat(
      notices.slice(0, MAX_NOTICES),
      ({ id }) => id,
      (notice) => noticeLine(notice, actions, nowMs),
    )}</ol>
  </section>`
}

function noticeLine({ at, tone, title, text, key }: Notice, actions: Actions, nowMs: number): TemplateResult {
  const heading =
    key === ''
      ? html`<strong>${title}</strong>`
      : html`<button type="button" class="link" aria-haspopup="dialog" @click=${() => actions.open(key)}>${title}</button>`
  return html`<li class=${tone}><time title=${moment(at)} datetime=${at}>${clock(at, nowMs)}</time><span>${heading} <span class="dim">${text}</span></span></li>`
}

/** New notices for a few seconds, at the edge of the window. */
export function toasts({ toasts: shown }: PageState, actions: Actions): TemplateResult {
  return html`${repeat(
    shown,
    ({ id }) => id,
    ({
      id,
      tone,
      title,
      text,
      key,
    }) => html`<div class="toast ${tone}"><div><strong>${title}</strong><p>${text}</p></div>
      ${key === '' ? nothing : html`<button type="button" class="quiet" @click=${() => actions.open(key)}>Open</button>`}
      <button type="button" class="icon" aria-label="Dismiss" @click=${() => actions.dismiss(id)}>×</button></div>`,
  )}`
}

/** The gateways: whether they answer, and if not, why. */
export function gatewaysPanel({ fleet, view }: PageState, actions: Actions, nowMs: number): TemplateResult {
  return html`<section class="panel gateways" aria-labelledby="gateways-title">
    <div class="panel-head"><h2 id="gateways-title">Gateways</h2></div>
    <ul class="rows">${(fleet?.gateways ?? []).map((gateway) => gatewayRow(gateway, view.gateway === gateway.name, actions, nowMs))}</ul>
  </section>`
}

function gatewayRow(gateway: Gateway, isChosen: boolean, actions: Actions, nowMs: number): TemplateResult {
  const { name, driver, up, upSince, accounts, breakerOpen, lastError } = gateway
  const [tone, word] = up === null ? ['unknown', 'unknown'] : up ? ['healthy', 'up'] : ['unhealthy', 'down']
  return html`<li><button type="button" class="row" aria-pressed=${String(isChosen)} title=${isChosen ? 'Show all gateways' : 'Show its accounts only'} @click=${() => actions.show({ gateway: isChosen ? '' : name })}>
    <span class="row-title"><span class="dot ${tone}" aria-hidden="true"></span>${name}<span class="dim">${driver}</span><span class="end">${word}${upSince !== null && up === true ? html` <span class="dim">${age(upSince, nowMs)}</span>` : nothing}</span></span>
    <span class="row-text dim">${count(accounts)} ${accounts === 1 ? 'account' : 'accounts'}${breakerOpen ? ' · repairs held back' : ''}</span>
    ${up === false && lastError !== null ? html`<span class="row-text error">${lastError.message}</span>` : nothing}
  </button></li>`
}

/** How the exporter itself does. */
export function exporterPanel({ fleet }: PageState, nowMs: number): TemplateResult {
  const exporter = fleet?.exporter
  const late = exporter !== undefined && exporter.lagSeconds > exporter.checkIntervalSeconds / 3
  return html`<section class="panel exporter" aria-labelledby="exporter-title">
    <div class="panel-head"><h2 id="exporter-title">Exporter</h2></div>
    ${
      exporter === undefined
        ? html`<p class="empty">Reading …</p>`
        : html`<dl class="facts">
      ${fact('Checks every', duration(exporter.checkIntervalSeconds))}
      ${fact('Last cycle', `${age(exporter.lastCycleAt, nowMs)}${exporter.lastCycleAt === null ? '' : ' ago'}`)}
      ${fact('Cycle takes', milliseconds(exporter.cycleSeconds))}
      ${fact('Check lag', milliseconds(exporter.lagSeconds), late ? 'bad' : '')}
      ${fact('In flight', count(exporter.checksInFlight))}
      ${fact('Repairs', exporter.recoveryMode)}
      ${fact('Memory', bytes(exporter.memoryBytes))}
      ${fact('Store', `${exporter.store.kind}, ${exporter.store.up ? 'up' : 'away'}`, exporter.store.up ? '' : 'bad')}
      ${fact('Waiting writes', count(exporter.store.pendingWrites), exporter.store.pendingWrites > 3 ? 'bad' : '')}
      ${fact('Running for', age(exporter.startedAt, nowMs))}
      ${fact('Version', exporter.version)}
    </dl>`
    }
  </section>`
}

function fact(name: string, value: string, tone = ''): TemplateResult {
  return html`<div><dt>${name}</dt><dd class=${tone}>${value}</dd></div>`
}
