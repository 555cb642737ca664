import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'

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

/** Rejection of an exchange; the client turns it into a GatewayError with a message. */
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

/** Codes of a connection that ended under a request: a kept-alive one may, in the moment it is used again. */
const CONNECTION_LOST: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

/**
 * One request and its reply on undici's lowest level. A class, because it sits on the hot path: its methods live on
 * the prototype, so a check allocates one object, one timer, one promise and one closure.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #dispatcher: Dispatcher
  readonly #options: Dispatcher.DispatchOptions
  readonly #limits: ExchangeLimits
  readonly #signal: AbortSignal
  readonly #now: () => number
  readonly #handOver: (deliver: () => void) => void
  readonly #resolve: (reply: RawReply) => void
  readonly #reject: (error: ExchangeError) => void
  readonly #timer: NodeJS.Timeout
  #controller: Dispatcher.DispatchController | null = null
  #settled = false
  #retried = false
  #atMs = 0
  #startMs = 0
  #status = 0
  #headers: IncomingHttpHeaders = {}
  #receivedBytes = 0
  #chunks: Buffer[] = []

  private constructor(
    dispatcher: Dispatcher,
    options: Dispatcher.DispatchOptions,
    limits: ExchangeLimits,
    signal: AbortSignal,
    now: () => number,
    handOver: (deliver: () => void) => void,
    resolve: (reply: RawReply) => void,
    reject: (error: ExchangeError) => void,
  ) {
    this.#dispatcher = dispatcher
    this.#options = options
    this.#limits = limits
    this.#signal = signal
    this.#now = now
    this.#handOver = handOver
    this.#resolve = resolve
    this.#reject = reject
    this.#timer = setTimeout(onTimeout, limits.timeoutMs, this)
    signal.addEventListener('abort', this)
  }

  /**
   * Sends a request and reads its whole reply. Rejects with ExchangeError only; the signal must not be aborted yet.
   * @param handOver when a reply that was read is worked on
   */
  static run(
    dispatcher: Dispatcher,
    options: Dispatcher.DispatchOptions,
    limits: ExchangeLimits,
    signal: AbortSignal,
    now: () => number,
    handOver: (deliver: () => void) => void,
  ): Promise<RawReply> {
    return new Promise((resolve, reject) => {
      new Exchange(dispatcher, options, limits, signal, now, handOver, resolve, reject).#dispatch()
    })
  }

  #dispatch(): void {
    try {
      this.#dispatcher.dispatch(this.#options, this)
    } catch (error) {
      this.onResponseError(null, error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** The caller's signal fired. */
  handleEvent(): void {
    this.fail({ kind: 'aborted' })
  }

  /** Ends the exchange early and closes its connection. */
  fail(fault: ExchangeFault): void {
    if (!this.#settle()) return
    const error = new ExchangeError(fault)
    this.#controller?.abort(error)
    this.#reject(error)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#settled) {
      // It waited for a connection for longer than its caller did.
      controller.abort(new Error('abandoned before it was sent'))
      return
    }
    this.#atMs = this.#now()
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
      this.#chunks = []
      this.fail({ kind: 'too_large', status: this.#status })
      return
    }
    this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    const durationMs = performance.now() - this.#startMs
    if (!this.#settle()) return
    this.#handOver(() => {
      const only = this.#chunks.length === 1 ? this.#chunks[0] : undefined
      const text = (only ?? Buffer.concat(this.#chunks, this.#receivedBytes)).toString('utf8')
      this.#resolve({ status: this.#status, headers: this.#headers, text, atMs: this.#atMs, durationMs })
    })
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
    this.#signal.removeEventListener('abort', this)
    return true
  }
}

function onTimeout(exchange: Exchange): void {
  exchange.fail({ kind: 'timeout' })
}

function isConnectionLost(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string' && CONNECTION_LOST.has(error.code)
}
