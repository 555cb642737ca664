import type { AccountKey } from '../../accounts/account.ts'
import type { AccountView } from '../../monitor/fleet.ts'
import type { RawCall } from '../route.ts'
import { type PeerAnswer, type PeerRequest, type Peers, SHARD_ONLY_HEADER } from './peers.ts'

/** This exporter among those that share the fleet. */
export interface Shards {
  readonly ordinal: number
  readonly total: number
  ownerOf(key: AccountKey): number
  /** Null where the configuration does not say where the others are: then each shows its own part. */
  readonly peers: Peers | null
  /**
   * What the shared store last knew of the accounts of a shard that is silent; empty where no store is shared.
   * Rejects with StoreError.
   */
  lastKnown(ordinal: number): Promise<readonly AccountView[]>
}

/** How long an answer to a question that only reads may take. */
const READ_LIMIT_MS = 5_000

/** The others, for one request. */
export interface Others {
  readonly shards: Shards
  ask(ordinal: number, request: Asked): Promise<PeerAnswer>
  /** All of them, in order of their ordinals. */
  askAll(request: Asked): Promise<readonly { readonly ordinal: number; readonly answer: PeerAnswer }[]>
}

type Asked = Pick<PeerRequest, 'method' | 'path' | 'body'> & { readonly limitMs?: number }

/** What of a request goes with it to another shard: who asks and in which form, and a gateway's signature. */
const PASSED_ON = [
  'authorization',
  'content-type',
  'accept',
  'traceparent',
  'tracestate',
  'x-webhook-hmac',
  'x-webhook-hmac-algorithm',
  'x-hub-signature-256',
] as const

/** The others that a request is to be answered with; null where it is about this exporter's part alone. */
export function othersOf(shards: Shards | undefined, raw: Pick<RawCall, 'header' | 'signal'>): Others | null {
  if (shards === undefined || raw.header(SHARD_ONLY_HEADER) !== undefined) return null
  const { peers, ordinal: own, total } = shards
  if (peers === null) return null
  const headers: Record<string, string> = {}
  for (const name of PASSED_ON) {
    const value = raw.header(name)
    if (value !== undefined) headers[name] = value
  }
  const ask: Others['ask'] = (ordinal, { limitMs = READ_LIMIT_MS, ...request }) =>
    peers.ask(ordinal, { ...request, headers, limitMs, signal: raw.signal })
  return {
    shards,
    ask,
    askAll: (request) =>
      Promise.all(
        Array.from({ length: total }, (_, ordinal) => ordinal)
          .filter((ordinal) => ordinal !== own)
          .map(async (ordinal) => ({ ordinal, answer: await ask(ordinal, request) })),
      ),
  }
}

/** What the store last knew; null where it cannot be read, or holds nothing of this shard. */
export async function lastKnownOf(shards: Shards, ordinal: number): Promise<readonly AccountView[] | null> {
  const views = await shards.lastKnown(ordinal).catch(() => [])
  return views.length === 0 ? null : views
}
