import { z } from 'zod'
import type { TextMessage } from '../../store/store.ts'
import { AlertmanagerWebhook, alertMessage } from '../documents/alert.ts'
import { NextCursor, Time, time } from '../documents/fields.ts'
import type { ApiParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { pageKeys, rangeKeys, rangeOf } from '../query-fields.ts'
import { type Route, route } from '../route.ts'
import { readStore } from '../store-read.ts'

const TextMessageDocument = z
  .object({
    id: z.string(),
    receiver: z.string(),
    to: z.string().describe('The number, all but its last three digits masked.'),
    at: Time,
    text: z.string(),
    status: z.enum(['accepted', 'delivered', 'failed']).describe('`accepted` by the service is not `delivered`.'),
    detail: z.string().describe("The service's own word, or why it was not sent."),
    attempts: z.int(),
    updatedAt: Time,
  })
  .meta({ id: 'TextMessage', description: 'One SMS that the exporter sent for Alertmanager.' })

function textMessageDocument(message: TextMessage): z.output<typeof TextMessageDocument> {
  const { id, receiver, to, atMs, text, status, detail, attempts, updatedMs } = message
  return {
    id,
    receiver,
    to: `${'*'.repeat(Math.max(0, to.length - 3))}${to.slice(-3)}`,
    at: time(atMs),
    text,
    status,
    detail,
    attempts,
    updatedAt: time(updatedMs),
  }
}

/** POST /api/sms/{receiver}, GET /api/sms: the bridge from Alertmanager to a Twilio-compatible service. */
export function smsRoutes({ store, textMessages, signal }: ApiParts): Route[] {
  return [
    route({
      method: 'post',
      path: '/api/sms/{receiver}',
      access: 'operate',
      id: 'sendSms',
      summary: 'Webhook of Alertmanager: send a text message',
      description:
        'Sends one SMS to each number of the receiver (alerting.sms, provider twilio). The same message again goes only to numbers that do not have it yet.',
      params: z.strictObject({ receiver: z.string().min(1).max(63) }),
      body: AlertmanagerWebhook,
      success: {
        status: 200,
        description: 'The service took every message.',
        schema: z.object({ messages: z.array(TextMessageDocument) }),
      },
      problems: ['not-found', 'undeliverable', 'unavailable'],
      async handle({ params, body }) {
        // Alertmanager going away must not cut a request to the service in half.
        const result = await readStore(textMessages.send(params.receiver, alertMessage(body), signal))
        if (result === null) {
          throw new Problem(
            'not-found',
            `No receiver of alerting.sms with provider twilio has the name "${params.receiver}". Render alertmanager.yml anew.`,
          )
        }
        if (result.sent === 'all') return { json: { messages: result.messages.map(textMessageDocument) } }
        const why = result.why.join(' ')
        if (result.retry) throw new Problem('unavailable', why, { headers: { 'retry-after': '15' } })
        throw new Problem('undeliverable', why)
      },
    }),
    route({
      method: 'get',
      path: '/api/sms',
      access: 'read',
      id: 'sms',
      summary: 'Text messages that the exporter sent, newest first',
      query: z.strictObject({
        receiver: z.string().min(1).max(63).optional(),
        status: z.enum(['accepted', 'delivered', 'failed']).optional(),
        ...rangeKeys,
        ...pageKeys,
      }),
      success: {
        status: 200,
        description: 'One page.',
        schema: z.object({ messages: z.array(TextMessageDocument), nextCursor: NextCursor }),
      },
      problems: ['unavailable'],
      async handle({ query }) {
        const { limit, cursor, receiver, status } = query
        const page = await readStore(store.textMessages({ limit, cursor, receiver, status, range: rangeOf(query) }))
        return { json: { messages: page.items.map(textMessageDocument), nextCursor: page.nextCursor } }
      },
    }),
  ]
}
