import { setTimeout as sleep } from 'node:timers/promises'

const LOOK_EVERY_MS = 25

/**
 * Looks again and again until there is something to see, and returns it. Undefined, null, false and an error mean not yet.
 * @param what completes "waited … ms for"; the error names it and what was seen last
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  limitMs = 40_000,
): Promise<Exclude<T, undefined | null | false>> {
  const endMs = performance.now() + limitMs
  let last: unknown
  while (performance.now() < endMs) {
    try {
      const seen = await look()
      if (seen !== undefined && seen !== null && seen !== false) {
        // The three that mean "not yet" were just ruled out.
        return seen as Exclude<T, undefined | null | false>
      }
      last = seen
    } catch (error) {
      last = error
    }
    await sleep(LOOK_EVERY_MS)
  }
  throw new Error(`waited ${limitMs} ms for ${what}; last seen: ${last instanceof Error ? last.message : String(last)}`)
}
