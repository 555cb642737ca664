import { html } from '../../html.ts'

/** Colour of a badge's right half; each gives white text a contrast of at least 4.5. */
export type BadgeTone = 'good' | 'warn' | 'bad' | 'unknown'

const COLOURS: Readonly<Record<BadgeTone, string>> = {
  good: '#15803d',
  warn: '#a16207',
  bad: '#b91c1c',
  unknown: '#57606a',
}
const HEIGHT = 20
const PADDING = 7
const LONGEST_LABEL = 40

/** A badge as SVG: `label` on grey, `value` on its colour. Both may hold anything. */
export function badge(label: string, value: string, tone: BadgeTone): string {
  const shownLabel = label.length > LONGEST_LABEL ? `${label.slice(0, LONGEST_LABEL - 1)}…` : label
  const left = textWidth(shownLabel) + 2 * PADDING
  const right = textWidth(value) + 2 * PADDING
  const total = left + right
  const svg = html`<svg xmlns="http://www.w3.org/2000/svg" width="${total}" height="${HEIGHT}" role="img" aria-label="${label}: ${value}"><title>${label}: ${value}</title><clipPath id="round"><rect width="${total}" height="${HEIGHT}" rx="4"/></clipPath><g clip-path="url(#round)"><rect width="${left}" height="${HEIGHT}" fill="#374151"/><rect x="${left}" width="${right}" height="${HEIGHT}" fill="${COLOURS[tone]}"/></g><g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11" text-rendering="geometricPrecision"><text x="${PADDING}" y="14" textLength="${left - 2 * PADDING}">${shownLabel}</text><text x="${left + PADDING}" y="14" textLength="${right - 2 * PADDING}">${value}</text></g></svg>
`
  return svg.text
}

/** Width in pixels at 11 px Verdana, near enough: `textLength` makes the text fit exactly. */
function textWidth(text: string): number {
  let width = 0
  for (const character of text) {
    if (/[ilj.,:;'|!()[\] ft]/.test(character)) width += 4.3
    else if (/[A-Z%@mwMW]/.test(character)) width += 8.6
    else if (/\p{ASCII}/u.test(character)) width += 6.9
    else width += 11
  }
  return Math.ceil(width)
}
