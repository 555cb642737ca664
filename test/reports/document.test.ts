import { beforeAll, describe, expect, test } from 'vitest'
import type { Analysis } from '../../src/reports/analysis.ts'
import { verdictOf } from '../../src/reports/document/cover.ts'
import { incidentDocument } from '../../src/reports/document/post-mortem.ts'
import { reportDocument, TEMPLATES } from '../../src/reports/document/report.ts'
import { contrast, cssString, inkOn } from '../../src/reports/document/style.ts'
import { accountAnchor, DEFAULT_LOOK, writingFor } from '../../src/reports/document/writing.ts'
import { sampleFleet } from './sample-fleet.ts'

const fleet = sampleFleet(8)
let march: Analysis

beforeAll(async () => {
  march = await fleet.analysis('2026-03')
})

/** Every kind of document there is. */
async function documents(): Promise<[string, string][]> {
  const reports = TEMPLATES.map(
    async (template): Promise<[string, string]> => [template, await reportDocument(march, template, DEFAULT_LOOK)],
  )
  return [...(await Promise.all(reports)), ['incident', incidentDocument(fleet.incident(), DEFAULT_LOOK)]]
}

describe('every document', () => {
  test('is the same text for the same input', async () => {
    const again = await sampleFleet(8).analysis('2026-03')
    for (const template of TEMPLATES)
      expect(await reportDocument(again, template, DEFAULT_LOOK)).toBe(
        await reportDocument(march, template, DEFAULT_LOOK),
      )
  })

  test('asks nobody for anything: no script, no address but data', async () => {
    for (const [name, text] of await documents()) {
      expect(text, name).toContain("default-src 'none'")
      expect(text.match(/<script|<link|<iframe|\son\w+=|@import/gi), name).toBeNull()
      const addresses = [...text.matchAll(/(?:src|href)="([^"]*)"|url\(([^)]*)\)/g)].map(
        ([, one, other]) => one ?? other ?? '',
      )
      expect(
        addresses.filter((address) => !/^(?:#|data:)/.test(address)),
        name,
      ).toEqual([])
    }
  })

  test('has links that lead somewhere, and ids that are unique', async () => {
    for (const [name, text] of await documents()) {
      const ids = [...text.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id)
      expect(new Set(ids).size, name).toBe(ids.length)
      const targets = [...text.matchAll(/(?:href="#|data-page-of="|aria-labelledby=")([^"]+)"/g)].map(([, id]) => id)
      expect(
        targets.filter((id) => !ids.includes(id)),
        name,
      ).toEqual([])
    }
  })

  test('shows markup in names as text', async () => {
    for (const template of TEMPLATES) {
      const text = await reportDocument(march, template, DEFAULT_LOOK)
      expect(text).toContain('&lt;script&gt;alert(1)')
      expect(text).not.toContain('<script>')
    }
  })

  test('says what every chart shows to those who cannot see it', async () => {
    for (const [name, text] of await documents())
      for (const [svg] of text.matchAll(/<svg[^>]*>/g)) expect(svg, name).toMatch(/role="img" aria-label="[^"]+/)
  })

  test('never says undefined, NaN, null or Infinity', async () => {
    for (const [name, text] of await documents()) {
      const shown = text.replace(/<style>[\s\S]*?<\/style>/, '')
      expect(shown.match(/undefined|\bNaN\b|\bnull\b|Infinity|\[object/g), name).toBeNull()
    }
  })

  test('holds only the fonts that its names need', async () => {
    const latin = structuredClone(march)
    const plainNames = { ...latin, ranking: [], accounts: [], planned: [] }
    const bytes = async (analysis: Analysis) =>
      (await reportDocument(analysis, 'weekly', DEFAULT_LOOK)).match(/@font-face/g)?.length
    expect(await bytes(plainNames)).toBe(2)
    // Latin, its extension (Łódź) and Cyrillic, in two weights each.
    expect(await bytes(march)).toBe(6)
  })
})

describe('the verdict', () => {
  const writing = writingFor(DEFAULT_LOOK, 'Europe/Berlin')
  const of = (over: Partial<Analysis['fleet']>, more: Partial<Analysis> = {}) =>
    verdictOf({ ...march, ...more, fleet: { ...march.fleet, ...over } }, writing)

  test('counts who missed', () => {
    expect(of({ missed: 2, met: 6, availability: 0.99712 }).text).toBe(
      '2 of 8 accounts missed their objective; together they were available 99.712% of the time.',
    )
  })
  test('is good where all met', () => {
    expect(of({ missed: 0, met: 8, availability: 0.9999 })).toMatchObject({ verdict: 'met', notes: [] })
  })
  test('names promise and result of a single account', () => {
    const only = march.ranking.slice(0, 1)
    expect(of({ accounts: 1, missed: 1, met: 0, availability: 0.99 }, { ranking: only }).text).toBe(
      'The service level was missed: 99.00% available, 99.90% promised.',
    )
  })
  test('says nothing where nothing was seen', () => {
    expect(of({ unknown: 8, availability: null })).toMatchObject({ verdict: 'unknown', text: /Nothing was observed/ })
  })
  test('says so where no account was selected', () => {
    expect(of({ accounts: 0 }).text).toBe('No account matches the selection of this report.')
  })
  test('tells of accounts that were not seen, and of a period that is not over', () => {
    const { notes } = of({ unknown: 1 }, { asOfMs: march.period.toMs - 1 })
    expect(notes).toEqual(['This is how it stands so far; the period is not over.', 'Nothing was seen of 1 account.'])
  })
})

test('a large fleet shows the worst fifty and says where the others are', async () => {
  const large = await sampleFleet(180).analysis('2026-W12')
  const text = await reportDocument(large, 'monthly', DEFAULT_LOOK)
  const ranking = text.slice(text.indexOf('id="accounts"'), text.indexOf('id="incidents"'))
  expect(ranking.match(/<tr>/g)).toHaveLength(51)
  expect(ranking).toContain('The 50 accounts with the most trouble of 180; the CSV has them all.')
})

test('a period without any account is still a document', async () => {
  const empty = await sampleFleet(0).analysis('2026-03')
  for (const template of TEMPLATES)
    expect(await reportDocument(empty, template, DEFAULT_LOOK)).toContain(
      'No account matches the selection of this report.',
    )
})

test('the white label carries name, colour, logo, language, formats and paper', async () => {
  const logo = 'data:image/png;base64,AAAA'
  const text = await reportDocument(march, 'monthly', {
    brand: { name: 'Söhne & Co', logo, colour: '#ffcc00' },
    language: 'de',
    locale: 'de-AT',
    paper: 'letter',
  })
  expect(text).toContain('<html lang="de">')
  expect(text).toContain(`<img src="${logo}" alt="">`)
  expect(text).toContain('Söhne &amp; Co')
  expect(text).toContain('size: letter')
  expect(text).toContain('Service-Level-Bericht')
  // Black on yellow, and no yellow lines on white.
  expect(text).toContain('--brand: #ffcc00; --brand-ink: #111827; --brand-line: #374151')
})

test('text in the style cannot end it', () => {
  expect(cssString('a"} </style>')).toBe('"a\\22 \\7d  \\3c \\2f style\\3e "')
})

test('ink can be read on every brand colour', () => {
  for (const colour of ['#000000', '#ffffff', '#808080', '#ffcc00', '#0f5e57', '#ff0000'])
    expect(contrast(colour, inkOn(colour)), colour).toBeGreaterThanOrEqual(4)
})

test('two accounts never share an anchor', () => {
  const keys = ['a/b', 'a_2f_b', 'a/b ', 'ä/b', 'a-b']
  expect(new Set(keys.map(accountAnchor)).size).toBe(keys.length)
})

test('the post-mortem tells everything in order', () => {
  const text = incidentDocument(fleet.incident(), DEFAULT_LOOK)
  const times = [...text.matchAll(/<time datetime="([^"]+)"/g)].map(([, time]) => time ?? '')
  expect(times.length).toBeGreaterThanOrEqual(5)
  expect(times).toEqual(times.toSorted())
  for (const part of ['First bad check', 'Incident confirmed', 'First good check']) expect(text).toContain(part)
})
