import { gunzipSync } from 'node:zlib'
import type { Exposition } from '../../src/metrics/exposition.ts'
import { metricsPage } from '../../src/metrics/metrics-page.ts'
import { createProcessMetrics, type ProcessMetrics } from '../../src/metrics/process-metrics.ts'
import type { PageFormat } from '../../src/metrics/text-format.ts'

/** The fleet's part of a page as text, after a render. */
export async function fleetText(exposition: Exposition, format: PageFormat = 'text'): Promise<string> {
  const before = await exposition.page(format, false)
  before.release()
  await exposition.render()
  const page = await exposition.page(format, false)
  const text = page.body.toString()
  page.release()
  return text
}

/** A whole answer to GET /metrics as text, with the latest render. */
export async function scrape(
  exposition: Exposition,
  format: PageFormat = 'text',
  gzip = false,
  process: ProcessMetrics = createProcessMetrics(),
): Promise<string> {
  const page = await metricsPage(exposition, process, format, gzip)
  const bytes = Buffer.concat([...page.chunks])
  page.release()
  return (gzip ? gunzipSync(bytes) : bytes).toString()
}
