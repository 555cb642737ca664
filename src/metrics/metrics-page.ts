import type { Exposition } from './exposition.ts'
import { gzipMember } from './gzip.ts'
import type { ProcessMetrics } from './process-metrics.ts'
import { CONTENT_TYPES, OPENMETRICS_END, type PageFormat } from './text-format.ts'

/** A complete answer to GET /metrics. */
export interface MetricsPage {
  readonly contentType: string
  readonly contentEncoding: 'gzip' | undefined
  /** Send them one after the other; they are not joined, because a page may have 50 MB. */
  readonly chunks: readonly Buffer[]
  /** Content-Length. */
  readonly sizeBytes: number
  /** When the fleet's values were taken, Unix milliseconds; the exporter's own metrics are of the scrape. */
  readonly renderedAtMs: number
  /** Call once the bytes are sent or the client is gone; calling again does nothing. */
  release(): void
}

/**
 * Answers a scrape in the negotiated form (see negotiate): joins the fleet's ready page and the exporter's own metrics into one valid document. Only the small second part is made
 * per scrape; in a gzip answer the two are two gzip members.
 * @throws {PageBusyError} where slow readers hold too many earlier pages
 */
export async function metricsPage(
  exposition: Pick<Exposition, 'page'>,
  process: Pick<ProcessMetrics, 'text'>,
  format: PageFormat,
  gzip: boolean,
): Promise<MetricsPage> {
  const own = Buffer.from((await process.text(format)) + (format === 'openmetrics' ? OPENMETRICS_END : ''))
  const tail = gzip ? await gzipMember(own) : own
  const fleet = await exposition.page(format, gzip)
  return {
    contentType: CONTENT_TYPES[format],
    contentEncoding: gzip ? 'gzip' : undefined,
    chunks: [fleet.body, tail],
    sizeBytes: fleet.body.length + tail.length,
    renderedAtMs: fleet.renderedAtMs,
    release: fleet.release,
  }
}
