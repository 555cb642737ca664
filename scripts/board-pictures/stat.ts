import { reduced } from '../../test/e2e/boards/frames.ts'
import { colourOf, escaped, inkOn, THEME } from './colours.ts'
import { calcOf, numberFields, type ShownPanel } from './shown-panel.ts'
import { valueColour, valueText } from './value-text.ts'

/** Figures in tiles, as many beside each other as fill the room best. */
export function statHtml(shown: ShownPanel): string {
  const { width, height, nowMs, data } = shown
  const { options = {} } = data.panel
  const textMode = String(options['textMode'] ?? 'auto')
  const tiles = numberFields(shown).map(({ field, config }) => {
    const value = reduced(field.values, calcOf(shown))
    return {
      name: field.name,
      text: textMode === 'name' ? field.name : valueText(value, config, nowMs),
      colour: valueColour(value, config),
    }
  })
  const defaults = data.panel.fieldConfig?.defaults
  if (tiles.length === 0) tiles.push({ name: '', text: defaults?.noValue ?? 'No data', colour: THEME.weak })
  const isNamed = textMode === 'value_and_name' || (textMode === 'auto' && tiles.length > 1)
  const columns = bestColumns(tiles.length, width, height)
  const tileHeight = height / Math.ceil(tiles.length / columns) - 4
  const tileWidth = width / columns - 4
  const room = isNamed ? tileHeight * 0.5 : tileHeight * 0.6
  const longest = Math.max(3, ...tiles.map(({ text }) => text.length * 0.6))
  const size = Math.max(9, Math.min(room, 44, (tileWidth - 14) / longest))
  const cells = tiles.map(({ name, text, colour }) => {
    const filled = options['colorMode'] === 'background' && colour !== colourOf('transparent')
    const style = filled ? `background:${colour};color:${inkOn(colour)}` : `color:${colour}`
    const title = isNamed ? `<small>${escaped(name)}</small>` : ''
    return `<div class="tile" style="${style};height:${tileHeight}px">${title}<b style="font-size:${size}px">${escaped(text)}</b></div>`
  })
  return `<div class="tiles" style="grid-template-columns:repeat(${columns},1fr)">${cells.join('')}</div>`
}

/** The number of columns whose tiles come nearest to three times as wide as high. */
function bestColumns(count: number, width: number, height: number): number {
  let best = 1
  let distance = Number.POSITIVE_INFINITY
  for (let columns = 1; columns <= count; columns++) {
    const shape = width / columns / (height / Math.ceil(count / columns))
    const off = Math.abs(Math.log(shape / 3))
    if (off < distance) [best, distance] = [columns, off]
  }
  return best
}
