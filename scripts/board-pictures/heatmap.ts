import { THEME } from './colours.ts'
import { drawnSeries, type ShownPanel, timeMarks } from './shown-panel.ts'
import { valueText } from './value-text.ts'

const NAMES = 62
const AXIS = 20

/** Cells, the more the darker: a row for each bucket, the lowest at the bottom. */
export function heatmapSvg(shown: ShownPanel): string {
  const { width, height, nowMs, data } = shown
  const series = drawnSeries(shown)
  const yAxis = data.panel.options?.['yAxis'] as { unit?: string } | undefined // Grafana's shape of a heatmap's options
  const rowHeight = (height - AXIS) / Math.max(1, series.length)
  const xOf = (atMs: number) => NAMES + ((atMs - data.fromMs) / (data.toMs - data.fromMs)) * (width - NAMES)
  const most = Math.max(...series.flatMap(({ values }) => values.filter((value) => typeof value === 'number')), 1e-9)
  const cellWidth = Math.max(1, xOf(data.fromMs + data.stepMs) - NAMES)
  const cells = series.flatMap(({ times, values }, index) =>
    values.flatMap((value, at) => {
      const time = times[at]
      if (typeof value !== 'number' || typeof time !== 'number' || value <= 1e-9) return []
      // The exponent of the board's colours: small counts can still be seen.
      const share = Math.sqrt(value / most)
      const y = height - AXIS - (index + 1) * rowHeight
      return [
        `<rect x="${xOf(time).toFixed(1)}" y="${y.toFixed(1)}" width="${cellWidth.toFixed(1)}" height="${(rowHeight - 1).toFixed(1)}" fill="hsl(${36 - 18 * share},95%,${86 - 52 * share}%)"/>`,
      ]
    }),
  )
  const names = series.map(({ name }, index) => {
    const bound = Number(name.replace('+Inf', 'Infinity'))
    const text = Number.isFinite(bound) ? valueText(bound, { unit: yAxis?.unit ?? 'short' }, nowMs) : '∞'
    const y = height - AXIS - (index + 0.5) * rowHeight + 4
    return `<text x="${NAMES - 8}" y="${y}" text-anchor="end" fill="${THEME.weak}" font-size="11">${text}</text>`
  })
  const marks = timeMarks(data.fromMs, data.toMs, (width - NAMES) / 90).map(
    ({ atMs, text }) =>
      `<text x="${xOf(atMs)}" y="${height - 4}" text-anchor="middle" fill="${THEME.weak}" font-size="11">${text}</text>`,
  )
  return `<svg width="${width}" height="${height}">${cells.join('')}${names.join('')}${marks.join('')}</svg>`
}
