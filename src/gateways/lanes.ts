import type { Dispatcher } from 'undici'

/** Connections in one lane. */
const LANE_SIZE = 64

/** Some of a gateway's connections, and how many requests are under way on them. */
export interface Lane {
  readonly dispatcher: Dispatcher
  readonly size: number
  underWay: number
}

/** The connections of one gateway. */
export interface Lanes {
  /** Where the next request goes; count it there (`underWay`) until it has ended. */
  next(): Lane
  /** Closes every connection; requests under way fail. Safe to call twice. */
  close(): Promise<void>
}

/**
 * Parts a gateway's connections among pools of a few. undici's Pool finds a free connection by looking at one after the
 * other, the busy ones first: with a thousand under way that is a twelfth of what a check costs. A lane that is full is
 * passed over whole. Lanes open one after the other, as they are needed, so that a request takes a warm connection where
 * there is one.
 * @param connections most connections at once, over all lanes
 * @param open makes a pool of at most so many connections
 */
export function lanes(connections: number, open: (connections: number) => Dispatcher): Lanes {
  const opened: Lane[] = []
  let unopened = connections
  let closing: Promise<void> | null = null

  function openNext(): Lane {
    const size = Math.min(LANE_SIZE, unopened)
    unopened -= size
    const lane: Lane = { dispatcher: open(size), size, underWay: 0 }
    opened.push(lane)
    return lane
  }

  return {
    next() {
      let least: Lane | null = null
      for (const lane of opened) {
        if (lane.underWay < lane.size) return lane
        if (least === null || lane.underWay < least.underWay) least = lane
      }
      // All connections are busy: the request waits in the pool that has the fewest of them.
      return least === null || unopened > 0 ? openNext() : least
    },
    close() {
      closing ??= Promise.all(opened.map((lane) => lane.dispatcher.destroy())).then(() => {})
      return closing
    },
  }
}
