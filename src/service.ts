import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { shownText } from './accounts/privacy.ts'
import { createApi } from './api/app.ts'
import { changeFeed } from './api/change-feed.ts'
import { type Listener, listen } from './api/listen.ts'
import type { ReloadResult } from './api/parts.ts'
import { AUDIT_RECEIVER } from './config/cross-checks.ts'
import { faultText } from './config/fault.ts'
import type { LoadedConfig } from './config/load.ts'
import { effectiveYaml } from './config/redact.ts'
import { discoveryRounds } from './discovery/rounds.ts'
import { watchedDirectory } from './discovery/watched-directory.ts'
import { fleetShards } from './fleet-shards.ts'
import type { Log } from './log.ts'
import { createExposition } from './metrics/exposition.ts'
import { metricsPage } from './metrics/metrics-page.ts'
import { negotiate } from './metrics/negotiate.ts'
import { createProcessMetrics } from './metrics/process-metrics.ts'
import type { MonitorControl } from './monitor/fleet.ts'
import type { Flush } from './monitor/flush.ts'
import { createMonitor } from './monitor/monitor.ts'
import { notifications } from './notifications/notifications.ts'
import { reportedFleet } from './reported-fleet.ts'
import { createAnalytics } from './reports/analytics.ts'
import { createReporting } from './reports/reporting.ts'
import { privacyOf, type ServicePlan, servicePlan, traceText } from './service-plan.ts'
import { openShard, type Shard } from './shard.ts'
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

const ACCOUNTS_PER_TURN = 200
const DRAIN_STORE_MS = 5_000
const FIRST_READING_MS = 5_000
const HOUR_MS = 3_600_000
/** A gateway that makes up a new word for every check must not fill the memory or the log. */
const UNKNOWN_WORDS_TOLD = 1_000

/**
 * Composes the exporter and starts it. The order is the diagram of docs/architecture.md: store, monitor, discovery, API.
 * @throws ListenError where the API's address cannot be had; StoreError for a store that this version cannot drive
 */
export async function startService(started: GoodConfig, parts: ServiceParts): Promise<Service> {
  const { log, nowMs = Date.now, monotonicMs = () => performance.now(), random = Math.random } = parts
  const { shard = openShard(started.config, { log, now: nowMs, hostname: hostname() }) } = parts
  const ending = new AbortController()
  const changes = changeFeed(nowMs())
  const unknownWords = new Set<string>()
  let current = started
  let isReady = false
  let listener: Listener | null = null
  let stopped: Promise<void> | null = null
  let storeShown = { up: false, pendingWrites: 0, writeFailures: 0 }

  // What is shown.
  const exposition = createExposition({ now: nowMs })
  const processMetrics = createProcessMetrics()
  const { exporter: own } = processMetrics
  own.build(VERSION, process.version)
  own.shard(shard.ordinal, shard.total)
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
    onState: showStore(),
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
    requested(gateway, { durationMs, result }) {
      if (result.ok) exposition.gateways.observe(gateway, durationMs / 1_000)
      else exposition.gateways.error(gateway, result.code)
    },
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
    counted: (receiver, status) => own.notification(receiverNames().includes(receiver) ? receiver : 'other', status),
    nowMs,
    log,
  })
  const { calendar } = told.maintenance
  const planDeps = {
    events: { unmapped: countUnmapped },
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
  showConfig(true)
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
      vitals: () => ({ memoryBytes: process.memoryUsage.rss(), store: storeShown }),
      metricsPage: (format, gzip) => metricsPage(exposition, processMetrics, format, gzip),
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
    let untilPause = ACCOUNTS_PER_TURN
    for (const { account, driver, health, inMaintenance, budgetLeft } of flush.changed) {
      exposition.accounts.set(account, driver, health, { inMaintenance, budgetLeft })
      untilPause -= 1
      if (untilPause > 0) continue
      untilPause = ACCOUNTS_PER_TURN
      await setImmediate()
    }
    for (const key of flush.removed) exposition.accounts.remove(key)
    for (const { name, driver, up, accounts, breakerOpen } of flush.gateways) {
      // A reload may have removed it since the flush began.
      if (plan.gateways.has(name)) exposition.gateways.set({ name, driver, up, accounts, breakerOpen })
    }
    const { exporter } = flush
    own.cycle({
      blind: exporter.blind,
      lagSeconds: exporter.lagMs / 1_000,
      durationErrorSeconds: exporter.durationErrorMs / 1_000,
      durationSeconds: exporter.cycleDurationMs / 1_000,
    })
    own.checksInFlight(exporter.checksInFlight)
    await exposition.render()
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
    for (const name of before.gateways.keys()) if (!plan.gateways.has(name)) exposition.gateways.remove(name)
    void findAccounts()
    await Promise.all(plan.retired.map((gateway) => gateway.close()))
    reporting.apply()
    showConfig(true)
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

  function countUnmapped(gateway: string, what: string): void {
    exposition.gateways.unmapped(gateway)
    // The same word comes with every check: the counter tells how often, the log that it came.
    const word = `${gateway}: ${what}`
    if (unknownWords.has(word) || unknownWords.size >= UNKNOWN_WORDS_TOLD) return
    unknownWords.add(word)
    log.warn({ gateway, what }, 'The gateway says something that this version does not know; it counts as unknown.')
  }

  function gatewayEvents(name: string) {
    const options = current.config.gateways.find((gateway) => gateway.name === name)
    if (options === undefined) return undefined
    const { events } = options
    return { driver: options.driver, secret: events?.secret ?? null, verifyToken: events?.verifyToken ?? null }
  }

  /** Receivers that may be counted: what Alertmanager says must not add series without end. */
  function receiverNames(): readonly string[] {
    const { slack, email, sms, webhook } = current.config.alerting
    return [AUDIT_RECEIVER, ...[...slack, ...email, ...sms, ...webhook].map(({ name }) => name)]
  }

  function showConfig(ok: boolean): void {
    const { config } = current
    own.reload(ok, nowMs())
    own.checkInterval(config.checks.interval / 1_000)
    own.recoveryMode(config.recovery.mode)
    for (const { name } of config.gateways) own.discoveryGateway(name)
    for (const name of receiverNames()) own.notificationReceiver(name)
  }

  function showStore() {
    let failures = 0
    let dropped = 0
    return (state: { up: boolean; pendingWrites: number; writeFailures: number; droppedSamples: number }) => {
      storeShown = { up: state.up, pendingWrites: state.pendingWrites, writeFailures: state.writeFailures }
      own.storeUp(state.up)
      own.storePendingWrites(state.pendingWrites)
      for (; failures < state.writeFailures; failures++) own.storeWriteFailed()
      own.storeDroppedSamples(state.droppedSamples - dropped)
      dropped = state.droppedSamples
    }
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
