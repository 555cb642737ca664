import { type Html, html } from '../../html.ts'
import type { Analysis } from '../analysis.ts'
import { availabilitySection, burnDown, calendar, MOST_CALENDAR_DAYS } from './availability.ts'
import { contents, cover, masthead, tiles, verdictHtml, verdictOf } from './cover.ts'
import { detailsSection, hasTrouble } from './details.ts'
import { incidentsSection } from './incidents.ts'
import { maintenanceSection } from './maintenance.ts'
import { methodSection } from './method.ts'
import { outlookSection } from './outlook.ts'
import { documentPage } from './page.ts'
import { patternSection } from './pattern.ts'
import { rankingSection, shortRanking } from './ranking.ts'
import { responseSection } from './response.ts'
import { causesHtml, notesHtml, summarySection } from './summary.ts'
import {
  periodText,
  type ReportLook,
  type Section,
  sectionHtml,
  selectionText,
  type Writing,
  writingFor,
} from './writing.ts'

/** Kinds of report about a period. `monthly` tells all, `weekly` without the accounts one by one, `executive` one page. */
export const TEMPLATES = ['weekly', 'monthly', 'executive'] as const
export type Template = (typeof TEMPLATES)[number]

const EXECUTIVE_ACCOUNTS = 5
const EXECUTIVE_CAUSES = 4
const EXECUTIVE_NOTES = 2

/**
 * The report as one HTML document that needs no other file and asks nobody for anything. The same analysis and look
 * give the same text. It gives way to the event loop between accounts. Elements with `data-page-of` wait for the page number of the heading they name.
 * Rejects with RangeError for a locale or time zone that the runtime does not know
 */
export async function reportDocument(analysis: Analysis, template: Template, look: ReportLook): Promise<string> {
  const writing = writingFor(look, analysis.period.timeZone)
  const title = writing.words.titles[template]
  const when = periodText(analysis.period, writing)
  return documentPage(
    `${title}, ${when}`,
    `${look.brand.name} · ${title} · ${when}`,
    await bodyOf(template, title, analysis, writing),
    template === 'monthly',
    writing,
  )
}

async function bodyOf(template: Template, title: string, analysis: Analysis, writing: Writing): Promise<Html> {
  if (template === 'executive') return executive(title, analysis, writing)
  const described = template === 'monthly' ? analysis.accounts.filter(hasTrouble) : []
  const keys = new Set(described.map(({ account }) => account.key))
  const details = await detailsSection(analysis, described, writing)
  const sections: readonly Section[] = [
    summarySection(analysis, writing),
    availabilitySection(analysis, writing),
    rankingSection(analysis, keys, writing),
    incidentsSection(analysis, writing),
    responseSection(analysis, writing),
    patternSection(analysis, writing),
    outlookSection(analysis, writing),
    maintenanceSection(analysis.planned, writing),
    ...(details === null ? [] : [details]),
    methodSection(writing),
  ]
  const inside = sections.map(sectionHtml)
  if (template === 'monthly') return html`${cover(title, analysis, sections, writing)}${inside}`
  return html`${opening(title, analysis, writing)}<div class="opening">${contents(sections, writing)}</div>${inside}`
}

/** Head, verdict and figures of a report without a cover. */
function opening(title: string, analysis: Analysis, writing: Writing): Html {
  const { words, formats } = writing
  const { period, fleet } = analysis
  const about = [
    selectionText(analysis.selection, writing),
    words.accounts(fleet.accounts, formats.number(fleet.accounts)),
    words.period.zone(period.timeZone),
    words.period.asOf(formats.dateTime(analysis.asOfMs)),
  ].join(' · ')
  return html`${masthead(title, periodText(period, writing), about, writing)}<div class="opening">${verdictHtml(verdictOf(analysis, writing))}${tiles(analysis, writing)}</div>`
}

/** One page, also of a quarter, whose calendar would fill half of it. */
function executive(title: string, analysis: Analysis, writing: Writing): Html {
  const { words } = writing
  const { fleet, period } = analysis
  const days =
    fleet.days.length <= MOST_CALENDAR_DAYS
      ? html`<h3>${words.calendar.title}</h3>${calendar(fleet, writing, true)}`
      : html`<h3>${words.burn.title}</h3>${burnDown(fleet, period, writing)}`
  const notes = notesHtml({ notes: analysis.notes.slice(0, EXECUTIVE_NOTES) }, writing)
  return html`<div class="tight">${opening(title, analysis, writing)}${days}${causesHtml(fleet.causes, writing, EXECUTIVE_CAUSES)}<h3>${words.sections.worst}</h3>${shortRanking(analysis, EXECUTIVE_ACCOUNTS, writing)}${notes}</div>`
}
