import { ExportResultCode } from '@opentelemetry/core'
import { BatchSpanProcessor, type SpanExporter, type SpanProcessor } from '@opentelemetry/sdk-trace'
import type { Log } from '../log.ts'
import type { TracingEvents } from './tracing.ts'

/** At a bit more than 1 kB each, what a collector that is away costs in memory. */
const MOST_WAITING = 4_096
const BATCH = 512
const SEND_AFTER_MS = 2_000
/** A collector that comes and goes must not fill the log. */
const SAY_AGAIN_MS = 600_000

export interface PipelineParts {
  readonly exporter: SpanExporter
  readonly events: TracingEvents
  readonly log: Log
  /** A clock that never jumps, milliseconds. */
  readonly monotonicMs: () => number
  readonly sendLimitMs: number
}

/** Spans on their way to the collector. */
export interface Pipeline {
  readonly processor: SpanProcessor
  /** Counts what did not arrive yet as dropped; comes last. */
  giveUp(): void
}

/**
 * Ended spans wait here for the next batch, and no more than fit: what comes on top is dropped and counted. The batch
 * processor of the SDK has a bound too, but drops without telling anybody.
 */
export function pipeline({ exporter, events, log, monotonicMs, sendLimitMs }: PipelineParts): Pipeline {
  let waiting = 0
  let underWay = 0
  let isOver = false
  let isSaid = false
  let saidMs = Number.NEGATIVE_INFINITY

  function tell(error: Error | undefined): void {
    if (error === undefined) {
      if (isSaid) log.info({}, 'The collector takes spans again.')
      isSaid = false
      return
    }
    if (isSaid || monotonicMs() - saidMs < SAY_AGAIN_MS) return
    isSaid = true
    saidMs = monotonicMs()
    log.warn({ error: error.message }, 'The collector takes no spans; they are dropped. Nothing else waits for it.')
  }

  const counted: SpanExporter = {
    export(spans, done) {
      waiting -= spans.length
      underWay += spans.length
      exporter.export(spans, (result) => {
        done(result)
        if (isOver) return
        underWay -= spans.length
        const ok = result.code === ExportResultCode.SUCCESS
        if (ok) events.exported(spans.length)
        else events.dropped(spans.length)
        tell(ok ? undefined : (result.error ?? new Error('no reason given')))
      })
    },
    shutdown: () => exporter.shutdown(),
    ...(exporter.forceFlush === undefined ? {} : { forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve() }),
  }
  const batches = new BatchSpanProcessor({
    exporter: counted,
    maxQueueSize: MOST_WAITING,
    maxExportBatchSize: BATCH,
    scheduledDelayMillis: SEND_AFTER_MS,
    exportTimeoutMillis: sendLimitMs,
  })

  return {
    processor: {
      onStart() {},
      onEnd(span) {
        if ((span.spanContext().traceFlags & SAMPLED) === 0) return
        if (isOver || waiting >= MOST_WAITING) {
          events.dropped(1)
          return
        }
        waiting += 1
        batches.onEnd(span)
      },
      forceFlush: () => batches.forceFlush(),
      shutdown: () => batches.shutdown(),
    },
    giveUp() {
      if (isOver) return
      isOver = true
      if (waiting + underWay > 0) events.dropped(waiting + underWay)
    },
  }
}

/** Bit of the W3C trace flags. */
const SAMPLED = 1
