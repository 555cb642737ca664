import { z } from 'zod'
import { landingPage, PAGE_POLICY } from '../page/landing.ts'
import type { ApiParts } from '../parts.ts'
import { type Route, route } from '../route.ts'

/** GET / */
export function landingRoute(parts: ApiParts): Route {
  return route({
    method: 'get',
    path: '/',
    access: 'read',
    id: 'landingPage',
    summary: 'The fleet on one page',
    query: z.strictObject({ q: z.string().max(128).optional().describe('Part of an id, name, phone or label value.') }),
    success: { status: 200, description: 'HTML, without scripts.', contentType: 'text/html' },
    handle: ({ query }) => ({
      text: landingPage(parts.monitor.fleet, parts, query.q ?? ''),
      contentType: 'text/html; charset=utf-8',
      headers: { 'content-security-policy': PAGE_POLICY },
    }),
  })
}
