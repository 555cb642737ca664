import type { ApiParts } from '../parts.ts'
import { type Route, route } from '../route.ts'

const USUAL_LIMIT_SECONDS = 30
const MAX_LIMIT_SECONDS = 60

/** GET /metrics: ready bytes. */
export function metricsPageRoute({ metricsPage, negotiate }: ApiParts): Route {
  return route({
    method: 'get',
    path: '/metrics',
    access: 'read',
    id: 'metrics',
    summary: 'Metrics for Prometheus',
    description: 'Text format 0.0.4 or OpenMetrics 1.0 by Accept; gzip by Accept-Encoding.',
    success: { status: 200, description: 'The page of the last check cycle.', contentType: 'text/plain' },
    async handle({ raw }) {
      const { format, gzip } = negotiate(raw.header('accept'), raw.header('accept-encoding'))
      const page = await metricsPage(format, gzip)
      return {
        bytes: page.body,
        contentType: page.contentType,
        headers: {
          vary: 'Accept, Accept-Encoding',
          ...(page.contentEncoding === undefined ? {} : { 'content-encoding': page.contentEncoding }),
        },
        release: () => page.release(),
        sendWithinMs: sendLimitMs(raw.header('x-prometheus-scrape-timeout-seconds')),
      }
    },
  })
}

/** Prometheus gives up after its scrape timeout, so nobody holds the page for longer. */
function sendLimitMs(scrapeTimeout: string | undefined): number {
  const seconds = Number(scrapeTimeout)
  return Math.min(seconds > 0 ? seconds : USUAL_LIMIT_SECONDS, MAX_LIMIT_SECONDS) * 1000
}
