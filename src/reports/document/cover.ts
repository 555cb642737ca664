import { type Html, html } from '../../html.ts'
import type { Analysis, SloVerdict } from '../analysis.ts'
import { periodText, type Section, selectionText, type Writing } from './writing.ts'

/** What the whole report comes down to. */
export interface Verdict {
  readonly verdict: SloVerdict
  /** One sentence. */
  readonly text: string
  /** What must be known along with it. */
  readonly notes: readonly string[]
}

/** Sums the analysis up in one sentence. */
export function verdictOf(analysis: Analysis, { words, formats }: Writing): Verdict {
  const { fleet, period, asOfMs } = analysis
  const notes: string[] = []
  if (fleet.accounts === 0) return { verdict: 'unknown', text: words.verdict.none, notes }
  if (asOfMs < period.toMs) notes.push(words.verdict.unfinished)
  if (fleet.availability === null || fleet.unknown === fleet.accounts)
    return { verdict: 'unknown', text: words.verdict.nothing, notes }
  if (fleet.unknown > 0) notes.push(words.verdict.unseen(fleet.unknown, formats.number(fleet.unknown)))
  const availability = formats.availability(fleet.availability)
  const verdict = fleet.missed > 0 ? 'missed' : 'met'
  const [only] = analysis.ranking
  if (fleet.accounts === 1 && only !== undefined) {
    const objective = formats.availability(only.objective)
    const text =
      verdict === 'missed'
        ? words.verdict.oneMissed(availability, objective)
        : words.verdict.oneMet(availability, objective)
    return { verdict, text, notes }
  }
  const seen = formats.number(fleet.accounts - fleet.unknown)
  const text =
    verdict === 'missed'
      ? words.verdict.missed(formats.number(fleet.missed), seen, availability)
      : words.verdict.allMet(seen, availability)
  return { verdict, text, notes }
}

export function verdictHtml({ verdict, text, notes }: Verdict): Html {
  return html`<p class="verdict-text ${verdict}">${text}${notes.map((note) => html`<small>${note}</small>`)}</p>`
}

/** The figures that everybody asks for first. */
export function tiles({ fleet }: Analysis, { words, formats }: Writing): Html {
  const { figures } = words
  const before = fleet.before
  const was = (text: string) => (before === null ? null : html`<small>${words.columns.before}: ${text}</small>`)
  const tile = (name: string, value: string, note: Html | null) =>
    html`<div><dt>${name}</dt><dd>${value}${note}</dd></div>`
  return html`<dl class="tiles">${[
    tile(
      figures.availability,
      formats.availability(fleet.availability),
      was(formats.availability(before?.availability ?? null)),
    ),
    tile(figures.accountsMet, figures.of(formats.number(fleet.met), formats.number(fleet.accounts)), null),
    tile(figures.downtime, formats.span(fleet.downtimeMs), was(formats.span(before?.downtimeMs ?? null))),
    tile(figures.budgetUsed, formats.percent(fleet.budgetUsed), null),
    tile(figures.incidents, formats.number(fleet.incidents), was(formats.number(before?.incidents ?? null))),
    tile(figures.mttr, formats.span(fleet.mttrMs), was(formats.span(before?.mttrMs ?? null))),
    tile(figures.recovery, formats.percent(fleet.recovery.success), null),
    tile(figures.coverage, formats.percent(fleet.coverage), null),
  ]}</dl>`
}

function brandHtml({ look }: Writing): Html {
  const { logo, name } = look.brand
  return logo === null
    ? html`<p class="brand">${name}</p>`
    : html`<p class="brand"><img src="${logo}" alt=""><span>${name}</span></p>`
}

/** Names of the sections with links; the PDF renderer writes the page numbers into the marked places. */
export function contents(sections: readonly Section[], { words }: Writing): Html {
  return html`<nav class="contents" aria-labelledby="contents"><h2 id="contents">${words.sections.contents}</h2><ol>${sections.map(
    ({ id, title }) => html`<li><a href="#${id}">${title}<span class="page" data-page-of="${id}"></span></a></li>`,
  )}</ol></nav>`
}

/** First page of a long report. */
export function cover(title: string, analysis: Analysis, sections: readonly Section[], writing: Writing): Html {
  const { words, formats } = writing
  const { period } = analysis
  return html`<div class="cover"><header>${brandHtml(writing)}<h1>${title}</h1><p class="when">${periodText(period, writing)}</p><p class="about">${selectionText(analysis.selection, writing)} · ${words.accounts(analysis.fleet.accounts, formats.number(analysis.fleet.accounts))}<br>${words.period.zone(period.timeZone)} · ${words.period.asOf(formats.dateTime(analysis.asOfMs))}</p></header><div class="inside">${verdictHtml(verdictOf(analysis, writing))}${tiles(analysis, writing)}${contents(sections, writing)}</div></div>`
}

/** Head of a report that has no cover of its own. */
export function masthead(title: string, when: string, about: string, writing: Writing): Html {
  return html`<header class="masthead"><div><h1>${title}</h1><p>${when}</p><p class="dim">${about}</p></div>${brandHtml(writing)}</header>`
}
