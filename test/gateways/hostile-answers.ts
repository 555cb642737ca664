import type { FakeAnswer, SeenRequest } from './fake-server.ts'

const DRIP_MS = 20

/** Everything that a request carries, sent back: how a secret comes into a reply. */
function echo(request: SeenRequest): string {
  return JSON.stringify([request.url, request.headers, request.body])
}

/** Servers that misbehave, by what they do; each answers every request so. */
export const hostile = {
  status:
    (status: number, headers: Record<string, string> = {}) =>
    (request: SeenRequest) => ({
      status,
      headers,
      text: echo(request),
    }),
  json:
    (json: unknown, status = 200) =>
    () => ({ status, json }),
  text:
    (text: string, status = 200) =>
    () => ({ status, text }),
  html: () => (request: SeenRequest) => ({
    headers: { 'content-type': 'text/html' },
    text: `<!doctype html><p>Sign in ${echo(request)}`,
  }),
  /** Ends in the middle of a JSON text, in good HTTP form. */
  halfJson: () => () => ({ text: '[{"name":"sales-01","status":"WOR' }),
  bytes: (count: number) => () => ({ text: `"${'x'.repeat(count - 2)}"` }),
  /** The same without a Content-Length, so that only counting finds it. */
  chunkedBytes: (count: number) => (): FakeAnswer => (response) => {
    response.writeHead(200)
    const chunk = 'x'.repeat(65_536)
    let left = count
    const pump = () => {
      while (left > 0 && !response.destroyed) {
        left -= chunk.length
        if (!response.write(chunk)) {
          response.once('drain', pump)
          return
        }
      }
      if (left <= 0) response.end()
    }
    pump()
  },
  /** Never answers. */
  hang: () => (): FakeAnswer => () => {},
  /** Sends a byte now and then, for ever: every pause is short, the whole never ends. */
  drip: () => (): FakeAnswer => (response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const timer = setInterval(() => response.write(' '), DRIP_MS)
    response.on('close', () => clearInterval(timer))
  },
  reset: () => (): FakeAnswer => (_response, socket) => {
    socket.resetAndDestroy()
  },
  /** Promises a long body and closes after a part of it. */
  brokenOff: () => (): FakeAnswer => (response, socket) => {
    response.writeHead(200, { 'content-length': '1000' })
    response.write('{"half":', () => socket.destroy())
  },
  notHttp: () => (): FakeAnswer => (_response, socket) => {
    socket.end('SSH-2.0-OpenSSH_9.2\r\n')
  },
}
