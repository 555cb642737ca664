import { html, nothing, svg, type TemplateResult } from 'lit-html'
import type { Actions } from './actions.ts'
import type { Status } from './documents.ts'
import { FACTS } from './facts.ts'
import type { PageState } from './state.ts'
import { count, duration, milliseconds, moment, percent } from './words.ts'

const STATUSES: readonly Status[] = ['healthy', 'warning', 'unhealthy', 'unknown']

/** Counts by status, which filter the list, and the fleet's figures. */
export function summaryPanel({ fleet, figures, view }: PageState, actions: Actions): TemplateResult {
  const summary = fleet?.summary
  const tile = (status: Status) => {
    const pressed = view.status.includes(status)
    const number = summary?.byStatus[status]
    return html`<button type="button" class="tile ${status} ${number === 0 ? 'zero' : ''}" aria-pressed=${String(pressed)} title=${pressed ? 'Show all accounts' : `Show the ${status} accounts only`}
      @click=${() => actions.show({ status: pressed ? [] : [status] })}>
      <span class="word"><span class="dot ${status}" aria-hidden="true"></span>${status}</span>
      <span class="number">${number === undefined ? '–' : count(number)}</span>
      <span class="share">${summary === undefined || summary.accounts === 0 || number === undefined ? '\u00a0' : share(number / summary.accounts)}</span>
    </button>`
  }
  return html`<section class="summary" aria-label="Summary">
    <div class="tiles">${STATUSES.map(tile)}</div>
    ${summary === undefined || summary.accounts === 0 ? nothing : proportions(summary.byStatus, summary.accounts)}
    <dl class="figures-row">
      ${figure('Accounts', summary === undefined ? '–' : count(summary.accounts))}
      ${figure('Open incidents', summary === undefined ? '–' : count(summary.openIncidents), (summary?.openIncidents ?? 0) > 0 ? 'bad' : '')}
      ${figure('In maintenance', summary === undefined ? '–' : count(summary.inMaintenance))}
      ${figure('Availability', percent(figures?.availability ?? null), '', 'Of the present accounts, since each was first seen.')}
      ${figure('Mean response', milliseconds(figures?.meanResponseSeconds ?? null), '', 'Of the last checks that got an answer.')}
      ${figure('Time to repair', duration(figures?.mttrSeconds ?? null), '', 'Mean downtime per incident that has ended.')}
      ${figure('Repairs that helped', figures?.recoverySuccess === null || figures === null ? '–' : `${Math.round((figures.recoverySuccess ?? 0) * 100)} %`, '', 'Share of the restarts that a later good check has verified.')}
    </dl>
  </section>`
}

function figure(name: string, value: string, tone = '', hint = ''): TemplateResult {
  return html`<div title=${hint}><dt>${name}</dt><dd class=${tone}>${value}</dd></div>`
}

/** One bar that is divided as the fleet is; the tiles above say the same in numbers. */
function proportions(byStatus: Readonly<Record<Status, number>>, accounts: number): TemplateResult {
  let x = 0
  const parts = STATUSES.map((status) => {
    // What is there is at least a hair wide.
    const width = byStatus[status] === 0 ? 0 : Math.max(4, (byStatus[status] / accounts) * 1000)
    const part = svg`<rect class=${status} x=${x} y="0" width=${width} height="8"></rect>`
    x += width
    return part
  })
  return html`<svg class="proportions" viewBox="0 0 ${Math.max(1000, x)} 8" preserveAspectRatio="none" aria-hidden="true">${parts}</svg>`
}

function share(value: number): string {
  if (value > 0 && value < 0.001) return '< 0.1 %'
  return value > 0.999 && value < 1 ? '> 99.9 %' : `${(value * 100).toFixed(value === 0 || value === 1 ? 0 : 1)} %`
}

/** What everybody must know before they read anything else. */
export function alarms({ fleet, fleetError, live }: PageState): TemplateResult {
  const exporter = fleet?.exporter
  return html`<div class="alarms" role="alert">
    ${fleetError === '' ? nothing : html`<p class="notice bad"><strong>This page is not up to date.</strong> ${fleetError}</p>`}
    ${blindExporters(fleet)}
    ${exporter !== undefined && !exporter.store.up ? html`<p class="notice warn"><strong>The store is away.</strong> Checks go on; history is kept in memory (${exporter.store.pendingWrites} batches wait).</p>` : nothing}
    ${silentShards(fleet)}
    ${exporter !== undefined && exporter.version !== FACTS.version ? html`<p class="notice"><strong>Version ${exporter.version} runs now.</strong> Load the page again to use it.</p>` : nothing}
    ${live === 'lost' && fleetError === '' ? html`<p class="notice">Live events are interrupted; the page reads every 10 seconds and reconnects.</p>` : nothing}
  </div>`
}

/** Exporters that see nothing; of several, each stands for its own part. */
function blindExporters(fleet: PageState['fleet']): TemplateResult[] {
  const notice = (whose: string, advice: string) => html`<p class="notice bad"><strong>${whose}</strong> ${advice}</p>`
  if (fleet === undefined || fleet === null) return []
  const { shards, exporter } = fleet
  if (shards === undefined)
    return exporter.blind
      ? [notice('The exporter is cut off: nothing is known of any account.', exporter.advice ?? '')]
      : []
  return shards
    .filter(({ blind }) => blind === true)
    .map(({ ordinal, self }) =>
      notice(`Shard ${ordinal} is cut off: nothing is known of its accounts.`, (self ? exporter.advice : null) ?? ''),
    )
}

/** Parts of the fleet that nobody watches now, or that this exporter cannot see. */
function silentShards(fleet: PageState['fleet']): TemplateResult[] {
  return (fleet?.shards ?? [])
    .filter(({ answers }) => !answers)
    .map(({ ordinal, error, accounts, observedAt }) => {
      const shown =
        accounts === null
          ? 'Its accounts are not on this page.'
          : `${accounts === 1 ? 'Its account is' : `Its ${count(accounts)} accounts are`} shown as the store last knew ${accounts === 1 ? 'it' : 'them'}${observedAt === null ? '' : ` at ${moment(observedAt)}`}.`
      return html`<p class="notice ${accounts === null ? 'warn' : 'bad'}"><strong>Shard ${ordinal} ${error ?? 'is silent'}.</strong> ${shown}</p>`
    })
}
