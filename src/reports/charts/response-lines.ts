import type { Html } from '../../html.ts'
import { box, CHART_WIDTH, chart, label, line, path } from './svg.ts'

export interface ResponsePoint {
  /** Name under the axis; empty for a day that is not named. */
  readonly name: string
  /** Null draws a gap. */
  readonly meanMs: number | null
}

export interface ResponseLevel {
  /** `p95 312 ms` */
  readonly text: string
  readonly valueMs: number
}

export interface ResponseWords {
  readonly title: string
  readonly description: string
  readonly scaleText: (valueMs: number) => string
}

const LEFT = 52
const RIGHT = 92
const TOP = 10
const HEIGHT = 150
const HALF_HEIGHT = 104
const LABEL_GAP = 12

/**
 * Mean response time per day as a line, the period's quantiles as levels. The scale is logarithmic: a p99 of seconds
 * would press a mean of milliseconds flat.
 */
export function responseLines(
  points: readonly ResponsePoint[],
  levels: readonly ResponseLevel[],
  words: ResponseWords,
  width: number = CHART_WIDTH,
): Html {
  const height = width < CHART_WIDTH ? HALF_HEIGHT : HEIGHT
  const values = [...points.flatMap(({ meanMs }) => meanMs ?? []), ...levels.map(({ valueMs }) => valueMs)].filter(
    (value) => value > 0,
  )
  const low = 10 ** Math.floor(Math.log10(Math.min(...values, 1e9)))
  const high = Math.max(low * 10, ...values)
  const y = (value: number) => TOP + height * (1 - Math.log(Math.max(value, low) / low) / Math.log(high / low))
  const right = width - RIGHT
  const x = (index: number) => LEFT + ((right - LEFT) * (index + 0.5)) / Math.max(1, points.length)
  const steps = scaleSteps(low, high)
  const grid = steps.flatMap((step) => [
    line(LEFT, y(step), right, y(step), 'grid'),
    label(LEFT - 6, y(step) + 3.5, words.scaleText(step), { anchor: 'end' }),
  ])
  const named = points.flatMap(({ name }, index) =>
    name === '' ? [] : [label(x(index), TOP + height + 15, name, { anchor: 'middle' })],
  )
  const drawn = levels.map(({ valueMs }, index) => line(LEFT, y(valueMs), right, y(valueMs), `level level-${index}`))
  const places = apart(levels.map(({ valueMs }) => y(valueMs)))
  const texts = levels.map(({ text }, index) => label(right + 6, (places[index] ?? 0) + 3.5, text, { kind: 'value' }))
  const mean = path(
    points.map(({ meanMs }, index) => (meanMs === null ? null : ([x(index), y(meanMs)] as const))),
    'mean',
  )
  const frame = box(LEFT, TOP, right - LEFT, height, 'frame')
  return chart({ title: words.title, description: words.description, height: TOP + height + 22, width }, [
    frame,
    ...grid,
    ...named,
    ...drawn,
    mean,
    ...texts,
  ])
}

/** 1, 2 and 5 times the powers of ten from `low` to `high`; the powers alone where that would be crowded. */
function scaleSteps(low: number, high: number): readonly number[] {
  const factors = high / low > 300 ? [1] : [1, 2, 5]
  const steps: number[] = []
  for (let power = low; power <= high; power *= 10)
    for (const factor of factors) if (factor * power <= high) steps.push(factor * power)
  return steps
}

/** The same heights in the same order, moved so far that labels do not overlap. */
function apart(heights: readonly number[]): readonly number[] {
  const order = heights.map((height, index) => ({ height, index })).sort((a, b) => b.height - a.height)
  const placed: number[] = []
  let ceiling = Number.POSITIVE_INFINITY
  for (const { height, index } of order) {
    ceiling = Math.min(height, ceiling - LABEL_GAP)
    placed[index] = ceiling
  }
  return placed
}
