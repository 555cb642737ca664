import type { IncomingHttpHeaders } from 'node:http'
import type { SimAccount } from '../account.ts'
import type { SimGateway } from '../simulation.ts'

/** A request to a simulated gateway, its prefix taken off. */
export interface DialectRequest {
  readonly method: string
  /** Path below the gateway's prefix, starting with `/`. */
  readonly path: string
  /** Path segments, percent-decoded. */
  readonly parts: readonly string[]
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** Parsed JSON body; undefined where there is none or it is no JSON. */
  readonly body: unknown
  /** The gateway's own address, for replies that hold links. */
  readonly baseUrl: string
}

/** What a dialect answers. */
export interface Reply {
  readonly status: number
  /** The endpoint without what varies, for the request counters: `/api/sessions/{session}`. */
  readonly endpoint: string
  /** Sent as JSON; undefined: no body. A string in `text` wins. */
  readonly json?: unknown
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
  /** The one account that the request is about: its slowness and mishaps apply. */
  readonly about?: SimAccount
}

/** One vendor's wire format over one gateway's accounts. */
export interface Dialect {
  handle(request: DialectRequest, nowMs: number): Reply
  /** The vendor's answer to a wrong credential. */
  readonly unauthorized: Reply
  /** The vendor's answer to too many requests; absent: plain 429. */
  readonly rateLimited?: Reply
  /** Paths that answer without a licence; absent: none. */
  readonly unlicensedPaths?: readonly string[]
}

/** What a dialect gets to work with. */
export interface DialectTools {
  readonly gateway: SimGateway
  /** How long a restart takes until its outcome shows, milliseconds. */
  readonly repairMs: number
  /** Brings about what a call of the gateway's API does, for example a logout. */
  bring(account: SimAccount, fault: 'qr' | 'logged_out' | 'gone', nowMs: number): void
}

/** A JSON reply. */
export function jsonReply(status: number, endpoint: string, json: unknown, about?: SimAccount): Reply {
  return about === undefined ? { status, endpoint, json } : { status, endpoint, json, about }
}

/** One header as text; the first where it was sent twice. */
export function headerOf(request: DialectRequest, name: string): string {
  const value = request.headers[name]
  return (Array.isArray(value) ? value[0] : value) ?? ''
}

/** A text field of a JSON body; empty where it is missing. */
export function bodyText(request: DialectRequest, field: string): string {
  const { body } = request
  if (typeof body !== 'object' || body === null) return ''
  const value: unknown = Reflect.get(body, field)
  return typeof value === 'string' ? value : ''
}
