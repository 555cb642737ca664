/** A gateway that asks for longer is asked again after this; a wrong date must not silence it for a day. */
const MAX_RETRY_AFTER_MS = 600_000

/**
 * Reads a Retry-After header (RFC 9110 §10.2.3): seconds, or a date. Milliseconds from `nowMs`, at most 10 minutes;
 * undefined where there is none or it cannot be read.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim()
  if (text === undefined || text === '') return undefined
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs
  if (Number.isNaN(waitMs)) return undefined
  return Math.min(Math.max(waitMs, 0), MAX_RETRY_AFTER_MS)
}
