import { createHash } from 'node:crypto'
import type { Log } from '../log.ts'
import type { Store, TextMessage } from '../store/store.ts'
import type { AlertMessage } from './alert-message.ts'
import { smsText } from './sms-text.ts'
import { TextMessageError, type TwilioClient } from './twilio.ts'

/** A receiver of text messages that we send ourselves. */
export interface TextReceiver {
  readonly name: string
  readonly from: string
  readonly to: readonly string[]
  readonly client: TwilioClient
}

export type SendResult =
  | { readonly sent: 'all'; readonly messages: readonly TextMessage[] }
  /** `retry`: Alertmanager should try again soon; else something has to be changed first. */
  | { readonly sent: 'not_all'; readonly retry: boolean; readonly why: readonly string[] }

/** Hands alerts on as text messages. */
export interface TextMessageBridge {
  /**
   * Sends the message to every number of the receiver; null where no receiver has the name. Called again with the same
   * message it sends only to the numbers that do not have it. Rejects with StoreError before anything is sent.
   */
  send(receiver: string, message: AlertMessage, signal: AbortSignal): Promise<SendResult | null>
  /** Asks what became of messages that the provider took. Rejects with StoreError. */
  followUp(signal: AbortSignal): Promise<void>
}

export interface BridgeParts {
  readonly receivers: () => readonly TextReceiver[]
  /** How soon Alertmanager repeats itself: the same message after that is a reminder, before that a retry. */
  readonly repeatMs: (receiver: string) => number
  readonly store: Pick<Store, 'putTextMessage' | 'textMessage' | 'textMessages'>
  readonly nowMs: () => number
  /** A number could not be reached, or was not for good. */
  readonly failed: (receiver: string) => void
  readonly log: Log
}

/** The provider has long said its last word by then. */
const FOLLOWED_FOR_MS = 24 * 3_600_000
const MOST_FOLLOWED = 100

export function textMessageBridge({ receivers, repeatMs, store, nowMs, failed, log }: BridgeParts): TextMessageBridge {
  const underWay = new Map<string, Promise<string | TextMessageError>>()

  async function sendOnce(to: string, text: string, id: string, receiver: TextReceiver, signal: AbortSignal) {
    const known = await store.textMessage(id)
    const isRetry = known !== null && nowMs() - known.atMs < repeatMs(receiver.name)
    if (isRetry && known.status !== 'failed') return known.id
    const atMs = nowMs()
    const draft = {
      id,
      receiver: receiver.name,
      to,
      text,
      atMs: isRetry ? known.atMs : atMs,
      attempts: (isRetry ? known.attempts : 0) + 1,
      updatedMs: atMs,
    }
    try {
      const delivery = await receiver.client.send({ from: receiver.from, to, text }, signal)
      await keep({ ...draft, ...delivery })
      if (delivery.status === 'failed') failed(receiver.name)
      return id
    } catch (error) {
      if (!(error instanceof TextMessageError)) throw error
      failed(receiver.name)
      log.error({ receiver: receiver.name, to: masked(to), error: error.message }, 'A text message was not sent.')
      await keep({ ...draft, status: 'failed', providerId: null, detail: error.message })
      return error
    }
  }

  /** What was sent is sent: a store that is away now must not have it sent again. */
  async function keep(message: TextMessage): Promise<void> {
    await store.putTextMessage(message).catch((error: unknown) => {
      log.error(
        { receiver: message.receiver, error: String(error) },
        'A text message is not recorded: the store is away.',
      )
    })
  }

  return {
    async send(name, message, signal) {
      const receiver = receivers().find((one) => one.name === name)
      if (receiver === undefined) return null
      const text = smsText(message)
      const results = await Promise.all(
        receiver.to.map(async (to) => {
          const id = idOf(message, to)
          // Two deliveries of one message at once are one.
          const going = underWay.get(id) ?? sendOnce(to, text, id, receiver, signal)
          underWay.set(id, going)
          try {
            return await going
          } finally {
            underWay.delete(id)
          }
        }),
      )
      const errors = results.filter((result) => result instanceof TextMessageError)
      if (errors.length > 0) {
        const why = [...new Set(errors.map((error) => error.message))]
        return { sent: 'not_all', retry: errors.some(({ code }) => code === 'try_again'), why }
      }
      const sent = await Promise.all(results.map((id) => (typeof id === 'string' ? store.textMessage(id) : null)))
      return { sent: 'all', messages: sent.filter((one) => one !== null) }
    },

    async followUp(signal) {
      const toMs = nowMs()
      const range = { fromMs: toMs - FOLLOWED_FOR_MS, toMs }
      const { items } = await store.textMessages({ status: 'accepted', range, limit: MOST_FOLLOWED })
      for (const message of items) {
        const client = receivers().find(({ name }) => name === message.receiver)?.client
        if (client === undefined || message.providerId === null || !isDue(message, toMs)) continue
        try {
          const { status, detail } = await client.look(message.providerId, signal)
          await keep({ ...message, status, detail, updatedMs: nowMs() })
          if (status !== 'failed') continue
          failed(message.receiver)
          log.error({ receiver: message.receiver, to: masked(message.to), detail }, 'A text message was not delivered.')
        } catch (error) {
          if (!(error instanceof TextMessageError)) throw error
          log.debug({ receiver: message.receiver, error: error.message }, 'The fate of a text message is not known.')
          await keep({ ...message, updatedMs: nowMs() })
        }
      }
    },
  }
}

/** The older the message, the rarer the question: each time it is a quarter older than at the last answer. */
function isDue({ atMs, updatedMs }: TextMessage, nowMs: number): boolean {
  return nowMs - updatedMs >= Math.max(5_000, (updatedMs - atMs) / 4)
}

/** The same for every attempt to send the same message, and another when an alert joins, ends or begins anew. */
function idOf({ receiver, groupKey, alerts }: AlertMessage, to: string): string {
  const content = alerts.map(({ fingerprint, startsMs, status }) => [fingerprint, startsMs, status])
  const parts = JSON.stringify([receiver, groupKey, to, content])
  return createHash('sha256').update(parts).digest('base64url').slice(0, 22)
}

function masked(number: string): string {
  return `…${number.slice(-3)}`
}
