import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { EXPORTER_FAMILIES, type MetricFamily } from './catalogue.ts'
import { shownText } from './label-bytes.ts'
import { bucketBound, type FamilyHead, familyHeader, labelBlock, numberText, type PageFormat } from './text-format.ts'

/** What a notification told, or that it could not be delivered; each starts at 0 for every receiver. */
const NOTIFICATION_STATUSES = ['firing', 'resolved', 'failed'] as const
export type NotificationStatus = (typeof NOTIFICATION_STATUSES)[number]

/** How a mail with a report ended; each starts at 0. */
const REPORT_MAIL_STATUSES = ['sent', 'refused', 'given_up', 'unsure'] as const
type ReportMailStatus = (typeof REPORT_MAIL_STATUSES)[number]

const RECOVERY_MODES = ['off', 'dry-run', 'on'] as const
type RecoveryMode = (typeof RECOVERY_MODES)[number]

/** What the last check cycle says of the exporter itself. */
export interface CycleFacts {
  readonly blind: boolean
  readonly lagSeconds: number
  readonly durationErrorSeconds: number
  readonly durationSeconds: number
}

/** Setters of the exporter's own metrics, one per business event; no call throws. */
export interface ExporterMetrics {
  build(version: string, nodeVersion: string): void
  /** A (re)load of the configuration ended. @param atMs Unix milliseconds */
  reload(ok: boolean, atMs: number): void
  cycle(facts: CycleFacts): void
  checksInFlight(count: number): void
  checkInterval(seconds: number): void
  recoveryMode(mode: RecoveryMode): void
  /** Puts a gateway's failure counter on the page, at 0. */
  discoveryGateway(gateway: string): void
  discoveryFailed(gateway: string): void
  faultyDocuments(count: number): void
  storeUp(up: boolean): void
  storePendingWrites(batches: number): void
  storeWriteFailed(): void
  storeDroppedSamples(count: number): void
  /** Puts a receiver's counters on the page, at 0. */
  notificationReceiver(receiver: string): void
  notification(receiver: string, status: NotificationStatus): void
  reportBegun(): void
  reportFailed(): void
  reportMailed(status: ReportMailStatus): void
  spansExported(count: number): void
  spansDropped(count: number): void
  shard(ordinal: number, total: number): void
}

export interface ProcessMetrics {
  readonly exporter: ExporterMetrics
  /** The exporter's and the process' families as text, without the OpenMetrics end line. Reads /proc: once per scrape. */
  text(format: PageFormat): Promise<string>
}

/**
 * Left out of prom-client's defaults: gauges named `_total` (promtool refuses them), walks over every socket, and the
 * percentiles of the event-loop monitor, which is why that samples only once an hour (it cannot be switched off).
 */
const UNWANTED = /^nodejs_(?:active_.*|eventloop_lag_(?:min|max|mean|stddev|p\d+)_seconds)$/
const NEVER_MS = 3_600_000

/** Holds the metrics of the exporter and its process in a prom-client registry of its own. */
export function createProcessMetrics(): ProcessMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NEVER_MS })
  for (const { name } of registry.getMetricsAsArray()) if (UNWANTED.test(name)) registry.removeSingleMetric(name)
  const exporter = exporterMetrics(registry)
  return { exporter, text: (format) => registryText(registry, format) }
}

