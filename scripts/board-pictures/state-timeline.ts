import { escaped, inkOn, THEME } from './colours.ts'
import { drawnSeries, type ShownPanel, timeMarks } from './shown-panel.ts'
import { valueColour, valueText } from './value-text.ts'

const AXIS = 20
const FONT = 12
/** Letters of a name that have room, and the usual width of one. */
const LETTERS = { most: 26, width: 6.4 } as const

/** A line for each series, one stretch for as long as its value stays the same. */
export function stateTimelineSvg(shown: ShownPanel): string {
  const { width, height, nowMs, data } = shown
  const series = drawnSeries(shown)
  const longest = Math.max(8, ...series.map(({ name }) => Math.min(name.length, LETTERS.most)))
  const left = longest * LETTERS.width + 14
  const rowHeight = (height - AXIS) / Math.max(1, series.length)
  const xOf = (atMs: number) => left + ((atMs - data.fromMs) / (data.toMs - data.fromMs)) * (width - left)
  const rows = series.map(({ name, config, times, values }, index) => {
    const y = index * rowHeight
    const stretches: { fromMs: number; toMs: number; value: number }[] = []
    for (const [at, time] of times.entries()) {
      const value = values[at]
      if (typeof time !== 'number' || typeof value !== 'number' || Number.isNaN(value)) continue
      const last = stretches.at(-1)
      if (last !== undefined && last.value === value && time - last.toMs <= data.stepMs * 1.5) last.toMs = time
      else {
        if (last !== undefined && time - last.toMs <= data.stepMs * 1.5) last.toMs = time
        stretches.push({ fromMs: time, toMs: time, value })
      }
    }
    const bars = stretches.map(({ fromMs, toMs, value }) => {
      const x = xOf(fromMs)
      const wide = Math.max(1.5, xOf(Math.min(data.toMs, toMs + data.stepMs)) - x)
      const colour = valueColour(value, config)
      const text = valueText(value, config, nowMs)
      const label =
        rowHeight >= 12 && wide > text.length * 6.5 + 8
          ? `<text x="${x + 5}" y="${y + rowHeight / 2 + 4}" fill="${inkOn(colour)}" font-size="11">${escaped(text)}</text>`
          : ''
      return `<rect x="${x}" y="${y + 1.5}" width="${wide}" height="${Math.max(1, rowHeight - 3)}" fill="${colour}" fill-opacity="0.85"/>${label}`
    })
    const size = Math.min(FONT, rowHeight)
    return `<text x="${left - 8}" y="${y + rowHeight / 2 + size / 3}" text-anchor="end" fill="${THEME.text}" font-size="${size}">${escaped(name.slice(0, LETTERS.most))}</text>${bars.join('')}`
  })
  const marks = timeMarks(data.fromMs, data.toMs, (width - left) / 90).map(
    ({ atMs, text }) =>
      `<text x="${xOf(atMs)}" y="${height - 4}" text-anchor="middle" fill="${THEME.weak}" font-size="11">${text}</text>`,
  )
  return `<svg width="${width}" height="${height}">${rows.join('')}${marks.join('')}</svg>`
}
