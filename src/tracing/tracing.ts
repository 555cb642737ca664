import type { Log } from '../log.ts'
import type { TracingOptions } from './options.ts'
import type { Tracing } from './span.ts'
import { traceTarget } from './target.ts'

export interface TracingParts {
  /** For the standard variables OTEL_*; the SDK itself reads the rest of them from the process. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** `service.version`. */
  readonly version: string
  /** `service.instance.id`: the same after a restart. */
  readonly instance: string
  /** Takes phone numbers out of a text. */
  readonly hide: (text: string) => string
  readonly events: TracingEvents
  readonly log: Log
  /** 0 to 1. */
  readonly random: () => number
  /** A clock that never jumps, milliseconds. */
  readonly monotonicMs: () => number
  /**
   * What a batch may take with all its retries, and the end of the program for the last ones. Shorter than is usual,
   * because the end waits for it. @default 5 s
   */
  readonly sendLimitMs?: number
}

/** What the exporter counts. */
export interface TracingEvents {
  /** Spans that the collector took. */
  exported(spans: number): void
  /** Spans that nobody will see: the collector did not take them, or too many waited for it. */
  dropped(spans: number): void
}

/** Tracing that runs. */
export interface RunningTracing extends Tracing {
  /** Sends what waits, for a short time at most, and ends. Asked again, it waits for the same end. Never rejects. */
  stop(): Promise<void>
}

/**
 * Starts tracing where an endpoint is configured; otherwise not one line of OpenTelemetry is loaded.
 * A collector that is away is no error: spans are dropped and counted.
 */
export async function startTracing(options: TracingOptions, parts: TracingParts): Promise<RunningTracing | undefined> {
  const target = traceTarget(options, parts.env)
  if ('off' in target) {
    if (target.off !== null) parts.log.warn({ why: target.off }, 'Nothing is traced, although an endpoint is set.')
    return undefined
  }
  const { openTelemetry } = await import('./open-telemetry.ts')
  return openTelemetry(target, parts)
}
