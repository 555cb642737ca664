import type { Secret } from '../option-types.ts'
import type { Attributes, Tracing } from '../tracing/span.ts'
import { GatewayError } from './gateway-error.ts'
import type { HttpClient, HttpRequest } from './http-client.ts'
import { redact } from './redact.ts'

/**
 * Wraps a client so that each request is a span, and carries it to the gateway (the client asks for `tracing.headers`).
 * Attributes: OpenTelemetry semantic conventions 1.37, "HTTP client". Queries are left out: they may hold credentials.
 */
export function tracedClient(
  client: HttpClient,
  about: { readonly gateway: string; readonly baseUrl: string; readonly secrets: readonly Secret[] },
  tracing: Tracing,
): HttpClient {
  const base = new URL(about.baseUrl)
  const prefix = base.pathname.replace(/\/+$/, '')
  const server: Attributes = {
    'server.address': base.hostname,
    'server.port': base.port === '' ? (base.protocol === 'https:' ? 443 : 80) : Number(base.port),
    'whatsapp.gateway': about.gateway,
  }
  const attributesOf = (method: string, request: HttpRequest<unknown>): Attributes => {
    const path = redact(`${prefix}${request.path}`, about.secrets)
    return { ...server, 'http.request.method': method, 'url.full': `${base.origin}${path}`, 'url.path': path }
  }
  return {
    async send(request, signal) {
      const method = request.method ?? 'GET'
      const span = tracing.start(method, { kind: 'client' })
      if (span.recorded) span.set(attributesOf(method, request))
      try {
        const reply = await span.within(() => client.send(request, signal))
        span.set({ 'http.response.status_code': reply.status })
        return reply
      } catch (error) {
        if (error instanceof GatewayError && error.httpStatus !== undefined)
          span.set({ 'http.response.status_code': error.httpStatus })
        span.fail(error)
        throw error
      } finally {
        span.end()
      }
    },
    close: () => client.close(),
  }
}
