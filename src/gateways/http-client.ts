import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { type Dispatcher, Pool } from 'undici'
import type { ZodType } from 'zod'
import type { Secret } from '../option-types.ts'
import { abortGroups } from './abort-groups.ts'
import { Exchange, ExchangeError, type RawReply, type Wire } from './exchange.ts'
import type { GatewayError } from './gateway-error.ts'
import { handOver } from './hand-over.ts'
import { lanes } from './lanes.ts'
import { type ReplyClassifier, type RequestName, replyFaults } from './reply-faults.ts'

/** Most bytes of one account's reply. */
const REPLY_BYTES = 1024 * 1024
/** Most bytes of a reply that lists accounts; pass it as `maxBytes`. */
export const LIST_BYTES = 16 * 1024 * 1024
/** Longer than the usual check interval, so that a cycle finds the connections of the one before. */
const KEEP_ALIVE_MS = 65_000

export interface HttpClientOptions {
  /** Name of the gateway, for messages. */
  readonly gateway: string
  /** Scheme, host, port and an optional path prefix, which is kept in front of every path. */
  readonly baseUrl: string
  /** Asked for on every request: credentials, trace context. */
  readonly headers?: () => Readonly<Record<string, string>>
  /** Most sockets at once; further requests wait, and their waiting counts in their time limit. */
  readonly connections: number
  /** Limit of one request, from `send` to the last byte, milliseconds. */
  readonly timeoutMs: number
  /** Masked in every message. Read when a message is made, so that a driver may add to its own list later. */
  readonly secrets: readonly Secret[]
  /** Knows a vendor's error bodies; asked about every status that is not accepted, before the general rules. */
  readonly classify?: ReplyClassifier
  /** The option that a message about refused credentials points to. @default 'auth' */
  readonly authOption?: string
  readonly tls?: { readonly caFile?: string | undefined; readonly insecureSkipVerify?: boolean | undefined } | undefined
  /** @default 'whatsapp-exporter' */
  readonly userAgent?: string
  /** Wall clock, Unix milliseconds. @default Date.now */
  readonly now?: () => number
}

export interface HttpRequest<T> {
  /** @default 'GET' */
  readonly method?: 'GET' | 'POST' | 'PUT'
  /** Starts with a slash and is already encoded (see pathSegment). */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: unknown
  /** Only the fields that are used; what else the reply holds is ignored. */
  readonly schema: ZodType<T>
  /** @default 1 MiB */
  readonly maxBytes?: number
  /** Shorter or longer than the client's limit, milliseconds. */
  readonly timeoutMs?: number
  /** Which statuses are parsed; every other one rejects. @default 2xx */
  readonly accept?: (status: number) => boolean
  /** The body may be empty or something else than JSON: the schema then gets the text. @default false */
  readonly anyBody?: boolean
}

/** A parsed reply. */
export interface Reply<T> {
  readonly status: number
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders
  readonly body: T
  /** When the request's bytes went out, Unix milliseconds. */
  readonly atMs: number
  /** From the request's first byte out to the last byte in, milliseconds; waiting for a socket is not in it. */
  readonly durationMs: number
}

export interface HttpClient {
  /**
   * Sends one request and parses its reply. Rejects with GatewayError only, within `timeoutMs`, with a message that
   * holds no secret. After a 429 with Retry-After it rejects at once, without a request, until that time has passed.
   */
  send<T>(request: HttpRequest<T>, signal: AbortSignal): Promise<Reply<T>>
  /** Closes every socket; requests under way reject with `aborted`. Safe to call twice. */
  close(): Promise<void>
}

