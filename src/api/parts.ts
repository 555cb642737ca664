import type { Log } from '../log.ts'
import type { MonitorControl } from '../monitor/fleet.ts'
import type { Notifications } from '../notifications/notifications.ts'
import type { Secret } from '../option-types.ts'
import type { Analytics } from '../reports/analytics.ts'
import type { Reporting } from '../reports/reporting.ts'
import type { Store } from '../store/store.ts'
import type { Tracing } from '../tracing/span.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { ApiOptions } from './options.ts'
import type { Shards } from './shards/shards.ts'

/** A ready /metrics page; `release` gives its buffers back and must be called when they are sent or nobody wants them. */
export interface ReadyPage {
  readonly contentType: string
  readonly contentEncoding?: string | undefined
  /** Sent one after the other, never joined: a page may have 50 MB. */
  readonly chunks: readonly Buffer[]
  readonly sizeBytes: number
  release(): void
}

/** How the client wants /metrics. */
export interface PageFormat {
  readonly format: 'text' | 'openmetrics'
  readonly gzip: boolean
}

/** What is known of the webhooks of one gateway. */
export interface GatewayEventSource {
  readonly driver: string
  /** Proves that an event comes from this gateway; null where none is configured: events are then refused. */
  readonly secret: Secret | null
  /** Meta's subscription handshake (hub.verify_token); null where none is configured. */
  readonly verifyToken: Secret | null
}

export type ReloadResult = { readonly ok: true } | { readonly ok: false; readonly faults: readonly string[] }

/** How the exporter itself is. */
export interface Vitals {
  /** Resident memory of the process. */
  readonly memoryBytes: number
  readonly store: {
    readonly up: boolean
    /** Batches that wait in memory. */
    readonly pendingWrites: number
    readonly writeFailures: number
  }
}

/** What the API is made of; service.ts hands it in, tests hand in fakes. */
export interface ApiParts {
  readonly monitor: MonitorControl
  readonly store: Store
  /** The exporters that share the fleet; absent where this one watches all of it. */
  readonly shards?: Shards | undefined
  /** Figures of periods, as the reports have them. */
  readonly analytics: Pick<Analytics, 'report' | 'account' | 'incident' | 'trend'>
  readonly reports: Pick<Reporting, 'list' | 'file' | 'document' | 'requested' | 'subscriptions'>
  /** Whoever publishes what changes in the fleet publishes it here. */
  readonly changes: Pick<ChangeFeed, 'follow'>
  /** How the process and its store are. */
  vitals(): Vitals
  readonly audit: Notifications['audit']
  readonly textMessages: Notifications['textMessages']
  readonly maintenance: Notifications['maintenance']
  /** Rejects with an error named PageBusyError where slow readers hold too many pages. */
  metricsPage(format: PageFormat['format'], gzip: boolean): Promise<ReadyPage>
  /** By the request's Accept and Accept-Encoding headers. */
  negotiate(accept: string | undefined, acceptEncoding: string | undefined): PageFormat
  reload(): Promise<ReloadResult>
  /** Effective configuration as YAML, without secrets. */
  configText(): string
  ready(): boolean
  /** Undefined: no gateway of this name. */
  gatewayEvents(gateway: string): GatewayEventSource | undefined
  readonly now: () => number
  readonly log: Log
  readonly version: string
  readonly links: {
    readonly prometheus?: string | undefined
    readonly alertmanager?: string | undefined
    readonly grafana?: string | undefined
  }
  /** Absent where nothing is traced. */
  readonly tracing?: Tracing | undefined
  /** May be a getter: users, tokens, hosts and rate limit follow it at once; listen, tls and trustProxy need a restart. */
  readonly options: ApiOptions
  /** Aborts when the service ends: background work stops, /-/ready answers 503. */
  readonly signal: AbortSignal
}
