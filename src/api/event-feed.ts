import { Problem } from './problem.ts'

/** Events of this process for clients that stay connected (server-sent events, WHATWG HTML §9.2). */
export interface EventFeed {
  /** `data` is sent as JSON; `event` is what the client listens for. */
  publish(event: string, data: unknown): void
  /**
   * What follows `lastEventId` and then what happens, until the signal: text of `text/event-stream`.
   * A client that was away for longer than the feed remembers gets the event `reset` and reads everything anew.
   * Throws a Problem `unavailable` where too many clients are connected.
   */
  follow(lastEventId: string | undefined, signal: AbortSignal): AsyncIterable<string>
}

const KEPT_EVENTS = 500
const MAX_CLIENTS = 200
// Shorter than the idle limit of the server and of most proxies.
const HEARTBEAT_MS = 15_000
const RETRY_MS = 2_000

interface FeedLimits {
  /** Events that a client may have missed and still gets. @default 500 */
  readonly kept?: number
  /** @default 200 */
  readonly clients?: number
  /** Pause after which a comment keeps the connection alive, milliseconds. @default 15000 */
  readonly heartbeatMs?: number
}

/**
 * A feed that keeps its newest events once for all clients: each client only has a place in them, so that a slow one
 * costs nothing and, when it is overtaken, starts anew. `epoch` must differ from start to start: ids carry it.
 */
export function eventFeed(epoch: string, limits: FeedLimits = {}): EventFeed {
  const { kept = KEPT_EVENTS, clients: maxClients = MAX_CLIENTS, heartbeatMs = HEARTBEAT_MS } = limits
  let frames: string[] = []
  let firstNumber = 1
  let clients = 0
  const wakers = new Set<() => void>()

  const nextNumber = () => firstNumber + frames.length

  /** The number of the first event that the client lacks; -1 where nobody can tell. */
  function placeAfter(lastEventId: string | undefined): number {
    if (lastEventId === undefined || lastEventId === '') return nextNumber()
    const [, idEpoch, number] = /^(.{1,64})-(\d{1,15})$/.exec(lastEventId) ?? []
    const place = Number(number) + 1
    return idEpoch === epoch && place <= nextNumber() ? place : -1
  }

  async function* frameByFrame(lastEventId: string | undefined, signal: AbortSignal): AsyncGenerator<string> {
    clients++
    try {
      let place = placeAfter(lastEventId)
      // With the id of its place, so that a client that is cut off before the first event can resume too.
      yield `retry: ${RETRY_MS}\n${frame('hello', {}, (place < 0 ? nextNumber() : place) - 1)}`
      while (!signal.aborted) {
        if (place < firstNumber) {
          place = nextNumber()
          yield frame('reset', {}, place - 1)
        }
        const waiting = frames.slice(place - firstNumber)
        place += waiting.length
        for (const one of waiting) yield one
        if (place < nextNumber()) continue
        if (!(await nextEvent(signal))) yield ': still here\n\n'
      }
    } finally {
      clients--
    }
  }

  /** True at the next event or at the end; false after a pause. */
  function nextEvent(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (happened: boolean) => {
        clearTimeout(timer)
        wakers.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve(happened)
      }
      const wake = () => done(true)
      const timer = setTimeout(() => done(false), heartbeatMs)
      wakers.add(wake)
      if (signal.aborted) wake()
      else signal.addEventListener('abort', wake, { once: true })
    })
  }

  function frame(event: string, data: unknown, number: number): string {
    return `id: ${epoch}-${number}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
  }

  return {
    publish(event, data) {
      frames.push(frame(event, data, nextNumber()))
      // Cut in halves, so that not every event copies the list.
      if (frames.length > 2 * kept) {
        firstNumber += frames.length - kept
        frames = frames.slice(-kept)
      }
      for (const wake of [...wakers]) wake()
    },
    follow(lastEventId, signal) {
      if (clients >= maxClients) {
        throw new Problem('unavailable', `${maxClients} clients follow the events already. Close some of them.`, {
          headers: { 'retry-after': '30' },
        })
      }
      return frameByFrame(lastEventId, signal)
    },
  }
}
