import { setTimeout as sleep } from 'node:timers/promises'
import type { Account, AccountKey } from '../accounts/account.ts'
import type { Log } from '../log.ts'
import { type DiscoverySource, discover, mergeAccounts, withdrawn } from './discovery.ts'

/** What a round found; `scope` says what it means for accounts that are not in it. */
export interface Finding {
  readonly gateway: string
  readonly accounts: readonly Account[]
  readonly scope: 'listed' | 'configured' | 'partial'
  /** Accounts that somebody has switched off: they are gone at once, whatever the scope. */
  readonly withdrawn: readonly AccountKey[]
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
  /** Looks again soon: what is known of accounts outside the gateways has changed. */
  again(): void
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
  let waking = new AbortController()

  async function ask(source: DiscoverySource, signal: AbortSignal): Promise<void> {
    const { name } = source.gateway
    const listable = source.discover && source.gateway.listAccounts !== undefined
    const { documented } = source
    // Until a database was read once, nobody knows which accounts are gone; one that was deleted there gets a grace.
    const isUnread = documented !== undefined && documented() === null
    const scope = isUnread ? 'partial' : listable || documented !== undefined ? 'listed' : 'configured'
    try {
      const found = await discover(source, AbortSignal.any([signal, AbortSignal.timeout(LIST_LIMIT_MS)]))
      if (signal.aborted) return
      if (failing.delete(name)) parts.log.info({ gateway: name }, 'The gateway lists its accounts again.')
      parts.found({ gateway: name, accounts: found.accounts, withdrawn: found.withdrawn, scope })
    } catch (error) {
      if (signal.aborted) return
      const why = error instanceof Error ? error.message : String(error)
      if (!failing.has(name)) parts.log.warn({ gateway: name, error: why }, 'The gateway cannot list its accounts.')
      failing.add(name)
      parts.failed(name)
      const accounts = mergeAccounts(source, [])
      parts.found({ gateway: name, accounts, withdrawn: withdrawn(source), scope: 'partial' })
    }
  }

  /** Asks once, and goes on asking behind our back until this generation of sources ends. */
  async function askForEver(source: DiscoverySource, intervalMs: number, signal: AbortSignal): Promise<void> {
    let wake = waking.signal
    await track(ask(source, signal))
    void track(
      (async () => {
        while (!signal.aborted) {
          const pauseMs = failing.has(source.gateway.name) ? Math.min(intervalMs, RETRY_MS) : intervalMs
          await sleep(pauseMs, undefined, { signal: AbortSignal.any([signal, wake]) }).catch(() => {})
          // Taken before it asks: what changes meanwhile is asked for again.
          wake = waking.signal
          if (!signal.aborted) await ask(source, signal)
        }
      })(),
    )
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
      await Promise.all(sources.map((source) => askForEver(source, intervalMs, mine.signal)))
    },
    again() {
      const woken = waking
      waking = new AbortController()
      woken.abort()
    },
    stop: endAll,
  }
}
