import { setImmediate as nextTurn } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { Counter, Gauge, Registry } from 'prom-client'
import { type Account, accountKey } from '../src/accounts/account.ts'
import { STATES, STATUSES } from '../src/accounts/vocabulary.ts'
import type { AccountHealth } from '../src/health/health.ts'
import { ACCOUNT_FAMILIES, type MetricFamily } from '../src/metrics/catalogue.ts'
import { createExposition } from '../src/metrics/exposition.ts'
import { metricsPage } from '../src/metrics/metrics-page.ts'
import { createProcessMetrics } from '../src/metrics/process-metrics.ts'
import type { BenchRow } from './bench-row.ts'

const ACCOUNTS = 10_000
const ROUNDS = 7
const PEER = 'prom-client 15.1.3'

/** Exposition of 10 000 accounts, interleaved with prom-client holding the same series. Medians of seven rounds. */
export async function run(): Promise<BenchRow[]> {
  const fleet = Array.from({ length: ACCOUNTS }, (_, index) => account(index))
  const ours = ourSide(fleet)
  const peer = peerSide(fleet)
  for (let round = 0; round < 2; round++) {
    ours.update(round)
    await ours.render()
    peer.update(round)
  }
  const figures = { scrape: [] as Pair[], slice: [] as Pair[], update: [] as Pair[] }
  for (let round = 0; round < ROUNDS; round++) {
    const ourUpdate = timed(() => ours.update(round))
    const ourSlice = await longestBlock(() => ours.render())
    const ourScrape = await longestBlock(() => ours.scrape())
    const peerUpdate = timed(() => peer.update(round))
    const peerRender = await longestBlock(() => peer.render())
    figures.update.push([(ourUpdate / ACCOUNTS) * 1e3, (peerUpdate / ACCOUNTS) * 1e3])
    figures.slice.push([ourSlice, peerRender])
    figures.scrape.push([ourScrape, peerRender])
  }
  return [
    row('scrape_block_ms_10000', 'ms', figures.scrape),
    row('render_slice_max_ms_10000', 'ms', figures.slice),
    row('account_update_us', 'µs', figures.update),
  ]
}

/** Ours, then the peer's. */
type Pair = readonly [number, number]

