import { reduced } from '../../test/e2e/boards/frames.ts'
import { escaped, THEME } from './colours.ts'
import { calcOf, numberFields, type ShownPanel } from './shown-panel.ts'
import { valueColour, valueText } from './value-text.ts'

/** One bar below the other, its name on the left and its figure on the right. */
export function barGaugeHtml(shown: ShownPanel): string {
  const { height, nowMs } = shown
  const bars = numberFields(shown).map(({ field, config }) => ({
    name: field.name,
    config,
    value: reduced(field.values, calcOf(shown)) ?? 0,
  }))
  const most = Math.max(...bars.map(({ value }) => value), 0)
  const rowHeight = Math.min(34, height / Math.max(1, bars.length))
  const rows = bars.map(({ name, config, value }) => {
    const { min = 0, max = most } = config
    const share = max > min ? Math.max(0, Math.min(1, (value - min) / (max - min))) : 0
    const colour = valueColour(value, config)
    return (
      `<div class="bar" style="height:${rowHeight}px"><span>${escaped(name)}</span>` +
      `<i style="background:${THEME.border}"><em style="width:${share * 100}%;background:${colour}cc"></em></i>` +
      `<b style="color:${colour}">${escaped(valueText(value, config, nowMs))}</b></div>`
    )
  })
  return rows.join('')
}
