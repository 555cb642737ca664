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
  /** Longest silence of the server, connecting included. */
  readonly timeoutMs: number
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
}

/** A connection to the mail server for any number of messages, one after the other. */
export interface MailSession {
  /**
   * Sends one message. Resolves when the server has taken it, with what it said.
   * @param beforeEnd called before the last bytes are handed over: until then the server cannot have taken the message
   * @throws MailError; the session is of no use then
   */
  send(mail: Mail, beforeEnd: () => void): Promise<string>
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
  const { host, port, secure, requireTls, user, password, timeoutMs } = server
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

  try {
    await call((done) => connection.connect(done))
    if (user !== null) {
      const credentials = { user, pass: password?.reveal() ?? '' }
      await call((done) => connection.login({ credentials }, done))
    }
  } catch (error) {
    connection.close()
    signal.removeEventListener('abort', end)
    throw new MailError(
      `The mail server ${where} cannot be used: ${said(error)}`,
      { permanent: false, answered: false },
      { cause: error },
    )
  }

  return {
    async send(mail, beforeEnd) {
      const envelope = { from: server.from, to: [mail.to] }
      try {
        const content = await composed(mail, server.from)
        const message = inPieces(content, beforeEnd)
        const info = await call<{ response: string }>((done) => connection.send(envelope, message, done))
        return info?.response ?? ''
      } catch (error) {
        throw new MailError(
          `The mail server ${where} did not take the message to ${mail.to}: ${said(error)}`,
          { permanent: isPermanent(error), answered: responseCodeOf(error) !== null },
          { cause: error },
        )
      }
    },
    close() {
      signal.removeEventListener('abort', end)
      connection.quit()
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
    headers: { 'Auto-Submitted': 'auto-generated' },
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

const PIECE_BYTES = 65_536

/** The message as a stream that calls `beforeEnd` before it gives its last piece; it is read once the server said 354. */
function inPieces(content: Buffer, beforeEnd: () => void): Readable {
  return Readable.from(
    (function* () {
      let from = 0
      for (; content.length - from > PIECE_BYTES; from += PIECE_BYTES) yield content.subarray(from, from + PIECE_BYTES)
      beforeEnd()
      yield content.subarray(from)
    })(),
    { objectMode: false },
  )
}

function responseCodeOf(error: unknown): number | null {
  const code = error instanceof Error && 'responseCode' in error ? error.responseCode : null
  return typeof code === 'number' ? code : null
}

/** 5xx is a refusal for good (RFC 5321 §4.2.1); 4xx and silence may pass. */
function isPermanent(error: unknown): boolean {
  const code = responseCodeOf(error)
  return code !== null && code >= 500
}

/** First line of what the server said. */
function said(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return (text.split('\n', 1)[0] ?? '').slice(0, 300)
}
