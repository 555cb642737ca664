import { rowCount, type Value } from '../../test/e2e/boards/frames.ts'
import { configOf } from '../../test/e2e/boards/panel-faults.ts'
import { colourOf, escaped, inkOn } from './colours.ts'
import type { ShownPanel } from './shown-panel.ts'
import { valueColour, valueText } from './value-text.ts'

const ROW_HEIGHT = 27

/** The rows that have room. */
export function tableHtml(shown: ShownPanel): string {
  const { data, height, nowMs } = shown
  const frame = data.frames[0]
  const noValue = data.panel.fieldConfig?.defaults.noValue ?? 'No data'
  if (frame === undefined || rowCount(frame) === 0) return `<p class="nothing">${escaped(noValue)}</p>`
  const columns = frame.fields
    .map((field) => ({ field, config: configOf(data.panel, field) }))
    .filter(({ config }) => config.custom?.['hidden'] !== true)
  const order = sortedRows(shown)
  const shownRows = order.slice(0, Math.max(1, Math.floor(height / ROW_HEIGHT) - 1))
  const head = columns.map(({ field }) => `<th>${escaped(field.name)}</th>`).join('')
  const body = shownRows.map((row) => {
    const cells = columns.map(({ field, config }) => {
      const value = field.values[row] ?? null
      const style = cellStyle(value, config)
      const isNumber = field.kind === 'number' ? ' class="number"' : ''
      return `<td${isNumber} style="${style}">${escaped(valueText(value, config, nowMs))}</td>`
    })
    return `<tr style="height:${ROW_HEIGHT}px">${cells.join('')}</tr>`
  })
  return `<table><tr style="height:${ROW_HEIGHT}px">${head}</tr>${body.join('')}</table>`
}

function cellStyle(value: Value, config: Parameters<typeof valueColour>[1]): string {
  const mode = config.custom?.['displayMode']
  if (mode === undefined || mode === 'auto' || typeof value !== 'number') return ''
  const colour = valueColour(value, config)
  if (mode === 'color-text') return `color:${colour}`
  return colour === colourOf('transparent') ? '' : `background:${colour};color:${inkOn(colour)}`
}

function sortedRows({ data }: ShownPanel): readonly number[] {
  const frame = data.frames[0]
  if (frame === undefined) return []
  const rows = Array.from({ length: rowCount(frame) }, (_, index) => index)
  // Grafana's shape of a table's options.
  const [by] = (data.panel.options?.['sortBy'] ?? []) as readonly { displayName: string; desc?: boolean }[]
  const values = frame.fields.find(({ name }) => name === by?.displayName)?.values
  if (values === undefined) return rows
  const sign = by?.desc === true ? -1 : 1
  return rows.sort((a, b) => {
    const [left, right] = [values[a] ?? null, values[b] ?? null]
    if (left === right) return a - b
    // Rows without a value come last, whichever way it is sorted.
    if (left === null) return 1
    if (right === null) return -1
    return left < right ? -sign : sign
  })
}
