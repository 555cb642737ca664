import { type Html, html } from '../../html.ts'
import type { Analysis, DayFigures, Trend } from '../analysis.ts'
import { budgetBurnDown } from '../charts/budget-burn-down.ts'
import { availabilityCalendar, dayStrip, shadeOf } from '../charts/calendar.ts'
import { CHART_WIDTH } from '../charts/svg.ts'
import { NONE } from './formats.ts'
import type { Section, Writing } from './writing.ts'

/** What the calendar and the burn-down need of an account or of the fleet. */
export interface Spent {
  readonly observedMs: number
  readonly downtimeMs: number
  readonly budgetMs: number
  readonly days: readonly DayFigures[]
}

/** A calendar of more days takes too much of a page that has other things to tell. */
export const MOST_CALENDAR_DAYS = 35

export function availabilitySection(analysis: Analysis, writing: Writing): Section {
  const { words } = writing
  const { fleet } = analysis
  return {
    id: 'availability',
    title: words.sections.availability,
    body: html`<h3>${words.calendar.title}</h3>${calendar(fleet, writing)}${trendHtml(fleet.trend, writing)}<div class="together"><h3>${words.burn.title}</h3>${burnDown(fleet, analysis.period, writing)}</div>`,
  }
}

/** The objective of several accounts together: what their budgets leave of the time that was seen. */
function objectiveOf({ observedMs, budgetMs }: Spent): number {
  return observedMs > 0 ? 1 - budgetMs / observedMs : 1
}

function downShare({ observedMs, downtimeMs }: DayFigures): number | null {
  return observedMs > 0 ? downtimeMs / observedMs : null
}

function isPerfect(day: DayFigures): boolean {
  return downShare(day) === 0
}

export function calendar(spent: Spent, { words, formats }: Writing, isCompact = false): Html {
  const days = spent.days.map((day, index) => {
    const share = downShare(day)
    const number = formats.dayNumber(day.fromMs)
    const availability = share === null ? NONE : formats.availability(1 - share)
    return {
      name: index === 0 || number === '1' ? formats.dayAndMonth(day.fromMs) : number,
      weekday: formats.weekdayOf(day.fromMs),
      downShare: share,
      value: availability,
      tip:
        share === null
          ? words.calendar.blind(formats.date(day.fromMs))
          : words.calendar.tip(formats.date(day.fromMs), availability, formats.span(day.downtimeMs)),
    }
  })
  const [none = '', within = '', beyond = '', far = '', blind = ''] = words.calendar.shades
  return html`<figure>${availabilityCalendar(
    days,
    objectiveOf(spent),
    {
      title: words.calendar.title,
      description: words.calendar.description(
        formats.number(days.length),
        formats.number(spent.days.filter(isPerfect).length),
      ),
      weekdays: weekdayNames('short', formats),
      shades: [none, within, beyond, far, blind],
    },
    isCompact,
  )}</figure>`
}

/** Monday first. */
export function weekdayNames(length: 'short' | 'long', formats: Writing['formats']): readonly string[] {
  return Array.from({ length: 7 }, (_, index) => formats.weekday(index, length))
}

/** An account's days in one line of a table. */
export function strip(spent: Spent, { words, formats }: Writing): Html {
  const objective = objectiveOf(spent)
  const perfect = spent.days.filter(isPerfect).length
  return dayStrip(
    spent.days.map((day) => shadeOf(downShare(day), objective)),
    words.calendar.strip(formats.number(perfect), formats.number(spent.days.length)),
  )
}

const DAY_MS = 86_400_000

/** Nothing where there was no budget, because nothing was seen. */
export function burnDown(
  spent: Spent,
  period: { readonly fromMs: number; readonly toMs: number },
  writing: Writing,
  width?: number,
): Html | null {
  const { words, formats } = writing
  if (spent.budgetMs <= 0) return null
  let downMs = 0
  const names = axisNames(spent.days, formats, width)
  const days = spent.days.map((day, index) => {
    downMs += day.downtimeMs
    return { name: names[index] ?? '', left: 1 - downMs / spent.budgetMs }
  })
  const left = 1 - spent.downtimeMs / spent.budgetMs
  const atEnd = left < 0 ? words.burn.over(formats.percent(-left)) : words.burn.left(formats.percent(left))
  const total = Math.max(days.length, Math.round((period.toMs - period.fromMs) / DAY_MS))
  return html`<figure>${budgetBurnDown(
    days,
    total,
    {
      title: words.burn.title,
      description: words.burn.description(atEnd),
      ratioText: formats.percent,
      evenUse: words.burn.even,
      atEnd,
    },
    width,
  )}</figure>`
}

/** So much room a name of a day takes on an axis. */
const NAME_WIDTH = 58

/** Names for an axis of days: all of a few, every n-th of many. @param width of the chart */
export function axisNames(
  days: readonly DayFigures[],
  formats: Writing['formats'],
  width = CHART_WIDTH,
): readonly string[] {
  const every = Math.max(1, Math.ceil((days.length * NAME_WIDTH) / (width - 150)))
  return days.map(({ fromMs }, index) => (index % every === 0 ? formats.dayAndMonth(fromMs) : ''))
}

export function trendHtml(trend: Trend | null, { words, formats }: Writing): Html | null {
  if (trend === null) return null
  const points = words.units.points(formats.points(Math.abs(trend.perDay)))
  const text =
    trend.direction === 'steady'
      ? words.trend.steady
      : trend.direction === 'better'
        ? words.trend.better(points)
        : words.trend.worse(points)
  const p = trend.pValue < 0.001 ? `<${formats.number(0.001, 3)}` : formats.number(trend.pValue, 3)
  return html`<p>${text} <small>${words.trend.tested(p, formats.number(trend.days))}</small></p>`
}
