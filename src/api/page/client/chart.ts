import { html, nothing, svg, type TemplateResult } from 'lit-html'
import type { Bucket, Trends } from './documents.ts'
import { day, duration, hour, milliseconds, moment, percent } from './words.ts'

const WIDTH = 720
const BAR_HEIGHT = 44
const LINE_HEIGHT = 92
// A short outage must be seen too.
const LEAST_RED = 5

interface Slots {
  readonly count: number
  readonly width: number
  place(bucket: Bucket): number
}

function slotsOf(trends: Trends): Slots {
  const fromMs = Date.parse(trends.from)
  const stepMs = trends.stepSeconds * 1000
  const count = Math.max(1, Math.ceil((Date.parse(trends.to) - fromMs) / stepMs))
  return { count, width: WIDTH / count, place: (bucket) => Math.round((Date.parse(bucket.from) - fromMs) / stepMs) }
}

/** A bar per step: green, red from below by the share of downtime, and a stub where nobody looked. */
export function availabilityChart(trends: Trends): TemplateResult {
  const slots = slotsOf(trends)
  const byPlace = new Map(trends.buckets.map((bucket) => [slots.place(bucket), bucket]))
  const gap = slots.width > 4 ? 1 : slots.width * 0.15
  const { down, observed } = totals(trends)
  const availability = observed > 0 ? 1 - down / observed : null
  const label = `Availability: ${percent(availability)}, ${duration(down)} down, ${percent(trends.coverage)} of the time observed.`
  const bars = Array.from({ length: slots.count }, (_, place) => {
    const bucket = byPlace.get(place)
    const x = place * slots.width
    const width = Math.max(0.5, slots.width - gap)
    if (bucket === undefined || bucket.observedSeconds === 0) {
      return svg`<rect class="blank" x=${x} y=${BAR_HEIGHT - 4} width=${width} height="4"></rect>`
    }
    const share = bucket.downtimeSeconds / bucket.observedSeconds
    const red = share > 0 ? Math.max(LEAST_RED, share * BAR_HEIGHT) : 0
    return svg`<g><title>${moment(bucket.from)}: ${percent(bucket.availability)}${bucket.downtimeSeconds > 0 ? `, ${duration(bucket.downtimeSeconds)} down` : ''}</title>
      <rect class="good" x=${x} y="0" width=${width} height=${BAR_HEIGHT - red}></rect>
      ${red > 0 ? svg`<rect class="bad" x=${x} y=${BAR_HEIGHT - red} width=${width} height=${red}></rect>` : nothing}</g>`
  })
  return html`<figure class="chart">
    <figcaption><span>Availability</span><strong>${percent(availability)}</strong><span class="dim">${down > 0 ? `${duration(down)} down` : ''} ${trends.coverage < 0.995 ? `${percent(trends.coverage)} observed` : ''}</span></figcaption>
    <svg viewBox="0 0 ${WIDTH} ${BAR_HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${label}>${bars}</svg>
    ${axis(trends)}
  </figure>`
}

/** The mean duration of a step's checks as an area, the slowest check as a thin line above it. */
export function responseChart(trends: Trends): TemplateResult {
  const slots = slotsOf(trends)
  const answered = trends.buckets.filter((bucket) => bucket.meanResponseSeconds !== null)
  const top = Math.max(0.001, ...answered.map((bucket) => bucket.maxResponseSeconds ?? 0)) * 1.08
  const sum = answered.reduce((all, bucket) => all + (bucket.meanResponseSeconds ?? 0) * bucket.checks, 0)
  const checks = answered.reduce((all, bucket) => all + bucket.checks, 0)
  const mean = checks > 0 ? sum / checks : null
  const slowest = answered.length > 0 ? top / 1.08 : null
  const y = (seconds: number) => round(LINE_HEIGHT - (seconds / top) * LINE_HEIGHT)
  const x = (bucket: Bucket) => round((slots.place(bucket) + 0.5) * slots.width)
  const runs = runsOf(answered, slots)
  const area = runs.map((run) => {
    const line = run.map((bucket) => `${x(bucket)} ${y(bucket.meanResponseSeconds ?? 0)}`).join('L')
    const [first, last] = [run[0], run.at(-1)]
    return first === undefined || last === undefined
      ? ''
      : `M${x(first)} ${LINE_HEIGHT}L${line}L${x(last)} ${LINE_HEIGHT}Z`
  })
  const lines = (value: (bucket: Bucket) => number | null) =>
    runs.map((run) => `M${run.map((bucket) => `${x(bucket)} ${y(value(bucket) ?? 0)}`).join('L')}h.01`).join('')
  return html`<figure class="chart">
    <figcaption><span>Response time</span><strong>${milliseconds(mean)}</strong><span class="dim">mean, slowest ${milliseconds(slowest)}</span></figcaption>
    <svg class="tall" viewBox="0 0 ${WIDTH} ${LINE_HEIGHT}" preserveAspectRatio="none" role="img" aria-label="Response time: mean ${milliseconds(mean)}, slowest ${milliseconds(slowest)}.">
      <path class="area" d=${area.join('')}></path>
      <path class="slowest" d=${lines((bucket) => bucket.maxResponseSeconds)}></path>
      <path class="mean" d=${lines((bucket) => bucket.meanResponseSeconds)}></path>
    </svg>
    ${axis(trends)}
  </figure>`
}

/** The same figures for who cannot see the charts. */
export function trendsTable(trends: Trends): TemplateResult {
  return html`<details class="figures"><summary>Figures as a table</summary>
    <div class="scroll" tabindex="0" role="region" aria-label="Figures of the charts">
    <table class="plain"><thead><tr><th scope="col">From</th><th scope="col">Availability</th><th scope="col">Down</th><th scope="col">Mean response</th><th scope="col">Slowest</th><th scope="col">Failed checks</th></tr></thead>
    <tbody>${trends.buckets
      .toReversed()
      .map(
        (bucket) =>
          html`<tr><th scope="row">${moment(bucket.from)}</th><td>${percent(bucket.availability)}</td><td>${duration(bucket.downtimeSeconds)}</td><td>${milliseconds(bucket.meanResponseSeconds)}</td><td>${milliseconds(bucket.maxResponseSeconds)}</td><td>${bucket.failures} of ${bucket.checks}</td></tr>`,
      )}</tbody></table></div></details>`
}

function axis(trends: Trends): TemplateResult {
  const [fromMs, toMs] = [Date.parse(trends.from), Date.parse(trends.to)]
  const write = toMs - fromMs > 2 * 86_400_000 ? day : hour
  return html`<div class="axis" aria-hidden="true"><span>${write(fromMs)}</span><span>${write((fromMs + toMs) / 2)}</span><span>now</span></div>`
}

function totals(trends: Trends): { down: number; observed: number } {
  let [down, observed] = [0, 0]
  for (const bucket of trends.buckets) {
    down += bucket.downtimeSeconds
    observed += bucket.observedSeconds
  }
  return { down, observed }
}

/** Steps that follow each other without a gap. */
function runsOf(buckets: readonly Bucket[], slots: Slots): Bucket[][] {
  const runs: Bucket[][] = []
  let lastPlace = Number.NEGATIVE_INFINITY
  for (const bucket of buckets) {
    const place = slots.place(bucket)
    const run = runs.at(-1)
    if (run !== undefined && place === lastPlace + 1) run.push(bucket)
    else runs.push([bucket])
    lastPlace = place
  }
  return runs
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
