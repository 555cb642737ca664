import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Response } from 'express'
import type { ReadyBytes, Reply } from './route.ts'

/** Sends a reply; `gone` aborts when the client goes away. */
export async function send(
  response: Response,
  status: number,
  reply: Reply<unknown>,
  gone: AbortSignal,
): Promise<void> {
  response.status(status)
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value)
  if (isKnown(response)) {
    response.status(304).end()
    return
  }
  if ('json' in reply) return sendText(response, 'application/json', JSON.stringify(reply.json))
  response.setHeader('content-type', reply.contentType)
  if ('text' in reply) return sendText(response, reply.contentType, reply.text)
  if ('pieces' in reply) return sendPieces(response, reply.pieces, gone)
  if ('stream' in reply) return sendStream(response, reply.stream, gone)
  sendBytes(response, reply, gone)
}

/** Whether the client has exactly this already (RFC 9110 §13.1.2). */
function isKnown(response: Response): boolean {
  const etag = response.getHeader('etag')
  const known = response.req.headers['if-none-match']
  if (typeof etag !== 'string' || known === undefined) return false
  return known.split(',').some((one) => one.trim().replace(/^W\//, '') === etag)
}

function sendText(response: Response, contentType: string, text: string): void {
  response.setHeader('content-type', contentType)
  response.setHeader('content-length', Buffer.byteLength(text))
  response.end(text)
}

/** Makes a long text piece by piece, so that checks run between the pieces, and no faster than the client reads. */
async function sendPieces(response: Response, pieces: Iterable<string>, gone: AbortSignal): Promise<void> {
  try {
    for (const piece of pieces) {
      if (!response.write(piece)) await once(response, 'drain', { signal: gone })
      await nextTurn(undefined, { signal: gone })
    }
    response.end()
  } catch (error) {
    if (!gone.aborted) throw error
  }
}

/** Sends what comes when it comes, no faster than the client reads. */
async function sendStream(response: Response, stream: AsyncIterable<string>, gone: AbortSignal): Promise<void> {
  // Proxies that gather answers (nginx) would hold events back.
  response.setHeader('x-accel-buffering', 'no')
  response.flushHeaders()
  try {
    for await (const piece of stream) {
      if (!response.write(piece)) await once(response, 'drain', { signal: gone })
      if (gone.aborted) return
    }
    response.end()
  } catch (error) {
    if (!gone.aborted) throw error
  }
}

/** Sends ready bytes and gives them back when the client has them, is gone, or has had its time. */
function sendBytes(response: Response, reply: ReadyBytes, gone: AbortSignal): void {
  if (gone.aborted) {
    reply.release()
    return
  }
  const limit = setTimeout(() => response.destroy(), reply.sendWithinMs)
  response.once('close', () => {
    clearTimeout(limit)
    reply.release()
  })
  response.setHeader('content-length', reply.sizeBytes)
  for (const chunk of reply.chunks) response.write(chunk)
  response.end()
}
