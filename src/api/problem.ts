import type { Response } from 'express'

/** Kinds of problem and what they mean; docs/api.md lists them, a test compares. */
export const PROBLEMS = {
  invalid: { status: 400, title: 'The request breaks a rule' },
  unauthorized: { status: 401, title: 'Say who you are' },
  forbidden: { status: 403, title: 'You may not do this' },
  'not-found': { status: 404, title: 'There is no such thing' },
  'method-not-allowed': { status: 405, title: 'This path does not know the method' },
  ambiguous: { status: 409, title: 'More than one account has this id' },
  refused: { status: 409, title: 'The repair is refused' },
  over: { status: 409, title: 'It cannot be ended' },
  exists: { status: 409, title: 'It is there already' },
  full: { status: 409, title: 'There are too many already' },
  'too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body has the wrong type' },
  misdirected: { status: 421, title: 'This host name is not served here' },
  'reload-failed': { status: 422, title: 'The new configuration was refused' },
  undeliverable: { status: 422, title: 'A text message was refused' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'The exporter failed' },
  unavailable: { status: 503, title: 'Not available now' },
  timeout: { status: 504, title: 'It took too long' },
} as const satisfies Record<string, { status: number; title: string }>

export type ProblemCode = keyof typeof PROBLEMS

/** One broken rule of a request. */
export interface Fault {
  /** Where: `query.limit`, `body.accounts[2]`, `path.id`. */
  readonly path: string
  readonly rule: string
}

interface ProblemDetails {
  readonly faults?: readonly Fault[]
  readonly headers?: Readonly<Record<string, string>>
  /** Members beside the standard ones (RFC 9457 §3.2). */
  readonly members?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** An answer that is no success. Thrown anywhere below a route, sent as application/problem+json (RFC 9457). */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly details: ProblemDetails

  constructor(code: ProblemCode, detail: string, details: ProblemDetails = {}) {
    super(detail, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    this.details = details
  }
}

/** `type` of a problem document. */
function problemType(code: ProblemCode): string {
  return `urn:whatsapp-exporter:problem:${code}`
}

/** The kind of a problem document by its `type`; undefined where it is none of ours. */
export function problemCodeOf(type: string): ProblemCode | undefined {
  // The list's own keys; Object.keys forgets their type.
  return (Object.keys(PROBLEMS) as ProblemCode[]).find((code) => problemType(code) === type)
}

/** Sends the problem, unless an answer has begun: then the connection ends, so that nobody takes a torn body for a whole one. */
export function sendProblem(response: Response, problem: Problem): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { status, title } = PROBLEMS[problem.code]
  const { faults, headers, members } = problem.details
  response.status(status)
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value)
  response.setHeader('content-type', 'application/problem+json')
  response.setHeader('cache-control', 'no-store')
  response.end(
    JSON.stringify({
      type: problemType(problem.code),
      title,
      status,
      detail: problem.message,
      ...members,
      ...(faults === undefined ? {} : { faults }),
    }),
  )
}
