import { Agent, fetch } from 'undici'
import type { Tracing } from '../../tracing/span.ts'
import { SHARD_PASS_HEADER } from '../access/shard-pass.ts'

/** Says in every answer which part of the fleet it comes from: `ordinal/total`. */
export const SHARD_HEADER = 'x-whatsapp-exporter-shard'
/** Asks for the part of one exporter alone. What exporters ask each other carries it, so that no question goes round. */
export const SHARD_ONLY_HEADER = 'x-shard-only'

const CONNECT_LIMIT_MS = 2_000
/** A peer that did not answer is left alone for this long: nobody waits for it again and again. */
const LEFT_ALONE_MS = 5_000
const CONNECTIONS_PER_PEER = 8

/** What one exporter asks another one. */
export interface PeerRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer | string | undefined
  readonly limitMs: number
  readonly signal: AbortSignal
}

/** An answer, whatever its status; or why there is none. */
export type PeerAnswer =
  | { readonly silent: string }
  | { readonly status: number; readonly header: (name: string) => string | undefined; readonly body: Buffer }

/** The other exporters that share the fleet. */
export interface Peers {
  /** Never rejects: who does not answer in time, or answers as somebody else, is silent. */
  ask(ordinal: number, request: PeerRequest): Promise<PeerAnswer>
}

export interface PeersParts {
  readonly total: number
  /** Base address of a shard, without a slash at its end. */
  readonly urlOf: (ordinal: number) => string
  /** CA certificates, PEM. Absent: the usual ones. */
  readonly ca?: string | undefined
  readonly monotonicMs: () => number
  /** What exempts a caller's request from the peer's rate limit, by its Authorization header. @default nothing does */
  readonly passFor?: ((authorization: string | undefined) => string | null) | undefined
  /** What a peer does for a request goes on in its trace; absent where nothing is traced. */
  readonly tracing?: Pick<Tracing, 'headers'> | undefined
  /** Aborts when the service ends: connections are closed. */
  readonly signal: AbortSignal
}

export function createPeers(parts: PeersParts): Peers {
  const { total, urlOf, ca, monotonicMs, passFor = () => null, tracing, signal: lifetime } = parts
  const agent = new Agent({
    connections: CONNECTIONS_PER_PEER,
    connect: { timeout: CONNECT_LIMIT_MS, ...(ca === undefined ? {} : { ca }) },
  })
  lifetime.addEventListener('abort', () => void agent.destroy().catch(() => {}), { once: true })
  const leftAlone = new Map<number, { readonly untilMs: number; readonly why: string }>()

  return {
    async ask(ordinal, { method, path, headers, body: sent, limitMs, signal }) {
      const resting = leftAlone.get(ordinal)
      if (resting !== undefined && monotonicMs() < resting.untilMs) return { silent: resting.why }
      const silent = (why: string, isLasting: boolean): PeerAnswer => {
        if (isLasting) leftAlone.set(ordinal, { untilMs: monotonicMs() + LEFT_ALONE_MS, why })
        return { silent: why }
      }
      const limit = AbortSignal.timeout(limitMs)
      const pass = passFor(headers['authorization'])
      try {
        const answer = await fetch(`${urlOf(ordinal)}${path}`, {
          method,
          headers: {
            ...headers,
            ...tracing?.headers(),
            [SHARD_ONLY_HEADER]: '1',
            ...(pass === null ? {} : { [SHARD_PASS_HEADER]: pass }),
          },
          ...(sent === undefined ? {} : { body: sent }),
          redirect: 'error',
          dispatcher: agent,
          signal: AbortSignal.any([signal, lifetime, limit]),
        })
        const body = Buffer.from(await answer.arrayBuffer())
        const place = answer.headers.get(SHARD_HEADER)
        if (place !== `${ordinal}/${total}`) return silent(strangeAnswer(answer.status, place, ordinal, total), true)
        leftAlone.delete(ordinal)
        return { status: answer.status, header: (name) => answer.headers.get(name) ?? undefined, body }
      } catch (error) {
        // A client that goes away says nothing of the peer; neither does one slow answer.
        if (limit.aborted) return silent(`did not answer within ${limitMs / 1000} s`, false)
        if (signal.aborted || lifetime.aborted) return silent('was not asked to the end', false)
        return silent(`cannot be reached: ${causeOf(error)}`, true)
      }
    },
  }
}

function strangeAnswer(status: number, place: string | null, ordinal: number, total: number): string {
  if (place === null)
    return `is not watching: what answers at its address (HTTP ${status}) starts, stands by, or is none`
  return `answers as shard ${place}, not as ${ordinal}/${total}: compare sharding on both`
}

/** The code of a network failure; addresses are told by the configuration, not by errors. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code
  return 'the connection failed'
}
