import { setImmediate } from 'node:timers/promises'
import type { CheckOutcome } from './accounts/observation.ts'
import { AUDIT_RECEIVER } from './config/cross-checks.ts'
import type { Config } from './config/schema.ts'
import type { Log } from './log.ts'
import { createExposition } from './metrics/exposition.ts'
import { type MetricsPage, metricsPage } from './metrics/metrics-page.ts'
import { createProcessMetrics, type ExporterMetrics, type NotificationStatus } from './metrics/process-metrics.ts'
import type { PageFormat } from './metrics/text-format.ts'
import type { Flush } from './monitor/flush.ts'
import type { WriterState } from './store/journal.ts'
import { VERSION } from './version.ts'

/** What a running exporter shows under /metrics: each event of the service as the values that change with it. */
export interface ShownMetrics {
  /** Metrics of the exporter itself that one event sets without more ado. */
  readonly own: ExporterMetrics
  /** How the store is doing, as the page says it. */
  readonly store: Pick<WriterState, 'up' | 'pendingWrites' | 'writeFailures'>
  /** A request to a gateway is over. */
  requested(gateway: string, outcome: CheckOutcome): void
  /** A gateway said a word that this version does not know. */
  unmapped(gateway: string, what: string): void
  /**
   * Shows what changed and renders the page.
   * @param isWatched whether a gateway is still part of the configuration
   */
  flushed(flush: Flush, isWatched: (gateway: string) => boolean): Promise<void>
  gatewayRemoved(name: string): void
  /** A configuration was taken over. */
  configured(config: Config): void
  notified(config: Config, receiver: string, status: NotificationStatus): void
  storeChanged(state: WriterState): void
  page(format: PageFormat, gzip: boolean): Promise<MetricsPage>
}

export interface ShownMetricsParts {
  readonly shard: { readonly ordinal: number; readonly total: number }
  /** Unix milliseconds. */
  readonly nowMs: () => number
  readonly log: Log
}

const ACCOUNTS_PER_TURN = 200
/** A gateway that makes up a new word for every check must not fill the memory or the log. */
const UNKNOWN_WORDS_TOLD = 1_000

export function shownMetrics({ shard, nowMs, log }: ShownMetricsParts): ShownMetrics {
  const exposition = createExposition({ now: nowMs })
  const processMetrics = createProcessMetrics()
  const { exporter: own } = processMetrics
  const unknownWords = new Set<string>()
  let store = { up: false, pendingWrites: 0, writeFailures: 0 }
  let droppedSamples = 0
  own.build(VERSION, process.version)
  own.shard(shard.ordinal, shard.total)

  return {
    own,
    get store() {
      return store
    },
    requested(gateway, { durationMs, result }) {
      if (result.ok) exposition.gateways.observe(gateway, durationMs / 1_000)
      else exposition.gateways.error(gateway, result.code)
    },
    unmapped(gateway, what) {
      exposition.gateways.unmapped(gateway)
      // The same word comes with every check: the counter tells how often, the log that it came.
      const word = `${gateway}: ${what}`
      if (unknownWords.has(word) || unknownWords.size >= UNKNOWN_WORDS_TOLD) return
      unknownWords.add(word)
      log.warn({ gateway, what }, 'The gateway says something that this version does not know; it counts as unknown.')
    },
    async flushed({ changed, removed, gateways, exporter }, isWatched) {
      let untilPause = ACCOUNTS_PER_TURN
      for (const { account, driver, health, inMaintenance, budgetLeft } of changed) {
        exposition.accounts.set(account, driver, health, { inMaintenance, budgetLeft })
        untilPause -= 1
        if (untilPause > 0) continue
        untilPause = ACCOUNTS_PER_TURN
        await setImmediate()
      }
      for (const key of removed) exposition.accounts.remove(key)
      for (const { name, driver, up, accounts, breakerOpen } of gateways) {
        // A reload may have removed it since the flush began.
        if (isWatched(name)) exposition.gateways.set({ name, driver, up, accounts, breakerOpen })
      }
      own.cycle({
        blind: exporter.blind,
        lagSeconds: exporter.lagMs / 1_000,
        durationErrorSeconds: exporter.durationErrorMs / 1_000,
        durationSeconds: exporter.cycleDurationMs / 1_000,
      })
      own.checksInFlight(exporter.checksInFlight)
      await exposition.render()
    },
    gatewayRemoved: (name) => exposition.gateways.remove(name),
    configured(config) {
      own.reload(true, nowMs())
      own.checkInterval(config.checks.interval / 1_000)
      own.recoveryMode(config.recovery.mode)
      for (const { name } of config.gateways) own.discoveryGateway(name)
      for (const name of receiverNames(config)) own.notificationReceiver(name)
    },
    notified(config, receiver, status) {
      own.notification(receiverNames(config).includes(receiver) ? receiver : 'other', status)
    },
    storeChanged({ up, pendingWrites, writeFailures, droppedSamples: dropped }) {
      own.storeUp(up)
      own.storePendingWrites(pendingWrites)
      for (let told = store.writeFailures; told < writeFailures; told++) own.storeWriteFailed()
      own.storeDroppedSamples(dropped - droppedSamples)
      store = { up, pendingWrites, writeFailures }
      droppedSamples = dropped
    },
    page: (format, gzip) => metricsPage(exposition, processMetrics, format, gzip),
  }
}

/** Receivers that may be counted: what Alertmanager says must not add series without end. */
function receiverNames({ alerting: { slack, email, sms, webhook } }: Config): readonly string[] {
  return [AUDIT_RECEIVER, ...[...slack, ...email, ...sms, ...webhook].map(({ name }) => name)]
}
