import { createHash } from 'node:crypto'
import { STATUSES } from '../../accounts/vocabulary.ts'
import type { AccountView, Fleet } from '../../monitor/fleet.ts'
import { listAccounts } from '../account-listing.ts'
import { explain } from '../documents/explain.ts'
import { time } from '../documents/fields.ts'
import { countFleet, fleetFigures } from '../fleet-figures.ts'
import type { ApiParts } from '../parts.ts'
import { type Html, html } from './html.ts'
import { STYLE } from './style.ts'

const SHOWN = 200
const REFRESH_SECONDS = 10

/** Nothing loads but the page's own style, known by its hash. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE.text).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

/** The fleet on one page that needs no script: numbers, open incidents, accounts worst first. */
export function landingPage(fleet: Fleet, parts: Pick<ApiParts, 'links' | 'version' | 'now'>, search: string): string {
  const nowMs = parts.now()
  const views = [...fleet.accounts()]
  const counts = countFleet(views)
  const figures = fleetFigures(views)
  const listing = listAccounts(views, { sort: 'status', order: 'asc', limit: SHOWN, q: search || undefined })
  const incidents = views.filter(({ health }) => health.incident !== null)
  const exporter = fleet.exporter()
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="${REFRESH_SECONDS}">
<title>${counts.byStatus.unhealthy > 0 ? `(${counts.byStatus.unhealthy}) ` : ''}WhatsApp fleet</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>WhatsApp fleet</h1>
<nav aria-label="Elsewhere">${navigation(parts.links)}</nav>
</header>
<main>
${exporter.blind ? html`<p class="alarm" role="status">The exporter is cut off from every gateway: nothing is known of any account. ${exporter.advice}</p>` : ''}
<dl class="numbers">
${STATUSES.map((status) => number(status, String(counts.byStatus[status]), status))}
${number('accounts', String(counts.accounts))}
${number('open incidents', String(counts.openIncidents))}
${number('availability', percent(figures.availability))}
${number('mean response', figures.meanResponseSeconds === null ? '–' : `${Math.round(figures.meanResponseSeconds * 1000)} ms`)}
${number('recovery', exporter.recoveryMode)}
</dl>
<h2>Gateways</h2>
<ul class="gateways">${fleet
    .gateways()
    .map(
      (gateway) =>
        html`<li><span class="${gateway.up === null ? 'unknown' : gateway.up ? 'healthy' : 'unhealthy'}">${gateway.up === null ? 'unknown' : gateway.up ? 'up' : 'down'}</span> ${gateway.name} <small>${gateway.driver}, ${gateway.accounts} accounts${gateway.breakerOpen ? ', breaker open' : ''}${gateway.lastError !== null && gateway.up === false ? `: ${gateway.lastError.message}` : ''}</small></li>`,
    )}</ul>
<h2>Open incidents</h2>
${incidents.length === 0 ? html`<p>None.</p>` : incidentTable(incidents, nowMs)}
<h2>Accounts</h2>
<form method="get" action="/" role="search"><label>Search <input type="search" name="q" maxlength="128" value="${search}"></label> <button>Find</button></form>
${accountTable(listing.views, nowMs)}
<p>${listing.matched > SHOWN ? `The ${SHOWN} worst of ${listing.matched}. ` : ''}As of ${time(nowMs)}. Renewed every ${REFRESH_SECONDS} seconds. Version ${parts.version}.</p>
</main>
</body>
</html>
`
  return page.text
}

function navigation(links: ApiParts['links']): Html[] {
  const targets: [string, string | undefined][] = [
    ['Prometheus', links.prometheus],
    ['Alertmanager', links.alertmanager],
    ['Grafana', links.grafana],
    ['Metrics', '/metrics'],
    ['Configuration', '/config'],
    ['API', '/api/openapi.json'],
  ]
  return targets.flatMap(([text, href]) => (href === undefined ? [] : [html`<a href="${href}">${text}</a> `]))
}

function number(label: string, value: string, tone = ''): Html {
  return html`<div><dt>${label}</dt><dd class="${tone}">${value}</dd></div>`
}

function incidentTable(views: readonly AccountView[], nowMs: number): Html {
  const newestFirst = views
    .flatMap(({ account, health, recovery }) =>
      health.incident === null ? [] : [{ account, incident: health.incident, recovery }],
    )
    .sort((a, b) => b.incident.startMs - a.incident.startMs)
    .slice(0, SHOWN)
  return html`<table>
<thead><tr><th scope="col">Account</th><th scope="col">Cause</th><th scope="col">Since</th><th scope="col">Attempts</th><th scope="col">Repair</th></tr></thead>
<tbody>${newestFirst.map(
    ({
      account,
      incident,
      recovery,
    }) => html`<tr><th scope="row"><a href="/api/incidents/${encodeURIComponent(incident.id)}">${account.key}</a></th><td>${incident.cause}</td><td>${ago(incident.startMs, nowMs)}</td><td>${incident.attempts}</td><td>${recovery.act ? 'restarts now' : recovery.refusal.replaceAll('_', ' ')}</td></tr>
`,
  )}</tbody>
</table>`
}

function accountTable(views: readonly AccountView[], nowMs: number): Html {
  if (views.length === 0) return html`<p>No account matches.</p>`
  return html`<table>
<thead><tr><th scope="col">Status</th><th scope="col">Account</th><th scope="col">Name</th><th scope="col">Phone</th><th scope="col">State</th><th scope="col">Since</th><th scope="col">Response</th><th scope="col">Why</th></tr></thead>
<tbody>${views.map((view) => accountRow(view, nowMs))}</tbody>
</table>`
}

function accountRow(view: AccountView, nowMs: number): Html {
  const { account, health } = view
  const response = health.lastDurationMs === null ? '–' : `${Math.round(health.lastDurationMs)} ms`
  return html`<tr><td class="${health.status}">${health.status}</td><th scope="row"><a href="/api/health/${encodeURIComponent(account.key)}">${account.key}</a></th><td>${account.name}</td><td>${account.phone}</td><td>${health.state}</td><td>${ago(health.stateSinceMs, nowMs)}</td><td>${response}</td><td>${explain(view)}</td></tr>
`
}

function percent(share: number | null): string {
  // Rounded down: 99.996 % must not read as 100 %.
  return share === null ? '–' : `${(Math.floor(share * 10_000) / 100).toFixed(2)} %`
}

function ago(sinceMs: number, nowMs: number): string {
  const totalSeconds = Math.max(0, Math.round((nowMs - sinceMs) / 1000))
  if (totalSeconds < 120) return `${totalSeconds} s`
  const minutes = Math.floor(totalSeconds / 60)
  if (minutes < 120) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`
}
