import { html, nothing, type TemplateResult } from 'lit-html'
import type { Actions } from './actions.ts'
import type { AccountDetail } from './documents.ts'
import { FACTS } from './facts.ts'
import type { DrawerState } from './state.ts'
import { clock } from './words.ts'

const LENGTHS: readonly [number, string][] = [
  [30, '30 minutes'],
  [60, '1 hour'],
  [240, '4 hours'],
  [1440, '1 day'],
]

/** The window that is open now; and where the API can, a form to begin one and a button to end it. */
export function maintenanceControl(
  detail: AccountDetail,
  { busy }: DrawerState,
  actions: Actions,
  nowMs: number,
): TemplateResult | typeof nothing {
  const mayChange = FACTS.features.has('maintenance') && FACTS.mayOperate
  const { maintenance } = detail
  if (maintenance !== null) {
    return html`<div class="notice"><p><strong>Maintenance until ${clock(maintenance.endsAt, nowMs)}.</strong> ${maintenance.reason} <span class="dim">(${maintenance.author})</span></p>
      ${mayChange ? html`<button type="button" ?disabled=${busy !== ''} @click=${() => actions.endMaintenance(maintenance.id)}>End it now</button>` : nothing}</div>`
  }
  if (!mayChange) return nothing
  const start = (event: Event) => {
    event.preventDefault()
    if (!(event.target instanceof HTMLFormElement)) return
    const fields = new FormData(event.target)
    actions.startMaintenance(Number(fields.get('minutes')), String(fields.get('reason')).trim())
  }
  return html`<details class="maintenance"><summary>Start maintenance</summary>
    <form @submit=${start}>
      <label>For <select name="minutes">${LENGTHS.map(([minutes, text]) => html`<option value=${minutes}>${text}</option>`)}</select></label>
      <label class="grow">Reason <input name="reason" required minlength="3" maxlength="200" placeholder="What is done, for the report"></label>
      <button type="submit" ?disabled=${busy !== ''}>${busy === 'maintenance' ? 'Starting …' : 'Start'}</button>
    </form>
    <p class="dim">Alerts are muted, no restarts are made, and the time is left out of the SLA.</p>
  </details>`
}
