import { beforeAll, describe, expect, test } from 'vitest'
import { reportDocument } from '../../src/reports/document/report.ts'
import { DEFAULT_LOOK } from '../../src/reports/document/writing.ts'
import { finishing, forPaperOnly, lightened, measurable, wantsPageNumbers } from '../../src/reports/print-page.ts'
import { sampleFleet } from './sample-fleet.ts'

const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0
/** What a reader sees: text outside of tags, tips and descriptions left out; in no order, because labels move. */
const wordsOf = (page: string) =>
  page
    .slice(page.indexOf('<body>'))
    .replace(/<(title|desc)>[^<]*<\/\1>/g, '')
    .split(/<[^>]*>/)
    .map((text) => text.trim())
    .filter(Boolean)
    .toSorted()

let page = ''
beforeAll(async () => {
  page = await reportDocument(await sampleFleet(8).analysis('2026-03'), 'monthly', DEFAULT_LOOK)
})

describe('a page for the printer', () => {
  test('has charts of far fewer elements, and every word of before', () => {
    const light = lightened(page)
    expect(wordsOf(light)).toEqual(wordsOf(page))
    expect(count(light, /<svg /g)).toBe(count(page, /<svg /g))
    expect(count(light, /<text[ >]/g)).toBeLessThanOrEqual(count(page, /<svg /g))
    expect(count(light, /<rect /g)).toBeLessThan(count(page, /<rect /g) / 5)
  })

  test('keeps the name and the description of each chart', () => {
    const named = (text: string) => [...text.matchAll(/<svg [^>]*role="img" aria-label="[^"]*">/g)].map(([svg]) => svg)
    expect(named(lightened(page))).toEqual(named(page))
    expect(count(lightened(page), /<desc>/g)).toBe(count(page, /<desc>/g))
  })

  test('draws the boxes of one colour as one shape, below the labels, and leaves what lies between lines alone', () => {
    const boxes = '<rect x="1" y="2" width="3" height="4" class="calm"><title>tip</title></rect>'
    const more = '<rect x="5" y="2" width="3" height="4" class="calm"></rect>'
    const text = '<text x="1" y="2" class="axis" text-anchor="start">Mon</text>'
    const lines = '<line x1="0" y1="0" x2="1" y2="1" class="grid"/>'
    expect(lightened(`<svg a="b">${text}${boxes}${more}</svg>`)).toBe(
      '<svg a="b"><path d="M1 2h3v4h-3zM5 2h3v4h-3z" class="calm"/><text><tspan x="1" y="2" class="axis" text-anchor="start">Mon</tspan></text></svg>',
    )
    expect(lightened(`<svg a="b">${boxes}${lines}${more}</svg>`)).toBe(
      `<svg a="b">${boxes.replace('<title>tip</title>', '')}${lines}${more}</svg>`,
    )
  })

  test('is measured with empty charts and nothing painted, and holds all that is painted afterwards', () => {
    const waiting = measurable(page)
    expect(waiting).toContain('<html class="measuring hasty" lang="en">')
    expect(waiting).toContain('.measuring * { visibility: hidden !important } .measuring svg > * { display: none }')
    expect(wordsOf(waiting)).toEqual(wordsOf(page))
  })

  test('has nothing to lay out on a screen but one line with every letter that is printed', () => {
    const paper = forPaperOnly(page)
    const [, letters = ''] = /<p class="letters">([^<]*)<b>/.exec(paper) ?? []
    const printed = new Set(wordsOf(page).join('').replace(/[&<>]/g, ''))
    expect([...printed].filter((letter) => !letters.includes(letter))).toEqual([])
    expect(paper).toContain('@media screen { main { display: none } }')
    expect(wordsOf(paper.replace(/<p class="letters">.*?<\/p>/s, ''))).toEqual(wordsOf(page))
  })

  test('that is not ours stays as it is', () => {
    const other = '<!doctype html><title>t</title><p>Text &amp; <b>more</b>'
    expect(forPaperOnly(other)).toBe(other)
    expect(lightened(other)).toBe(other)
  })

  test('is finished by a script that can hold any id', () => {
    expect(wantsPageNumbers(page)).toBe(true)
    expect(wantsPageNumbers('<p>no contents')).toBe(false)
    const script = finishing(new Map([['a"b</script>', 7]]))
    expect(() => new Function(script)).not.toThrow()
    expect(script).toContain("classList.remove('measuring')")
  })

  test('is laid out before each print after all, where no heading was found without', () => {
    expect(measurable(page)).toContain('@media print and (max-width: 300px) { .hasty main { display: none } }')
    expect(finishing(new Map())).toContain("classList.remove('measuring', 'hasty')")
  })
})
