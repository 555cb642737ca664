import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { silentLog } from '../src/log.ts'
import { reportDocument, type Template } from '../src/reports/document/report.ts'
import { DEFAULT_LOOK } from '../src/reports/document/writing.ts'
import { createPdfRenderer } from '../src/reports/pdf.ts'
import { sampleFleet } from '../test/reports/sample-fleet.ts'
import type { BenchRow } from './bench-row.ts'
import { median } from './process.ts'
import { watchTree } from './tree-watch.ts'

const BROWSER = 'chromium-headless-shell'
const runProgram = promisify(execFile)

/** What one PDF took: from nothing to the bytes, and the CPU time of everybody who worked for it. */
interface Cost {
  readonly wallMs: number
  readonly cpuMs: number
  readonly peakMb: number
}

/**
 * From an analysis to the PDF, browser start included: the weekly report of a small fleet and the monthly one of a large
 * one, beside `chromium-headless-shell --print-to-pdf` of the same finished page, which prints it once, without page
 * numbers in the contents. Ours writes the page, prints it twice and fixes its bytes. CPU time tells what changed also
 * on a machine with other work; wall time is what a person waits.
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
    for (const { size, period, template, goalMs } of [
      { size: 8, period: '2026-W12', template: 'weekly', goalMs: 600 },
      { size: 120, period: '2026-02', template: 'monthly', goalMs: 2_000 },
    ] as const) {
      const analysis = await sampleFleet(size).analysis(period)
      const html = join(folder, 'page.html')
      const pdf = join(folder, 'page.pdf')
      const page = () => reportDocument(analysis, template satisfies Template, DEFAULT_LOOK)
      writeFileSync(html, await page())
      const ours: Cost[] = []
      const theirs: Cost[] = []
      for (let round = 0; round < rounds; round++) {
        ours.push(
          await costOf(async () => {
            const bytes = await renderer.render(page(), analysis.asOfMs, new AbortController().signal)
            return () => writeFileSync(pdf, bytes)
          }),
        )
        const peer = join(folder, 'peer.pdf')
        const flags = ['--no-sandbox', '--disable-gpu', '--no-pdf-header-footer', `--print-to-pdf=${peer}`]
        theirs.push(
          await costOf(async () => {
            await runProgram(BROWSER, [...flags, html])
            return () => {}
          }),
        )
      }
      const pages = /Pages:\s+(\d+)/.exec(execFileSync('pdfinfo', [pdf], { encoding: 'utf8' }))?.[1] ?? '?'
      const name = `${template} report to PDF, ${pages} pages, from cold`
      const of = (costs: readonly Cost[], figure: keyof Cost) => median(costs.map((cost) => cost[figure]))
      const against = `${BROWSER} --print-to-pdf`
      rows.push(
        row(name, 'ms', of(ours, 'wallMs'), against, of(theirs, 'wallMs')),
        row(`${name}: against its goal`, 'ms', of(ours, 'wallMs'), 'goal', goalMs),
        row(`${name}: CPU time of all processes`, 'ms', of(ours, 'cpuMs'), against, of(theirs, 'cpuMs')),
        row(`${name}: memory of the browser at its peak`, 'MB', of(ours, 'peakMb'), against, of(theirs, 'peakMb')),
      )
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  return rows
}

/** @param work returns what is still to do when the clock has stopped */
async function costOf(work: () => Promise<() => void>): Promise<Cost> {
  const tree = await watchTree()
  const before = process.threadCpuUsage()
  const begin = performance.now()
  const after = await work()
  const wallMs = performance.now() - begin
  const own = process.threadCpuUsage(before)
  const { cpuSeconds, peakMb } = await tree.stop()
  after()
  return { wallMs, cpuMs: cpuSeconds * 1_000 + (own.user + own.system) / 1_000, peakMb }
}

function row(name: string, unit: BenchRow['unit'], value: number, peer: string, peerValue: number): BenchRow {
  return { name, value, unit, peer, peerValue, ratio: peerValue / value }
}
