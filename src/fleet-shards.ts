import { readFileSync } from 'node:fs'
import { shardOf } from './accounts/shard.ts'
import { createPeers } from './api/shards/peers.ts'
import type { Shards } from './api/shards/shards.ts'
import type { Config } from './config/schema.ts'
import { peerUrl } from './discovery/options.ts'
import type { AccountView } from './monitor/fleet.ts'
import { type Shard, ShardError } from './shard.ts'
import type { LoadedState } from './store/store.ts'
import type { Tracing } from './tracing/span.ts'

/** How long what the store said of a silent shard is shown without asking it again. */
const REMEMBERED_MS = 10_000

export interface FleetShardsParts {
  readonly shard: Pick<Shard, 'ordinal' | 'total' | 'store'>
  readonly monotonicMs: () => number
  readonly tracing?: Tracing | undefined
  /** Aborts when the service ends. */
  readonly signal: AbortSignal
}

/**
 * The other exporters as the API sees them; undefined where this one watches the whole fleet.
 * @throws ShardError where the CA certificates of the peers cannot be read
 */
export function fleetShards(
  { sharding }: Pick<Config, 'sharding'>,
  { shard, monotonicMs, tracing, signal }: FleetShardsParts,
): Shards | undefined {
  const { ordinal, total, store } = shard
  if (total <= 1) return undefined
  const remembered = new Map<number, { readonly untilMs: number; readonly views: Promise<readonly AccountView[]> }>()
  const ownerOf: Shards['ownerOf'] = (key) => shardOf(key, total)

  const ask = async (of: number): Promise<readonly AccountView[]> => {
    const ledgers = (await store.ledgersOf?.(of)) ?? []
    // Since the number of shards changed, some of them may be another one's.
    return ledgers.filter(({ account }) => ownerOf(account.key) === of).map(lastKnownView)
  }

  return {
    ordinal,
    total,
    ownerOf,
    peers:
      sharding.peers === undefined
        ? null
        : createPeers({
            total,
            urlOf: (of) => peerUrl(sharding, of) ?? '',
            ca: sharding.peersCaFile === undefined ? undefined : caFrom(sharding.peersCaFile),
            monotonicMs,
            tracing,
            signal,
          }),
    lastKnown(of) {
      const before = remembered.get(of)
      if (before !== undefined && monotonicMs() < before.untilMs) return before.views
      const views = ask(of)
      remembered.set(of, { untilMs: monotonicMs() + REMEMBERED_MS, views })
      views.catch(() => remembered.delete(of))
      return views
    },
  }
}

/** Nobody watches it now, so nobody can say how it is; what it was like is told beside it. */
function lastKnownView({ account, health }: LoadedState['ledgers'][number]): AccountView {
  return {
    account,
    health: { ...health, status: 'unknown', statusSinceMs: health.lastCheckMs ?? health.statusSinceMs },
    maintenance: null,
    recovery: { act: false, refusal: 'unknown', retryAtMs: null },
    lastKnown: true,
  }
}

function caFrom(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new ShardError(
      `sharding.peersCaFile cannot be read (${code}): ${path}. Check the path and its permissions.`,
      {
        cause: error,
      },
    )
  }
}
