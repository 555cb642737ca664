import type { Secret } from '../option-types.ts'
import type { TracingOptions } from './options.ts'

/** Where spans are sent to. */
export interface TraceTarget {
  /** Whole address, with the path of the signal. */
  readonly url: string
  readonly authorization: Secret | undefined
  /** Share of what is left to chance, 0 to 1. */
  readonly sampleRatio: number
  /** Whether the variables of OpenTelemetry say how long a batch may take. */
  readonly hasOwnTimeout: boolean
}

/** Off, and why if somebody may have meant it to be on. */
export type TraceDecision = TraceTarget | { readonly off: string | null }

const SIGNAL_PATH = '/v1/traces'
const TIMEOUTS = ['OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', 'OTEL_EXPORTER_OTLP_TIMEOUT']

/**
 * Whether and where to trace: `tracing.endpoint`, else the variables of OpenTelemetry.
 * Source: OpenTelemetry specification 1.50, "OTLP exporter configuration" and "SDK environment variables".
 */
export function traceTarget(options: TracingOptions, env: Readonly<Record<string, string | undefined>>): TraceDecision {
  const url = addressOf(options, env)
  if (url === null) return { off: null }
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return { off: 'OTEL_SDK_DISABLED is true' }
  if (env['OTEL_TRACES_EXPORTER'] === 'none') return { off: 'OTEL_TRACES_EXPORTER is none' }
  // Its value may hold a password, so it is not repeated.
  if (!isHttpUrl(url)) {
    return { off: 'OTEL_EXPORTER_OTLP_ENDPOINT is no http or https address; write it like http://127.0.0.1:4318' }
  }
  return {
    url,
    authorization: options.authorization ?? options.authorizationFile,
    sampleRatio: options.sampleRatio,
    hasOwnTimeout: TIMEOUTS.some((name) => isSet(env[name])),
  }
}

function addressOf({ endpoint }: TracingOptions, env: Readonly<Record<string, string | undefined>>): string | null {
  if (endpoint !== undefined) return withSignalPath(endpoint)
  const own = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']
  if (isSet(own)) return own
  const shared = env['OTEL_EXPORTER_OTLP_ENDPOINT']
  return isSet(shared) ? withSignalPath(shared) : null
}

function withSignalPath(address: string): string {
  const base = address.replace(/\/+$/, '')
  return base.endsWith(SIGNAL_PATH) ? base : `${base}${SIGNAL_PATH}`
}

/** An empty variable counts as none, as the specification says. */
function isSet(value: string | undefined): value is string {
  return value !== undefined && value.trim() !== ''
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}
