import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Account, accountKey } from '../../src/accounts/account.ts'
import type { AccountState, Reason, Status } from '../../src/accounts/vocabulary.ts'
import { openIncident } from '../../src/health/incident.ts'
import { newHealth } from '../../src/health/verdict.ts'
import { createExposition } from '../../src/metrics/exposition.ts'
import type { GatewayMetrics } from '../../src/metrics/gateway-metrics.ts'
import { metricsPage } from '../../src/metrics/metrics-page.ts'
import { createProcessMetrics, type ExporterMetrics } from '../../src/metrics/process-metrics.ts'

/** What an account shows until it is told otherwise. Counters only grow. */
export interface Shown {
  readonly status: Status
  readonly state: AccountState
  readonly reason: Reason | null
  readonly objective: number
  readonly tenant: string | null
  readonly durationMs: number
  readonly budgetLeft: number
  /** Whether the time of the last activity moves with every scrape. */
  readonly busy: boolean
  readonly maintenance: boolean
  /** Whether the time that passes is downtime. */
  readonly down: boolean
  /** Events that every scrape adds. */
  readonly failedRepairs: number
}

/** The page of an exporter whose values a test sets: the real exposition over made-up health. */
export interface SteeredExporter {
  /** `host:port`. */
  readonly target: string
  readonly own: ExporterMetrics
  readonly gateways: GatewayMetrics
  show(gateway: string, account: string, over: Partial<Shown>): void
  /** Takes an account off the page. */
  remove(gateway: string, account: string): void
  /** Adds to counters at once. */
  add(gateway: string, account: string, more: { readonly incidents?: number; readonly observedSeconds?: number }): void
  /** What happens at every scrape beside. */
  onScrape(act: (() => void) | null): void
  /** How long ago the newest check was. */
  checkedAgo(ms: number): void
  /** Whether scrapes are answered. */
  answers(yes: boolean): void
  close(): Promise<void>
}

const WELL: Shown = {
  status: 'healthy',
  state: 'connected',
  reason: null,
  objective: 0.995,
  tenant: null,
  durationMs: 100,
  budgetLeft: 5,
  busy: false,
  maintenance: false,
  down: false,
  failedRepairs: 0,
}

interface Steered {
  readonly gateway: string
  readonly account: string
  shown: Shown
  observedMs: number
  downtimeMs: number
  incidents: number
  failures: number
  activityAtMs: number
  /** When its present incident began; counts while it is unhealthy. */
  illAtMs: number
}

/** @param factor how much faster than real time its counters of seconds grow */
export async function steeredExporter(factor: number): Promise<SteeredExporter> {
  const exposition = createExposition({ now: Date.now })
  const metrics = createProcessMetrics()
  const steered = new Map<string, Steered>()
  const startedMs = Date.now()
  let scrapedMs = startedMs
  let checkedAgoMs = 0
  let isAnswering = true
  let everyScrape: (() => void) | null = null

  function advance(one: Steered, passedMs: number): void {
    one.observedMs += passedMs * factor
    if (one.shown.down) one.downtimeMs += passedMs * factor
    if (one.shown.busy) one.activityAtMs = scrapedMs
    one.failures += one.shown.failedRepairs
  }

  function put({ gateway, account, shown, ...sums }: Steered): void {
    const key = accountKey(gateway, account)
    const of: Account = {
      key,
      gateway,
      account,
      nativeId: account,
      phone: null,
      name: null,
      labels: shown.tenant === null ? {} : { tenant: shown.tenant },
      objective: shown.objective,
      desired: 'any',
    }
    const health = newHealth(key, startedMs)
    const { status, state, reason, durationMs } = shown
    const counters = {
      ...health.counters,
      observedMs: sums.observedMs,
      downtimeMs: sums.downtimeMs,
      incidents: sums.incidents,
      recoveryAttempts: sums.failures,
      recoveryFailures: sums.failures,
    }
    exposition.accounts.set(
      of,
      'waha',
      {
        ...health,
        status,
        state,
        reason,
        lastDurationMs: durationMs,
        lastCheckMs: scrapedMs - checkedAgoMs,
        evidence: { lastActivityAtMs: sums.activityAtMs },
        counters,
        // As the verdict has it: unhealthy is who has an open incident.
        incident: status === 'unhealthy' ? openIncident(of, sums.illAtMs, scrapedMs, state, reason, 0) : null,
      },
      { inMaintenance: shown.maintenance, budgetLeft: shown.budgetLeft },
    )
  }

  async function page() {
    const passedMs = Date.now() - scrapedMs
    scrapedMs += passedMs
    everyScrape?.()
    for (const one of steered.values()) {
      advance(one, passedMs)
      put(one)
    }
    await exposition.render()
    return metricsPage(exposition, metrics, 'text', false)
  }

  const server = createServer((_request, response) => {
    if (!isAnswering) {
      response.writeHead(503).end()
      return
    }
    page().then(
      ({ contentType, chunks, release }) => {
        response.writeHead(200, { 'content-type': contentType })
        response.end(Buffer.concat(chunks), release)
      },
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // it listens on a port

  function of(gateway: string, account: string): Steered {
    const key = accountKey(gateway, account)
    const known = steered.get(key)
    if (known !== undefined) return known
    const made = {
      gateway,
      account,
      shown: WELL,
      observedMs: 0,
      downtimeMs: 0,
      incidents: 0,
      failures: 0,
      activityAtMs: startedMs,
      illAtMs: startedMs,
    }
    steered.set(key, made)
    return made
  }

  return {
    target: `127.0.0.1:${port}`,
    own: metrics.exporter,
    gateways: exposition.gateways,
    show(gateway, account, over) {
      const one = of(gateway, account)
      if (over.status === 'unhealthy') one.illAtMs = Date.now()
      one.shown = { ...one.shown, ...over }
    },
    remove(gateway, account) {
      const key = accountKey(gateway, account)
      steered.delete(key)
      exposition.accounts.remove(key)
    },
    add(gateway, account, { incidents = 0, observedSeconds = 0 }) {
      const one = of(gateway, account)
      one.incidents += incidents
      one.observedMs += observedSeconds * 1000
    },
    onScrape(act) {
      everyScrape = act
    },
    checkedAgo(ms) {
      checkedAgoMs = ms
    },
    answers(yes) {
      isAnswering = yes
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
