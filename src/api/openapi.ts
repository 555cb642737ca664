import {
  createDocument,
  type ZodOpenApiObject,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
} from 'zod-openapi'
import { ProblemDocument } from './documents/problem.ts'
import { PROBLEMS, type ProblemCode } from './problem.ts'
import type { Access, Route } from './route.ts'

/** The OpenAPI 3.1 document of these routes; the schemas are those that check the requests. */
export function openApiDocument(routes: readonly Route[], version: string): ReturnType<typeof createDocument> {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {}
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operation(route) }
  }
  const description: ZodOpenApiObject = {
    openapi: '3.1.0',
    info: {
      title: 'whatsapp-exporter',
      version,
      description:
        'Watches WhatsApp accounts. Times are RFC 3339 in UTC, durations are seconds, errors are RFC 9457 problem documents.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths: paths satisfies ZodOpenApiPathsObject,
    components: {
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic', description: 'Users of api.basicAuth.' },
        bearer: { type: 'http', scheme: 'bearer', description: 'Tokens of api.bearerTokens.' },
      },
    },
  }
  return createDocument(description, {
    override({ jsonSchema }) {
      // Every z.int() names the bounds of exact integers, which tell a reader nothing.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
    },
  })
}

function operation(route: Route): ZodOpenApiOperationObject {
  const { success } = route
  const contentType = success.contentType ?? 'application/json'
  return {
    operationId: route.id,
    summary: route.summary,
    description: [route.description, ACCESS_NOTES[route.access]].filter(Boolean).join(' '),
    security: route.access === 'open' || route.access === 'signed' ? [] : [{}, { basic: [] }, { bearer: [] }],
    ...(route.params || route.query
      ? { requestParams: { ...(route.params && { path: route.params }), ...(route.query && { query: route.query }) } }
      : {}),
    ...(route.body === undefined ? {} : { requestBody: requestBody(route.body) }),
    responses: {
      [`${success.status}` as '200']: {
        description: success.description,
        content: { [contentType]: { schema: success.schema ?? { type: 'string' } } },
      },
      ...problemResponses(problemsOf(route)),
    },
  }
}

const ACCESS_NOTES: Readonly<Record<Access, string>> = {
  open: 'Open to everybody.',
  read: 'Needs the role read, where authentication is configured.',
  operate: 'Needs the role operate, where authentication is configured.',
  signed: '',
}

function requestBody(body: NonNullable<Route['body']>): ZodOpenApiOperationObject['requestBody'] & object {
  return {
    required: body === 'raw',
    content: { 'application/json': { schema: body === 'raw' ? { type: 'object' } : body } },
  }
}

/** Every problem that the route may answer with. */
function problemsOf(route: Route): readonly ProblemCode[] {
  if (route.access === 'open') return route.problems ?? []
  const general: ProblemCode[] = ['invalid', 'misdirected', 'too-many-requests', 'internal']
  if (route.access !== 'signed') general.push('unauthorized')
  if (route.access === 'operate') general.push('forbidden')
  if (route.method !== 'get') general.push('too-large', 'unsupported-media-type')
  return [...new Set([...general, ...(route.problems ?? [])])]
}

function problemResponses(codes: readonly ProblemCode[]): ZodOpenApiOperationObject['responses'] {
  const byStatus = new Map<number, string[]>()
  for (const code of codes) {
    const { status, title } = PROBLEMS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), `${title} (\`${code}\`).`])
  }
  return Object.fromEntries(
    [...byStatus].map(([status, titles]) => [
      String(status),
      { description: titles.join(' '), content: { 'application/problem+json': { schema: ProblemDocument } } },
    ]),
  )
}
