import { isIPv6 } from 'node:net'

export interface RateLimit {
  /** Takes one token. 0: go on; else milliseconds until the next token. */
  take(client: string): number
}

const CLIENT_LIMIT = 10_000

/**
 * A token bucket per client: `burst` tokens, one more per `intervalMs`. IPv6 clients share one per /64, which is what
 * one customer of a provider has. Of more than 10 000 clients the ones unseen for longest are forgotten.
 */
export function rateLimit(options: { intervalMs: number; burst: number }, now: () => number): RateLimit {
  // Per client the moment at which its bucket is full again (the generic cell rate algorithm).
  const fullAt = new Map<string, number>()
  const depthMs = options.intervalMs * options.burst

  return {
    take(client) {
      const key = bucketOf(client)
      const nowMs = now()
      const before = fullAt.get(key) ?? nowMs
      // A clock that jumps back must not lock anybody out for longer than an empty bucket does.
      const nextMs = Math.min(Math.max(before, nowMs), nowMs + depthMs) + options.intervalMs
      const waitMs = nextMs - nowMs - depthMs
      if (waitMs > 0) return waitMs
      fullAt.delete(key)
      fullAt.set(key, nextMs)
      if (fullAt.size > CLIENT_LIMIT) {
        const [oldest] = fullAt.keys()
        if (oldest !== undefined) fullAt.delete(oldest)
      }
      return 0
    },
  }
}

function bucketOf(client: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(client)
  if (mapped?.[1] !== undefined) return mapped[1]
  if (!isIPv6(client)) return client
  const [head = '', tail = ''] = client.split('%')[0]?.split('::') ?? []
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  return [...left, ...zeros, ...right].slice(0, 4).join(':')
}
