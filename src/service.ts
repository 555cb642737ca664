import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { shownText } from './accounts/privacy.ts'
import { createApi } from './api/app.ts'
import { changeFeed } from './api/change-feed.ts'
import { type Listener, listen } from './api/listen.ts'
import type { ReloadResult } from './api/parts.ts'
import { faultText } from './config/fault.ts'
import type { LoadedConfig } from './config/load.ts'
import { effectiveYaml } from './config/redact.ts'
import { discoveryRounds } from './discovery/rounds.ts'
import { watchedDirectory } from './discovery/watched-directory.ts'
import { fleetShards } from './fleet-shards.ts'
import type { Log } from './log.ts'
import { negotiate } from './metrics/negotiate.ts'
import type { MonitorControl } from './monitor/fleet.ts'
import type { Flush } from './monitor/flush.ts'
import { createMonitor } from './monitor/monitor.ts'
import { notifications } from './notifications/notifications.ts'
import { reportedFleet } from './reported-fleet.ts'
import { createAnalytics } from './reports/analytics.ts'
import { createReporting } from './reports/reporting.ts'
import { privacyOf, type ServicePlan, servicePlan, traceText } from './service-plan.ts'
import { openShard, type Shard } from './shard.ts'
import { shownMetrics } from './shown-metrics.ts'
import { storeWriter } from './store/journal.ts'
import { needsLedger } from './store/replay.ts'
import { startTracing } from './tracing/tracing.ts'
import { VERSION } from './version.ts'

/** A configuration that was read without fault. */
export type GoodConfig = Extract<LoadedConfig, { ok: true }>

export interface ServiceParts {
  readonly log: Log
  /** Its part of the fleet, and the store. @default what the configuration says, without standing by */
  readonly shard?: Shard
  /** Reads the configuration again, for a reload. */
  readonly readConfig: () => LoadedConfig
  /** Unix milliseconds. @default Date.now */
  readonly nowMs?: () => number
  /** A clock that never jumps, milliseconds. @default performance.now */
  readonly monotonicMs?: () => number
  /** @default Math.random */
  readonly random?: () => number
  /** Told after each cycle how many accounts are watched. */
  readonly fleetSize?: ((accounts: number) => void) | undefined
}

/** A running exporter. */
export interface Service {
  /** Where the API listens. */
  readonly url: string
  /** What can be asked of the fleet from inside the process. */
  readonly monitor: MonitorControl
  /** Settles when every gateway was asked for its accounts once. */
  readonly ready: Promise<void>
  /** Reads the configuration again and takes it over; a faulty one changes nothing. Never rejects. */
  reload(): Promise<ReloadResult>
  /** Ends everything in order: API, discovery, checks, store, gateways. Asked again, it waits for the same end. */
  stop(): Promise<void>
}

const DRAIN_STORE_MS = 5_000
const FIRST_READING_MS = 5_000
const HOUR_MS = 3_600_000
/**
 * Composes the exporter and starts it. The order is the diagram of docs/architecture.md: store, monitor, discovery, API.
 * @throws ListenError where the API's address cannot be had; StoreError for a store that this version cannot drive
 */
