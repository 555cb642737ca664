/** One rendered page. Its bytes do not change while anybody holds it. */
export interface RenderedPage {
  readonly body: Buffer
  readonly renderedAtMs: number
  /** Keeps the bytes as they are until `release`. */
  hold(): void
  /** Gives one hold back. */
  release(): void
}

/** Too many pages are held by slow readers; the API answers 503. */
class PageBusyError extends Error {
  override readonly name = 'PageBusyError'
}

/** Memory of the pages of one format, reused from render to render. */
export interface PageBuffers {
  /** A buffer of at least `bytes` that nobody holds, for the next render. There always is one. */
  blank(bytes: number): Buffer
  /** Makes a filled blank the page that readers get. */
  publish(filled: Buffer, length: number, renderedAtMs: number): RenderedPage
  /** The page that readers get; null before the first and after `clear`. */
  readonly front: RenderedPage | null
  /** Holds the front page for a reader, and lets go with the returned function. @throws {PageBusyError} */
  lend(): { readonly page: RenderedPage; readonly release: () => void }
  /** Forgets the front page and all spare memory. */
  clear(): void
}

interface Slot extends RenderedPage {
  /** The whole memory; `body` is the filled part of it. */
  readonly memory: Buffer
  holds: number
}

/** Spare room of a new buffer, so that a fleet that grows by an account does not need a new one at every render. */
const HEADROOM = 1.125

/**
 * Two buffers while readers are quick; one more per page that a slow reader still holds, up to `limit`. A reader that would
 * take the last free buffer from the render is refused instead: a page for all goes before a page for one.
 */
export function createPageBuffers(limit = 4): PageBuffers {
  let spare: Buffer | null = null
  let front: Slot | null = null
  /** Pages behind the front that somebody holds. */
  const held = new Set<Slot>()

  function retire(slot: Slot): void {
    held.delete(slot)
    if (front !== null && spare === null) spare = slot.memory
  }

  return {
    blank(bytes) {
      const fitting = spare !== null && spare.length >= bytes ? spare : null
      spare = null
      return fitting ?? Buffer.allocUnsafeSlow(Math.ceil(bytes * HEADROOM))
    },
    publish(filled, length, renderedAtMs) {
      const slot: Slot = {
        memory: filled,
        body: filled.subarray(0, length),
        renderedAtMs,
        holds: 0,
        hold() {
          slot.holds++
        },
        release() {
          slot.holds--
          if (slot.holds === 0 && slot !== front) retire(slot)
        },
      }
      const old = front
      front = slot
      if (old !== null && old.holds > 0) held.add(old)
      else if (old !== null) retire(old)
      return slot
    },
    get front() {
      return front
    },
    lend() {
      const page = front
      if (page === null) throw new Error('No page is rendered yet. Await render() before lend().')
      if (page.holds === 0 && held.size >= limit - 2) {
        throw new PageBusyError(
          `${held.size} earlier pages are still being read. Ask again in a few seconds, or ask with Accept-Encoding: gzip.`,
        )
      }
      page.hold()
      let lent = true
      return {
        page,
        release() {
          if (lent) page.release()
          lent = false
        },
      }
    },
    clear() {
      const old = front
      front = null
      spare = null
      if (old !== null && old.holds > 0) held.add(old)
    },
  }
}
