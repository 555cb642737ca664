import type { IncomingMessage } from 'node:http'

/** A request body that is larger than we take. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError'
}

/** Reads a request's body as UTF-8. Rejects with BodyTooLargeError above `limitBytes`, and where the client goes away. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue
    sizeBytes += chunk.length
    if (sizeBytes > limitBytes) throw new BodyTooLargeError(`the body is larger than ${limitBytes} bytes; send less`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
