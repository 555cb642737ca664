import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import type { Analysis } from '../../src/reports/analysis.ts'
import { incidentDocument } from '../../src/reports/document/post-mortem.ts'
import { reportDocument, type Template } from '../../src/reports/document/report.ts'
import { DEFAULT_LOOK, type ReportLook } from '../../src/reports/document/writing.ts'
import { createPdfRenderer, type PdfOptions } from '../../src/reports/pdf.ts'
import { sampleFleet } from '../reports/sample-fleet.ts'

const folder = mkdtempSync(join(tmpdir(), 'pdf-test-'))
const fleet = sampleFleet(8)
const never = new AbortController().signal
const OPTIONS: PdfOptions = {
  browser: null,
  searchPath: process.env['PATH'] ?? '',
  sandbox: 'auto',
  timeoutMs: 60_000,
  log: silentLog,
}
const renderer = createPdfRenderer(OPTIONS)
let march: Analysis

beforeAll(async () => {
  march = await fleet.analysis('2026-03')
})
afterAll(() => rmSync(folder, { recursive: true }))

async function pdfOf(template: Template, look: ReportLook = DEFAULT_LOOK, analysis = march): Promise<string> {
  return saved(
    `${template}-${look.language}-${look.paper}`,
    await renderer.render(await reportDocument(analysis, template, look), analysis.asOfMs, never),
  )
}

function saved(name: string, pdf: Uint8Array): string {
  const file = join(folder, `${name}.pdf`)
  writeFileSync(file, pdf)
  return file
}

const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { encoding: 'utf8', maxBuffer: 64_000_000 })
const info = (file: string) =>
  Object.fromEntries(
    run('pdfinfo', file)
      .split('\n')
      .map((line) => /^([^:]+):\s+(.*)$/.exec(line)?.slice(1) ?? []),
  ) as Record<string, string>
const pagesOf = (file: string) => run('pdftotext', '-layout', file, '-').split('\f').slice(0, -1)

describe('the monthly report as PDF', () => {
  let file: string
  beforeAll(async () => {
    file = await pdfOf('monthly')
  })

  test('is A4, tagged, in its language, and dated by its figures', () => {
    expect(info(file)).toMatchObject({
      'Page size': expect.stringContaining('A4'),
      Tagged: 'yes',
      Title: expect.stringContaining('Service level report'),
    })
    expect(readFileSync(file, 'latin1')).toContain('/CreationDate (D:20260331220000')
    expect(readFileSync(file, 'latin1')).toContain('/Lang (en)')
  })

  test('embeds every font, and has text in all of them', () => {
    const fonts = run('pdffonts', file).split('\n').slice(2).filter(Boolean)
    expect(fonts.length).toBeGreaterThan(1)
    for (const font of fonts) expect(font).toMatch(/\s+yes yes yes\s+\d+/)
    expect(fonts.some((font) => font.includes('Inter'))).toBe(true)
  })

  test('numbers its pages, and no page is blank', () => {
    const pages = pagesOf(file)
    expect(pages).toHaveLength(Number(info(file)['Pages']))
    for (const [index, text] of pages.entries()) {
      expect(text.trim().length, `page ${index + 1}`).toBeGreaterThan(200)
      if (index > 0) expect(text).toMatch(new RegExp(`${index + 1} ?/ ?${pages.length}\\b`))
    }
  })

  test('has contents that name the page on which each section stands', () => {
    const pages = pagesOf(file)
    for (const title of ['Summary', 'Accounts', 'Incidents', 'Outlook', 'Accounts in detail', 'Method']) {
      const [, number = ''] = new RegExp(`${title} {2,}(\\d+)`).exec(pages[0] ?? '') ?? []
      expect(pages[Number(number) - 1], `${title} on page ${number}`).toMatch(new RegExp(`^ *${title}\\s*$`, 'm'))
    }
  })

  test('has bookmarks for its sections and links from its contents', () => {
    const bytes = readFileSync(file, 'latin1')
    for (const title of ['Summary', 'Availability', 'Method'])
      expect(bytes).toMatch(new RegExp(`/Title \\(${title}\\)`))
    expect(bytes).toContain('/Outlines')
    expect(bytes.match(/\/Subtype \/Link/g)?.length).toBeGreaterThanOrEqual(10)
  })

  test('shows its charts: the pages are not white', () => {
    const prefix = join(folder, 'page')
    run('pdftoppm', '-r', '20', '-gray', file, prefix)
    for (let page = 1; existsSync(`${prefix}-${page}.pgm`); page++) {
      const pixels = readFileSync(`${prefix}-${page}.pgm`).subarray(15)
      const inked = pixels.filter((pixel) => pixel < 245).length / pixels.length
      expect(inked, `page ${page}`).toBeGreaterThan(0.02)
    }
  })

  test('is the same bytes when it is printed again', async () => {
    const before = readFileSync(file)
    expect(readFileSync(await pdfOf('monthly')).equals(before)).toBe(true)
  })
})

