import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchRow } from './bench-row.ts'
import { startExporter } from './checks.ts'
import { fleetConfig } from './fleet-config.ts'
import { percentile, startTarget } from './process.ts'

const ACCOUNTS = 1_000
const WARM_UP_MS = 20_000
const STRETCH_MS = 45_000
const LOOK_EVERY_MS = 250
const REPORT = '/api/reports/document?period=today&template=monthly&format=pdf'
const LAG = /^whatsapp_exporter_check_lag_seconds (\S+)$/m

/**
 * Whether reports disturb the checks: how late the checks of 1 000 accounts begin, 99th percentile of what the exporter
 * tells, in stretches with one PDF after another and stretches without, one after the other in the same run. The noise is
 * how far the stretches without reports are from each other. On a machine with less than three free cores, the browser
 * competes with the exporter for them, and the figure tells more of the machine than of us.
 */
export async function run(rounds = 3): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-report-lag-'))
  const target = await startTarget(50)
  const config = join(folder, 'config.yml')
  const storePath = join(folder, 'exporter.db')
  await writeFile(
    config,
    fleetConfig({ url: target.url, count: ACCOUNTS, interval: '15s', concurrency: 256, storePath }),
  )
  const exporter = await startExporter(config)
  try {
    await sleep(WARM_UP_MS)
    const idle: number[] = []
    const printing: number[] = []
    let made = 0
    for (let round = 0; round < rounds; round++) {
      idle.push(percentile(await lags(exporter.url), 0.99))
      const ending = new AbortController()
      const reports = printUntil(exporter.url, ending.signal)
      printing.push(percentile(await lags(exporter.url), 0.99))
      ending.abort()
      made += await reports
    }
    if (made === 0) throw new Error('no report was finished while the lag was measured')
    const [quiet, busy] = [Math.max(...idle), Math.max(...printing)]
    const noise = quiet - Math.min(...idle)
    return [
      {
        name: `check_lag_p99_while_printing (${made} reports of ${ACCOUNTS} accounts)`,
        value: busy,
        unit: 'ms',
        peer: `without reports (noise ${noise.toFixed(1)} ms)`,
        peerValue: quiet,
        ratio: quiet / busy,
      },
    ]
  } finally {
    await Promise.all([exporter.end(), target.end()])
    await rm(folder, { recursive: true, force: true })
  }
}

/** What the exporter says of its lag during one stretch, in milliseconds. */
async function lags(url: string): Promise<number[]> {
  const found: number[] = []
  const endMs = performance.now() + STRETCH_MS
  while (performance.now() < endMs) {
    const page = await (await fetch(`${url}/metrics`)).text()
    const seconds = LAG.exec(page)?.[1]
    if (seconds === undefined) throw new Error('the exporter tells no check lag')
    found.push(Number(seconds) * 1_000)
    await sleep(LOOK_EVERY_MS)
  }
  return found.toSorted((a, b) => a - b)
}

/** Asks for one PDF after the other; returns how many came. */
async function printUntil(url: string, signal: AbortSignal): Promise<number> {
  let made = 0
  while (!signal.aborted) {
    const answer = await fetch(`${url}${REPORT}`)
    const bytes = await answer.arrayBuffer()
    if (!answer.ok) throw new Error(`no report: ${answer.status} ${Buffer.from(bytes).toString().slice(0, 300)}`)
    if (!signal.aborted) made += 1
  }
  return made
}
