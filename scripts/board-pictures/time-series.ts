import type { FieldDefaults } from '../../test/e2e/boards/board.ts'
import { reduced } from '../../test/e2e/boards/frames.ts'
import { colourOf, escaped, THEME } from './colours.ts'
import { type Drawn, drawnSeries, type ShownPanel, timeMarks } from './shown-panel.ts'
import { valueText } from './value-text.ts'

const AXIS = { left: 58, bottom: 20, top: 6, right: 6 } as const
const LEGEND_ROW = 18
const MOST_NAMES = 7
/** Pixels of a letter, and of the key and the room beside a name. */
const LETTER = 5.8
const KEY = 36

interface Scale {
  readonly low: number
  readonly high: number
  readonly xOf: (atMs: number) => number
  readonly yOf: (value: number) => number
  readonly bottom: number
}

/** One point of a curve; stacked curves begin where the one below ends. */
interface Point {
  readonly atMs: number
  readonly from: number
  readonly to: number
}

/** Curves, areas or bars over time with the legend below. */
export function timeSeriesHtml(shown: ShownPanel): string {
  const { width, data } = shown
  const series = drawnSeries(shown)
  const legend = legendHtml(shown, series)
  const height = shown.height - legend.height
  const curves = pointsOf(series, data.stepMs)
  const { low, high } = bounds(curves.flat(), series[0]?.config ?? {})
  const bottom = height - AXIS.bottom
  const scale: Scale = {
    low,
    high,
    bottom,
    xOf: (atMs) => AXIS.left + ((atMs - data.fromMs) / (data.toMs - data.fromMs)) * (width - AXIS.left - AXIS.right),
    yOf: (value) => AXIS.top + (1 - (Math.min(Math.max(value, low), high) - low) / (high - low)) * (bottom - AXIS.top),
  }
  const parts = [
    ...gridLines(shown, scale, series[0]?.config ?? {}),
    ...stepLines(width, scale, series[0]?.config ?? {}),
    ...series.map((one, index) => drawn(one, curves[index] ?? [], scale, data.stepMs)),
    ...timeMarks(data.fromMs, data.toMs, (width - AXIS.left) / 80).map(
      ({ atMs, text }) =>
        `<text x="${scale.xOf(atMs)}" y="${height - 4}" text-anchor="middle" fill="${THEME.weak}" font-size="11">${text}</text>`,
    ),
  ]
  const empty =
    series.length === 0
      ? `<text x="${width / 2}" y="${height / 2}" text-anchor="middle" fill="${THEME.weak}">${escaped(data.panel.fieldConfig?.defaults.noValue ?? 'No data')}</text>`
      : ''
  return `<svg width="${width}" height="${height}">${parts.join('')}${empty}</svg>${legend.html}`
}

/** The points of each series; of series that are stacked, on top of those before. Null values leave gaps. */
function pointsOf(series: readonly Drawn[], stepMs: number): readonly (readonly (readonly Point[])[])[] {
  const tops = new Map<number, number>()
  return series.map(({ times, values, config }) => {
    const stacking = config.custom?.['stacking'] as { mode?: string } | undefined // Grafana's shape
    const isStacked = stacking?.mode === 'normal'
    const stretches: Point[][] = []
    let lastMs = Number.NEGATIVE_INFINITY
    for (const [index, atMs] of times.entries()) {
      const value = values[index]
      if (typeof atMs !== 'number' || typeof value !== 'number' || !Number.isFinite(value)) continue
      const from = isStacked ? (tops.get(atMs) ?? 0) : 0
      tops.set(atMs, from + value)
      const point = { atMs, from, to: from + value }
      const stretch = stretches.at(-1)
      if (stretch === undefined || atMs - lastMs > stepMs * 1.5) stretches.push([point])
      else stretch.push(point)
      lastMs = atMs
    }
    return stretches
  })
}

/** The range of the axis: what the board sets, else what the values need, rounded to what a person would choose. */
function bounds(stretches: readonly (readonly Point[])[], config: FieldDefaults): { low: number; high: number } {
  const values = stretches.flat().flatMap(({ from, to }) => (from === 0 ? [to] : [from, to]))
  const least = values.length === 0 ? 0 : Math.min(...values)
  const most = values.length === 0 ? 1 : Math.max(...values)
  const low = config.min ?? (least >= 0 && least < most * 0.5 ? 0 : least)
  const high = config.max ?? (most > low ? most : low + 1)
  const step = niceStep((high - low) / 4)
  return {
    low: config.min ?? Math.floor(low / step) * step,
    high: config.max ?? Math.ceil(high / step) * step,
  }
}

function niceStep(raw: number): number {
  const size = 10 ** Math.floor(Math.log10(raw))
  return ([1, 2, 2.5, 5, 10].find((factor) => factor * size >= raw * 0.999) ?? 10) * size
}

function gridLines({ width, nowMs }: ShownPanel, { low, high, yOf }: Scale, config: FieldDefaults): readonly string[] {
  const step = niceStep((high - low) / 4)
  const lines: string[] = []
  for (let value = Math.ceil(low / step) * step; value <= high + step / 1000; value += step) {
    const y = yOf(value).toFixed(1)
    const exact = Number(value.toPrecision(10))
    const { decimals: _few, noValue: _none, ...plain } = config
    lines.push(
      `<line x1="${AXIS.left}" x2="${width - AXIS.right}" y1="${y}" y2="${y}" stroke="${THEME.grid}"/>` +
        `<text x="${AXIS.left - 8}" y="${Number(y) + 4}" text-anchor="end" fill="${THEME.weak}" font-size="11">${escaped(valueText(exact, plain, nowMs))}</text>`,
    )
  }
  return lines
}

