/** How a message came in. */
export const INBOX_KINDS = ['slack', 'webhook', 'email', 'sms'] as const
export type InboxKind = (typeof INBOX_KINDS)[number]

/** One message that somebody sent us. */
export interface InboxMessage {
  /** 1 for the first message; never used twice. */
  readonly n: number
  readonly kind: InboxKind
  /** Unix milliseconds. */
  readonly receivedAtMs: number
  readonly from: string
  readonly to: string
  readonly subject: string
  readonly text: string
  /** HTML body of an e-mail; null elsewhere. */
  readonly html: string | null
  readonly attachments: readonly {
    readonly filename: string
    readonly contentType: string
    readonly sizeBytes: number
  }[]
  /** What came in, parsed; headers of an e-mail. */
  readonly payload: unknown
}

/** How a sink misbehaves: answers late, answers with an error, never answers, or refuses to talk (SMTP). */
export interface Misbehaviour {
  readonly mode: 'delay' | 'error' | 'hang' | 'refuse'
  /** Delay of `delay`, milliseconds. */
  readonly delayMs: number
  /** How many messages it spoils; Infinity: until it is told otherwise. */
  readonly times: number
}

/** A bounded memory of messages, with a wait for the next one. */
export interface Inbox {
  add(message: Omit<InboxMessage, 'n' | 'receivedAtMs'>): InboxMessage
  /** Messages after number `n` (0: all that are kept), oldest first. */
  messages(query?: { after?: number; kind?: InboxKind }): InboxMessage[]
  /** The same, but waits for the first where there is none yet: at most `waitMs`, then an empty list. */
  waitFor(query: { after?: number; kind?: InboxKind; waitMs: number; signal?: AbortSignal }): Promise<InboxMessage[]>
  /** Makes a sink misbehave; null ends it. */
  misbehave(kind: InboxKind, how: Misbehaviour | null): void
  /** The misbehaviour that the next message of a sink meets; counts it. */
  spoil(kind: InboxKind): Misbehaviour | null
  /** Forgets all messages. */
  clear(): void
  /** Answers everybody who waits. */
  close(): void
}

/** Makes an inbox that keeps the newest `capacity` messages. */
export function createInbox(options: { capacity: number; now: () => number }): Inbox {
  let kept: InboxMessage[] = []
  let count = 0
  let closed = false
  const waiting = new Set<() => void>()
  const spoilers = new Map<InboxKind, Misbehaviour>()

  function messages({ after = 0, kind }: { after?: number; kind?: InboxKind } = {}): InboxMessage[] {
    return kept.filter((message) => message.n > after && (kind === undefined || message.kind === kind))
  }

  return {
    add(message) {
      count += 1
      const added = { ...message, n: count, receivedAtMs: options.now() }
      kept.push(added)
      if (kept.length > options.capacity) kept = kept.slice(-options.capacity)
      for (const look of [...waiting]) look()
      return added
    },
    messages,
    waitFor({ waitMs, signal, ...query }) {
      const found = messages(query)
      if (found.length > 0 || waitMs <= 0 || signal?.aborted) return Promise.resolve(found)
      return new Promise((resolve) => {
        const finish = () => {
          clearTimeout(timer)
          waiting.delete(look)
          signal?.removeEventListener('abort', finish)
          resolve(messages(query))
        }
        const look = () => {
          if (closed || messages(query).length > 0) finish()
        }
        const timer = setTimeout(finish, waitMs)
        waiting.add(look)
        signal?.addEventListener('abort', finish, { once: true })
      })
    },
    misbehave(kind, how) {
      if (how === null) spoilers.delete(kind)
      else spoilers.set(kind, how)
    },
    spoil(kind) {
      const how = spoilers.get(kind)
      if (how === undefined) return null
      if (how.times <= 1) spoilers.delete(kind)
      else spoilers.set(kind, { ...how, times: how.times - 1 })
      return how
    },
    clear() {
      kept = []
    },
    close() {
      closed = true
      for (const look of [...waiting]) look()
    },
  }
}
