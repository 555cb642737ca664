import { Readable } from 'node:stream'
import MailComposer from 'nodemailer/lib/mail-composer'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { Secret } from '../option-types.ts'

export interface SmtpServer {
  readonly host: string
  readonly port: number
  /** TLS from the first byte; else STARTTLS where it is offered. */
  readonly secure: boolean
  /** Refuses a server that offers no TLS. */
  readonly requireTls: boolean
  readonly user: string | null
  readonly password: Secret | null
  /** Sender. */
  readonly from: string
  /** Where mail servers send what they cannot deliver; null for the sender. */
  readonly bounceAddress: string | null
  /** Longest silence of the server, connecting included. */
  readonly timeoutMs: number
  /** Longest time for connecting and signing in, and again for each message, however often the server says something. */
  readonly limitMs: number
}

export interface Attachment {
  readonly name: string
  readonly type: string
  readonly content: Uint8Array
}

export interface Mail {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly attachments: readonly Attachment[]
  /** The same for the same report and recipient, without angle brackets: a mail server that sees it twice may drop one. */
  readonly messageId: string
  /** Unix milliseconds. */
  readonly dateMs: number
  /** Ends what the recipient subscribed to when it is sent a POST (RFC 8058); absent where there is nothing to end. */
  readonly unsubscribeUrl?: string | null | undefined
}

/** A connection to the mail server for any number of messages, one after the other. */
export interface MailSession {
  /**
   * Sends one message. Resolves when the server has taken it, with what it said.
   * @param beforeEnd awaited before the last bytes are handed over: until then the server cannot have taken the message,
   * and where it rejects the server never will
   * @throws MailError; the session is of no use then
   */
  send(mail: Mail, beforeEnd: () => Promise<void>): Promise<string>
  /** Says goodbye. Idempotent. */
  close(): void
}

/** Why a message did not go out. The message holds no secret. */
export class MailError extends Error {
  override readonly name = 'MailError'
  /** Whether the server refused this recipient or message for good; else a later attempt may work. */
  readonly permanent: boolean
  /** Whether the server said so itself; else the connection was lost, and what the server did is not known. */
  readonly answered: boolean

  constructor(
    message: string,
    how: { readonly permanent: boolean; readonly answered: boolean },
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.permanent = how.permanent
    this.answered = how.answered
  }
}

/**
 * Connects to the mail server and signs in.
 * @throws MailError; never a permanent one, because wrong settings can be corrected before the next attempt
 */
export async function openMailSession(server: SmtpServer, signal: AbortSignal): Promise<MailSession> {
  const { host, port, secure, requireTls, user, password, timeoutMs, limitMs } = server
  const where = `${host}:${port}`
  const connection = new SMTPConnection({
    host,
    port,
    secure,
    requireTLS: requireTls,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
  })
  const end = () => connection.close()
  signal.addEventListener('abort', end, { once: true })
  // A connection reports its own end as an event; without a waiting call that is nobody's trouble.
  let fail: (error: unknown) => void = () => {}
  connection.on('error', (error: unknown) => fail(error))
  connection.on('end', () => fail(new Error('the connection was closed')))

  const call = <T>(start: (done: (error?: Error | null, result?: T) => void) => void): Promise<T | undefined> =>
    new Promise((resolve, reject) => {
      fail = reject
      if (signal.aborted) return reject(new Error('the exporter is ending'))
      start((error, result) => (error === null || error === undefined ? resolve(result) : reject(error)))
    })

  /** A server that says a little again and again is never silent: the work has a limit as a whole. */
  async function limited<T>(what: string, work: () => Promise<T>): Promise<T> {
    const limit = setTimeout(() => {
      fail(new Error(`${what} was given up after ${limitMs / 1_000} s, the longest that it may take`))
      connection.close()
    }, limitMs)
    try {
      return await work()
    } finally {
      clearTimeout(limit)
    }
  }

  try {
    await limited('connecting', async () => {
      await call((done) => connection.connect(done))
      if (user === null) return
      const credentials = { user, pass: password?.reveal() ?? '' }
      await call((done) => connection.login({ credentials }, done))
    })
  } catch (error) {
    connection.close()
    signal.removeEventListener('abort', end)
    throw new MailError(
      `The mail server ${where} cannot be used: ${said(error)}`,
      { permanent: false, answered: false },
      { cause: error },
    )
  }

  let isCut = false
  return {
    async send(mail, beforeEnd) {
      try {
        const content = await composed(mail, server.from)
        const message = inPieces(content, beforeEnd)
        const envelope = {
          from: server.bounceAddress ?? server.from,
          to: [mail.to],
          size: content.length,
          // Asks a server that can (RFC 3461) for a bounce that names the report and leaves the attachments out.
          dsn: { envid: mail.messageId, ret: 'HDRS' as const, notify: 'FAILURE' as const, orcpt: `rfc822;${mail.to}` },
        }
        const info = await limited('sending', () =>
          call<{ response: string }>((done) => connection.send(envelope, message, done)),
        )
        return info?.response ?? ''
      } catch (error) {
        // In the middle of a message there is no goodbye: it would be taken for a line of the message.
        if (responseCodeOf(error) === null) {
          isCut = true
          connection.close()
        }
        throw new MailError(
          `The mail server ${where} did not take the message to ${mail.to}: ${said(error)}`,
          { permanent: isPermanent(error), answered: responseCodeOf(error) !== null },
          { cause: error },
        )
      }
    },
    close() {
      signal.removeEventListener('abort', end)
      if (isCut) return
      connection.quit()
      // Nobody waits for the server's goodbye, and it may never come to an end.
      setTimeout(end, timeoutMs).unref()
    },
  }
}

