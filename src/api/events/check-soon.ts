import { setTimeout as sleep } from 'node:timers/promises'
import type { AccountKey } from '../../accounts/account.ts'
import type { Log } from '../../log.ts'
import type { MonitorControl } from '../../monitor/fleet.ts'

const PAUSE_MS = 1000

/**
 * Checks accounts in the background, at most one round at a time and one per second: a gateway that sends a thousand
 * events a second causes no more than one check of an account per second.
 */
export function checkSoon(
  monitor: MonitorControl,
  signal: AbortSignal,
  log: Log,
): (keys: Iterable<AccountKey>) => void {
  const waiting = new Set<AccountKey>()
  let running = false

  async function work(): Promise<void> {
    while (waiting.size > 0 && !signal.aborted) {
      // What discovery dropped meanwhile is left out.
      const keys = [...waiting].filter((key) => monitor.fleet.get(key) !== undefined)
      waiting.clear()
      if (keys.length > 0) await monitor.checkNow(keys, signal)
      await sleep(PAUSE_MS, undefined, { signal, ref: false })
    }
  }

  return (keys) => {
    for (const key of keys) waiting.add(key)
    if (running || signal.aborted) return
    running = true
    work()
      .catch((error: unknown) => {
        if (!signal.aborted) log.warn({ err: error }, 'check after a gateway event failed')
      })
      .finally(() => {
        running = false
      })
  }
}
