import { type Html, html } from '../../html.ts'
import { box, CHART_WIDTH, chart, label, legend, line } from './svg.ts'

export interface TimelineBar {
  readonly fromMs: number
  readonly toMs: number
  /** Class of the fill. */
  readonly kind: string
  readonly tip: string
}

export interface TimelineRow {
  readonly name: string
  readonly bars: readonly TimelineBar[]
}

export interface TimelineTick {
  readonly atMs: number
  readonly text: string
}

export interface TimelineWords {
  readonly title: string
  readonly description: string
  readonly kinds: readonly { readonly kind: string; readonly text: string }[]
}

const NAMES = 150
const ROW = 16
const HEAD = 16
const SHORTEST = 1.6
/** So wide a letter of a tick's name is at most. */
const LETTER = 5.5

/** Incidents over time, a row per account. Short ones are drawn wider than they were, so that they are seen at all. */
export function incidentTimeline(
  range: { readonly fromMs: number; readonly toMs: number },
  rows: readonly TimelineRow[],
  ticks: readonly TimelineTick[],
  words: TimelineWords,
): Html {
  const scale = (CHART_WIDTH - NAMES) / Math.max(1, range.toMs - range.fromMs)
  const x = (ms: number) => NAMES + (Math.min(Math.max(ms, range.fromMs), range.toMs) - range.fromMs) * scale
  const bottom = HEAD + Math.max(1, rows.length) * ROW
  const grid = ticks.map(({ atMs, text }) => {
    const at = x(atMs)
    // What reaches beyond the chart makes the printer shrink the whole report.
    const isLast = at + 2 + text.length * LETTER > CHART_WIDTH
    const name = isLast ? label(at - 2, HEAD - 6, text, { anchor: 'end' }) : label(at + 2, HEAD - 6, text)
    return html`${line(at, HEAD - 3, at, bottom, 'grid')}${name}`
  })
  const lines = rows.map((row, index) => {
    const y = HEAD + index * ROW
    const bars = row.bars.map(({ fromMs, toMs, kind, tip }) => {
      const width = Math.max(SHORTEST, x(toMs) - x(fromMs))
      const left = Math.min(x(fromMs), CHART_WIDTH - width)
      return kind === 'planned'
        ? box(left, y + 1, width, ROW - 2, kind, tip)
        : box(left, y + 3, width, ROW - 6, kind, tip)
    })
    return html`${line(0, y + ROW, CHART_WIDTH, y + ROW, 'grid')}${label(0, y + 11.5, shortened(row.name, 26), { kind: 'value' })}${bars}`
  })
  const keys = legend(0, bottom + 17, words.kinds)
  return chart({ title: words.title, description: words.description, height: bottom + 22 }, [...grid, ...lines, keys])
}

/** A name cut to `length` characters, never in the middle of one. */
export function shortened(name: string, length: number): string {
  const characters = Array.from(name)
  return characters.length <= length ? name : `${characters.slice(0, length - 1).join('')}…`
}
