import { createHash } from 'node:crypto'

export interface SeenEvents {
  /** Whether the same body came from the same gateway within the memory's time; remembers it if not. */
  isRepeated(gateway: string, body: Buffer): boolean
}

const REMEMBER_MS = 10 * 60_000
const REMEMBERED = 10_000

/** Tells repeated events, whether a gateway's retry or somebody's replay, from new ones. */
export function seenEvents(now: () => number): SeenEvents {
  const seenMs = new Map<string, number>()
  return {
    isRepeated(gateway, body) {
      const digest = createHash('sha256').update(gateway).update('\0').update(body).digest('base64')
      const nowMs = now()
      const before = seenMs.get(digest)
      if (before !== undefined && nowMs - before < REMEMBER_MS) return true
      seenMs.delete(digest)
      seenMs.set(digest, nowMs)
      const [oldest] = seenMs.keys()
      if (seenMs.size > REMEMBERED && oldest !== undefined) seenMs.delete(oldest)
      return false
    },
  }
}