function row(name: string, unit: BenchRow['unit'], pairs: readonly Pair[]): BenchRow {
  const value = median(pairs.map(([ours]) => ours))
  const peerValue = median(pairs.map(([, peer]) => peer))
  return { name, value, unit, peer: PEER, peerValue, ratio: peerValue / value }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function timed(work: () => void): number {
  const startMs = performance.now()
  work()
  return performance.now() - startMs
}

/** Longest stretch in milliseconds for which `work` kept the event loop from turning. */
async function longestBlock(work: () => Promise<unknown>): Promise<number> {
  let done = false
  let longestMs = 0
  await nextTurn()
  let lastMs = performance.now()
  const watching = (async () => {
    while (!done) {
      await nextTurn()
      const nowMs = performance.now()
      longestMs = Math.max(longestMs, nowMs - lastMs)
      lastMs = nowMs
    }
  })()
  await work()
  done = true
  await watching
  return longestMs
}

function account(index: number): Account {
  const id = `session-${index}`
  return {
    key: accountKey('waha-1', id),
    account: id,
    gateway: 'waha-1',
    nativeId: id,
    phone: `97150${index}`,
    name: `Account ${index}`,
    labels: { team: `team-${index % 20}` },
    objective: 0.995,
    desired: 'running',
  }
}

/** Health as a check every 15 s leaves it; every twentieth account is down. */
function health(index: number, round: number): AccountHealth {
  const down = (index + round) % 20 === 0
  const checkMs = 1_760_000_000_000 + round * 15_000 + index
  return {
    key: `waha-1/session-${index}`,
    status: down ? 'unhealthy' : 'healthy',
    state: down ? 'disconnected' : 'connected',
    reason: down ? 'network' : null,
    native: down ? 'FAILED' : 'WORKING',
    evidence: {},
    stateSinceMs: 1_760_000_000_000,
    statusSinceMs: 1_760_000_000_000,
    lastCheckMs: checkMs,
    lastDurationMs: 40 + (index % 977) / 7,
    lastSuccessMs: checkMs,
    consecutiveFailures: down ? 5 : 0,
    consecutiveSuccesses: down ? 0 : 40,
    badSinceMs: null,
    goodSinceMs: null,
    healthySinceMs: null,
    pairedMs: null,
    pendingDowntimeMs: 0,
    incident: null,
    counters: {
      checks: 5760 + round,
      checkFailures: index % 50,
      observedMs: 86_400_000 + index + round * 15_000,
      downtimeMs: (index % 50) * 15_003,
      incidents: index % 5,
      incidentsResolved: index % 5,
      detectionDelayMs: (index % 5) * 30_001,
      recoveryAttempts: index % 3,
      recoveryFailures: index % 2,
    },
    recovery: { attemptsUsed: 0, notBeforeMs: 0, pending: null },
  }
}

const EXTRA = { inMaintenance: false, budgetLeft: 5 }

function ourSide(fleet: readonly Account[]) {
  const exposition = createExposition({ now: Date.now })
  const own = createProcessMetrics()
  const healths = [0, 1].map((round) => fleet.map((_, index) => health(index, round)))
  exposition.gateways.set({ name: 'waha-1', driver: 'waha', up: true, accounts: fleet.length, breakerOpen: false })
  const scrape = async () => {
    const page = await metricsPage(exposition, own, 'openmetrics', true)
    page.release()
  }
  return {
    update(round: number): void {
      const now = healths[round % 2] ?? []
      for (const [index, each] of fleet.entries()) {
        const present = now[index]
        if (present !== undefined) exposition.accounts.set(each, 'waha', present, EXTRA)
      }
    },
    /** The first scrape asks for the format; from then on each render makes the compressed page too. */
    async render(): Promise<void> {
      if (exposition.renderedAtMs === null) await scrape()
      await exposition.render()
    },
    scrape,
  }
}

/** The same families in prom-client, used as its documentation shows: set(labels, value) and registry.metrics(). */
function peerSide(fleet: readonly Account[]) {
  const registry = new Registry()
  const labelsOf = fleet.map(({ account: id, gateway, labels }) => ({
    account: id,
    gateway,
    team: labels['team'] ?? '',
  }))
  const metric = ({ name, help, labels, type }: MetricFamily) => {
    const options = { name, help, labelNames: [...labels, 'team'], registers: [registry] }
    return type === 'counter' ? new Counter(options) : new Gauge(options)
  }
  const status = metric(ACCOUNT_FAMILIES.status)
  const state = metric(ACCOUNT_FAMILIES.state)
  const numbers = Object.values(ACCOUNT_FAMILIES)
    .filter(
      ({ name, type }: MetricFamily) =>
        type !== 'stateset' && type !== 'info' && !/reason|incident_start|activity|quality|limit/.test(name),
    )
    .map(metric)
  return {
    update(round: number): void {
      for (const [index, labels] of labelsOf.entries()) {
        const down = (index + round) % 20 === 0
        for (const word of STATUSES)
          put(status, { ...labels, status: word }, word === (down ? 'unhealthy' : 'healthy') ? 1 : 0)
        for (const word of STATES)
          put(state, { ...labels, state: word }, word === (down ? 'disconnected' : 'connected') ? 1 : 0)
        for (const each of numbers) put(each, labels, 1_760_000_000.123 + index)
      }
    },
    render: () => registry.metrics(),
  }
}

function put(metric: Counter | Gauge, labels: Record<string, string>, value: number): void {
  if (metric instanceof Gauge) metric.set(labels, value)
  else metric.inc(labels, 1)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) console.table(await run())
