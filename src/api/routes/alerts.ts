import { z } from 'zod'
import { AlertDocument, AlertmanagerWebhook, alertDocument, alertMessage } from '../documents/alert.ts'
import { NextCursor } from '../documents/fields.ts'
import { eventFeed } from '../event-feed.ts'
import type { ApiParts } from '../parts.ts'
import { pageKeys, rangeKeys, rangeOf } from '../query-fields.ts'
import { type Route, route } from '../route.ts'
import { fleetKeys } from '../shards/find-keys.ts'
import { readStore } from '../store-read.ts'

/** The receiver of the rendered alertmanager.yml to which every alert goes once. */
const AUDIT = 'exporter-audit'
const EVENT_STREAM = 'text/event-stream; charset=utf-8'

/** GET and POST /api/alerts, GET /api/alerts/stream: what Alertmanager told whom. */
export function alertRoutes(parts: ApiParts): Route[] {
  const { store, audit, now, signal } = parts
  const feed = eventFeed(now().toString(36))
  const unfollow = audit.follow((notification) => {
    if (notification.receiver === AUDIT) feed.publish('alert', alertDocument(notification))
  })
  signal.addEventListener('abort', unfollow, { once: true })

  return [
    route({
      method: 'get',
      path: '/api/alerts/stream',
      access: 'read',
      id: 'alertStream',
      summary: 'Alerts as they come and go',
      description:
        'Server-sent events named `alert`, each an Alert as GET /api/alerts has it, of the receiver exporter-audit. Last-Event-ID resumes; `reset` means that events were missed: read GET /api/alerts anew.',
      success: { status: 200, description: 'Events, until you go.', contentType: 'text/event-stream' },
      problems: ['unavailable'],
      handle: ({ raw }) => ({
        contentType: EVENT_STREAM,
        headers: { 'cache-control': 'no-store' },
        stream: feed.follow(raw.header('last-event-id'), AbortSignal.any([raw.signal, signal])),
      }),
    }),
    route({
      method: 'get',
      path: '/api/alerts',
      access: 'read',
      id: 'alerts',
      summary: 'What Alertmanager told whom, newest first',
      description: 'One entry for each alert and receiver, from the first message until the one that says it is over.',
      query: z.strictObject({
        receiver: z
          .string()
          .min(1)
          .max(200)
          .default(AUDIT)
          .describe('Who was told; `any`: everybody. Absent: the audit, to which every alert goes once.'),
        status: z.enum(['firing', 'resolved']).optional(),
        severity: z.string().min(1).max(64).optional(),
        alertname: z.string().min(1).max(200).optional(),
        gateway: z.string().min(1).optional(),
        account: z.array(z.string().min(1).max(512)).max(100).optional().describe('Key, id or phone; may be repeated.'),
        ...rangeKeys,
        ...pageKeys,
      }),
      success: {
        status: 200,
        description: 'One page.',
        schema: z.object({ alerts: z.array(AlertDocument), nextCursor: NextCursor }),
      },
      problems: ['not-found', 'unavailable'],
      async handle({ query, raw }) {
        const { receiver, status, severity, alertname, gateway, account, limit, cursor } = query
        const keys = account && (await fleetKeys(parts, account, raw))
        const page = await readStore(
          store.notifications({
            limit,
            cursor,
            range: rangeOf(query),
            keys,
            gateway,
            receiver: receiver === 'any' ? undefined : receiver,
            alertname,
            severity,
            status,
          }),
        )
        return { json: { alerts: page.items.map(alertDocument), nextCursor: page.nextCursor } }
      },
    }),
    route({
      method: 'post',
      path: '/api/alerts',
      access: 'operate',
      id: 'recordAlerts',
      summary: 'Webhook of Alertmanager: record what was told',
      description:
        'The rendered alertmanager.yml posts here beside every receiver. The same message again changes nothing.',
      body: AlertmanagerWebhook,
      success: {
        status: 200,
        description: 'Recorded.',
        schema: z.object({ changed: z.int().describe('Entries that are new or have another status now.') }),
      },
      problems: ['unavailable'],
      async handle({ body }) {
        const changed = await readStore(audit.record(alertMessage(body)))
        return { json: { changed: changed.length } }
      },
    }),
  ]
}
