import type { Response } from 'express'
import type { Reply } from './route.ts'

/** Sends a reply. Ready bytes are given back when the client has them, is gone, or has had its time. */
export async function send(response: Response, status: number, reply: Reply<unknown>): Promise<void> {
  response.status(status)
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value)
  if ('json' in reply) {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(reply.json))
    return
  }
  const { bytes, contentType, release, sendWithinMs } = reply
  if (response.destroyed) {
    release?.()
    return
  }
  const limit = sendWithinMs === undefined ? undefined : setTimeout(() => response.destroy(), sendWithinMs)
  response.once('close', () => {
    clearTimeout(limit)
    release?.()
  })
  response.setHeader('content-type', contentType)
  response.setHeader('content-length', Buffer.byteLength(bytes))
  response.end(bytes)
}