for (const paper of ['a4', 'letter'] as const)
  for (const language of ['en', 'de'] as const)
    test(`the executive summary is one page, on ${paper} in ${language}`, async () => {
      expect(info(await pdfOf('executive', { ...DEFAULT_LOOK, paper, language }))).toMatchObject({ Pages: '1' })
    })

test('the executive summary of a quarter is one page too', async () => {
  expect(info(await pdfOf('executive', DEFAULT_LOOK, await fleet.analysis('2026-Q1')))).toMatchObject({ Pages: '1' })
})

test.each([
  ['en', 'Method'],
  ['de', 'Methode'],
] as const)(
  'a long report in %s is printed in its own size: nothing in it is wider than the paper',
  async (language, title) => {
    const look = { ...DEFAULT_LOOK, language }
    const heightIn = (file: string) => {
      const words = run('pdftotext', '-bbox', file, '-').matchAll(
        /yMin="([\d.]+)" xMax="[\d.]+" yMax="([\d.]+)">(\w+)</g,
      )
      return Math.max(
        ...[...words].flatMap(([, top, bottom, word]) => (word === title ? Number(bottom) - Number(top) : [])),
      )
    }
    const short = saved('short', await renderer.render(incidentDocument(fleet.incident(), look), 0, never))
    const long = await pdfOf('weekly', look, await sampleFleet(60).analysis('2026-Q1'))
    expect(heightIn(short)).toBeGreaterThan(15)
    expect(heightIn(long)).toBeCloseTo(heightIn(short), 1)
  },
)

test('letter is letter', async () => {
  expect(info(await pdfOf('weekly', { ...DEFAULT_LOOK, paper: 'letter' }))).toMatchObject({
    'Page size': expect.stringContaining('letter'),
  })
})

test('names in other scripts are text that can be copied', async () => {
  const text = pagesOf(await pdfOf('weekly')).join('\n')
  for (const name of ['Поддержка клиентов', 'Łódź', '<script>alert(1)']) expect(text).toContain(name)
})

test('an incident has a report of its own', async () => {
  const pdf = await renderer.render(incidentDocument(fleet.incident(), DEFAULT_LOOK), 0, never)
  expect(pagesOf(saved('incident', pdf)).join('\n')).toContain('Incident confirmed')
})

