import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Context,
  createContextKey,
  defaultTextMapGetter,
  defaultTextMapSetter,
  type Link,
  type Span as OtelSpan,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import {
  detectResources,
  envDetector,
  hostDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources'
import {
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { pipeline } from './pipeline.ts'
import { type Attributes, errorTypeOf, messageOf, type Span, type SpanStart } from './span.ts'
import type { TraceTarget } from './target.ts'
import type { RunningTracing, TracingParts } from './tracing.ts'

const KINDS = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT, server: SpanKind.SERVER } as const
const SEND_LIMIT_MS = 5_000
const LONGEST_TEXT = 1_024
const ALWAYS = createContextKey('traced whatever the ratio says')

/**
 * Tracing by the OpenTelemetry SDK, sent by OTLP over HTTP. Nothing of it is global, so that several may run in one
 * process, and one after the other.
 */
export function openTelemetry(target: TraceTarget, parts: TracingParts): RunningTracing {
  const { hide, random, sendLimitMs = SEND_LIMIT_MS } = parts
  const { sampleRatio } = target
  const contexts = new AsyncLocalStorage<Context>()
  const contextOf = new WeakMap<Span, Context>()
  const spanOf = new WeakMap<Context, Span>()
  const propagator = new W3CTraceContextPropagator()
  const spans = pipeline({ ...parts, sendLimitMs, exporter: exporterOf(target, sendLimitMs) })
  const provider = new TracerProvider({
    resource: resourceOf(parts),
    spanProcessors: [spans.processor],
    sampler: samplerOf(sampleRatio),
    spanLimits: { attributeValueLengthLimit: LONGEST_TEXT },
  })
  const tracer = provider.getTracer('whatsapp-exporter', parts.version)
  let stopped: Promise<void> | null = null

  function baseOf({ parent, caller, detached }: SpanStart): Context {
    if (caller !== undefined) return propagator.extract(ROOT_CONTEXT, caller, defaultTextMapGetter)
    if (detached === true) return ROOT_CONTEXT
    return (parent === undefined ? contexts.getStore() : contextOf.get(parent)) ?? ROOT_CONTEXT
  }

  /** Where the sampler, which sees only the context, finds what was asked for. */
  function sampled(base: Context, sampling: SpanStart['sampling']): Context {
    if (sampling === undefined) return base
    if (sampling === 'always') return base.setValue(ALWAYS, true)
    const parent = trace.getSpanContext(base)
    if (parent === undefined || random() < sampleRatio) return base
    return trace.setSpanContext(base, { ...parent, traceFlags: TraceFlags.NONE })
  }

  function linksOf({ detached }: SpanStart): Link[] {
    const store = detached === true ? contexts.getStore() : undefined
    const context = store === undefined ? undefined : trace.getSpanContext(store)
    return context === undefined ? [] : [{ context }]
  }

  function hidden(attributes: Attributes): Attributes {
    return Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [name, typeof value === 'string' ? hide(value) : value]),
    )
  }

  function spanFor(span: OtelSpan, context: Context): Span {
    const recorded = span.isRecording()
    return {
      recorded,
      set(attributes) {
        if (recorded) span.setAttributes(hidden(attributes))
      },
      note(event, attributes = {}) {
        if (recorded) span.addEvent(event, hidden(attributes))
      },
      fail(error) {
        if (!recorded) return
        span.setAttribute('error.type', errorTypeOf(error))
        span.setStatus({ code: SpanStatusCode.ERROR, message: hide(messageOf(error)) })
      },
      end: () => span.end(),
      within: (work) => contexts.run(context, work),
    }
  }

  async function end(): Promise<void> {
    const patience = new AbortController()
    await Promise.race([
      provider.shutdown().catch(() => {}), // what was not taken is counted
      sleep(sendLimitMs, undefined, { signal: patience.signal }).catch(() => {}),
    ])
    patience.abort()
    spans.giveUp()
  }

  return {
    start(name, start = {}) {
      const base = baseOf(start)
      const options = { kind: KINDS[start.kind ?? 'internal'], links: linksOf(start) }
      const inner = tracer.startSpan(name, options, sampled(base, start.sampling))
      const context = trace.setSpan(base, inner)
      const span = spanFor(inner, context)
      contextOf.set(span, context)
      spanOf.set(context, span)
      if (start.attributes !== undefined) span.set(start.attributes)
      return span
    },
    active() {
      const context = contexts.getStore()
      return context === undefined ? undefined : spanOf.get(context)
    },
    headers() {
      const context = contexts.getStore()
      if (context === undefined) return {}
      const headers: Record<string, string> = {}
      propagator.inject(context, headers, defaultTextMapSetter)
      return headers
    },
    stop() {
      stopped ??= end()
      return stopped
    },
  }
}

function exporterOf({ url, authorization, hasOwnTimeout }: TraceTarget, timeoutMillis: number): SpanExporter {
  // Further headers, compression and certificates come from the standard variables.
  return new OTLPTraceExporter({
    url,
    ...(hasOwnTimeout ? {} : { timeoutMillis }),
    ...(authorization === undefined ? {} : { headers: { authorization: authorization.reveal() } }),
  })
}

/** OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go before what we know. */
function resourceOf({ version, instance }: TracingParts): Resource {
  const own = resourceFromAttributes({
    'service.name': 'whatsapp-exporter',
    'service.version': version,
    'service.instance.id': instance,
  })
  const told = detectResources({ detectors: [envDetector, hostDetector] })
  return own.merge(told)
}

/** Children do as their parent does; what begins a trace is left to chance, unless it is always wanted. */
function samplerOf(ratio: number): Sampler {
  const chance = new TraceIdRatioBasedSampler(ratio)
  const root: Sampler = {
    shouldSample: (context, traceId) =>
      context.getValue(ALWAYS) === true
        ? { decision: SamplingDecision.RECORD_AND_SAMPLED }
        : chance.shouldSample(context, traceId),
    toString: () => `always or ${chance.toString()}`,
  }
  return new ParentBasedSampler({ root })
}
