import { openApiDocument } from '../openapi.ts'
import { type Route, route } from '../route.ts'

/** GET /api/openapi.json; `routes` gives all routes, this one among them. */
export function openApiRoute(routes: () => readonly Route[], version: string): Route {
  let text: string | undefined
  return route({
    method: 'get',
    path: '/api/openapi.json',
    access: 'read',
    id: 'openApi',
    summary: 'This description',
    success: { status: 200, description: 'OpenAPI 3.1.' },
    handle() {
      text ??= JSON.stringify(openApiDocument(routes(), version))
      return { text: text, contentType: 'application/json' }
    },
  })
}
