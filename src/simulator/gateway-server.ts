import type { IncomingMessage, ServerResponse } from 'node:http'
import { faceOf } from './account.ts'
import { cloudApiDialect } from './dialects/cloud-api.ts'
import type { Dialect, DialectRequest, DialectTools, Reply } from './dialects/dialect.ts'
import { evolutionDialect } from './dialects/evolution.ts'
import { gowaDialect } from './dialects/gowa.ts'
import { httpDialect } from './dialects/http.ts'
import { wahaDialect } from './dialects/waha.ts'
import { wppconnectDialect } from './dialects/wppconnect.ts'
import { sendProblem } from './json-api.ts'
import type { DialectName } from './options.ts'
import { readBody } from './request-body.ts'
import { type ActiveGatewayFault, type SimGateway, settleGateway, type World } from './simulation.ts'

const DIALECT_OF = {
  waha: wahaDialect,
  evolution: evolutionDialect,
  wppconnect: wppconnectDialect,
  gowa: gowaDialect,
  'cloud-api': cloudApiDialect,
  http: httpDialect,
} satisfies Record<DialectName, (tools: DialectTools) => Dialect>

const BODY_LIMIT_BYTES = 65_536
const RETRY_AFTER_SECONDS = 30
const FAULTY = '(faulty gateway)'

/** Serves one request to a simulated gateway; `rest` is the path and query behind its prefix. */
export type GatewayServer = (
  request: IncomingMessage,
  response: ServerResponse,
  gateway: SimGateway,
  rest: string,
) => void

/** Serves all simulated gateways. `latencyMs` gives the delay of each reply; `baseUrl` the address in front of the gateways' names. */
export function gatewayServer(
  world: World,
  options: { readonly latencyMs: () => number; readonly repairMs: number; readonly baseUrl: () => string },
): GatewayServer {
  const dialects = new Map<SimGateway, Dialect>()
  for (const gateway of world.gatewayByName.values()) {
    dialects.set(gateway, DIALECT_OF[gateway.spec.dialect]({ gateway, repairMs: options.repairMs, bring: world.bring }))
  }

  function answer(
    request: IncomingMessage,
    response: ServerResponse,
    gateway: SimGateway,
    rest: string,
    body: unknown,
  ): void {
    const dialect = dialects.get(gateway)
    if (dialect === undefined) throw new Error(`simulator: gateway "${gateway.spec.name}" has no dialect`)
    const nowMs = world.advance()
    settleGateway(gateway, nowMs)
    const parsed = parseRequest(request, rest, body, `${options.baseUrl()}/${gateway.spec.name}`)
    const fault = gateway.fault
    const faulty = fault === null ? undefined : faultReply(fault, dialect, parsed)
    if (faulty === 'hang' || faulty === 'reset') {
      count(gateway, parsed.method, FAULTY)
      if (faulty === 'reset') request.socket.resetAndDestroy()
      return
    }
    const reply = faulty ?? dialect.handle(parsed, nowMs)
    count(gateway, parsed.method, reply.endpoint)
    const face = reply.about === undefined ? undefined : faceOf(reply.about, nowMs)
    if (face?.mishap === 'hang') return
    const sent = face?.mishap === 'error' ? serverError(reply.endpoint) : reply
    const delayMs = options.latencyMs() + (face?.delayMs ?? 0) + (fault?.fault === 'slow' ? fault.delayMs : 0)
    if (delayMs > 0) setTimeout(send, delayMs, response, sent).unref()
    else send(response, sent)
  }

  return (request, response, gateway, rest) => {
    const respond = (body: unknown) => {
      try {
        answer(request, response, gateway, rest, body)
      } catch (error) {
        sendProblem(response, error)
      }
    }
    if (request.method === 'GET') respond(undefined)
    // A body that is too large, or that never ends because the client went away.
    else
      readBody(request, BODY_LIMIT_BYTES).then(
        (text) => respond(parseJson(text)),
        () => request.socket.destroy(),
      )
  }
}

function count(gateway: SimGateway, method: string, endpoint: string): void {
  const key = `${method} ${endpoint}`
  gateway.requests.set(key, (gateway.requests.get(key) ?? 0) + 1)
}

function parseRequest(request: IncomingMessage, rest: string, body: unknown, baseUrl: string): DialectRequest {
  const mark = rest.indexOf('?')
  const path = mark < 0 ? rest : rest.slice(0, mark)
  return {
    method: request.method ?? 'GET',
    path,
    parts: path.slice(1).split('/').map(decoded),
    query: new URLSearchParams(mark < 0 ? '' : rest.slice(mark + 1)),
    headers: request.headers,
    body,
    baseUrl,
  }
}

function decoded(part: string): string {
  if (!part.includes('%')) return part
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function faultReply(
  active: ActiveGatewayFault,
  dialect: Dialect,
  request: DialectRequest,
): Reply | 'hang' | 'reset' | undefined {
  switch (active.fault) {
    case 'hang':
      return 'hang'
    case 'refuse':
      return 'reset'
    case 'slow':
      return undefined
    case 'server_error':
      return serverError(FAULTY)
    case 'unauthorized':
      return dialect.unauthorized
    case 'rate_limited': {
      const reply = dialect.rateLimited ?? {
        status: 429,
        endpoint: FAULTY,
        json: { statusCode: 429, message: 'Too Many Requests' },
      }
      return { ...reply, headers: { ...reply.headers, 'retry-after': String(RETRY_AFTER_SECONDS) } }
    }
    case 'license': {
      if (dialect.unlicensedPaths?.includes(request.path)) return undefined
      const registerUrl = 'https://license.example/register'
      return {
        status: 503,
        endpoint: FAULTY,
        json: { error: 'service not activated', code: 'LICENSE_REQUIRED', register_url: registerUrl },
      }
    }
    case 'html':
      return {
        status: 200,
        endpoint: FAULTY,
        text: '<!doctype html><title>Login</title>',
        headers: { 'content-type': 'text/html' },
      }
    case 'empty':
      return { status: 200, endpoint: FAULTY, text: '' }
    case 'truncated':
      return { status: 200, endpoint: FAULTY, text: '[{"name":"bot-01","sta' }
    case 'oversized':
      return { status: 200, endpoint: FAULTY, text: `["${'x'.repeat(32 * 1024 * 1024)}"]` }
    case 'redirect':
      return { status: 302, endpoint: FAULTY, text: '', headers: { location: 'http://login.example/' } }
  }
}

function serverError(endpoint: string): Reply {
  return { status: 500, endpoint, json: { statusCode: 500, message: 'Internal server error' } }
}

function send(response: ServerResponse, reply: Reply): void {
  if (response.destroyed) return
  const text = reply.text ?? (reply.json === undefined ? '' : JSON.stringify(reply.json))
  response.writeHead(reply.status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    ...reply.headers,
  })
  response.end(text)
}
