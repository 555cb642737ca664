import { once } from 'node:events'
import { type AddressObject, type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'
import type { Inbox } from './inbox.ts'

const SIZE_LIMIT_BYTES = 26_214_400

/** A running SMTP sink. */
export interface SmtpSink {
  readonly port: number
  /** Ends it; idempotent. */
  close(): Promise<void>
}

/** An SMTP reply code that smtp-server sends to the client. */
class SmtpRefusal extends Error {
  override readonly name = 'SmtpRefusal'
  readonly responseCode: number

  constructor(responseCode: number, text: string) {
    super(text)
    this.responseCode = responseCode
  }
}

/**
 * Starts an SMTP server that takes every message and every login, and puts the messages into the inbox; no TLS.
 * Port 0 takes a free one. Rejects where the port is taken.
 */
export async function startSmtpSink(inbox: Inbox, listen: { host: string; port: number }): Promise<SmtpSink> {
  const timers = new Set<NodeJS.Timeout>()
  const server = new SMTPServer({
    banner: 'whatsapp-exporter simulator: takes everything, delivers nothing',
    disabledCommands: ['STARTTLS'],
    authOptional: true,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    size: SIZE_LIMIT_BYTES,
    closeTimeout: 500,
    onAuth: (auth, _session, callback) => callback(null, { user: auth.username ?? 'anybody' }),
    onData(stream, session, callback) {
      simpleParser(stream).then(
        (mail) => {
          const trouble = inbox.spoil('email')
          const take = () => {
            const to = session.envelope.rcptTo.map((one) => one.address).join(', ')
            const from = session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address
            inbox.add(messageOf(mail, from, to))
            callback()
          }
          if (trouble === null) take()
          else if (trouble.mode === 'error') callback(new SmtpRefusal(451, 'Told to fail, try again later'))
          else if (trouble.mode === 'refuse') callback(new SmtpRefusal(550, 'Told to refuse'))
          else if (trouble.mode === 'delay') timers.add(setTimeout(take, trouble.delayMs))
        },
        (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
      )
    },
  })
  // Clients that hang up in the middle are their own business.
  server.on('error', () => {})
  const listener = server.listen(listen.port, listen.host)
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('simulator: the SMTP sink has no port')
  let closing: Promise<void> | null = null
  return {
    port: address.port,
    close() {
      for (const timer of timers) clearTimeout(timer)
      closing ??= new Promise((resolve) => server.close(resolve))
      return closing
    },
  }
}

function messageOf(mail: ParsedMail, from: string, to: string): Parameters<Inbox['add']>[0] {
  return {
    kind: 'email',
    from: mail.from?.text ?? from,
    to,
    subject: mail.subject ?? '',
    text: (mail.text ?? '').trimEnd(),
    html: mail.html === false ? null : (mail.html ?? null),
    attachments: mail.attachments.map((one) => ({
      filename: one.filename ?? '',
      contentType: one.contentType,
      sizeBytes: one.size,
    })),
    payload: { messageId: mail.messageId ?? null, envelopeFrom: from, headerTo: addressText(mail.to) },
  }
}

function addressText(to: AddressObject | AddressObject[] | undefined): string {
  if (to === undefined) return ''
  return Array.isArray(to) ? to.map((one) => one.text).join(', ') : to.text
}
