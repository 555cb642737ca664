import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express'
import type { Log } from '../log.ts'
import { demandRole, guard, principalOf } from './access/guard.ts'
import { securityHeaders } from './access/security-headers.ts'
import type { ApiParts } from './parts.ts'
import { Problem, sendProblem } from './problem.ts'
import { send } from './reply.ts'
import type { Route } from './route.ts'
import { apiRoutes } from './routes.ts'
import { SHARD_HEADER } from './shards/peers.ts'
import { traceRequests } from './trace-requests.ts'

const BODY_LIMIT_BYTES = 1024 * 1024

/** The API as an Express app that listens nowhere yet; `listen` puts it on a socket. */
export function createApi(parts: ApiParts): Express {
  const routes = apiRoutes(parts)
  const routeOf = routeTable(routes)
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  // Queries are read from the URL itself: Express would turn a[b]=c into objects.
  app.set('query parser', false)
  app.set('trust proxy', parts.options.trustProxy.length > 0 ? [...parts.options.trustProxy] : false)

  app.use(accessLog(parts.log, parts.now))
  app.use(securityHeaders())
  const { shards } = parts
  if (shards !== undefined) app.use(withHeader(SHARD_HEADER, `${shards.ordinal}/${shards.total}`))
  app.use(
    guard(
      () => parts.options,
      (method, path) => routeOf(method, path)?.access,
      parts.now,
    ),
  )
  if (parts.tracing !== undefined) app.use(traceRequests(parts.tracing, routeOf))
  app.use(jsonOnly((method, path) => routeOf(method, path)?.takesForms === true))
  app.use(express.raw({ type: () => true, limit: BODY_LIMIT_BYTES, inflate: false }))
  for (const [path, group] of Map.groupBy(routes, (route) => route.path)) {
    const mounted = app.route(expressPath(path))
    for (const route of group) mounted[route.method](serve(route))
    mounted.all(methodNotAllowed(group))
  }
  app.use((request) => {
    throw new Problem(
      'not-found',
      `There is no ${request.path.slice(0, 200)} here. GET /api/openapi.json lists the paths.`,
    )
  })
  app.use(problems(parts.log))
  return app
}

/** `/api/incidents/{id}` as Express writes it: `/api/incidents/:id`. */
function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

function serve(route: Route): RequestHandler {
  return async (request, response) => {
    const principal = principalOf(response)
    demandRole(route.access, principal)
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const reply = await route.serve({
      params: textParams(request),
      search: new URL(request.url, 'http://localhost').searchParams,
      body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
      header: (name) => headerText(request, name),
      principal,
      signal: gone.signal,
    })
    await send(response, route.success.status, reply, gone.signal)
  }
}

function methodNotAllowed(group: readonly Route[]): RequestHandler {
  const methods = group.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]))
  return (request) => {
    throw new Problem('method-not-allowed', `${request.method} is not known here; use ${methods.join(' or ')}.`, {
      headers: { allow: methods.join(', ') },
    })
  }
}

/** The first route that matches; HEAD is served by GET. */
function routeTable(routes: readonly Route[]): (method: string, path: string) => Route | undefined {
  const table = routes.map((route) => ({
    route,
    // Like Express: any case, with or without a slash at the end.
    pattern: new RegExp(
      `^${route.path.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{\w+\}/g, '[^/]+')}/?$`,
      'i',
    ),
  }))
  return (method, path) => {
    const wanted = method === 'HEAD' ? 'get' : method.toLowerCase()
    return table.find(({ route, pattern }) => route.method === wanted && pattern.test(path))?.route
  }
}

function withHeader(name: string, value: string): RequestHandler {
  return (_request, response, next) => {
    response.setHeader(name, value)
    next()
  }
}

/** A form of another site can send anything but JSON; so nothing but JSON is taken. */
function jsonOnly(takesForms: (method: string, path: string) => boolean): RequestHandler {
  return (request, _response, next) => {
    const contentType = request.headers['content-type']
    const hasBody =
      request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
    const harmless = request.method === 'GET' || request.method === 'HEAD'
    if (harmless || (contentType === undefined && !hasBody) || takesForms(request.method, request.path)) return next()
    if (/^application\/json\s*(;|$)/i.test(contentType ?? '')) return next()
    throw new Problem(
      'unsupported-media-type',
      'Send the body as JSON with the header Content-Type: application/json.',
      {
        headers: { accept: 'application/json' },
      },
    )
  }
}

/** Turns whatever was thrown into a problem document; what is no Problem is logged whole and told as a bare 500. */
function problems(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const problem = toProblem(error)
    if (problem.code === 'internal')
      log.error({ err: error, method: request.method, path: shownPath(request.path) }, 'request failed')
    sendProblem(response, problem)
  }
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  // Errors of Express and its body parser carry the status that they ask for.
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined
  if (status === 413) return new Problem('too-large', `The body is larger than ${BODY_LIMIT_BYTES} bytes.`)
  if (status === 415)
    return new Problem('unsupported-media-type', 'Send the body without Content-Encoding, as plain JSON.')
  if (status === 400) return new Problem('invalid', 'The request cannot be read: its path or its body is broken.')
  return new Problem('internal', "Something went wrong here; the exporter's log says what.", { cause: error })
}

function accessLog(log: Log, now: () => number): RequestHandler {
  return (request, response, next) => {
    const startMs = now()
    response.once('close', () => {
      const facts = {
        method: request.method,
        path: shownPath(request.path),
        status: response.statusCode,
        by: principalOf(response).name,
      }
      log.debug({ ...facts, client: request.ip, durationMs: now() - startMs }, 'request')
    })
    next()
  }
}

/** Without the token of a link, which is a right of its bearer. */
function shownPath(path: string): string {
  return path.replace(/^(\/api\/reports\/unsubscribe\/).+/i, '$1…')
}

function headerText(request: Request, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

function textParams(request: Request): Record<string, string> {
  const params: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.params)) if (typeof value === 'string') params[name] = value
  return params
}
