import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Account } from '../src/accounts/account.ts'
import type { AccountHealth } from '../src/health/health.ts'
import { createExposition } from '../src/metrics/exposition.ts'
import { metricsPage } from '../src/metrics/metrics-page.ts'
import { createProcessMetrics } from '../src/metrics/process-metrics.ts'
import type { BenchRow } from './bench-row.ts'
import { longestBlock, timed } from './event-loop.ts'
import { ACCOUNTS, benchFleet, isDown } from './exposition-fleet.ts'
import type { PeerRound } from './exposition-peer.ts'

const ROUNDS = 7
const WARM_UP_ROUNDS = 4
const PEER = 'prom-client 15.1.3'

/**
 * Exposition of 10 000 accounts beside prom-client with the same series: the two take turns, seven rounds, medians.
 * The peer renders at every scrape; ours renders once per cycle, so its scrape and its render are two figures. Ours
 * compresses in the render, the peer does not. Times leave out waiting for a core.
 */
export async function run(): Promise<BenchRow[]> {
  const ours = ourSide(benchFleet())
  const peer = new Worker(new URL('./exposition-peer.ts', import.meta.url))
  const figures = { scrape: [] as Pair[], slice: [] as Pair[], update: [] as Pair[] }
  try {
    for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
      const ourUpdate = timed(() => ours.update(round))
      const ourSlice = await longestBlock(() => ours.render())
      const ourScrape = await longestBlock(() => ours.scrape())
      const theirs = await peerRound(peer, round)
      if (round < WARM_UP_ROUNDS) continue
      figures.update.push([(ourUpdate / ACCOUNTS) * 1e3, (theirs.updateMs / ACCOUNTS) * 1e3])
      figures.slice.push([ourSlice, theirs.renderBlockMs])
      figures.scrape.push([ourScrape, theirs.renderBlockMs])
    }
  } finally {
    await peer.terminate()
  }
  return [
    row('scrape_block_ms_10000', 'ms', figures.scrape),
    row('render_slice_max_ms_10000', 'ms', figures.slice),
    row('account_update_us', 'µs', figures.update),
  ]
}

async function peerRound(peer: Worker, round: number): Promise<PeerRound> {
  const answered = once(peer, 'message')
  peer.postMessage(round)
  const [answer] = await answered
  return answer
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

/** Health as a check every 15 s leaves it; every twentieth account is down. */
function health(index: number, round: number): AccountHealth {
  const down = isDown(index, round)
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

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) console.table(await run())
