import { accountSections } from './account-lines.ts'
import { type AccountMetrics, createAccountMetrics } from './account-metrics.ts'
import { createFormatPage, type FormatPage, type LentPage } from './format-page.ts'
import { createGatewayMetrics, type GatewayMetrics } from './gateway-metrics.ts'
import type { PageBuffers } from './page-buffers.ts'
import { accountBytes, createSlices, writeAccounts } from './page-writer.ts'
import type { PageFormat } from './text-format.ts'

/** The fleet's part of /metrics: values come in at any time, pages go out as ready bytes. */
export interface Exposition {
  readonly accounts: AccountMetrics
  readonly gateways: GatewayMetrics
  /** When the values of the page that readers get now were taken, Unix milliseconds; null before the first page. */
  readonly renderedAtMs: number | null
  /**
   * Renders the formats that were asked for in the last five minutes; call it at the end of every cycle. One render runs
   * at a time: calls during it share the next one, which sees everything that was set before them.
   */
  render(): Promise<void>
  /**
   * The latest page, without the exporter's own metrics and the OpenMetrics end line (see metricsPage). Only the first
   * read of a format waits for a render. Release the page when its bytes are sent.
   * @throws {PageBusyError} where slow readers hold too many earlier pages
   */
  page(format: PageFormat, gzip: boolean): Promise<LentPage>
}

export interface ExpositionOptions {
  /** Unix milliseconds. */
  readonly now: () => number
  /** A clock that only goes forward, milliseconds, for the length of slices. @default performance.now */
  readonly monotonicMs?: () => number
  /** How a phone number appears in labels (privacy). @default as it is */
  readonly showPhone?: (phone: string) => string
  /** Longest stretch of rendering without a turn of the event loop, milliseconds. @default 1 */
  readonly sliceMs?: number
}

/**
 * Holds the fleet's values in typed columns and renders them, once per cycle and in slices, into reused buffers.
 * A page shows one moment: values are copied when its render begins.
 */
export function createExposition(options: ExpositionOptions): Exposition {
  const { now, monotonicMs = () => performance.now(), showPhone = (phone: string) => phone, sliceMs = 1 } = options
  const accounts = createAccountMetrics(showPhone)
  const gateways = createGatewayMetrics()
  const pages: Readonly<Record<PageFormat, FormatPage>> = {
    text: createFormatPage('text', now),
    openmetrics: createFormatPage('openmetrics', now),
  }
  const sections = { text: accountSections('text'), openmetrics: accountSections('openmetrics') }
  let running: Promise<void> | null = null
  let queued: Promise<void> | null = null

  async function fill(format: PageFormat, buffers: PageBuffers) {
    const slices = createSlices(sliceMs, monotonicMs)
    const snapshot = accounts.snapshot()
    const chunks: Buffer[] = []
    for (const chunk of gateways.chunks(format)) {
      chunks.push(Buffer.from(chunk))
      if (slices.spent()) await slices.pause()
    }
    const gatewayBytes = chunks.reduce((sum, { length }) => sum + length, 0)
    const filled = buffers.blank(gatewayBytes + accountBytes(sections[format], snapshot))
    let offset = 0
    for (const chunk of chunks) {
      filled.set(chunk, offset)
      offset += chunk.length
    }
    return { filled, length: await writeAccounts(filled, offset, sections[format], snapshot, slices) }
  }

  async function renderWanted(): Promise<void> {
    for (const page of Object.values(pages)) {
      if (page.wanted()) await page.render((buffers) => fill(page.format, buffers))
    }
  }

  function render(): Promise<void> {
    if (running === null) {
      running = renderWanted().finally(() => {
        running = null
      })
      return running
    }
    queued ??= running
      .catch(() => {}) // reported to whoever began it
      .then(() => {
        queued = null
        return render()
      })
    return queued
  }

  return {
    accounts,
    gateways,
    get renderedAtMs() {
      const moments = Object.values(pages).map((page) => page.renderedAtMs ?? Number.NEGATIVE_INFINITY)
      const latest = Math.max(...moments)
      return latest === Number.NEGATIVE_INFINITY ? null : latest
    },
    render,
    page: (format, gzip) => pages[format].page(gzip, render),
  }
}
