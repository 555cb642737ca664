import { setTimeout as sleep } from 'node:timers/promises'
import type { AccountKey } from './accounts/account.ts'
import { shardOf } from './accounts/shard.ts'
import type { Config } from './config/schema.ts'
import { shardOrdinal } from './discovery/options.ts'
import type { Log } from './log.ts'
import { openStore } from './store/open.ts'
import type { ReopeningStore } from './store/reopening-store.ts'
import { StoreError } from './store/store.ts'

const SHORTEST_LEASE_MS = 3_000
const LONGEST_LEASE_MS = 10_000
const LEASE_PER_INTERVAL = 0.6
/** How often a standby looks, within the length of a lease. */
const LOOKS_PER_LEASE = 4

/** The part of the fleet that this exporter watches, and its place in the store. */
export interface Shard {
  readonly ordinal: number
  readonly total: number
  owns(key: AccountKey): boolean
  readonly store: ReopeningStore
  /**
   * Waits while another exporter holds the same part, or until the signal. A store that is away is not waited for:
   * checks never wait for a store, and without its word no repair is made.
   * @param waits called once, before the first wait
   */
  standBy(signal: AbortSignal, waits: () => void): Promise<void>
  /** Aborts when, after standBy, another exporter turns out to hold the part. */
  readonly displaced: AbortSignal
}

/** The part of the fleet cannot be told. The message says what to set. */
export class ShardError extends Error {
  override readonly name = 'ShardError'
}

/**
 * Opens the store for this exporter's part of the fleet. Nothing waits yet: see standBy.
 * @throws ShardError where the host name does not tell the ordinal, or tells one that is too large
 */
export function openShard(
  { sharding, store: options, checks }: Pick<Config, 'sharding' | 'store' | 'checks'>,
  { log, now, hostname }: { readonly log: Log; readonly now: () => number; readonly hostname: string },
): Shard {
  const { total } = sharding
  const ordinal = shardOrdinal(sharding, hostname)
  if (ordinal === null) {
    throw new ShardError(
      `sharding.ordinal is "hostname", but the host name "${hostname}" has no number at its end. Set the number itself, or run a StatefulSet.`,
    )
  }
  if (ordinal >= total) {
    throw new ShardError(
      `This exporter has ordinal ${ordinal}, and sharding.total is ${total}: ordinals count from 0. Raise sharding.total, or run fewer exporters.`,
    )
  }
  const displaced = new AbortController()
  let isActive = false
  const owns = (key: AccountKey) => shardOf(key, total) === ordinal
  const { leaseMs, lookMs } = leaseOf(checks.interval)
  const store = openStore(options, {
    log,
    now,
    shard: { ordinal, total, leaseMs, owns, displaced: () => isActive && displaced.abort() },
  })
  const isHeldByOther = async (): Promise<boolean> => {
    try {
      await store.load()
      return false
    } catch (error) {
      return error instanceof StoreError && error.code === 'locked'
    }
  }
  return {
    ordinal,
    total,
    owns,
    store,
    displaced: displaced.signal,
    async standBy(signal, waits) {
      let hasWaited = false
      // A second exporter on one SQLite file is no standby: it runs without a store (docs/stores.md).
      while (store.kind !== 'sqlite' && !signal.aborted && (await isHeldByOther())) {
        if (!hasWaited) {
          log.warn({ shard: ordinal, total }, 'Another exporter watches this part of the fleet. This one stands by.')
          waits()
        }
        hasWaited = true
        await sleep(lookMs, undefined, { signal }).catch(() => {})
      }
      isActive = true
      if (hasWaited && !signal.aborted)
        log.info({ shard: ordinal, total }, 'The other exporter has ended or fallen silent: this one takes over.')
    },
  }
}

/**
 * How long a holder may be silent. A standby that looks every `lookMs` acts at most one lease and two looks after the
 * holder's end: within one check interval for intervals from 5 s up, within two from 3 s up, with time left for its
 * start. Long enough for a slow server at the same time.
 */
export function leaseOf(checkIntervalMs: number): { readonly leaseMs: number; readonly lookMs: number } {
  const leaseMs = Math.min(Math.max(checkIntervalMs * LEASE_PER_INTERVAL, SHORTEST_LEASE_MS), LONGEST_LEASE_MS)
  return { leaseMs, lookMs: leaseMs / LOOKS_PER_LEASE }
}
