/**
 * Starts tasks a few per event-loop turn. Started all in one turn, the last request leaves only when the first hundreds
 * are written, and the clock would measure our own queue instead of the gateway (docs/decisions/0007-start-pattern.md).
 */
export interface Ramp {
  push(start: () => void): void
  /** Forgets what has not started. */
  clear(): void
}

/** How many tasks of a crowd start before the loop gets a chance to write requests and read replies. */
export interface RampPace {
  readonly least: number
  /** @default least */
  readonly most?: number
  /** Fewer tasks than this start one per turn, which measures best and costs little for so few. @default 0 */
  readonly crowd?: number
}

/**
 * Of a crowd one in so many starts per turn, from the first to the last: thousands at once are bound by the processor, and
 * turns cost, too. Were it a share of those that still wait, the last would start late, and all would wait for them.
 */
const SHARE_PER_TURN = 64

export function ramp({ least, most = least, crowd = 0 }: RampPace): Ramp {
  let queue: ((() => void) | undefined)[] = []
  let next = 0
  let armed = false
  const run = () => {
    armed = false
    const waiting = queue.length - next
    const perTurn = Math.min(most, Math.max(least, Math.floor(queue.length / SHARE_PER_TURN)))
    const end = next + Math.min(waiting < crowd ? 1 : perTurn, waiting)
    while (next < end) {
      const start = queue[next]
      // What has started is garbage at once, not only when the crowd is through.
      queue[next++] = undefined
      start?.()
    }
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