export async function startService(started: GoodConfig, parts: ServiceParts): Promise<Service> {
  const { log, nowMs = Date.now, monotonicMs = () => performance.now(), random = Math.random } = parts
  const { shard = openShard(started.config, { log, now: nowMs, hostname: hostname() }) } = parts
  const ending = new AbortController()
  const changes = changeFeed(nowMs())
  let current = started
  let isReady = false
  let listener: Listener | null = null
  let stopped: Promise<void> | null = null

  // What is shown.
  const shown = shownMetrics({ shard, nowMs, log })
  const { own } = shown
  // Before anything that may be traced.
  const tracing = await startTracing(started.config.tracing, {
    env: process.env,
    version: VERSION,
    instance: `${hostname()}-${shard.ordinal}`,
    hide: traceText(started.config),
    events: { exported: (spans) => own.spansExported(spans), dropped: (spans) => own.spansDropped(spans) },
    log,
    random,
    monotonicMs,
  })

  // What is remembered.
  const { store: storeOptions } = started.config
  const { store } = shard
  const shards = fleetShards(started.config, {
    shard,
    monotonicMs,
    api: () => current.config.api,
    tracing,
    signal: ending.signal,
  })
  const writer = storeWriter({
    store,
    limits: { maxSamples: storeOptions.journal.maxSamples, retryMaxMs: storeOptions.journal.retryMax },
    retention: { historyMs: storeOptions.retention.history, summaryMs: storeOptions.retention.summaries },
    log,
    now: nowMs,
    random,
    onState: shown.storeChanged,
    onLateLoad: (late) => monitor.reconcile(late),
    onLedgersWanted: () => monitor.touchAll(),
  })

  // What is watched.
  const monitor = createMonitor({
    nowMs,
    monotonicMs,
    random,
    log,
    publish,
    requested: shown.requested,
    needsLedger,
    tracing,
  })
  const discovery = discoveryRounds({
    log,
    found({ gateway, accounts, scope, withdrawn }) {
      // The others are watched by other exporters.
      monitor.adopt(
        gateway,
        accounts.filter(({ key }) => shard.owns(key)),
        scope,
        withdrawn,
      )
      if (scope === 'partial') monitor.recall(gateway)
    },
    failed: (gateway) => own.discoveryFailed(gateway),
  })
  const directory = watchedDirectory({
    // Only who uses it loads it: the driver costs memory.
    open: async (options) => (await import('./discovery/mongo-collection.ts')).mongoCollection(options),
    log,
    shown: (text) => shownText(text, privacyOf(current.config)),
    changed: () => discovery.again(),
    failed() {
      for (const { name } of current.config.gateways) own.discoveryFailed(name)
    },
    faulty: (documents) => own.faultyDocuments(documents),
  })

  // Who is told, and when nobody is.
  const told = notifications({
    store,
    alerting: () => current.config.alerting,
    configuredMaintenance: () => current.config.maintenance,
    accountsOf: (id) => monitor.fleet.find(id).map(({ account }) => account),
    scope: silenceScope(started, shard.ordinal),
    counted: (receiver, status) => shown.notified(current.config, receiver, status),
    nowMs,
    log,
  })
  const { calendar } = told.maintenance
  const planDeps = {
    events: { unmapped: shown.unmapped },
    nowMs,
    windows: calendar.windows,
    documented: directory.of,
    mayRepair: () => store.isSure !== false,
    tracing,
  }
  let plan: ServicePlan = servicePlan(started.config, new Map(), planDeps)

  // What is made of it.
  const analytics = createAnalytics({
    accounts: () => reportedFleet(monitor.fleet.accounts(), shards),
    store,
    prometheus: () => current.config.prometheus,
    windows: calendar.windows,
    defaultObjective: () => current.config.slo.objective,
    now: nowMs,
    tracing,
  })

  const reporting = createReporting({
    options: () => current.config.reports,
    analytics,
    store,
    externalUrl: () => current.config.api.externalUrl ?? null,
    ordinal: shard.total > 1 && started.config.store.kind === 'sqlite' ? shard.ordinal : undefined,
    searchPath: process.env['PATH'] ?? '',
    log,
    events: {
      begun: () => own.reportBegun(),
      failed: () => own.reportFailed(),
      mailed: (outcome) => own.reportMailed(outcome),
    },
    tracing,
    now: nowMs,
    random,
  })

  const loaded = await writer.load()
  // A store that is away is read later, by the turns of `start`.
  if (loaded !== null) await calendar.refresh().catch(() => {})
  const recent = loaded === null ? [] : await recentAttempts()
  monitor.apply(plan.monitor)
  if (loaded !== null) monitor.restore(loaded, recent)
  shown.configured(current.config)
  monitor.start()
  told.start(ending.signal)
  const ready = findAccounts().then(() => {
    if (ending.signal.aborted) return
    isReady = true
    // Not before: a report that was missed while we were down needs the whole fleet.
    reporting.start()
    log.info({ accounts: monitor.fleet.size, gateways: plan.gateways.size }, 'The exporter watches the fleet.')
  })

  listener = await listen(
    createApi({
      monitor,
      store,
      shards,
      analytics,
      reports: reporting,
      changes,
      audit: told.audit,
      textMessages: told.textMessages,
      maintenance: told.maintenance,
      vitals: () => ({ memoryBytes: process.memoryUsage.rss(), store: shown.store }),
      metricsPage: shown.page,
      negotiate,
      reload,
      configText: () => shownText(effectiveYaml(current.source), privacyOf(current.config)),
      ready: () => isReady && !ending.signal.aborted,
      gatewayEvents,
      now: nowMs,
      log,
      version: VERSION,
      links: {
        prometheus: started.config.prometheus.externalUrl ?? started.config.prometheus.url,
        alertmanager: started.config.alerting.externalUrl ?? started.config.alerting.url,
        grafana: started.config.grafana.url,
      },
      tracing,
      // Users, tokens and limits follow a reload; the address does not.
      get options() {
        return current.config.api
      },
      signal: ending.signal,
    }),
    started.config.api,
    ending.signal,
    log,
  ).catch(async (error: unknown) => {
    await stop()
    throw error
  })

  /** First to the store, then to the page: a restarted exporter never shows less than a scrape has seen. */
  async function publish(flush: Flush): Promise<void> {
    if (flush.batch !== null) {
      await writer.hand(flush.batch)
      changes.publish(flush.batch)
    }
    await shown.flushed(flush, (name) => plan.gateways.has(name))
    parts.fleetSize?.(monitor.fleet.size)
  }

  /** Takes over the sources of accounts of the present configuration; settles when each was asked once. */
  async function findAccounts(): Promise<void> {
    const { gateways, discovery: options } = current.config
    const { mongodb, interval: intervalMs } = options
    const wanted = mongodb && { options: mongodb, gateways: gateways.map(({ name }) => name), intervalMs }
    const firstRead = directory.apply(wanted ?? null)
    // A database that is away must not keep the gateways from being asked.
    await Promise.race([firstRead, sleep(FIRST_READING_MS, undefined, { ref: false })])
    if (!ending.signal.aborted) await discovery.apply(plan.sources, intervalMs)
  }

  async function reload(): Promise<ReloadResult> {
    if (ending.signal.aborted) return { ok: false, faults: ['The exporter is stopping.'] }
    const read = parts.readConfig()
    if (!read.ok) return refuseReload(read.faults.map((fault) => faultText('config', fault)))
    const before = plan
    try {
      plan = servicePlan(read.config, before.gateways, planDeps)
    } catch (error) {
      return refuseReload([error instanceof Error ? error.message : String(error)])
    }
    current = read
    // What runs is compared, not what was read last: the difference stays until a restart.
    const fixed = fixedSections(started, read)
    if (fixed.length > 0) log.warn({ sections: fixed }, 'These sections changed, but only a restart takes them over.')
    for (const warning of read.warnings) log.warn({}, faultText('config', warning))
    monitor.apply(plan.monitor)
    for (const name of before.gateways.keys()) if (!plan.gateways.has(name)) shown.gatewayRemoved(name)
    void findAccounts()
    await Promise.all(plan.retired.map((gateway) => gateway.close()))
    reporting.apply()
    shown.configured(current.config)
    log.info({ gateways: plan.gateways.size }, 'The configuration was reloaded.')
    return { ok: true }
  }

  function refuseReload(faults: readonly string[]): ReloadResult {
    own.reload(false, nowMs())
    log.error({ faults }, 'The configuration was not reloaded: it has faults. The last good one stays.')
    return { ok: false, faults }
  }

  function stop(): Promise<void> {
    stopped ??= end()
    return stopped
  }

  async function end(): Promise<void> {
    ending.abort()
    await listener?.closed
    await reporting.stop()
    await Promise.all([directory.stop(), discovery.stop()])
    await monitor.stop()
    const left = await writer.drain(DRAIN_STORE_MS)
    if (left > 0)
      log.error({ batches: left }, 'The store is away: what happened since it went is lost with this process.')
    await store.close()
    await Promise.all([...plan.gateways.values()].map(({ gateway }) => gateway.close()))
    // Last: the end of everything else is in the traces.
    await tracing?.stop()
  }

  async function recentAttempts() {
    const toMs = nowMs()
    const page = await store.recoveries({ range: { fromMs: toMs - HOUR_MS, toMs }, limit: 1_000 }).catch(() => null)
    return page?.items ?? []
  }

  function gatewayEvents(name: string) {
    const options = current.config.gateways.find((gateway) => gateway.name === name)
    if (options === undefined) return undefined
    const { events } = options
    return { driver: options.driver, secret: events?.secret ?? null, verifyToken: events?.verifyToken ?? null }
  }

  return { url: listener.url, monitor, ready, reload, stop }
}

/** Names this exporter's silences at an Alertmanager that others use too; the same after a restart. */
function silenceScope({ config: { gateways } }: GoodConfig, ordinal: number): string {
  const names = gateways.map(({ name }) => name).sort()
  const print = createHash('sha256')
    .update(JSON.stringify([names, ordinal]))
    .digest('hex')
  return `whatsapp-exporter-${print.slice(0, 8)}`
}

/** Sections that are bound when the service starts. */
const FIXED = ['api', 'store', 'sharding', 'tracing'] as const

function fixedSections(before: GoodConfig, after: GoodConfig): readonly string[] {
  return FIXED.filter((name) => JSON.stringify(before.config[name]) !== JSON.stringify(after.config[name]))
}
