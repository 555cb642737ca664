import { z } from 'zod'
import { type AccountKey, accountKey } from '../../accounts/account.ts'
import { checkSoon } from '../events/check-soon.ts'
import { seenEvents } from '../events/seen.ts'
import { isSigned, sameText } from '../events/signature.ts'
import { isObject, type Subject, subjectOf } from '../events/subject.ts'
import type { ApiParts, GatewayEventSource } from '../parts.ts'
import { Problem } from '../problem.ts'
import { type Route, route } from '../route.ts'
import { othersOf } from '../shards/shards.ts'

const gatewayParams = z.strictObject({
  name: z.string().min(1).max(63).describe('Name of the gateway in the configuration.'),
})

/** POST and GET /api/gateways/{name}/events: webhooks from the gateways. */
export function gatewayEventRoutes({ monitor, shards, gatewayEvents, signal, now, log }: ApiParts): Route[] {
  const seen = seenEvents(now)
  const check = checkSoon(monitor, signal, log)

  return [
    route({
      method: 'post',
      path: '/api/gateways/{name}/events',
      access: 'signed',
      id: 'gatewayEvent',
      summary: 'Webhook of a gateway: check the account now',
      description:
        "No user or token: the event is signed with the gateway's secret (WAHA X-Webhook-Hmac, Evolution apikey, else X-Hub-Signature-256). It is a hint to look, never a reading.",
      params: gatewayParams,
      body: 'raw',
      success: {
        status: 202,
        description: 'Believed.',
        schema: z.object({
          accounts: z
            .int()
            .describe('So many accounts are checked soon; 0 where the event is about none, or came before.'),
        }),
      },
      problems: ['not-found', 'unauthorized'],
      handle({ params, raw }) {
        const source = sourceOf(params.name)
        const json = readObject(raw.body)
        if (
          source.secret === null ||
          !isSigned(source.driver, source.secret, { header: raw.header, body: raw.body, json })
        ) {
          throw unsigned(params.name, source)
        }
        if (json === null) throw new Problem('invalid', 'body: is not a JSON object.')
        if (seen.isRepeated(params.name, raw.body)) return { json: { accounts: 0 } }
        const subject = subjectOf(source.driver, json)
        const keys = keysOf(params.name, subject)
        check(keys)
        // A balancer hands an event to any of the exporters. The gateway does not wait until the others have it, too.
        if (subject === 'all' || keys.length < subject.length) {
          const path = `/api/gateways/${encodeURIComponent(params.name)}/events`
          void othersOf(shards, { header: raw.header, signal })?.askAll({ method: 'POST', path, body: raw.body })
        }
        return { json: { accounts: keys.length } }
      },
    }),
    route({
      method: 'get',
      path: '/api/gateways/{name}/events',
      access: 'signed',
      id: 'gatewaySubscription',
      summary: "Meta's handshake when a webhook is set up",
      params: gatewayParams,
      query: z.strictObject({
        'hub.mode': z.literal('subscribe'),
        'hub.verify_token': z.string().min(1).max(512),
        'hub.challenge': z.string().regex(/^[\w-]{1,256}$/, 'must be a challenge as Meta sends it'),
      }),
      success: { status: 200, description: 'The challenge.', contentType: 'text/plain' },
      problems: ['not-found', 'unauthorized'],
      handle({ params, query }) {
        const { verifyToken } = sourceOf(params.name)
        if (verifyToken === null || !sameText(query['hub.verify_token'], verifyToken.reveal())) {
          throw new Problem(
            'unauthorized',
            `The verify token is not that of gateway ${params.name} (gateways[].events.verifyToken).`,
          )
        }
        return { text: query['hub.challenge'], contentType: 'text/plain; charset=utf-8' }
      },
    }),
  ]

  function sourceOf(name: string): GatewayEventSource {
    const source = gatewayEvents(name)
    if (source !== undefined) return source
    throw new Problem('not-found', `No gateway has the name "${name}". GET /api/gateways lists them.`)
  }

  function keysOf(gateway: string, subject: Subject): AccountKey[] {
    if (subject.length === 0) return []
    if (subject !== 'all') {
      const direct = subject.map((id) => accountKey(gateway, id)).filter((key) => monitor.fleet.get(key) !== undefined)
      if (direct.length === subject.length) return direct
    }
    const keys: AccountKey[] = []
    for (const { account } of monitor.fleet.accounts()) {
      if (account.gateway !== gateway) continue
      if (subject === 'all' || subject.includes(account.nativeId) || subject.includes(account.account))
        keys.push(account.key)
    }
    return keys
  }
}

function unsigned(name: string, source: GatewayEventSource): Problem {
  return new Problem(
    'unauthorized',
    source.secret === null
      ? `Gateway ${name} has no secret for events. Set gateways[].events.secret, and the same at the gateway.`
      : `The event is not signed with the secret of gateway ${name} (gateways[].events.secret).`,
  )
}

function readObject(body: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return isObject(value) ? value : null
  } catch {
    return null
  }
}
