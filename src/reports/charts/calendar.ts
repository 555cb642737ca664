import { type Html, html } from '../../html.ts'
import { box, CHART_WIDTH, chart, label, legend } from './svg.ts'

/** One day of the calendar, oldest first and without gaps. */
export interface CalendarDay {
  /** Number of the day in its month, as text; with the month's name where a month begins. */
  readonly name: string
  /** 0 is Monday. */
  readonly weekday: number
  /** Downtime ÷ observed; null where nothing was observed. */
  readonly downShare: number | null
  /** `99.95 %`, or what stands for nothing. */
  readonly value: string
  readonly tip: string
}

export interface CalendarWords {
  readonly title: string
  readonly description: string
  /** Monday first. */
  readonly weekdays: readonly string[]
  /** One per shade: none, within the objective, beyond it, far beyond it, not observed. */
  readonly shades: readonly [string, string, string, string, string]
}

/** More than this many times the allowed share of downtime is the darkest shade. */
const FAR_BEYOND = 4

/** Shade of a day: by how it compares with the share of downtime that the objective allows. */
export function shadeOf(downShare: number | null, objective: number): string {
  if (downShare === null) return 'blind'
  if (downShare === 0) return 'calm'
  const allowed = 1 - objective
  if (downShare <= allowed) return 'within'
  return downShare <= FAR_BEYOND * allowed ? 'beyond' : 'far'
}

const LEFT = 0
const HEAD = 18
const GAP = 3

/** A calendar of availability, a row per week. Each cell states its figure, so that nothing is told by colour alone. */
export function availabilityCalendar(
  days: readonly CalendarDay[],
  objective: number,
  words: CalendarWords,
  isCompact = false,
): Html {
  const first = days[0]?.weekday ?? 0
  const rows = Math.max(1, Math.ceil((days.length + first) / 7))
  const cellHeight = isCompact || rows > 6 ? 19 : 32
  const cellWidth = (CHART_WIDTH - LEFT - 6 * GAP) / 7
  const heads = words.weekdays.map((name, index) => label(LEFT + index * (cellWidth + GAP) + 2, HEAD - 7, name))
  const cells = days.map((day, index) => {
    const place = index + first
    const x = LEFT + (place % 7) * (cellWidth + GAP)
    const y = HEAD + Math.floor(place / 7) * (cellHeight + GAP)
    const shade = shadeOf(day.downShare, objective)
    const text = shade === 'far' ? 'inverse' : 'value'
    const middle = y + cellHeight / 2 + 4
    return html`${box(x, y, cellWidth, cellHeight, shade, day.tip)}${label(x + 6, middle, day.name, { kind: `${text} small` })}${label(x + cellWidth - 6, middle, day.value, { anchor: 'end', kind: text })}`
  })
  const bottom = HEAD + rows * (cellHeight + GAP) + 14
  const [none, within, beyond, far, blind] = words.shades
  const keys = legend(LEFT, bottom, [
    { kind: 'calm', text: none },
    { kind: 'within', text: within },
    { kind: 'beyond', text: beyond },
    { kind: 'far', text: far },
    { kind: 'blind', text: blind },
  ])
  return chart({ title: words.title, description: words.description, height: bottom + 4 }, [...heads, ...cells, keys])
}

/** One account's days as a strip of cells, for a line of a table; `description` says in words what the colours show. */
export function dayStrip(shades: readonly string[], description: string): Html {
  const width = 100 / Math.max(1, shades.length)
  const cells = shades.map((shade, index) => box(index * width, 0, width - Math.min(0.8, width / 4), 12, shade))
  return html`<svg class="strip" viewBox="0 0 100 12" preserveAspectRatio="none" role="img" aria-label="${description}">${cells}</svg>`
}
