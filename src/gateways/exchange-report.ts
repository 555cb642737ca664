import type { ErrorCode } from '../accounts/vocabulary.ts'
import type { Secret } from '../option-types.ts'
import { GatewayError } from './gateway-error.ts'
import type { HttpClient, HttpRequest } from './http-client.ts'
import { redact } from './redact.ts'

/** One request to a gateway and what came of it, for people who want to see it. Holds no secret. */
export interface GatewayExchange {
  readonly gateway: string
  readonly method: string
  /** Whole address; credentials in it are masked. */
  readonly url: string
  /** HTTP status; null where no answer came. */
  readonly status: number | null
  /** Why there is no usable reply; null where there is one. */
  readonly code: ErrorCode | null
  /** Milliseconds: the request's own time, with waiting for a socket where it failed. */
  readonly durationMs: number
}

/** Wraps a client so that each exchange is told once it ended. Who does not ask for reports pays nothing. */
export function reportingClient(
  client: HttpClient,
  about: { readonly gateway: string; readonly baseUrl: string; readonly secrets: readonly Secret[] },
  onExchange: (exchange: GatewayExchange) => void,
): HttpClient {
  const base = about.baseUrl.replace(/\/+$/, '')
  const tell = (request: HttpRequest<unknown>, outcome: Pick<GatewayExchange, 'status' | 'code' | 'durationMs'>) => {
    const query = request.query === undefined ? '' : `?${new URLSearchParams(request.query)}`
    const url = redact(`${base}${request.path}${query}`, about.secrets)
    onExchange({ gateway: about.gateway, method: request.method ?? 'GET', url, ...outcome })
  }
  return {
    async send(request, signal) {
      const startedMs = performance.now()
      try {
        const reply = await client.send(request, signal)
        tell(request, { status: reply.status, code: null, durationMs: reply.durationMs })
        return reply
      } catch (error) {
        const durationMs = performance.now() - startedMs
        if (error instanceof GatewayError)
          tell(request, { status: error.httpStatus ?? null, code: error.code, durationMs })
        throw error
      }
    },
    close: () => client.close(),
  }
}
