import { type Html, html } from '../../html.ts'
import { at, box, CHART_WIDTH, chart, label, line, path, ticksUpTo } from './svg.ts'

export interface BurnDay {
  readonly name: string
  /** Share of the period's budget that is left at the end of the day: 1 is all, below 0 is a miss. */
  readonly left: number
}

export interface BurnWords {
  readonly title: string
  readonly description: string
  readonly ratioText: (ratio: number) => string
  /** Names the dashed line of an even use. */
  readonly evenUse: string
  /** Says what stands at the end: `37 % left`. */
  readonly atEnd: string
}

const LEFT = 52
const RIGHT = 92
const TOP = 10
const HEIGHT = 140
const HALF_HEIGHT = 104
/** A budget overdrawn further than this is cut at the chart's foot. */
const DEEPEST = -3

/**
 * The error budget day by day, from full to what is left; below zero the objective is missed.
 * @param days days that are over; @param total days of the whole period, for the line of an even use
 */
export function budgetBurnDown(
  days: readonly BurnDay[],
  total: number,
  words: BurnWords,
  width: number = CHART_WIDTH,
): Html {
  const height = width < CHART_WIDTH ? HALF_HEIGHT : HEIGHT
  const lowest = Math.max(DEEPEST, Math.min(0, ...days.map(({ left }) => left)))
  const floor = lowest < 0 ? -(ticksUpTo(-lowest, 3).at(-1) ?? 0) : 0
  const right = width - RIGHT
  const y = (left: number) => TOP + (height * (1 - Math.max(left, floor))) / (1 - floor)
  const x = (day: number) => LEFT + ((right - LEFT) * day) / Math.max(1, total)
  const steps = [1, 0.5, 0, ...(floor < 0 ? [floor / 2, floor] : [])]
  const grid = steps.flatMap((step) => [
    line(LEFT, y(step), right, y(step), step === 0 ? 'zero' : 'grid'),
    label(LEFT - 6, y(step) + 3.5, words.ratioText(step), { anchor: 'end' }),
  ])
  const named = days.flatMap(({ name }, index) =>
    name === '' ? [] : [label(x(index + 0.5), TOP + height + 15, name, { anchor: 'middle' })],
  )
  // Steps, not slopes: within a day nobody knows when it was used.
  const points: [number, number][] = [[x(0), y(1)]]
  for (const [index, { left }] of days.entries()) {
    points.push([x(index), y(left)], [x(index + 1), y(left)])
  }
  const last = days.at(-1)?.left ?? 1
  const area = html`<path d="M${at(x(0))} ${at(y(0))}${points.map(([px, py]) => `L${at(px)} ${at(py)}`).join('')}L${at(x(days.length))} ${at(y(0))}Z" class="budget-area"/>`
  const endY = Math.min(y(last), TOP + height)
  return chart({ title: words.title, description: words.description, height: TOP + height + 22, width }, [
    floor < 0 ? box(LEFT, y(0), right - LEFT, y(floor) - y(0), 'missed-zone') : html``,
    ...grid,
    ...named,
    area,
    line(x(0), y(1), x(total), y(0), 'even'),
    path(points, last < 0 ? 'budget missed' : 'budget'),
    label(right + 6, endY + 3.5, words.atEnd, { kind: 'strong' }),
    ...(Math.abs(endY - y(0)) > 14
      ? [label(right + 6, y(0) + 3.5, words.evenUse)]
      : [label(right + 6, y(0.5), words.evenUse)]),
  ])
}
