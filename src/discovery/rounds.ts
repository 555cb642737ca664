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

/** Looks for accounts again and again. */
export interface DiscoveryRounds {
  /** Takes over new sources and looks at once. Settles when each was asked. */
  apply(sources: readonly DiscoverySource[], intervalMs: number): Promise<void>
  stop(): Promise<void>
}

const LIST_LIMIT_MS = 30_000

export function discoveryRounds(parts: DiscoveryRoundsParts): DiscoveryRounds {
  let sources: readonly DiscoverySource[] = []
  let timer: NodeJS.Timeout | null = null
  let stopping = new AbortController()
  let running: Promise<unknown> = Promise.resolve()
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

  function round(): Promise<unknown> {
    const { signal } = stopping
    running = Promise.all(sources.map((source) => ask(source, signal)))
    return running
  }

  function schedule(intervalMs: number): void {
    timer = setTimeout(async () => {
      await round()
      if (timer !== null) schedule(intervalMs)
    }, intervalMs)
  }

  return {
    async apply(next, intervalMs) {
      if (timer !== null) clearTimeout(timer)
      stopping.abort()
      await running
      stopping = new AbortController()
      sources = next
      schedule(intervalMs)
      await round()
    },
    async stop() {
      if (timer !== null) clearTimeout(timer)
      timer = null
      stopping.abort()
      await running
    },
  }
}
