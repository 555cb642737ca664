let clockSkewMs = 0

/** The exporter's clock, by its last answer: a reader's clock may be wrong. */
export function exporterNow(): number {
  return Date.now() + clockSkewMs
}

function readClock(answer: Response): void {
  const skewMs = Date.parse(answer.headers.get('date') ?? '') - Date.now()
  // The header has whole seconds, so less than that says nothing.
  clockSkewMs = Math.abs(skewMs) > 2000 ? skewMs : 0
}

const READ_LIMIT_MS = 20_000
const CHECK_LIMIT_MS = 65_000

/** Reads from the API. Rejects with what to tell people: the `detail` of the problem document, or that nobody answers. */
export function read<T>(path: string, query: URLSearchParams = new URLSearchParams()): Promise<T> {
  const text = query.toString()
  return ask<T>(text === '' ? path : `${path}?${text}`, { method: 'GET' }, READ_LIMIT_MS)
}

/** Sends a command. Rejects as `read` does. */
export function send<T>(method: 'POST' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method, headers: { 'content-type': 'application/json' } }
  if (body !== undefined) init.body = JSON.stringify(body)
  return ask<T>(path, init, CHECK_LIMIT_MS)
}

async function ask<T>(path: string, init: RequestInit, limitMs: number): Promise<T> {
  let answer: Response
  try {
    answer = await fetch(path, { ...init, signal: AbortSignal.timeout(limitMs) })
  } catch {
    throw new Error('The exporter does not answer.')
  }
  readClock(answer)
  const isJson = answer.headers.get('content-type')?.includes('json') === true
  const document: unknown = isJson ? await answer.json().catch(() => null) : null
  // The answers are checked against the same schemas by the tests of the API.
  if (answer.ok) return document as T
  const detail = typeof document === 'object' && document !== null && 'detail' in document ? document.detail : null
  throw new Error(typeof detail === 'string' ? detail : `The exporter answers ${answer.status}.`)
}

/** What to tell people of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
