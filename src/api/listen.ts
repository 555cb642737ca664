import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, isIPv6 } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Express } from 'express'
import type { Log } from '../log.ts'
import { SILENT_CONNECTION_MS } from './answer-limit.ts'
import { ListenError } from './listen-error.ts'
import { type ApiOptions, authRequired, isLoopback, type ListenAddress } from './options.ts'
import { serverCertificate } from './server-certificate.ts'

/** A server that listens. */
export interface Listener {
  /** Where it is reached, for people and tests: `http://127.0.0.1:19292`. */
  readonly url: string
  readonly port: number
  /** Resolves when every connection has ended: `drained` by itself, `forced` after `api.drain`. */
  readonly closed: Promise<'drained' | 'forced'>
}

// Nobody needs longer to send a request of at most 1 MiB.
const HEADERS_MS = 10_000
const REQUEST_MS = 30_000
// Longer than Prometheus' usual scrape interval of 15 s, so that its connection lives from scrape to scrape.
const KEEP_ALIVE_MS = 75_000
const MAX_CONNECTIONS = 1024
const MAX_HEADERS = 100

/**
 * Puts the app on a socket until the signal aborts: then no new connection is taken, requests under way get
 * `api.drain` to end, and what is left is cut. Rejects with ListenError.
 */
export async function listen(app: Express, options: ApiOptions, signal: AbortSignal, log: Log): Promise<Listener> {
  const server = openServer(app, options, log)
  endWithTheAnswer(server, signal)
  const { host, port } = options.listen
  server.listen({ port, ...(host === '' ? {} : { host }) })
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new ListenError(whyNotListening(error, options.listen), { cause: error })
  }
  server.on('error', (error) => log.error({ err: error }, 'the HTTP server failed'))

  const bound = addressOf(server)
  const url = `${options.tls ? 'https' : 'http'}://${isIPv6(bound.address) ? `[${bound.address}]` : bound.address}:${bound.port}`
  if (!isLoopback(options.listen) && !authRequired(options)) {
    log.warn(
      { url },
      'ANYBODY who reaches this address can see and restart every account: set api.basicAuth or api.bearerTokens, or listen on 127.0.0.1',
    )
  }
  if (!isLoopback(options.listen) && authRequired(options) && options.tls === undefined) {
    log.warn({ url }, 'passwords and tokens cross the network unencrypted: set api.tls, or put a TLS proxy in front')
  }
  log.info({ url }, 'the API listens')
  return { url, port: bound.port, closed: closeOnAbort(server, options.drain, signal, log) }
}

function openServer(app: Express, options: ApiOptions, log: Log): Server {
  const limits = { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, keepAliveTimeout: KEEP_ALIVE_MS }
  const { tls } = options
  let server: Server
  if (tls === undefined) {
    server = createServer(limits, app)
  } else {
    const certificate = serverCertificate(tls, log)
    const secure = createTlsServer({ ...limits, ...certificate.options, handshakeTimeout: HEADERS_MS }, app)
    certificate.attach(secure)
    server = secure
  }
  server.maxConnections = MAX_CONNECTIONS
  server.maxHeadersCount = MAX_HEADERS
  // A check of the whole fleet may take a minute to answer.
  server.timeout = SILENT_CONNECTION_MS
  return server
}

/** While the server drains, a connection ends with the answer to its last request, else clients would keep it. */
function endWithTheAnswer(server: Server, signal: AbortSignal): void {
  server.prependListener('request', (_request, response) => {
    if (signal.aborted) response.setHeader('connection', 'close')
    response.once('close', () => {
      // One turn later the connection counts as idle.
      if (signal.aborted) setImmediate(() => server.closeIdleConnections())
    })
  })
}

async function closeOnAbort(
  server: Server,
  drainMs: number,
  signal: AbortSignal,
  log: Log,
): Promise<'drained' | 'forced'> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  const ended = new Promise<'drained'>((resolve) => server.close(() => resolve('drained')))
  const patience = new AbortController()
  const outcome = await Promise.race([
    ended,
    sleep(drainMs, 'forced' as const, { signal: patience.signal }).catch(() => 'drained' as const),
  ])
  patience.abort()
  if (outcome === 'forced') {
    log.warn({ drainMs }, 'requests were cut: they did not end within api.drain')
    server.closeAllConnections()
    await ended
  }
  return outcome
}

function addressOf(server: Server): AddressInfo {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new ListenError('The HTTP server has no address.')
  return address
}

function whyNotListening(error: unknown, { host, port }: ListenAddress): string {
  const address = `${host === '' ? 'every address' : host}, port ${port}`
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  switch (code) {
    case 'EADDRINUSE':
      return `Cannot listen on ${address}: another program uses the port. Stop it (ss -ltnp 'sport = :${port}' shows it), or set api.listen to another port.`
    case 'EACCES':
      return `Cannot listen on ${address}: ports below 1024 need a privilege. Set api.listen to a higher port.`
    case 'EADDRNOTAVAIL':
      return `Cannot listen on ${address}: this machine does not have the address. Set api.listen to one that it has, or to :${port} for all.`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `Cannot listen on ${address}: the name has no address. Set api.listen to an IP address.`
    default:
      return `Cannot listen on ${address} (${code}). Check api.listen.`
  }
}