/** The one HTTP client of a gateway: keep-alive pool, limits, and faults told apart. Never follows a redirect. */
export function httpClient(options: HttpClientOptions): HttpClient {
  const now = options.now ?? Date.now
  const base = new URL(options.baseUrl)
  const prefix = base.pathname.replace(/\/+$/, '')
  const faults = replyFaults({
    gateway: options.gateway,
    address: `${base.protocol}//${base.host}`,
    host: base.host,
    authOption: options.authOption ?? 'auth',
    secrets: options.secrets,
    classify: options.classify,
  })
  const poolOptions: Pool.Options = {
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // One timer of ours limits the whole exchange, a slow drip included.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      timeout: options.timeoutMs,
      ...(options.tls?.caFile === undefined ? {} : { ca: readFileSync(options.tls.caFile, 'utf8') }),
      ...(options.tls?.insecureSkipVerify === true ? { rejectUnauthorized: false } : {}),
    },
  }
  const ways = lanes(options.connections, (connections) => new Pool(base.origin, { ...poolOptions, connections }))
  const fixedHeaders = ['accept', 'application/json', 'user-agent', options.userAgent ?? 'whatsapp-exporter']
  const wire: Wire = { lanes: ways, aborts: abortGroups(), handOver: handOver(), now }
  const usualLimits = { timeoutMs: options.timeoutMs, maxBytes: REPLY_BYTES }
  let closed = false
  let silentUntilMs = 0
  let silenceMs = 0

  function dispatchOptions(request: HttpRequest<unknown>): Dispatcher.DispatchOptions {
    const method = request.method ?? 'GET'
    const query = request.query === undefined ? '' : `?${new URLSearchParams(request.query)}`
    const path = `${prefix}${request.path}${query}`
    if (options.headers === undefined && request.headers === undefined && request.body === undefined)
      return { method, path, headers: fixedHeaders, body: null }
    const headers = fixedHeaders.slice()
    if (options.headers !== undefined) appendHeaders(headers, options.headers())
    if (request.headers !== undefined) appendHeaders(headers, request.headers)
    let body: string | null = null
    if (request.body !== undefined) {
      body = JSON.stringify(request.body)
      headers.push('content-type', 'application/json')
    }
    return { method, path, headers, body }
  }

  const nameOf = (request: HttpRequest<unknown>): RequestName => ({
    method: request.method ?? 'GET',
    path: `${prefix}${request.path}`,
  })

  function limitsOf({ timeoutMs, maxBytes }: HttpRequest<unknown>) {
    if (timeoutMs === undefined && maxBytes === undefined) return usualLimits
    return { timeoutMs: timeoutMs ?? usualLimits.timeoutMs, maxBytes: maxBytes ?? usualLimits.maxBytes }
  }

  /** Why a request is not even sent; null where it may be. */
  function refusalOf(request: HttpRequest<unknown>, signal: AbortSignal): GatewayError | null {
    const waitMs = silentUntilMs - now()
    // A wall clock that was set back must not lengthen the silence.
    if (waitMs > 0 && waitMs <= silenceMs) return faults.silent(nameOf(request), waitMs)
    if (signal.aborted) return faults.ofExchange({ kind: 'aborted' }, nameOf(request), 0)
    return closed ? faults.closed(nameOf(request)) : null
  }

  /** What a request ended with that brought no whole reply. */
  function faultOf({ fault }: ExchangeError, request: HttpRequest<unknown>): GatewayError {
    const name = nameOf(request)
    const { timeoutMs, maxBytes } = limitsOf(request)
    if (closed && fault.kind === 'network') return faults.closed(name)
    return faults.ofExchange(fault, name, fault.kind === 'too_large' ? maxBytes : timeoutMs)
  }

  /** Parses a whole reply; throws GatewayError. */
  function replyOf<T>(raw: RawReply, request: HttpRequest<T>): Reply<T> {
    const accepted = request.accept === undefined ? raw.status >= 200 && raw.status < 300 : request.accept(raw.status)
    if (!accepted) {
      const error = faults.ofStatus(raw, nameOf(request), now())
      if (error.code === 'rate_limited' && error.retryAfterMs !== undefined) {
        silenceMs = error.retryAfterMs
        silentUntilMs = now() + silenceMs
      }
      throw error
    }
    const body = faults.parse(raw, request.schema, request.anyBody ?? false, () => nameOf(request))
    return { status: raw.status, headers: raw.headers, body, atMs: raw.atMs, durationMs: raw.durationMs }
  }

  return {
    // Not async: the frames of functions that wait are most of what a check under way holds.
    send<T>(request: HttpRequest<T>, signal: AbortSignal): Promise<Reply<T>> {
      const refusal = refusalOf(request, signal)
      if (refusal !== null) return Promise.reject(refusal)
      let options: Dispatcher.DispatchOptions
      try {
        options = dispatchOptions(request)
      } catch (error) {
        return Promise.reject(faults.unsent(error, nameOf(request)))
      }
      return Exchange.run(wire, options, limitsOf(request), signal, (end) => {
        if (end instanceof ExchangeError) throw faultOf(end, request)
        return replyOf(end, request)
      })
    },
    async close() {
      closed = true
      await ways.close()
      wire.aborts.close()
    },
  }
}

function appendHeaders(list: string[], headers: Readonly<Record<string, string>>): void {
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) list.push(name, value)
  }
}