describe('a page that is printed', () => {
  test('reaches no network, whatever it asks for', async () => {
    let asked = 0
    const server = createServer((_request, response) => {
      asked += 1
      response.end()
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const page = `<!doctype html><title>x</title><img src="http://127.0.0.1:${port}/a.png"><link rel="stylesheet" href="http://localhost:${port}/b.css"><script>fetch("http://127.0.0.1:${port}/c")</script><p>Text`
    const pdf = await renderer.render(page, 0, never)
    server.close()
    expect(pagesOf(saved('network', pdf)).join('')).toContain('Text')
    expect(asked).toBe(0)
  })
})

describe('a browser in trouble', () => {
  /** A browser that counts its starts and does what the script says. */
  function fakeBrowser(name: string, script: string): { path: string; starts: () => number } {
    const path = join(folder, name)
    const log = `${path}.starts`
    writeFileSync(path, `#!/bin/sh\necho x >> '${log}'\n${script}\n`)
    chmodSync(path, 0o755)
    return { path, starts: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').length : 0) }
  }

  test('that is not there gives an error that says what to install', async () => {
    await expect(createPdfRenderer({ ...OPTIONS, searchPath: folder }).render('', 0, never)).rejects.toMatchObject({
      name: 'PdfError',
      code: 'no_browser',
      message: expect.stringContaining('apt install chromium-headless-shell'),
    })
  })

  test('that is named wrongly gives an error that names the option', async () => {
    await expect(createPdfRenderer({ ...OPTIONS, browser: '/no/such' }).render('', 0, never)).rejects.toMatchObject({
      code: 'no_browser',
      message: expect.stringContaining('reports.pdf.browser names /no/such'),
    })
  })

  test('that crashes is started once more, and then given up', async () => {
    const { path, starts } = fakeBrowser('crashing', 'exit 139')
    await expect(createPdfRenderer({ ...OPTIONS, browser: path }).render('<p>x', 0, never)).rejects.toMatchObject({
      code: 'crash',
    })
    expect(starts()).toBe(2)
  })

  test('that crashes once does its work the second time', async () => {
    const real = run('sh', '-c', 'command -v chromium-headless-shell').trim()
    const flag = join(folder, 'crashed-once')
    const { path, starts } = fakeBrowser(
      'moody',
      `[ -e '${flag}' ] || { touch '${flag}'; exit 1; }\nexec '${real}' "$@"`,
    )
    const pdf = await createPdfRenderer({ ...OPTIONS, browser: path }).render(
      '<!doctype html><title>t</title><p>Second',
      0,
      never,
    )
    expect(pagesOf(saved('moody', pdf)).join('')).toContain('Second')
    expect(starts()).toBe(2)
  })

  test('that hangs is ended at the time limit', async () => {
    const { path } = fakeBrowser('hanging', 'exec sleep 30')
    await expect(
      createPdfRenderer({ ...OPTIONS, browser: path, timeoutMs: 500 }).render('<p>x', 0, never),
    ).rejects.toMatchObject({ code: 'timeout' })
  })

  test('keeps nobody waiting who gave up while others print', async () => {
    const { path, starts } = fakeBrowser('slow', 'exec sleep 30')
    const slow = createPdfRenderer({ ...OPTIONS, browser: path })
    const ends = [new AbortController(), new AbortController(), new AbortController()] as const
    const [one, other, third] = ends.map(({ signal }) => slow.render('<p>x', 0, signal))
    await expect.poll(starts).toBe(2)
    ends[2].abort()
    await expect(third).rejects.toMatchObject({ code: 'aborted' })
    ends[0].abort()
    ends[1].abort()
    await expect(one).rejects.toMatchObject({ code: 'aborted' })
    await expect(other).rejects.toMatchObject({ code: 'aborted' })
    expect(starts()).toBe(2)
  })

  test('is not started again for a page that cannot be written', async () => {
    const unwritten = Promise.reject(new RangeError('no such locale'))
    await expect(renderer.render(unwritten, 0, never)).rejects.toThrow(RangeError)
  })

  test('is not even started once the program ends', async () => {
    const { path, starts } = fakeBrowser('unused', 'exit 1')
    await expect(
      createPdfRenderer({ ...OPTIONS, browser: path }).render('', 0, AbortSignal.abort()),
    ).rejects.toMatchObject({ code: 'aborted' })
    expect(starts()).toBe(0)
  })
})
