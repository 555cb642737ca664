import { setTimeout as sleep } from 'node:timers/promises'
import type { Account } from '../accounts/account.ts'
import type { Log } from '../log.ts'
import { type DiscoverySource, discover, mergeAccounts } from './discovery.ts'

/** What a round found; `scope` says what it means for accounts that are not in it. */
export interface Finding {
  readonly gateway: string
  readonly accounts: readonly Account[]
  readonly scope: 'listed' | 'configured' | 'partial'
}

export interface DiscoveryRoundsParts {
  readonly log: Log
  found(finding: Finding): void
  /** The list call of a gateway failed. */
  failed(gateway: string): void
}

/** Looks for accounts again and again, each gateway at its own pace: one that hangs delays no other. */
export interface DiscoveryRounds {
  /** Takes over new sources and looks at once. Settles when each was asked, or when newer sources were taken over. */
  apply(sources: readonly DiscoverySource[], intervalMs: number): Promise<void>
  stop(): Promise<void>
}

const LIST_LIMIT_MS = 30_000
/** A gateway that was starting when the exporter did should not be unwatched for a whole interval. */
const RETRY_MS = 5_000

export function discoveryRounds(parts: DiscoveryRoundsParts): DiscoveryRounds {
  let stopping = new AbortController()
  /** All that is under way, so that an end is an end. */
  const running = new Set<Promise<void>>()
  const failing = new Set<string>()

  async function ask(source: DiscoverySource, signal: AbortSignal): Promise<void> {
    const { name } = source.gateway
    const listable = source.discover && source.gateway.listAccounts !== undefined
    try {
      const { accounts } = await discover(source, AbortSignal.any([signal, AbortSignal.timeout(LIST_LIMIT_MS)]))
      if (signal.aborted) return
      if (failing.delete(name)) parts.log.info({ gateway: name }, 'The gateway lists its accounts again.')
      parts.found({ gateway: name, accounts, scope: listable ? 'listed' : 'configured' })
    } catch (error) {
      if (signal.aborted) return
      const why = error instanceof Error ? error.message : String(error)
      if (!failing.has(name)) parts.log.warn({ gateway: name, error: why }, 'The gateway cannot list its accounts.')
      failing.add(name)
      parts.failed(name)
      parts.found({ gateway: name, accounts: mergeAccounts(source, []), scope: 'partial' })
    }
  }

  /** Asks for the rest of this generation of sources; settles only at its end. */
  async function keepAsking(source: DiscoverySource, intervalMs: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const pauseMs = failing.has(source.gateway.name) ? Math.min(intervalMs, RETRY_MS) : intervalMs
      await sleep(pauseMs, undefined, { signal }).catch(() => {})
      if (!signal.aborted) await ask(source, signal)
    }
  }

  function track<T>(work: Promise<T>): Promise<T> {
    const tracked = work.then(() => {}).finally(() => running.delete(tracked))
    running.add(tracked)
    return work
  }

  async function endAll(): Promise<void> {
    stopping.abort()
    await Promise.all(running)
  }

  return {
    async apply(sources, intervalMs) {
      const mine = new AbortController()
      const ended = endAll()
      stopping = mine
      await ended
      if (mine.signal.aborted) return
      await Promise.all(
        sources.map(async (source) => {
          await track(ask(source, mine.signal))
          void track(keepAsking(source, intervalMs, mine.signal))
        }),
      )
    },
    stop: endAll,
  }
}
