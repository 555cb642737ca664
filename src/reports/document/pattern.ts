import { html } from '../../html.ts'
import type { Analysis } from '../analysis.ts'
import { heatBorders, weekHeatmap } from '../charts/week-heatmap.ts'
import { weekdayNames } from './availability.ts'
import type { Section, Writing } from './writing.ts'

/** On which hours of the week the downtime falls. */
export function patternSection({ fleet }: Analysis, { words, formats }: Writing): Section {
  const title = words.sections.pattern
  const { observedMs, downtimeMs, peaks } = fleet.hourOfWeek
  if (fleet.downtimeMs === 0) return { id: 'pattern', title, body: html`<p>${words.heatmap.none}</p>` }
  const shares = Array.from({ length: 168 }, (_, hour) => {
    const seen = observedMs[hour] ?? 0
    return seen > 0 ? (downtimeMs[hour] ?? 0) / seen : null
  })
  const long = weekdayNames('long', formats)
  const dayOf = (hour: number) => long[Math.floor(hour / 24)] ?? ''
  const hourOf = (hour: number) =>
    `${String(hour % 24).padStart(2, '0')}:00–${String((hour % 24) + 1).padStart(2, '0')}:00`
  const most = shares.reduce<number>((best, share, hour) => ((share ?? 0) > (shares[best] ?? 0) ? hour : best), 0)
  const [low, middle, high] = heatBorders(shares)
  const { step } = words.heatmap
  const map = weekHeatmap(shares, {
    title: words.heatmap.title,
    description: words.heatmap.description(`${dayOf(most)}, ${hourOf(most)}`),
    weekdays: weekdayNames('short', formats),
    tip: (hour) => words.heatmap.tip(dayOf(hour), hourOf(hour), formats.percent(shares[hour] ?? null)),
    steps: [
      step.zero,
      step.upTo(formats.percent(low)),
      step.upTo(formats.percent(middle)),
      step.upTo(formats.percent(high)),
      step.more,
      step.blind,
    ],
  })
  const found =
    peaks.length === 0
      ? html`<p>${words.heatmap.noPeaks}</p>`
      : html`<ul>${peaks.map(
          ({ hour, timesUsual, weeks }) =>
            html`<li>${words.heatmap.peak(dayOf(hour), hourOf(hour), formats.number(timesUsual, 1), formats.number(weeks))}</li>`,
        )}</ul>`
  return {
    id: 'pattern',
    title,
    body: html`<div class="together"><h3>${words.heatmap.title}</h3><figure>${map}</figure>${found}</div>`,
  }
}
