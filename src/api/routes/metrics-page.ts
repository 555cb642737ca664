import type { ApiParts } from '../parts.ts'
import { Problem } from '../problem.ts'
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
    problems: ['unavailable'],
    async handle({ raw }) {
      const { format, gzip } = negotiate(raw.header('accept'), raw.header('accept-encoding'))
      const page = await metricsPage(format, gzip).catch(tooBusy)
      return {
        ...page,
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

function tooBusy(error: unknown): never {
  // Known by its name: the api imports no part of metrics.
  if (!(error instanceof Error) || error.name !== 'PageBusyError') throw error
  throw new Problem('unavailable', 'Slow readers hold every copy of the metrics page. Scrape again.', {
    cause: error,
    headers: { 'retry-after': '5' },
  })
}

/** Prometheus gives up after its scrape timeout, so nobody holds the page for longer. */
function sendLimitMs(scrapeTimeout: string | undefined): number {
  const seconds = Number(scrapeTimeout)
  return Math.min(seconds > 0 ? seconds : USUAL_LIMIT_SECONDS, MAX_LIMIT_SECONDS) * 1000
}
