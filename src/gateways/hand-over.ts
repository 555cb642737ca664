/** Replies that are worked on per turn of the event loop. */
const PER_TURN = { least: 4, most: 64 }
/** Of a crowd of replies one in so many per turn: what waits is held in memory, and is copied with each collection. */
const SHARE_PER_TURN = 4

/** Work that is finished on the wire and waits to be worked on. */
export interface Deliverable {
  deliver(): void
}

/**
 * Hands finished work on a few pieces per turn of the event loop, in order. Replies come in crowds: were each worked on
 * as soon as it is read, the last of a crowd would be read, and its clock stopped, only after the work on all others, and
 * our own work would count as the gateway's response time.
 */
export function handOver(): (piece: Deliverable) => void {
  let waiting: (Deliverable | undefined)[] = []
  let next = 0
  const turn = () => {
    const perTurn = Math.min(
      PER_TURN.most,
      Math.max(PER_TURN.least, Math.floor((waiting.length - next) / SHARE_PER_TURN)),
    )
    const end = Math.min(next + perTurn, waiting.length)
    while (next < end) {
      const piece = waiting[next]
      // What was handed over is garbage at once, not only when the crowd is through.
      waiting[next++] = undefined
      piece?.deliver()
    }
    if (next < waiting.length) {
      setImmediate(turn)
      return
    }
    waiting = []
    next = 0
  }
  return (piece) => {
    if (waiting.length === 0) setImmediate(turn)
    waiting.push(piece)
  }
}
