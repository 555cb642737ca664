import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '../src/log.ts'
import { reportDocument, type Template } from '../src/reports/document/report.ts'
import { DEFAULT_LOOK } from '../src/reports/document/writing.ts'
import { createPdfRenderer } from '../src/reports/pdf.ts'
import { sampleFleet } from '../test/reports/sample-fleet.ts'
import type { BenchRow } from './bench-row.ts'
import { median } from './process.ts'

const BROWSER = 'chromium-headless-shell'

/**
 * From an analysis to the PDF, browser start included: the weekly report of a small fleet and the monthly one of a large
 * one, beside `chromium-headless-shell --print-to-pdf` of the same finished page, which prints it once and without page
 * numbers in the contents. Ours writes the page, prints it twice and fixes its bytes.
 */
export async function run(rounds = 5): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-pdf-'))
  const renderer = createPdfRenderer({
    browser: null,
    searchPath: process.env['PATH'] ?? '',
    sandbox: 'auto',
    timeoutMs: 120_000,
    log: silentLog,
  })
  const rows: BenchRow[] = []
  try {
    for (const { size, period, template } of [
      { size: 8, period: '2026-W12', template: 'weekly' },
      { size: 120, period: '2026-02', template: 'monthly' },
    ] as const) {
      const analysis = await sampleFleet(size).analysis(period)
      const page = () => reportDocument(analysis, template satisfies Template, DEFAULT_LOOK)
      const html = join(folder, 'page.html')
      const pdf = join(folder, 'page.pdf')
      writeFileSync(html, await page())
      const ours: number[] = []
      const theirs: number[] = []
      const pageTimes: number[] = []
      for (let round = 0; round < rounds; round++) {
        const begin = performance.now()
        const text = await page()
        pageTimes.push(performance.now() - begin)
        writeFileSync(pdf, await renderer.render(text, analysis.asOfMs, new AbortController().signal))
        ours.push(performance.now() - begin)
        const peer = performance.now()
        execFileSync(
          BROWSER,
          [
            '--no-sandbox',
            '--disable-gpu',
            '--no-pdf-header-footer',
            `--print-to-pdf=${join(folder, 'peer.pdf')}`,
            html,
          ],
          {
            stdio: 'ignore',
          },
        )
        theirs.push(performance.now() - peer)
      }
      const pages = /Pages:\s+(\d+)/.exec(execFileSync('pdfinfo', [pdf], { encoding: 'utf8' }))?.[1] ?? '?'
      const row = (name: string, unit: BenchRow['unit'], value: number, peer: string, peerValue: number): BenchRow => ({
        name,
        value,
        unit,
        peer,
        peerValue,
        ratio: peerValue / value,
      })
      rows.push(
        row(
          `${template} report to PDF, ${pages} pages, from cold`,
          'ms',
          median(ours),
          `${BROWSER} --print-to-pdf`,
          median(theirs),
        ),
        row(
          'of it: writing the page, with pauses between accounts',
          'ms',
          median(pageTimes),
          'the whole PDF',
          median(ours),
        ),
      )
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  return rows
}
