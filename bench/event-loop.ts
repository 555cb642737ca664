import { openSync, readSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * A clock that stands still while this thread waits for a core, so that other programs on a busy machine do not count:
 * wall time minus the scheduler's run delay. CPU time will not do, it moves in ticks of 4 ms. Plain wall time where
 * the system has no /proc.
 */
function undisturbedClock(): () => number {
  const waitedMs = runDelay()
  return () => performance.now() - waitedMs()
}

/** Second field of schedstat: nanoseconds spent ready to run without a core. */
function runDelay(): () => number {
  try {
    const file = openSync('/proc/thread-self/schedstat', 'r')
    const bytes = Buffer.alloc(128)
    return () => Number(bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0)).split(' ')[1]) / 1e6
  } catch {
    return () => 0
  }
}

const nowMs = undisturbedClock()

/** Longest stretch, in milliseconds, for which `work` keeps the event loop from turning. */
export async function longestBlock(work: () => Promise<unknown>): Promise<number> {
  let done = false
  let longestMs = 0
  await nextTurn()
  let lastMs = nowMs()
  const watching = (async () => {
    while (!done) {
      await nextTurn()
      const turnMs = nowMs()
      longestMs = Math.max(longestMs, turnMs - lastMs)
      lastMs = turnMs
    }
  })()
  await work()
  done = true
  await watching
  return longestMs
}

/** Milliseconds that `work` takes. */
export function timed(work: () => void): number {
  const startMs = nowMs()
  work()
  return nowMs() - startMs
}
