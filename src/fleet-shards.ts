import { readFileSync } from 'node:fs'
import { shardOf } from './accounts/shard.ts'
import { shardPass } from './api/access/shard-pass.ts'
import { createPeers } from './api/shards/peers.ts'
import type { Shards } from './api/shards/shards.ts'
import type { Config } from './config/schema.ts'
import { peerUrl } from './discovery/options.ts'
import type { AccountView } from './monitor/fleet.ts'
import { type Shard, ShardError } from './shard.ts'
import type { LoadedState } from './store/store.ts'
import type { Tracing } from './tracing/span.ts'

const REMEMBERED_MS = 10_000

export interface FleetShardsParts {
  readonly shard: Pick<Shard, 'ordinal' | 'total'> & { readonly store: Pick<Shard['store'], 'ledgersOf'> }
  readonly monotonicMs: () => number
  /** Who may sign in now, also after a reload. */
  readonly api: () => Config['api']
  readonly tracing?: Tracing | undefined
  /** Aborts when the service ends. */
  readonly signal: AbortSignal
  /** How long what the store said of a silent shard is shown without asking it again. @default 10 s */
  readonly rememberedMs?: number
}

/**
 * The other exporters as the API sees them; undefined where this one watches the whole fleet.
 * @throws ShardError where the CA certificates of the peers cannot be read
 */
export function fleetShards(
  { sharding }: Pick<Config, 'sharding'>,
  { shard, monotonicMs, api, tracing, signal, rememberedMs = REMEMBERED_MS }: FleetShardsParts,
): Shards | undefined {
  const { ordinal, total, store } = shard
  if (total <= 1) return undefined
  const remembered = new Map<number, Promise<readonly AccountView[]>>()
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
            passFor: (authorization) => shardPass(api(), authorization),
            tracing,
            signal,
          }),
    lastKnown(of) {
      const before = remembered.get(of)
      if (before !== undefined) return before
      const views = ask(of)
      remembered.set(of, views)
      // Let go of in time, and not at the next question: after a report on the whole fleet there may be none for days.
      setTimeout(() => remembered.delete(of), rememberedMs).unref()
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
