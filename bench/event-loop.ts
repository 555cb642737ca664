import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * CPU time of this thread so far, milliseconds. Beside a wall clock it leaves out what other programs take from the cores,
 * which on a busy machine is more than the work that is measured.
 */
function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1e3
}

/** Longest stretch, in milliseconds of CPU, for which `work` keeps the event loop from turning. */
export async function longestBlock(work: () => Promise<unknown>): Promise<number> {
  let done = false
  let longestMs = 0
  await nextTurn()
  let lastMs = threadCpuMs()
  const watching = (async () => {
    while (!done) {
      await nextTurn()
      const nowMs = threadCpuMs()
      longestMs = Math.max(longestMs, nowMs - lastMs)
      lastMs = nowMs
    }
  })()
  await work()
  done = true
  await watching
  return longestMs
}

/** Milliseconds of CPU that `work` takes. */
export function timed(work: () => void): number {
  const startMs = threadCpuMs()
  work()
  return threadCpuMs() - startMs
}
