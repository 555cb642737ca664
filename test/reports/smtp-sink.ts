import { once } from 'node:events'
import type { Socket } from 'node:net'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'

/** A real SMTP server that keeps what it takes. */
export interface SmtpSink {
  readonly port: number
  readonly mails: readonly { readonly from: string; readonly to: string; readonly mail: ParsedMail }[]
  /** Messages that ended too early. */
  readonly broken: readonly unknown[]
  /** Answers to the next recipients: a code to refuse with. */
  refuse(...codes: number[]): void
  /** Answers to the next senders: a code to refuse with. */
  refuseSender(...codes: number[]): void
  /** What happens when a whole message is there, before it is answered. */
  beforeAnswer(act: () => void | Promise<void>): void
  /** Cuts every connection without a word. */
  cut(): void
  close(): Promise<void>
}

class Refusal extends Error {
  readonly responseCode: number

  constructor(responseCode: number) {
    super('told to refuse')
    this.responseCode = responseCode
  }
}

/** @param mostBytes largest message that the server says it takes; absent: it says nothing */
export async function smtpSink(mostBytes?: number): Promise<SmtpSink> {
  const mails: { from: string; to: string; mail: ParsedMail }[] = []
  const refusals: number[] = []
  const senderRefusals: number[] = []
  const broken: unknown[] = []
  let act: () => void | Promise<void> = () => {}
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    ...(mostBytes === undefined ? {} : { size: mostBytes }),
    closeTimeout: 100,
    onAuth: ({ username, password }, _session, callback) =>
      password === 'right' ? callback(null, { user: username ?? '' }) : callback(new Refusal(535)),
    onMailFrom(_address, _session, callback) {
      const code = senderRefusals.shift()
      callback(code === undefined ? null : new Refusal(code))
    },
    onRcptTo(_address, _session, callback) {
      const code = refusals.shift()
      callback(code === undefined ? null : new Refusal(code))
    },
    onData(stream, session, callback) {
      simpleParser(stream).then(
        async (mail) => {
          const { mailFrom, rcptTo } = session.envelope
          mails.push({
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map(({ address }) => address).join(),
            mail,
          })
          await act()
          callback()
        },
        (error: unknown) => {
          broken.push(error)
          callback(new Refusal(451))
        },
      )
    },
  })
  server.on('error', () => {})
  const listener = server.listen(0, '127.0.0.1')
  const sockets = new Set<Socket>()
  listener.on('connection', (socket: Socket) => sockets.add(socket))
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('the SMTP sink has no port')
  return {
    port: address.port,
    mails,
    broken,
    refuse: (...codes) => void refusals.push(...codes),
    refuseSender: (...codes) => void senderRefusals.push(...codes),
    beforeAnswer(next) {
      act = next
    },
    cut() {
      for (const socket of sockets) socket.destroy()
      sockets.clear()
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
