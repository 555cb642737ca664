import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Abortable, AbortGroups } from './abort-groups.ts'
import type { Deliverable } from './hand-over.ts'
import type { Lane, Lanes } from './lanes.ts'

/** How an exchange ended without a whole reply; `error` is undici's or the socket's where there is one. */
export type ExchangeFault =
  | { readonly kind: 'timeout' | 'aborted' }
  | { readonly kind: 'too_large'; readonly status: number }
  | { readonly kind: 'network'; readonly error: Error; readonly replyBegan: boolean; readonly receivedBytes: number }

/** A whole reply as it came from the wire. */
export interface RawReply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly atMs: number
  readonly durationMs: number
}

/** How an exchange ended without a whole reply; the client turns it into a GatewayError with a message. */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError'
  readonly fault: ExchangeFault

  constructor(fault: ExchangeFault) {
    super(fault.kind)
    this.fault = fault
  }
}

export interface ExchangeLimits {
  /** From dispatch to the last byte, queueing included. */
  readonly timeoutMs: number
  readonly maxBytes: number
}

/** What the exchanges of one client share. */
export interface Wire {
  readonly lanes: Pick<Lanes, 'next'>
  readonly aborts: AbortGroups
  /** Says when a reply that was read is worked on. */
  readonly handOver: (piece: Deliverable) => void
  /** Wall clock, Unix milliseconds. */
  readonly now: () => number
}

const NO_HEADERS: IncomingHttpHeaders = Object.freeze({})

/** Codes of a connection that ended under a request: a kept-alive one may, in the moment it is used again. */
const CONNECTION_LOST: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

/**
 * One request and its reply on undici's lowest level. A class, because it sits on the hot path: its methods live on
 * the prototype, so a check allocates one object, one timer and one promise.
 */
export class Exchange<T> implements Dispatcher.DispatchHandler, Abortable, Deliverable {
  readonly #wire: Wire
  readonly #options: Dispatcher.DispatchOptions
  readonly #limits: ExchangeLimits
  readonly #signal: AbortSignal
  readonly #conclude: (end: RawReply | ExchangeError) => T
  readonly #resolve: (result: T) => void
  readonly #reject: (error: unknown) => void
  readonly #timer: NodeJS.Timeout
  readonly #lane: Lane
  #controller: Dispatcher.DispatchController | null = null
  #settled = false
  #retried = false
  #atMs = 0
  #startMs = 0
  #durationMs = 0
  #status = 0
  #headers: IncomingHttpHeaders = NO_HEADERS
  #receivedBytes = 0
  /** Most replies come in one piece. */
  #body: Buffer | Buffer[] | null = null

  private constructor(
    wire: Wire,
    options: Dispatcher.DispatchOptions,
    limits: ExchangeLimits,
    signal: AbortSignal,
    conclude: (end: RawReply | ExchangeError) => T,
    resolve: (result: T) => void,
    reject: (error: unknown) => void,
  ) {
    this.#wire = wire
    this.#options = options
    this.#limits = limits
    this.#signal = signal
    this.#conclude = conclude
    this.#resolve = resolve
    this.#reject = reject
    this.#timer = setTimeout(onTimeout, limits.timeoutMs, this)
    wire.aborts.add(signal, this)
    this.#lane = wire.lanes.next()
    this.#lane.underWay += 1
  }

  /**
   * Sends a request and reads its whole reply. The signal must not be aborted yet.
   * @param conclude makes the result of a whole reply, or throws what the caller gets instead
   */
  static run<T>(
    wire: Wire,
    options: Dispatcher.DispatchOptions,
    limits: ExchangeLimits,
    signal: AbortSignal,
    conclude: (end: RawReply | ExchangeError) => T,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      new Exchange(wire, options, limits, signal, conclude, resolve, reject).#dispatch()
    })
  }

  #dispatch(): void {
    try {
      this.#lane.dispatcher.dispatch(this.#options, this)
    } catch (error) {
      this.onResponseError(null, error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** The caller's signal fired. */
  abort(): void {
    this.fail({ kind: 'aborted' })
  }

  /** Ends the exchange early and closes its connection. */
  fail(fault: ExchangeFault): void {
    if (!this.#settle()) return
    const error = new ExchangeError(fault)
    this.#controller?.abort(error)
    this.#end(error)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#settled) {
      // It waited for a connection for longer than its caller did.
      controller.abort(new Error('abandoned before it was sent'))
      return
    }
    this.#atMs = this.#wire.now()
    this.#startMs = performance.now()
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return
    this.#status = status
    this.#headers = headers
    if (Number(headers['content-length']) > this.#limits.maxBytes) this.fail({ kind: 'too_large', status })
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return
    this.#receivedBytes += chunk.length
    if (this.#receivedBytes > this.#limits.maxBytes) {
      this.#body = null
      this.fail({ kind: 'too_large', status: this.#status })
      return
    }
    if (this.#body === null) this.#body = chunk
    else if (Array.isArray(this.#body)) this.#body.push(chunk)
    else this.#body = [this.#body, chunk]
  }

  onResponseEnd(): void {
    this.#durationMs = performance.now() - this.#startMs
    // It holds the raw headers, which nobody needs while the reply waits to be worked on.
    this.#controller = null
    if (this.#settle()) this.#wire.handOver(this)
  }

  /** Passes the reply on. */
  deliver(): void {
    const body = Array.isArray(this.#body) ? Buffer.concat(this.#body, this.#receivedBytes) : this.#body
    this.#end({
      status: this.#status,
      headers: this.#headers,
      text: body === null ? '' : body.toString('utf8'),
      atMs: this.#atMs,
      durationMs: this.#durationMs,
    })
  }

  #end(end: RawReply | ExchangeError): void {
    try {
      this.#resolve(this.#conclude(end))
    } catch (error) {
      this.#reject(error)
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#settled) return
    const began = this.#status !== 0
    if (!began && !this.#retried && this.#startMs !== 0 && this.#options.method === 'GET' && isConnectionLost(error)) {
      // RFC 9110 §9.2.2: a read may be sent again when the connection closed before any answer.
      this.#retried = true
      this.#controller = null
      this.#dispatch()
      return
    }
    this.fail({ kind: 'network', error, replyBegan: began, receivedBytes: this.#receivedBytes })
  }

  #settle(): boolean {
    if (this.#settled) return false
    this.#settled = true
    clearTimeout(this.#timer)
    this.#wire.aborts.delete(this.#signal, this)
    this.#lane.underWay -= 1
    return true
  }
}

function onTimeout(exchange: Pick<Exchange<unknown>, 'fail'>): void {
  exchange.fail({ kind: 'timeout' })
}

function isConnectionLost(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string' && CONNECTION_LOST.has(error.code)
}
