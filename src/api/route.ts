import { z } from 'zod'
import type { Principal } from './access/principal.ts'
import type { ProblemCode } from './problem.ts'
import { Problem } from './problem.ts'
import { type KnownKeys, parse, parseQuery } from './validate.ts'

const NOTHING = z.strictObject({})

/** Who may call a route: everybody, a reader, an operator, or whoever brings a signature: the gateway's secret, a link of ours. */
export type Access = 'open' | 'read' | 'operate' | 'signed'

/** A request before its parts are checked. */
export interface RawCall {
  readonly params: Readonly<Record<string, string>>
  readonly search: URLSearchParams
  readonly body: Buffer
  readonly header: (name: string) => string | undefined
  readonly principal: Principal
  /** Aborts when the client goes away or the service ends. */
  readonly signal: AbortSignal
}

/** A request as a handler sees it. */
export interface Call<P, Q, B> {
  readonly params: P
  readonly query: Q
  readonly body: B
  readonly raw: RawCall
}

/** What a handler answers with: JSON, ready bytes, or text that is made while it is sent. */
export type Reply<T> = { readonly headers?: Readonly<Record<string, string>> } & (
  | { readonly json: T }
  | { readonly text: string; readonly contentType: string }
  | ReadyBytes
  | { readonly pieces: Iterable<string>; readonly contentType: string }
  /** Goes on until the client is gone or the iteration ends; see event-feed.ts. */
  | { readonly stream: AsyncIterable<string>; readonly contentType: string }
)

/** Bytes that belong to somebody else and are given back. */
export interface ReadyBytes {
  readonly chunks: readonly Buffer[]
  readonly sizeBytes: number
  readonly contentType: string
  /** Called once when the client has everything or is gone. */
  readonly release: () => void
  /** After so long the connection ends, whether or not the client has read everything. */
  readonly sendWithinMs: number
}

interface RouteSpec<P extends KnownKeys, Q extends KnownKeys, B extends z.ZodType, R extends z.ZodType> {
  readonly method: 'get' | 'post' | 'delete'
  /** OpenAPI notation: `/api/incidents/{id}`. */
  readonly path: string
  readonly access: Access
  /** Unique; becomes operationId. */
  readonly id: string
  readonly summary: string
  readonly description?: string
  readonly params?: P
  readonly query?: Q
  /** Absent: the route takes no body. `raw`: it reads the bytes itself. An empty body counts as `{}`. */
  readonly body?: B | 'raw'
  /** Whether forms may be sent, which other sites can do: only where what is sent proves itself. @default false */
  readonly takesForms?: boolean
  readonly success: {
    readonly status: number
    readonly description: string
    readonly schema?: R
    readonly contentType?: string
  }
  /** What can go wrong beside what can go wrong everywhere. */
  readonly problems?: readonly ProblemCode[]
  handle(call: Call<z.output<P>, z.output<Q>, z.output<B>>): Reply<z.output<R>> | Promise<Reply<z.output<R>>>
}

/** A route with its types closed over: what the app mounts and the OpenAPI document describes. */
export interface Route
  extends Pick<
    RouteSpec<KnownKeys, KnownKeys, z.ZodType, z.ZodType>,
    | 'method'
    | 'path'
    | 'access'
    | 'id'
    | 'summary'
    | 'description'
    | 'params'
    | 'query'
    | 'body'
    | 'takesForms'
    | 'success'
    | 'problems'
  > {
  serve(call: RawCall): Promise<Reply<unknown>>
}

/** Makes a route of its description and handler; the handler gets checked parts only. */
export function route<
  P extends KnownKeys = z.ZodObject<Record<never, never>>,
  Q extends KnownKeys = z.ZodObject<Record<never, never>>,
  B extends z.ZodType = z.ZodUndefined,
  R extends z.ZodType = z.ZodUnknown,
>(spec: RouteSpec<P, Q, B, R>): Route {
  const { handle, ...description } = spec
  return {
    ...description,
    async serve(raw) {
      const params = parse(spec.params ?? NOTHING, spec.params === undefined ? {} : raw.params, 'path')
      const query = parseQuery(spec.query ?? NOTHING, raw.search)
      const body =
        spec.body === undefined || spec.body === 'raw' ? undefined : parse(spec.body, readJson(raw.body), 'body')
      // The three were parsed by exactly these schemas, or by none where the route has none.
      return handle({ params, query, body, raw } as Call<z.output<P>, z.output<Q>, z.output<B>>)
    },
  }
}

function readJson(body: Buffer): unknown {
  if (body.length === 0) return {}
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new Problem('invalid', 'body: is not JSON. Send a JSON object.', {
      faults: [{ path: 'body', rule: 'is not JSON. Send a JSON object' }],
    })
  }
}
