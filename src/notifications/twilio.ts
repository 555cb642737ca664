import { z } from 'zod'
import type { Secret } from '../option-types.ts'
import type { TextMessage } from '../store/store.ts'

/** An account at Twilio, or at a service that speaks its API. */
export interface TwilioAccount {
  /** @default https://api.twilio.com */
  readonly apiUrl: string
  readonly accountSid: string
  readonly authToken: Secret
}

/** What the provider says of a message. */
export interface Delivery {
  readonly providerId: string
  readonly status: TextMessage['status']
  /** The provider's own word. */
  readonly detail: string
}

/** Speaks for one account. Each call rejects with TextMessageError. */
export interface TwilioClient {
  send(
    message: { readonly from: string; readonly to: string; readonly text: string },
    signal: AbortSignal,
  ): Promise<Delivery>
  look(providerId: string, signal: AbortSignal): Promise<Delivery>
}

export class TextMessageError extends Error {
  override readonly name = 'TextMessageError'
  /** `try_again`: the same request may succeed later. `refused`: it will not until somebody changes something. */
  readonly code: 'try_again' | 'refused'

  constructor(code: TextMessageError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

const REQUEST_LIMIT_MS = 15_000
const FAILED: readonly string[] = ['failed', 'undelivered', 'canceled']
const DELIVERED: readonly string[] = ['delivered', 'read', 'received']

const MessageReply = z.object({
  sid: z.string().min(1).max(64),
  status: z.string().max(32),
  error_code: z.union([z.number(), z.string(), z.null()]).optional(),
})
const ErrorReply = z.object({ code: z.number().optional(), message: z.string().max(500).optional() })

/**
 * Twilio's Messages resource, version 2010-04-01.
 * Source: https://www.twilio.com/docs/messaging/api/message-resource
 */
export function twilioClient({ apiUrl, accountSid, authToken }: TwilioAccount): TwilioClient {
  const messages = `${apiUrl.replace(/\/$/, '')}/2010-04-01/Accounts/${accountSid}/Messages`
  const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken.reveal()}`).toString('base64')}`

  async function ask(url: string, signal: AbortSignal, form?: URLSearchParams): Promise<Delivery> {
    let response: Response
    let text: string
    try {
      response = await fetch(url, {
        method: form === undefined ? 'GET' : 'POST',
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_LIMIT_MS)]),
        headers: { authorization, accept: 'application/json' },
        ...(form === undefined ? {} : { body: form }),
      })
      text = await response.text()
    } catch (error) {
      throw new TextMessageError('try_again', `The SMS service at ${apiUrl} does not answer.`, { cause: error })
    }
    if (!response.ok) throw refusalOf(response.status, text)
    const reply = MessageReply.safeParse(jsonOf(text))
    if (!reply.success)
      throw new TextMessageError('try_again', `The SMS service at ${apiUrl} answers in no form of Twilio's.`)
    const { sid, status, error_code: code } = reply.data
    return {
      providerId: sid,
      status: FAILED.includes(status) ? 'failed' : DELIVERED.includes(status) ? 'delivered' : 'accepted',
      detail: code === undefined || code === null ? status : `${status} (error ${code})`,
    }
  }

  return {
    send: ({ from, to, text }, signal) =>
      ask(`${messages}.json`, signal, new URLSearchParams({ From: from, To: to, Body: text })),
    look: (providerId, signal) => ask(`${messages}/${encodeURIComponent(providerId)}.json`, signal),
  }

  function refusalOf(status: number, text: string): TextMessageError {
    const { code, message } = ErrorReply.safeParse(jsonOf(text)).data ?? {}
    const why = [message, code === undefined ? undefined : `error ${code}`].filter(Boolean).join(', ')
    const said = `The SMS service at ${apiUrl} answers ${status}${why === '' ? '' : `: ${why}`}.`
    // 408, 425 and 429 are about the moment, other 4xx about the request.
    const isLasting = status >= 400 && status < 500 && ![408, 425, 429].includes(status)
    return new TextMessageError(isLasting ? 'refused' : 'try_again', said)
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
