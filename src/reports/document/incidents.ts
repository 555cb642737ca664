import { type Html, html } from '../../html.ts'
import type { Analysis, IncidentEntry } from '../analysis.ts'
import { incidentTimeline, type TimelineTick } from '../charts/incident-timeline.ts'
import { CAUSE_KINDS, causeKind } from './cause-kind.ts'
import { table } from './tables.ts'
import { accountName, NAME_IN_TABLE, plainAccountName, type Section, type Writing } from './writing.ts'

const MOST_TIMELINE_ROWS = 18
const MOST_TABLE_ROWS = 40
const MOST_TICKS = 8

export function incidentsSection(analysis: Analysis, writing: Writing): Section {
  const { words, formats } = writing
  const touching = analysis.fleet.causes.reduce((sum, { incidents }) => sum + incidents, 0)
  const title = words.sections.incidents
  const entries = analysis.accounts.flatMap((account) =>
    account.incidentList.map((entry) => ({ account: account.account, entry })),
  )
  if (entries.length === 0) return { id: 'incidents', title, body: html`<p>${words.incident.none}</p>` }
  const worst = entries
    .toSorted((a, b) => b.entry.downtimeInPeriodMs - a.entry.downtimeInPeriodMs)
    .slice(0, MOST_TABLE_ROWS)
    .toSorted((a, b) => a.entry.incident.startMs - b.entry.incident.startMs)
  const all = Math.max(touching, entries.length)
  const more =
    all <= worst.length ? null : html`<p>${words.incident.shown(formats.number(worst.length), formats.number(all))}</p>`
  const rows = worst.map(({ account, entry }) => [accountName(account, NAME_IN_TABLE), ...entryCells(entry, writing)])
  return {
    id: 'incidents',
    title,
    body: html`<div class="together"><h3>${words.timeline.title}</h3>${timeline(analysis, writing)}</div>${more}${table(
      title,
      [{ name: words.columns.account, width: '30mm' }, ...entryColumns(writing)],
      rows,
    )}`,
  }
}

/** Columns of an incident in a table, without the account. */
export function entryColumns({ words: { columns } }: Writing) {
  return [
    { name: columns.begin },
    { name: columns.end },
    { name: columns.length, number: true },
    { name: columns.detected, number: true },
    { name: columns.cause },
    { name: columns.tried },
  ]
}

export function entryCells(entry: IncidentEntry, writing: Writing): readonly (Html | string)[] {
  const { words, formats } = writing
  const { incident, attempts } = entry
  const ended =
    incident.endMs === null || entry.open
      ? words.incident.open
      : incident.resolution === null
        ? ''
        : words.incident.resolutions[incident.resolution]
  const last = attempts.at(-1)
  const tried =
    last === undefined
      ? words.incident.nothingTried
      : `${words.incident.attempts(incident.attempts, formats.number(incident.attempts))}: ${words.outcomes[last.outcome]}`
  return [
    html`<span class="when-cell">${formats.dateTime(incident.startMs)}</span>${entry.carriedOver ? html`<br><small>${words.incident.carriedOver}</small>` : null}`,
    html`<span class="when-cell">${incident.endMs === null ? '' : formats.dateTime(incident.endMs)}</span>${incident.endMs === null ? null : html`<br>`}<small>${ended}</small>`,
    formats.span(entry.downtimeInPeriodMs),
    formats.span(incident.detectedMs - incident.startMs),
    words.causes[incident.cause],
    tried,
  ]
}

function timeline(analysis: Analysis, writing: Writing): Html {
  const { words, formats } = writing
  const { period, accounts, asOfMs } = analysis
  const troubled = accounts.filter(({ incidentList }) => incidentList.length > 0)
  const shown = troubled.toSorted((a, b) => b.downtimeMs - a.downtimeMs).slice(0, MOST_TIMELINE_ROWS)
  const rows = shown.map((account) => ({
    name: plainAccountName(account.account),
    bars: [
      ...account.planned.map(({ startMs, endMs, reason }) => ({
        fromMs: startMs,
        toMs: endMs,
        kind: 'planned',
        tip: words.timeline.bar(formats.dateTime(startMs), formats.dateTime(endMs), reason),
      })),
      ...account.incidentList.map(({ incident }) => ({
        fromMs: incident.startMs,
        toMs: incident.endMs ?? asOfMs,
        kind: causeKind(incident.cause),
        tip: words.timeline.bar(
          formats.dateTime(incident.startMs),
          incident.endMs === null ? words.timeline.open : formats.dateTime(incident.endMs),
          words.causes[incident.cause],
        ),
      })),
    ],
  }))
  const incidents = shown.reduce((sum, { incidentList }) => sum + incidentList.length, 0)
  const kinds = [
    ...CAUSE_KINDS.map((kind) => ({ kind, text: words.timeline[kind] })),
    { kind: 'planned', text: words.timeline.planned },
  ]
  const note =
    troubled.length <= shown.length
      ? null
      : html`<p class="dim">${words.timeline.shown(formats.number(shown.length), formats.number(troubled.length))}</p>`
  return html`<figure>${incidentTimeline(period, rows, dayTicks(analysis, writing), {
    title: words.timeline.title,
    description: words.timeline.description(
      words.incidents(incidents, formats.number(incidents)),
      words.accounts(shown.length, formats.number(shown.length)),
    ),
    kinds,
  })}</figure>${note}`
}

/** Midnights of the period's days, so few that their names do not touch. */
function dayTicks({ fleet }: Analysis, { formats }: Writing): readonly TimelineTick[] {
  const every = Math.max(1, Math.ceil(fleet.days.length / MOST_TICKS))
  return fleet.days.flatMap(({ fromMs }, index) =>
    index % every === 0 ? [{ atMs: fromMs, text: formats.dayAndMonth(fromMs) }] : [],
  )
}