/** The whole message as bytes: the size is known, and a retry sends the same. */
async function composed(mail: Mail, from: string): Promise<Buffer> {
  const composer = new MailComposer({
    from,
    to: mail.to,
    subject: mail.subject,
    text: mail.text,
    date: new Date(mail.dateMs),
    messageId: `<${mail.messageId}>`,
    headers: { 'Auto-Submitted': 'auto-generated', ...unsubscribeHeaders(mail.unsubscribeUrl) },
    attachments: mail.attachments.map(({ name, type, content }) => ({
      filename: name,
      contentType: type,
      content: Buffer.from(content),
    })),
    // Nothing in a mail of ours comes from a file or an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return await composer.compile().build()
}

/** By which mail programs show a button to unsubscribe: RFC 2369, and RFC 8058, which wants HTTPS (§3.1). */
function unsubscribeHeaders(url: string | null | undefined): Record<string, string> {
  if (url === null || url === undefined) return {}
  const link = { 'List-Unsubscribe': `<${url}>` }
  return /^https:/i.test(url) ? { ...link, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' } : link
}

const PIECE_BYTES = 65_536

/** The message as a stream that calls `beforeEnd` before it gives its last piece; it is read once the server said 354. */
function inPieces(content: Buffer, beforeEnd: () => Promise<void>): Readable {
  return Readable.from(
    (async function* () {
      let from = 0
      for (; content.length - from > PIECE_BYTES; from += PIECE_BYTES) yield content.subarray(from, from + PIECE_BYTES)
      await beforeEnd()
      yield content.subarray(from)
    })(),
    { objectMode: false },
  )
}

function responseCodeOf(error: unknown): number | null {
  const code = error instanceof Error && 'responseCode' in error ? error.responseCode : null
  return typeof code === 'number' ? code : null
}

const MESSAGE_TOO_LARGE = 552
/** Wants a sign-in, or another one (RFC 4954 §6): that is about our settings, which can be corrected. */
const SIGN_IN: ReadonlySet<number> = new Set([530, 534, 535, 538])

/**
 * Whether this recipient or message is refused for good: 5xx (RFC 5321 §4.2.1) to the recipient or the message, or a
 * message that is too large. A refused sender or sign-in is refused for every recipient, and may be corrected; 4xx and
 * silence may pass.
 */
function isPermanent(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const command = 'command' in error ? error.command : null
  const code = responseCodeOf(error)
  // The server told its limit beforehand, so that nothing was sent.
  if (code === null) return 'code' in error && error.code === 'EMESSAGE' && command === 'MAIL FROM'
  if (code < 500 || SIGN_IN.has(code)) return false
  return code === MESSAGE_TOO_LARGE || command === 'RCPT TO' || command === 'DATA'
}

/** First line of what the server said. */
function said(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return (text.split('\n', 1)[0] ?? '').slice(0, 300)
}
