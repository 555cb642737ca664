import { html, nothing, render, type TemplateResult } from 'lit-html'
import { accountsPanel } from './accounts.ts'
import type { Actions } from './actions.ts'
import { exporterNow } from './api.ts'
import { accountDrawer } from './drawer.ts'
import { FACTS } from './facts.ts'
import { exporterPanel, gatewaysPanel, incidentsPanel, noticesPanel, toasts } from './rail.ts'
import { reportsPage } from './reports-page.ts'
import type { PageState } from './state.ts'
import { alarms, summaryPanel } from './summary.ts'

const LIVE_WORDS = { connecting: 'Connecting …', live: 'Live', lost: 'Reconnecting …' } as const

/** Draws the whole page; what did not change stays untouched. */
export function drawPage(state: PageState, actions: Actions): void {
  const nowMs = exporterNow()
  const unhealthy = state.fleet?.summary.byStatus.unhealthy ?? 0
  const isReports = state.view.page === 'reports'
  const title = isReports ? 'Reports – WhatsApp fleet' : 'WhatsApp fleet'
  document.title = unhealthy > 0 ? `(${unhealthy}) ${title}` : title
  showPlace(isReports)
  const live = element('live')
  live.dataset['state'] = state.live
  if (live.textContent !== LIVE_WORDS[state.live]) live.textContent = LIVE_WORDS[state.live]
  render(tools(state, actions), element('tools'))
  render(
    html`${alarms(state)}${isReports ? reportsPage(state, actions.reports, nowMs) : fleetPage(state, actions, nowMs)}`,
    element('page'),
  )
  render(accountDrawer(state, actions, nowMs), element('drawer'))
  render(toasts(state, actions), element('toasts'))
  showDialog('account', state.drawer !== null)
  showDialog('confirm', state.drawer?.confirmsRestart === true)
}

function fleetPage(state: PageState, actions: Actions, nowMs: number): TemplateResult {
  return html`${summaryPanel(state, actions)}
    <div class="columns">${incidentsPanel(state, actions, nowMs)}${accountsPanel(state, actions, nowMs)}
      <div class="rail">${noticesPanel(state, actions, nowMs)}${gatewaysPanel(state, actions, nowMs)}${exporterPanel(state, nowMs)}</div></div>`
}

/** Says in the header which page this is, and leads the skip link to its list. */
function showPlace(isReports: boolean): void {
  const skip = element('skip')
  const [target, text] = isReports ? ['#reports', 'Skip to the reports'] : ['#accounts', 'Skip to the accounts']
  if (skip.getAttribute('href') !== target) skip.setAttribute('href', target)
  if (skip.textContent !== text) skip.textContent = text
  for (const link of document.querySelectorAll('.top nav a[href^="/#"]')) {
    const isHere = (link.getAttribute('href') === '/#page=reports') === isReports
    if (isHere) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
}

function tools({ theme }: PageState, actions: Actions): TemplateResult {
  const choose = ({ target }: Event) => {
    const value = target instanceof HTMLSelectElement ? target.value : 'auto'
    actions.setTheme(value === 'light' || value === 'dark' ? value : 'auto')
  }
  return html`${FACTS.isSignedIn ? html`<span class="user">${FACTS.user}<span class="dim">${FACTS.mayOperate ? 'operate' : 'read'}</span></span>` : nothing}
    <label><span class="hidden">Theme</span><select @change=${choose}>
      ${(['auto', 'light', 'dark'] as const).map((name) => html`<option value=${name} ?selected=${name === theme}>${name === 'auto' ? 'Auto' : name === 'light' ? 'Light' : 'Dark'}</option>`)}
    </select></label>`
}

/** Modal dialogs keep the focus inside and give it back at the end. */
function showDialog(id: string, wanted: boolean): void {
  const dialog = document.getElementById(id)
  if (!(dialog instanceof HTMLDialogElement) || dialog.open === wanted) return
  if (wanted) dialog.showModal()
  else dialog.close()
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no element ${id}`)
  return found
}
