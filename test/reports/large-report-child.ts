// The monthly report of a large fleet as CSV, JSON and HTML, in a process whose heap is limited.
// usage: node --max-old-space-size=… large-report-child.ts <folder> <accounts> [keep]; `keep` holds on to every account
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Account, accountKey } from '../../src/accounts/account.ts'
import type { Incident } from '../../src/health/health.ts'
import { analyse } from '../../src/reports/analyse.ts'
import type { AccountAnalysis } from '../../src/reports/analysis.ts'
import { csvReport } from '../../src/reports/csv-report.ts'
import { reportDocument } from '../../src/reports/document/report.ts'
import { DEFAULT_LOOK } from '../../src/reports/document/writing.ts'
import type { HistorySlot } from '../../src/reports/history.ts'
import { parsePeriod } from '../../src/reports/period.ts'
import { responseSketch } from '../../src/reports/quantiles.ts'
import { jsonReport } from '../../src/reports/report-json.ts'
import type { TimeRange } from '../../src/store/store.ts'

const [folder = '', count = '', mode = ''] = process.argv.slice(2)
const HOUR = 3_600_000
const NOW = Date.UTC(2026, 3, 10)
/** One account in so many had trouble. */
const TROUBLED = 20

function* fleet() {
  for (let index = 0; index < Number(count); index++) yield { account: accountOf(index), gone: false }
}

function accountOf(index: number): Account {
  const account = `bot-${index}`
  const key = accountKey('one', account)
  const more = { nativeId: account, phone: null, labels: { tenant: 'acme' }, objective: 0.995, desired: 'any' } as const
  return { key, account, gateway: 'one', name: `Branch ${index}`, ...more }
}

function incidentsOf(key: string): readonly Incident[] {
  const account = key.slice(key.indexOf('/') + 1)
  const index = Number(account.slice('bot-'.length))
  if (index % TROUBLED !== 0) return []
  const startMs = Date.UTC(2026, 2, 3 + (index % 20), 8)
  const downtimeMs = 5 * HOUR
  const facts = { startMs, detectedMs: startMs + 30_000, endMs: startMs + downtimeMs, downtimeMs, attempts: 0 }
  const story = { cause: 'network', state: 'disconnected', resolution: 'recovered' } as const
  return [{ id: `i-${index}`, key, account, gateway: 'one', ...facts, ...story }]
}

function slotsOf({ fromMs, toMs }: TimeRange, incidents: readonly Incident[]): readonly HistorySlot[] {
  return Array.from({ length: Math.ceil((toMs - fromMs) / HOUR) }, (_, hour) => {
    const slot = { fromMs: fromMs + hour * HOUR, toMs: Math.min(fromMs + (hour + 1) * HOUR, toMs) }
    const isDown = incidents.some(({ startMs, endMs }) => slot.fromMs >= startMs && slot.fromMs < (endMs ?? NOW))
    const observedMs = slot.toMs - slot.fromMs
    return { ...slot, observedMs, downtimeMs: isDown ? observedMs : 0, checks: 240, failures: 0, meanResponseMs: 80 }
  })
}

const csv = await csvReport(join(folder, 'csv'))
const kept: AccountAnalysis[] = []
const analysis = await analyse(
  { period: parsePeriod('2026-03', 'UTC', NOW), selection: {} },
  {
    accounts: fleet,
    ledger: {
      incidents: async ({ keys = [] }) => ({ items: keys.flatMap(incidentsOf) }),
      recoveries: async () => ({ items: [] }),
    },
    history: {
      async read({ key }, range) {
        const responses = responseSketch()
        responses.add(80)
        return { source: 'store', slots: slotsOf(range, incidentsOf(key)), responses, sampledEveryMs: null }
      },
    },
    windows: () => [],
    defaultObjective: 0.995,
    now: () => NOW,
  },
  new AbortController().signal,
  async (account) => {
    if (mode === 'keep') kept.push(account)
    await csv.add(account)
  },
)
await csv.finish(analysis)
await writeFile(join(folder, 'report.json'), jsonReport(analysis))
await writeFile(join(folder, 'report.html'), await reportDocument(analysis, 'monthly', DEFAULT_LOOK))
const { fleet: sums, ranking, accounts, omitted } = analysis
const told = { accounts: sums.accounts, missed: sums.missed, ranked: ranking.length, full: accounts.length, omitted }
process.stdout.write(`${JSON.stringify(told)}\n`)
