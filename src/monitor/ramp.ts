/**
 * Starts tasks a few per event-loop turn. Started all in one turn, the last request leaves only when the first hundreds
 * are written, and the clock would measure our own queue instead of the gateway (docs/decisions/0007-start-pattern.md).
 */
export interface Ramp {
  push(start: () => void): void
  /** Forgets what has not started. */
  clear(): void
}

/** @param perTurn how many tasks start before the loop gets a chance to write requests and read replies */
export function ramp(perTurn: number): Ramp {
  let queue: (() => void)[] = []
  let next = 0
  let armed = false
  const run = () => {
    armed = false
    const end = Math.min(next + perTurn, queue.length)
    while (next < end) queue[next++]?.()
    if (next < queue.length) arm()
    else {
      queue = []
      next = 0
    }
  }
  const arm = () => {
    if (armed) return
    armed = true
    setImmediate(run)
  }
  return {
    push(start) {
      queue.push(start)
      arm()
    },
    clear() {
      queue = []
      next = 0
    },
  }
}
