import { type Html, html } from '../../html.ts'
import { box, CHART_WIDTH, chart, label } from './svg.ts'

export interface Bar {
  readonly name: string
  readonly value: number
  readonly text: string
  readonly kind: string
}

const NAMES = 150
const TEXTS = 150
const ROW = 20

/** Horizontal bars, longest first as given, each with its figure. */
export function bars(rows: readonly Bar[], words: { readonly title: string; readonly description: string }): Html {
  const most = Math.max(Number.MIN_VALUE, ...rows.map(({ value }) => value))
  const marks = rows.map(({ name, value, text, kind }, index) => {
    const y = index * ROW
    const width = ((CHART_WIDTH - NAMES - TEXTS) * value) / most
    return html`${label(0, y + 13, name, { kind: 'value' })}${box(NAMES, y + 4, Math.max(1, width), 11, kind)}${label(NAMES + Math.max(1, width) + 6, y + 13, text)}`
  })
  return chart({ title: words.title, description: words.description, height: rows.length * ROW + 2 }, marks)
}
