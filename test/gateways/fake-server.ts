import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** A request as the fake server saw it. */
export interface SeenRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A plain answer, or a function that does with the connection what it likes. */
export type FakeAnswer =
  | {
      readonly status?: number
      readonly headers?: Record<string, string>
      readonly json?: unknown
      readonly text?: string
    }
  | ((response: ServerResponse, socket: Socket) => void)

export interface FakeServer {
  readonly url: string
  readonly requests: readonly SeenRequest[]
  /** Resolves as soon as every request has either its whole answer or a closed connection. */
  quiet(): Promise<void>
  close(): Promise<void>
}

/** An HTTP server on a free port of 127.0.0.1 that answers as the test says. */
export async function startFakeServer(answer: (request: SeenRequest) => FakeAnswer): Promise<FakeServer> {
  const requests: SeenRequest[] = []
  let open = 0
  const server = createServer((incoming, response) => {
    open += 1
    response.on('close', () => {
      open -= 1
      server.emit('one-less')
    })
    void read(incoming).then((request) => {
      requests.push(request)
      const given = answer(request)
      if (typeof given === 'function') given(response, incoming.socket)
      else respond(response, given)
    })
  })
  server.on('connection', (socket) => {
    // A reset is what some tests are about.
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the fake server has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    async quiet() {
      while (open > 0) await once(server, 'one-less')
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** A port of 127.0.0.1 on which nothing listens. */
export async function refusedUrl(): Promise<string> {
  const server = await startFakeServer(() => ({}))
  await server.close()
  return server.url
}

async function read(incoming: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of incoming) chunks.push(chunk)
  } catch {
    // The caller gave up while it was sending.
  }
  const { method = '', url = '', headers } = incoming
  return { method, url, headers, body: Buffer.concat(chunks).toString('utf8') }
}

function respond(response: ServerResponse, given: Exclude<FakeAnswer, (...args: never[]) => void>): void {
  const text = given.json === undefined ? (given.text ?? '') : JSON.stringify(given.json)
  const type = given.json === undefined ? 'text/plain' : 'application/json'
  response.writeHead(given.status ?? 200, { 'content-type': type, ...given.headers })
  response.end(text)
}
