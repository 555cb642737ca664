import { type Html, html, joined } from '../../html.ts'

/** Width of a chart over the whole text, in its own units; one beside another has HALF_WIDTH, so that letters keep their size. */
export const CHART_WIDTH = 680
export const HALF_WIDTH = 326

/** A coordinate with at most two decimals: enough for print, and the same text on every machine. */
export function at(value: number): string {
  return String(Math.round(value * 100) / 100)
}

/**
 * The frame of a chart: an image with a name and a description for those who do not see it.
 * @param height in the same units as CHART_WIDTH
 */
export function chart(
  head: { readonly title: string; readonly description: string; readonly height: number; readonly width?: number },
  marks: readonly Html[],
): Html {
  return html`<svg class="chart" viewBox="0 0 ${head.width ?? CHART_WIDTH} ${at(head.height)}" role="img" aria-label="${head.title}. ${head.description}"><title>${head.title}</title><desc>${head.description}</desc>${marks}</svg>`
}

/** A label. @param kind class of the text: `axis`, `value`, `strong`, `inverse` */
export function label(
  x: number,
  y: number,
  text: string,
  options: { readonly anchor?: 'start' | 'middle' | 'end'; readonly kind?: string } = {},
): Html {
  return html`<text x="${at(x)}" y="${at(y)}" class="${options.kind ?? 'axis'}" text-anchor="${options.anchor ?? 'start'}">${text}</text>`
}

export function line(x1: number, y1: number, x2: number, y2: number, kind: string): Html {
  return html`<line x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}" class="${kind}"/>`
}

/** A filled box; `tip` is what a reader of the HTML sees when pointing at it. */
export function box(x: number, y: number, width: number, height: number, kind: string, tip?: string): Html {
  const named = tip === undefined ? null : html`<title>${tip}</title>`
  return html`<rect x="${at(x)}" y="${at(y)}" width="${at(Math.max(0, width))}" height="${at(Math.max(0, height))}" class="${kind}">${named}</rect>`
}

/** Points joined by straight lines; a null begins a new stretch, and a stretch of one point is a dot. */
export function path(points: readonly (readonly [number, number] | null)[], kind: string): Html {
  const pieces: Html[] = []
  let stretch: (readonly [number, number])[] = []
  const end = () => {
    const [first] = stretch
    if (first !== undefined && stretch.length === 1)
      pieces.push(html`<circle cx="${at(first[0])}" cy="${at(first[1])}" r="1.4" class="${kind} dot"/>`)
    else if (first !== undefined)
      pieces.push(
        html`<path d="${stretch.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${at(x)} ${at(y)}`).join('')}" class="${kind}"/>`,
      )
    stretch = []
  }
  for (const point of points) {
    if (point === null) end()
    else stretch.push(point)
  }
  end()
  return joined(pieces)
}

/** Names of what the colours mean, in one row; gives the marks and where the row ends. */
export function legend(
  x: number,
  y: number,
  entries: readonly { readonly kind: string; readonly text: string }[],
): Html {
  let left = x
  const marks = entries.map(({ kind, text }) => {
    const mark = html`${box(left, y - 8, 10, 10, kind)}${label(left + 14, y, text)}`
    left += 14 + text.length * 5.2 + 16
    return mark
  })
  return joined(marks)
}

/**
 * Round steps from 0 to at least `max`: 1, 2 or 5 times a power of ten, at most `count` of them.
 * @throws RangeError where `count` is not positive
 */
export function ticksUpTo(max: number, count: number): readonly number[] {
  if (count < 1) throw new RangeError(`A scale needs at least one step, not ${count}.`)
  if (max <= 0) return [0]
  const least = max / count
  const power = 10 ** Math.floor(Math.log10(least))
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= least - power * 1e-9) ?? 10)
  const steps = Math.max(1, Math.ceil(max / step - 1e-9))
  return Array.from({ length: steps + 1 }, (_, index) => Number((index * step).toPrecision(12)))
}