/** Thresholds behind the curves, where the board wants them. */
function stepLines(width: number, { low, high, yOf, bottom }: Scale, config: FieldDefaults): readonly string[] {
  const style = config.custom?.['thresholdsStyle'] as { mode?: string } | undefined // Grafana's shape
  if (style?.mode === undefined || style.mode === 'off') return []
  const steps = config.thresholds?.steps ?? []
  return steps.flatMap(({ value, color }, index) => {
    const from = value ?? low
    if (from > high || colourOf(color) === 'transparent') return []
    const y = yOf(from)
    if (style.mode === 'area') {
      const above = yOf(steps[index + 1]?.value ?? high)
      return [
        `<rect x="${AXIS.left}" width="${width - AXIS.left - AXIS.right}" y="${above}" height="${Math.max(0, Math.min(bottom, y) - above)}" fill="${colourOf(color)}" fill-opacity="0.08"/>`,
      ]
    }
    if (value === null || value < low) return []
    return [
      `<line x1="${AXIS.left}" x2="${width - AXIS.right}" y1="${y}" y2="${y}" stroke="${colourOf(color)}" stroke-opacity="0.7" stroke-dasharray="6 4"/>`,
    ]
  })
}

function drawn(
  { colour, config }: Drawn,
  stretches: readonly (readonly Point[])[],
  { xOf, yOf, low }: Scale,
  stepMs: number,
): string {
  const { custom = {} } = config
  const fill = Number(custom['fillOpacity'] ?? 0) / 100
  const base = Math.max(low, 0)
  if (custom['drawStyle'] === 'bars') {
    return stretches
      .flat()
      .filter(({ from, to }) => to > from)
      .map(({ atMs, from, to }) => {
        const wide = Math.max(1.5, (xOf(atMs) - xOf(atMs - stepMs)) * 0.7)
        const top = yOf(to)
        return `<rect x="${(xOf(atMs) - wide / 2).toFixed(1)}" y="${top.toFixed(1)}" width="${wide.toFixed(1)}" height="${(yOf(from) - top).toFixed(1)}" fill="${colour}" fill-opacity="${fill}"/>`
      })
      .join('')
  }
  const at = (atMs: number, value: number) => `${xOf(atMs).toFixed(1)},${yOf(value).toFixed(1)}`
  const lineStyle = custom['lineStyle'] as { fill?: string } | undefined // Grafana's shape
  const dash = lineStyle?.fill === 'dash' ? ' stroke-dasharray="6 4"' : ''
  return stretches
    .map((points) => {
      const top = points.map(({ atMs, to }) => at(atMs, to))
      const below = [...points].reverse().map(({ atMs, from }) => at(atMs, from === 0 ? base : from))
      const area =
        fill === 0 ? '' : `<polygon points="${[...top, ...below].join(' ')}" fill="${colour}" fill-opacity="${fill}"/>`
      const wide = Number(custom['lineWidth'] ?? 1)
      const line =
        wide === 0
          ? ''
          : `<polyline points="${top.join(' ')}" fill="none" stroke="${colour}" stroke-width="${wide * 1.4}"${dash}/>`
      return area + line
    })
    .join('')
}

function legendHtml({ data, nowMs, width }: ShownPanel, series: readonly Drawn[]): { html: string; height: number } {
  // Grafana's shape of a panel's options.
  const legend = data.panel.options?.['legend'] as
    | { showLegend?: boolean; displayMode?: string; calcs?: readonly string[] }
    | undefined
  if (legend?.showLegend === false || series.length === 0) return { html: '', height: 0 }
  const key = (colour: string) => `<i style="background:${colour}"></i>`
  if (legend?.displayMode !== 'table') {
    const names = series.slice(0, 14).map(({ name, colour }) => `<span>${key(colour)}${escaped(name)}</span>`)
    const wide = series.slice(0, 14).reduce((sum, { name }) => sum + name.length * LETTER + KEY, 0)
    const rows = Math.ceil(wide / width)
    return { html: `<div class="legend">${names.join('')}</div>`, height: rows * LEGEND_ROW + 4 }
  }
  const calcs = legend.calcs ?? []
  const shown = series.slice(0, MOST_NAMES - 1)
  const head = `<tr><th></th>${calcs.map((calc) => `<th>${calc === 'lastNotNull' ? 'Last' : calc[0]?.toUpperCase() + calc.slice(1)}</th>`).join('')}</tr>`
  const rows = shown.map(({ name, colour, values, config }) => {
    const cells = calcs.map((calc) => `<td>${escaped(valueText(reduced(values, calc), config, nowMs))}</td>`)
    return `<tr><td>${key(colour)}${escaped(name)}</td>${cells.join('')}</tr>`
  })
  return {
    html: `<table class="legend">${head}${rows.join('')}</table>`,
    height: (shown.length + 1) * LEGEND_ROW + 4,
  }
}
