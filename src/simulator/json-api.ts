import type { IncomingMessage, ServerResponse } from 'node:http'
import type { z } from 'zod'
import { BodyTooLargeError, readBody } from './request-body.ts'

const BODY_LIMIT_BYTES = 1_048_576

/** A request that we refuse; becomes an RFC 9457 problem document. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number

  constructor(status: number, detail: string, options?: ErrorOptions) {
    super(detail, options)
    this.status = status
  }
}

/** Sends JSON. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  sendText(response, status, 'application/json; charset=utf-8', JSON.stringify(body))
}

/** Sends a text of any type. */
export function sendText(response: ServerResponse, status: number, type: string, text: string): void {
  if (response.destroyed || response.headersSent) return
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  response.end(text)
}

/** Sends a page that may load nothing from elsewhere. */
export function sendPage(response: ServerResponse, html: string): void {
  response.setHeader(
    'content-security-policy',
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'",
  )
  sendText(response, 200, 'text/html; charset=utf-8', html)
}

/** Sends what went wrong as a problem document; an unknown error is a bare 500. */
export function sendProblem(response: ServerResponse, error: unknown): void {
  const known = error instanceof Problem
  const status = known ? error.status : error instanceof BodyTooLargeError ? 413 : 500
  const title = TITLES[status] ?? 'Error'
  const detail =
    known || error instanceof BodyTooLargeError ? error.message : 'the simulator failed; this is a bug of it'
  sendText(response, status, 'application/problem+json', JSON.stringify({ type: 'about:blank', title, status, detail }))
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  500: 'Internal Server Error',
}

/** Reads the text of a body, at most 1 MiB. */
export function readText(request: IncomingMessage): Promise<string> {
  return readBody(request, BODY_LIMIT_BYTES)
}

/**
 * Reads a JSON body against a schema. Insists on `application/json`, which no foreign web page can send without asking first.
 * Rejects with a Problem that names every fault of the body.
 */
export async function readJson<T extends z.ZodType>(request: IncomingMessage, schema: T): Promise<z.output<T>> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw new Problem(415, 'send the body as content-type: application/json')
  }
  const text = await readText(request)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new Problem(400, 'the body is not JSON', { cause: error })
  }
  return parse(schema, json)
}

/** Checks a value against a schema; throws a Problem that names every fault. */
export function parse<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new Problem(
    400,
    result.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; '),
  )
}
