import { type Html, html } from '../../html.ts'
import type { IncidentAnalysis } from '../analysis.ts'
import { masthead, verdictHtml } from './cover.ts'
import { plannedTable } from './maintenance.ts'
import { methodSection } from './method.ts'
import { documentPage } from './page.ts'
import { table } from './tables.ts'
import { plainAccountName, type ReportLook, type Section, sectionHtml, type Writing, writingFor } from './writing.ts'

interface Moment {
  readonly atMs: number
  readonly text: string
  /** What the gateway said. */
  readonly detail: string | null
  readonly key: boolean
}

/**
 * The post-mortem of one incident as one HTML document; see reportDocument.
 * @throws RangeError for a locale or time zone that the runtime does not know
 */
export function incidentDocument(analysis: IncidentAnalysis, look: ReportLook): string {
  const writing = writingFor(look, analysis.timeZone)
  const { words, formats } = writing
  const { incident, account } = analysis
  const name = plainAccountName(account)
  const title = words.titles.incident
  const downtime = formats.span(incident.downtimeMs)
  const cause = words.causes[incident.cause]
  const text =
    incident.endMs === null
      ? words.incident.verdictOpen(name, downtime, cause)
      : words.incident.verdictClosed(name, downtime, cause)
  const when = formats.dateTime(incident.startMs)
  const about = [
    account.key,
    words.period.zone(analysis.timeZone),
    words.period.asOf(formats.dateTime(analysis.asOfMs)),
  ]
  const sections = [effect(analysis, writing), timeline(analysis, writing), neighbours(analysis, writing)]
  if (analysis.planned.length > 0)
    sections.push({
      id: 'maintenance',
      title: words.sections.maintenance,
      body: plannedTable(analysis.planned, writing),
    })
  sections.push(methodSection(writing, ['source', 'availability', 'maintenance', 'repairs']))
  return documentPage(
    `${title}: ${name}, ${when}`,
    `${look.brand.name} · ${title} · ${name} · ${when}`,
    html`${masthead(title, name, about.join(' · '), writing)}<div class="opening">${verdictHtml({
      verdict: 'missed',
      text,
      notes: [],
    })}</div>${sections.map(sectionHtml)}`,
    false,
    writing,
  )
}

function effect({ incident, recentIncidents, account }: IncidentAnalysis, writing: Writing): Section {
  const { words, formats } = writing
  const { columns, figures } = words
  const tile = (name: string, value: string) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`
  const ended = incident.resolution === null ? words.incident.open : words.incident.resolutions[incident.resolution]
  return {
    id: 'effect',
    title: words.sections.effect,
    body: html`<dl class="tiles">${[
      tile(figures.downtime, formats.span(incident.downtimeMs)),
      tile(columns.detected, formats.span(incident.detectedMs - incident.startMs)),
      tile(columns.tried, words.incident.attempts(incident.attempts, formats.number(incident.attempts))),
      tile(columns.resolution, ended),
      tile(columns.begin, formats.dateTime(incident.startMs)),
      tile(columns.end, incident.endMs === null ? words.incident.open : formats.dateTime(incident.endMs)),
      tile(columns.cause, words.causes[incident.cause]),
      tile(figures.objective, formats.availability(account.objective)),
    ]}</dl><p style="margin-top:3mm">${words.incident.recent(recentIncidents, formats.number(recentIncidents))}</p>`,
  }
}

function timeline(analysis: IncidentAnalysis, { words, formats }: Writing): Section {
  return {
    id: 'timeline',
    title: words.sections.timeline,
    body: html`<ol class="story">${momentsOf(analysis, words, formats).map(
      ({ atMs, text, detail, key }) =>
        html`<li><time datetime="${new Date(atMs).toISOString()}">${formats.clock(atMs)}</time><span${key ? html` class="key"` : null}>${text}${detail === null || detail === '' ? null : html`<br><small><bdi>${detail}</bdi></small>`}</span></li>`,
    )}</ol>`,
  }
}

/** Everything that happened, in order; of one moment first the state, then what it meant, then what was done. */
function momentsOf(
  { incident, transitions, attempts }: IncidentAnalysis,
  words: Writing['words'],
  formats: Writing['formats'],
): readonly Moment[] {
  const told = words.incident
  const moments: Moment[] = transitions
    .filter(({ fromState, toState }) => fromState !== toState)
    .map(({ atMs, fromState, toState, native }) => ({
      atMs,
      text: told.state(words.states[fromState], words.states[toState]),
      detail: native,
      key: false,
    }))
  moments.push({ atMs: incident.startMs, text: told.began, detail: null, key: true })
  moments.push({ atMs: incident.detectedMs, text: told.detected, detail: null, key: true })
  for (const { requestedMs, acceptedMs, endMs, attempt, by, outcome, detail } of attempts) {
    moments.push({ atMs: requestedMs, text: told.requested(formats.number(attempt), by), detail: null, key: false })
    if (acceptedMs !== null) moments.push({ atMs: acceptedMs, text: told.accepted, detail: null, key: false })
    if (endMs !== null)
      moments.push({ atMs: endMs, text: told.attemptEnded(words.outcomes[outcome]), detail, key: false })
  }
  if (incident.endMs !== null) moments.push({ atMs: incident.endMs, text: told.ended, detail: null, key: true })
  return moments.sort((a, b) => a.atMs - b.atMs)
}

function neighbours({ sameTime, sameTimeElsewhere }: IncidentAnalysis, { words, formats }: Writing): Section {
  const { columns } = words
  const alone = sameTimeElsewhere === 0 ? html`<p>${words.incident.alone}</p>` : html``
  const named: Html =
    sameTime.length === 0
      ? alone
      : table(
          words.incident.sameTime,
          [
            { name: columns.account },
            { name: columns.begin },
            { name: columns.end },
            { name: columns.length, number: true },
            { name: columns.cause },
          ],
          sameTime.map((other) => [
            html`<bdi>${other.account}</bdi>`,
            formats.dateTime(other.startMs),
            other.endMs === null ? words.incident.open : formats.dateTime(other.endMs),
            formats.span(other.downtimeMs),
            words.causes[other.cause],
          ]),
        )
  const elsewhere = words.incident.elsewhere(sameTimeElsewhere, formats.number(sameTimeElsewhere))
  const body = sameTimeElsewhere === 0 ? named : html`${named}<p>${elsewhere}</p>`
  return { id: 'same-time', title: words.incident.sameTime, body }
}
