import { type Html, html } from '../../html.ts'
import type { Analysis, CauseFigures, Figures } from '../analysis.ts'
import { bars } from '../charts/bars.ts'
import { causeKind } from './cause-kind.ts'
import { table } from './tables.ts'
import type { Section, Writing } from './writing.ts'

const MOST_CAUSES = 8

export function summarySection(analysis: Analysis, writing: Writing): Section {
  const { words } = writing
  return {
    id: 'summary',
    title: words.sections.summary,
    body: html`${notesHtml(analysis, writing)}${comparison(analysis, writing)}${causesHtml(analysis.fleet.causes, writing)}`,
  }
}

/** What a reader must know to trust the figures. */
export function notesHtml({ notes }: Pick<Analysis, 'notes'>, { words, formats }: Writing): Html | null {
  if (notes.length === 0) return null
  const texts = notes.map(({ code, detail, accounts }) => {
    if (words.language === 'en') return detail
    return words.notes[code](accounts === null ? '' : words.accounts(accounts, formats.number(accounts)))
  })
  return html`<aside class="notes"><h3>${words.sections.notes}</h3><ul>${texts.map((text) => html`<li>${text}</li>`)}</ul></aside>`
}

/** Every figure beside that of the period before. */
function comparison({ fleet }: Analysis, writing: Writing): Html {
  const { words, formats } = writing
  const { before } = fleet
  const row = (
    name: string,
    of: (figures: Figures) => number | null,
    text: (value: number | null) => string,
    good: 'more' | 'less' | 'neither',
    difference: (value: number) => string = (value) => `${value < 0 ? '−' : '+'}${text(Math.abs(value))}`,
  ): readonly (Html | string)[] => {
    const now = of(fleet)
    const was = before === null ? null : of(before)
    const change = now === null || was === null ? null : now - was
    const shown = text(now) === text(was) ? '=' : null
    return [name, text(now), text(was), shown ?? (change === null ? text(null) : changeHtml(change, difference, good))]
  }
  const { figures } = words
  const points = (value: number) => words.units.points(formats.points(value))
  const roundPoints = (value: number) => words.units.points(formats.points(value, 1))
  const rows = [
    row(figures.availability, (one) => one.availability, formats.availability, 'more', points),
    row(figures.downtime, (one) => one.downtimeMs, formats.span, 'less'),
    row(figures.incidents, (one) => one.incidents, formats.number, 'less'),
    row(figures.mttr, (one) => one.mttrMs, formats.span, 'less'),
    row(figures.mttd, (one) => one.mttdMs, formats.span, 'less'),
    row(figures.mtbf, (one) => one.mtbfMs, formats.span, 'more'),
    row(figures.recovery, (one) => one.recovery.success, formats.percent, 'more', roundPoints),
    row(
      figures.reliability,
      (one) => one.reliability,
      (value) => formats.number(value, 1),
      'more',
    ),
    row(figures.planned, (one) => one.plannedMs, formats.span, 'neither'),
    row(figures.coverage, (one) => one.coverage, formats.percent, 'more', roundPoints),
  ]
  const { columns, sections } = words
  return html`<div class="compact together"><h3>${sections.compared}</h3>${table(
    sections.compared,
    [
      { name: columns.figure },
      { name: columns.now, number: true },
      { name: columns.before, number: true },
      { name: columns.change, number: true },
    ],
    rows,
  )}</div>`
}

/** A change, coloured by whether it is good, with its sign. */
function changeHtml(change: number, text: (value: number) => string, good: 'more' | 'less' | 'neither'): Html | string {
  if (good === 'neither') return text(change)
  return html`<span class="${change > 0 === (good === 'more') ? 'better' : 'worse'}">${text(change)}</span>`
}

/** Downtime by cause, most first; nothing where there was none. */
export function causesHtml(
  causes: readonly CauseFigures[],
  { words, formats }: Writing,
  most = MOST_CAUSES,
): Html | null {
  const rows = causes
    .filter(({ downtimeInPeriodMs }) => downtimeInPeriodMs > 0)
    .toSorted((a, b) => b.downtimeInPeriodMs - a.downtimeInPeriodMs)
    .slice(0, most)
    .map(({ cause, incidents, downtimeInPeriodMs }) => ({
      name: words.causes[cause],
      value: downtimeInPeriodMs,
      text: words.causesText(words.incidents(incidents, formats.number(incidents)), formats.span(downtimeInPeriodMs)),
      kind: causeKind(cause),
    }))
  const [first] = rows
  if (first === undefined) return null
  const { causes: title } = words.sections
  return html`<h3>${title}</h3><figure>${bars(rows, { title, description: `${first.name}: ${first.text}` })}</figure>`
}
