import type { RequestHandler } from 'express'

/** Policy for answers that are no page: nothing may load, nothing may frame. A page sets its own. */
const NOTHING_LOADS = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const ONE_YEAR_SECONDS = 31_536_000

/** Headers that every answer carries, errors too. */
export function securityHeaders(): RequestHandler {
  return (request, response, next) => {
    response.setHeader('content-security-policy', NOTHING_LOADS)
    response.setHeader('x-content-type-options', 'nosniff')
    response.setHeader('x-frame-options', 'DENY')
    response.setHeader('referrer-policy', 'same-origin')
    response.setHeader('cross-origin-opener-policy', 'same-origin')
    response.setHeader('cross-origin-resource-policy', 'same-origin')
    response.setHeader('cache-control', 'no-store')
    if (request.secure) response.setHeader('strict-transport-security', `max-age=${ONE_YEAR_SECONDS}`)
    next()
  }
}