function exporterMetrics(registry: Registry): ExporterMetrics {
  const registers = [registry]
  const gauge = ({ name, help, labels }: MetricFamily) => new Gauge({ name, help, labelNames: labels, registers })
  const counter = ({ name, help, labels }: MetricFamily) => new Counter({ name, help, labelNames: labels, registers })
  const of = EXPORTER_FAMILIES
  // In the order of the page; a family without labels starts at 0 by itself.
  const buildInfo = gauge(of.buildInfo)
  const reloadSuccessful = gauge(of.reloadSuccessful)
  const reloadTimestamp = gauge(of.reloadTimestamp)
  const blind = gauge(of.blind)
  const checkLag = gauge(of.checkLag)
  const checkDurationError = gauge(of.checkDurationError)
  const checksInFlight = gauge(of.checksInFlight)
  const checkCycleDuration = gauge(of.checkCycleDuration)
  const checkInterval = gauge(of.checkInterval)
  const recoveryMode = gauge(of.recoveryMode)
  const discoveryFailures = counter(of.discoveryFailures)
  const faultyDocuments = gauge(of.discoveryFaultyDocuments)
  const storeUp = gauge(of.storeUp)
  const storePendingWrites = gauge(of.storePendingWrites)
  const storeWriteFailures = counter(of.storeWriteFailures)
  const storeDroppedSamples = counter(of.storeDroppedSamples)
  const notifications = counter(of.notifications)
  const reportRuns = counter(of.reportRuns)
  const reportFailures = counter(of.reportFailures)
  const reportMails = counter(of.reportMails)
  const traceSpans = counter(of.traceSpans)
  const traceDroppedSpans = counter(of.traceDroppedSpans)
  const shardOrdinal = gauge(of.shardOrdinal)
  const shards = gauge(of.shards)

  const setRecoveryMode = (present: RecoveryMode): void => {
    for (const mode of RECOVERY_MODES) recoveryMode.set({ mode }, mode === present ? 1 : 0)
  }
  setRecoveryMode('off')
  for (const status of REPORT_MAIL_STATUSES) reportMails.inc({ status }, 0)
  shards.set(1)

  return {
    build(version, nodeVersion) {
      buildInfo.reset()
      buildInfo.set({ version, node_version: nodeVersion }, 1)
    },
    reload(ok, atMs) {
      reloadSuccessful.set(ok ? 1 : 0)
      if (ok) reloadTimestamp.set(atMs / 1e3)
    },
    cycle(facts) {
      blind.set(facts.blind ? 1 : 0)
      checkLag.set(facts.lagSeconds)
      checkDurationError.set(facts.durationErrorSeconds)
      checkCycleDuration.set(facts.durationSeconds)
    },
    checksInFlight: (count) => checksInFlight.set(count),
    checkInterval: (seconds) => checkInterval.set(seconds),
    recoveryMode: setRecoveryMode,
    discoveryGateway: (gateway) => discoveryFailures.inc({ gateway }, 0),
    discoveryFailed: (gateway) => discoveryFailures.inc({ gateway }),
    faultyDocuments: (count) => faultyDocuments.set(count),
    storeUp: (up) => storeUp.set(up ? 1 : 0),
    storePendingWrites: (batches) => storePendingWrites.set(batches),
    storeWriteFailed: () => storeWriteFailures.inc(),
    storeDroppedSamples: (count) => storeDroppedSamples.inc(Math.max(0, count)),
    notificationReceiver(receiver) {
      for (const status of NOTIFICATION_STATUSES) notifications.inc({ receiver, status }, 0)
    },
    notification: (receiver, status) => notifications.inc({ receiver, status }),
    reportBegun: () => reportRuns.inc(),
    reportFailed: () => reportFailures.inc(),
    reportMailed: (status) => reportMails.inc({ status }),
    spansExported: (count) => traceSpans.inc(count),
    spansDropped: (count) => traceDroppedSpans.inc(count),
    shard(ordinal, total) {
      shardOrdinal.set(ordinal)
      shards.set(total)
    },
  }
}

const CATALOGUE: ReadonlyMap<string, MetricFamily> = new Map(
  Object.values(EXPORTER_FAMILIES).map((family) => [family.name, family]),
)

/**
 * Our own text of a registry: prom-client's format is a property of the registry, and one OpenMetrics render of its own
 * strips `_total` from the counters' names for good.
 */
async function registryText(registry: Registry, format: PageFormat): Promise<string> {
  let text = ''
  for (const metric of await registry.getMetricsAsJSON()) {
    const family = headOf(metric.name, metric.help, String(metric.type))
    const lines = metric.values
      .filter(({ value }) => !Number.isNaN(value))
      .map((sample) => sampleLine(sample, family, format))
    if (lines.length > 0) text += familyHeader(family, format) + lines.join('')
  }
  return text
}

/** prom-client knows neither unit nor info; its names tell. */
function headOf(name: string, help: string, type: string): FamilyHead {
  const own = CATALOGUE.get(name)
  if (own !== undefined) return own
  const unit = /_(seconds|bytes)(?:_total)?$/.exec(name)?.[1]
  return {
    name,
    help,
    type: name.endsWith('_info') ? 'info' : type === 'counter' || type === 'histogram' ? type : 'gauge',
    ...(unit === 'seconds' || unit === 'bytes' ? { unit } : {}),
  }
}

interface RegistrySample {
  readonly value: number
  readonly labels: Readonly<Partial<Record<string, string | number>>>
  /** Of histograms: the name with `_bucket`, `_sum` or `_count`. */
  readonly metricName?: string
}

function sampleLine(sample: RegistrySample, family: FamilyHead, format: PageFormat): string {
  const labels: Record<string, string> = {}
  for (const [name, value] of Object.entries(sample.labels)) {
    if (value === undefined) continue
    labels[name] = name === 'le' ? bucketBound(Number(value), format) : shownText(String(value))
  }
  return `${sample.metricName ?? family.name}${labelBlock(labels)} ${numberText(sample.value)}\n`
}
