import { z } from 'zod'
import type { ReportSubscription } from '../../store/store.ts'
import { UNSUBSCRIBE_POLICY, unsubscribePage } from '../page/unsubscribe.ts'
import type { ApiParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { type Reply, type Route, route } from '../route.ts'
import { readStore } from '../store-read.ts'

/** Stands for the recipient as the one who ended a subscription. */
const BY_RECIPIENT = 'recipient'

const params = z.strictObject({
  token: z.string().min(1).max(128).describe('From the mail; proves that its bearer received it.'),
})
const success = { status: 200, description: 'A page for people.', contentType: 'text/html' } as const

/**
 * GET and POST /api/reports/unsubscribe/{token}: the link in a mail. Opening it changes nothing, because programs that
 * look into mails open links; the button on the page, and that of mail programs (RFC 8058), send a POST.
 */
export function unsubscribeRoutes({ reports: { subscriptions }, log }: ApiParts): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/api/reports/unsubscribe/{token}',
      access: 'signed',
      id: 'unsubscribePage',
      summary: 'Where the link of a mail leads',
      description: 'The token of the mail is the proof; nobody has to sign in. Changes nothing.',
      params,
      success,
      problems: ['not-found', 'unavailable'],
      handle: async ({ params: { token } }) => pageReply(await found(token)),
    }),
    route({
      method: 'post',
      path: '/api/reports/unsubscribe/{token}',
      access: 'signed',
      takesForms: true,
      id: 'unsubscribeByMail',
      summary: 'End a subscription as its recipient',
      description:
        'The token of the mail is the proof; nobody has to sign in. Mail programs send `List-Unsubscribe=One-Click` (RFC 8058). Doing it twice changes nothing.',
      params,
      success,
      problems: ['not-found', 'unavailable'],
      async handle({ params: { token } }) {
        const subscription = await found(token)
        const ended = await readStore(subscriptions.end(subscription.id, BY_RECIPIENT))
        if (subscription.endedMs === null) log.info({ subscription: subscription.id }, 'A recipient has unsubscribed.')
        return pageReply(ended ?? subscription)
      },
    }),
  ]

  function pageReply(subscription: ReportSubscription): Reply<never> {
    const { recipient, endedMs } = subscription
    return {
      text: unsubscribePage({
        recipient,
        language: subscriptions.languageOf(subscription),
        hasEnded: endedMs !== null,
      }),
      contentType: 'text/html; charset=utf-8',
      headers: { 'content-security-policy': UNSUBSCRIBE_POLICY },
    }
  }

  async function found(token: string): Promise<ReportSubscription> {
    const subscription = await readStore(subscriptions.ofToken(token))
    if (subscription !== null) return subscription
    throw new Problem(
      'not-found',
      'This link is not valid any more: the subscription ended long ago, or the link is incomplete. Nothing is sent by it.',
    )
  }
}
