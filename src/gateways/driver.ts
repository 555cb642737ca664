import type { Tracing } from '../tracing/span.ts'
import { type GatewayExchange, reportingClient } from './exchange-report.ts'
import type { Gateway, GatewayEvents } from './gateway.ts'
import { type HttpClient, type HttpClientOptions, httpClient } from './http-client.ts'
import type { GatewayKind, GatewayOptions } from './options.ts'
import { tracedClient } from './traced-client.ts'

/** What a driver gets from outside. */
export interface DriverDeps {
  readonly events: GatewayEvents
  /** `checks.timeout`, milliseconds; a gateway's own `timeout` goes before it. */
  readonly checkTimeoutMs: number
  /** Wall clock, Unix milliseconds. */
  readonly now: () => number
  /** For the User-Agent, `whatsapp-exporter/<version>`. */
  readonly version?: string
  /** Every request is a span, and its W3C headers go to the gateway; absent where nothing is traced. */
  readonly tracing?: Tracing | undefined
  /** Told every exchange with the gateway, for `whatsapp-exporter check`; absent in the service. */
  readonly onExchange?: (exchange: GatewayExchange) => void
}

export type OptionsOf<Kind extends GatewayKind> = Extract<GatewayOptions, { driver: Kind }>

/** A driver: a factory whose closure holds the gateway's state. Opens no connection before the first request. */
export type Driver<Kind extends GatewayKind> = (options: OptionsOf<Kind>, deps: DriverDeps) => Gateway

/** The HTTP client of one gateway, as its options and the service want it; the driver adds credentials and secrets. */
export function gatewayHttpClient(
  options: GatewayOptions,
  deps: DriverDeps,
  own: Pick<HttpClientOptions, 'headers' | 'secrets' | 'classify' | 'authOption'>,
): HttpClient {
  const { tracing } = deps
  const client = httpClient({
    ...own,
    ...(tracing === undefined ? {} : { headers: () => ({ ...own.headers?.(), ...tracing.headers() }) }),
    gateway: options.name,
    baseUrl: options.url,
    connections: options.connections,
    timeoutMs: options.timeout ?? deps.checkTimeoutMs,
    tls: options.tls,
    userAgent: deps.version === undefined ? 'whatsapp-exporter' : `whatsapp-exporter/${deps.version}`,
    now: deps.now,
  })
  const about = { gateway: options.name, baseUrl: options.url, secrets: own.secrets }
  const seen = tracing === undefined ? client : tracedClient(client, about, tracing)
  return deps.onExchange === undefined ? seen : reportingClient(seen, about, deps.onExchange)
}
