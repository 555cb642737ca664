import type { IncomingHttpHeaders } from 'node:http'
import type { RequestHandler } from 'express'
import type { SpanStart, Tracing } from '../tracing/span.ts'
import type { Route } from './route.ts'

const EVENT_STREAM = 'text/event-stream'
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/**
 * Makes a span of every request, and continues the caller's trace. Stands behind the guard, so that nobody makes spans
 * who may not ask. Probes are too many to tell anything, and streams last for hours: neither is traced.
 * Attributes: OpenTelemetry semantic conventions 1.37, "HTTP server". Queries are left out.
 */
export function traceRequests(
  tracing: Tracing,
  routeOf: (method: string, path: string) => Route | undefined,
): RequestHandler {
  return (request, response, next) => {
    const route = routeOf(request.method, request.path)
    if (route?.access === 'open' || route?.success.contentType === EVENT_STREAM) return next()
    const method = METHODS.has(request.method) ? request.method : 'HTTP'
    const span = tracing.start(route === undefined ? method : `${method} ${route.path}`, {
      kind: 'server',
      // Whoever signs its body is not known yet: a stranger must not choose what is traced.
      ...(route?.access === 'signed' ? {} : callerOf(request.headers)),
      attributes: {
        'http.request.method': method === 'HTTP' ? '_OTHER' : method,
        ...(route === undefined ? {} : { 'http.route': route.path }),
        // What stands in the place of a parameter may be a person's number, or the token of a link.
        ...(route?.path.includes('{') === true ? {} : { 'url.path': request.path }),
        'url.scheme': request.protocol,
      },
    })
    response.once('close', () => {
      const { statusCode, writableFinished } = response
      span.set({ 'http.response.status_code': statusCode })
      if (!writableFinished) span.set({ 'error.type': 'connection_closed' })
      else if (statusCode >= 500) span.fail({ code: String(statusCode) })
      span.end()
    })
    span.within(() => next())
  }
}

function callerOf({ traceparent, tracestate }: IncomingHttpHeaders): Pick<SpanStart, 'caller'> {
  // Twice the header is no trace context: the specification says to ignore it.
  if (typeof traceparent !== 'string') return {}
  return { caller: { traceparent, tracestate: typeof tracestate === 'string' ? tracestate : undefined } }
}
