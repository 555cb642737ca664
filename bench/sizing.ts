import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse, stringify } from 'yaml'
import type { BenchRow } from './bench-row.ts'
import { fleetConfig } from './fleet-config.ts'
import { cpuSeconds, residentMb, startServe, startTarget } from './process.ts'

const SIZES = (process.env['SIZING_ACCOUNTS'] ?? '1000,5000,10000').split(',').map(Number)
const SETTLE_MS = Number(process.env['SIZING_SETTLE_SECONDS'] ?? '90') * 1000
const WINDOW_MS = Number(process.env['SIZING_WINDOW_SECONDS'] ?? '120') * 1000
const SCRAPE_EVERY_MS = 15_000
const MEMORY_EVERY_MS = 1_000

/** Where MongoDB is, to measure with it in place of SQLite; its database is left there. */
const MONGODB = process.env['SIZING_MONGODB_URI']

/**
 * What an exporter needs for fleets of some sizes: the program `serve` with its SQLite store, every account checked by a
 * request of its own every 15 s, and scraped with gzip as Prometheus does. CPU is processor time, which other work on
 * the machine hardly changes; memory is the largest seen.
 */
export async function run(): Promise<BenchRow[]> {
  const table = []
  for (const accounts of SIZES) table.push(await measure(accounts))
  console.table(table)
  return []
}

async function measure(accounts: number) {
  const folder = await mkdtemp(join(tmpdir(), 'bench-sizing-'))
  const target = await startTarget(50)
  const storePath = join(folder, 'exporter.db')
  const file = join(folder, 'config.yml')
  const text = fleetConfig({ url: target.url, count: accounts, interval: '15s', concurrency: 256, storePath })
  const store = { kind: 'mongodb', uri: MONGODB, database: `bench_sizing_${process.pid}_${accounts}` }
  await writeFile(file, MONGODB === undefined ? text : stringify({ ...parse(text), store }))
  const exporter = await startServe(file)
  try {
    await sleep(SETTLE_MS)
    const cpuBefore = cpuSeconds(exporter.pid)
    const startedMs = performance.now()
    let largestMb = 0
    let page = { bytes: 0, wireBytes: 0, lines: 0 }
    for (let nextScrapeMs = startedMs; performance.now() - startedMs < WINDOW_MS; ) {
      largestMb = Math.max(largestMb, residentMb(exporter.pid))
      if (performance.now() >= nextScrapeMs) {
        page = await scrape(exporter.url)
        nextScrapeMs += SCRAPE_EVERY_MS
      }
      await sleep(MEMORY_EVERY_MS)
    }
    const cpuPercent = ((cpuSeconds(exporter.pid) - cpuBefore) / ((performance.now() - startedMs) / 1000)) * 100
    const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size))
    return {
      accounts,
      'CPU of one core, %': cpuPercent.toFixed(1),
      'memory, MB': Math.round(largestMb),
      series: page.lines,
      'page, MB': (page.bytes / 1e6).toFixed(1),
      'page gzipped, MB': (page.wireBytes / 1e6).toFixed(2),
      'store, MB': (sizes.reduce((sum, size) => sum + size, 0) / 1e6).toFixed(1),
    }
  } finally {
    await exporter.end()
    await target.end()
    await rm(folder, { recursive: true, force: true })
  }
}

async function scrape(url: string) {
  const answer = await fetch(`${url}/metrics`, { headers: { 'accept-encoding': 'gzip' } })
  const text = await answer.text()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
  return { bytes: text.length, wireBytes: Number(answer.headers.get('content-length') ?? 0), lines }
}
