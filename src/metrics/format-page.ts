import { gzipMember } from './gzip.ts'
import { createPageBuffers, type PageBuffers, type RenderedPage } from './page-buffers.ts'
import type { PageFormat } from './text-format.ts'

/** Ready bytes of the accounts' and gateways' part of a page. */
export interface LentPage {
  readonly body: Buffer
  readonly renderedAtMs: number
  /** Call once the bytes are sent or the client is gone; calling again does nothing. */
  release(): void
}

/** Fills a buffer that it asks of `buffers` and says how much of it. */
type PageRenderer = (buffers: PageBuffers) => Promise<{ readonly filled: Buffer; readonly length: number }>

/** The page of one format: rendered with every cycle as long as somebody asks for it. */
export interface FormatPage {
  readonly format: PageFormat
  readonly renderedAtMs: number | null
  /** Whether somebody asked lately; if not, the memory is given back. */
  wanted(): boolean
  /** Renders and, where compressed pages are asked for, compresses; then publishes both at once. */
  render(renderer: PageRenderer): Promise<void>
  /** The latest page; `first` is called where there is none yet. @throws {PageBusyError} */
  page(gzip: boolean, first: () => Promise<void>): Promise<LentPage>
}

/** A format that nobody asked for this long is no longer rendered. */
const UNWANTED_AFTER_MS = 5 * 60_000

/** @param now Unix milliseconds */
export function createFormatPage(format: PageFormat, now: () => number): FormatPage {
  const buffers = createPageBuffers()
  let askedMs = Number.NEGATIVE_INFINITY
  let gzipAskedMs = Number.NEGATIVE_INFINITY
  let compressed: Promise<Buffer> | null = null
  const lately = (atMs: number): boolean => now() - atMs < UNWANTED_AFTER_MS

  /** Compresses the front page on its first compressed read; the page is held meanwhile. */
  function compress(page: RenderedPage): Promise<Buffer> {
    if (compressed !== null) return compressed
    page.hold()
    const work = gzipMember(page.body).finally(() => page.release())
    compressed = work
    work.catch(() => {
      if (compressed === work) compressed = null
    })
    return work
  }

  return {
    format,
    get renderedAtMs() {
      return buffers.front?.renderedAtMs ?? null
    },
    wanted() {
      if (lately(askedMs)) return true
      if (buffers.front !== null) {
        buffers.clear()
        compressed = null
      }
      return false
    },
    async render(renderer) {
      const renderedAtMs = now()
      const { filled, length } = await renderer(buffers)
      const body = filled.subarray(0, length)
      const next = lately(gzipAskedMs) ? Promise.resolve(await gzipMember(body)) : null
      buffers.publish(filled, length, renderedAtMs)
      compressed = next
    },
    async page(gzip, first) {
      askedMs = now()
      if (gzip) gzipAskedMs = askedMs
      if (buffers.front === null) await first()
      const { front } = buffers
      if (front === null) throw new Error('The page was given up while it was rendered. Ask again.')
      if (gzip) return { body: await compress(front), renderedAtMs: front.renderedAtMs, release() {} }
      const { page, release } = buffers.lend()
      return { body: page.body, renderedAtMs: page.renderedAtMs, release }
    },
  }
}
