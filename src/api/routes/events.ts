import type { ApiParts } from '../parts.ts'
import { type Route, route } from '../route.ts'

/** GET /api/events */
export function eventsRoute({ changes, signal }: ApiParts): Route {
  return route({
    method: 'get',
    path: '/api/events',
    access: 'read',
    id: 'events',
    summary: 'What changes in the fleet, as it happens',
    description:
      'Server-sent events. `change` brings `{at, transitions, incidents: [{what: "opened" | "resolved", incident}], recoveries, omitted}`, of each list 50 at most; `omitted` counts the rest. `reset` comes where the client was away for too long: it reads everything anew. Send `Last-Event-ID` to go on where you were.',
    success: { status: 200, description: 'Until you close it.', contentType: 'text/event-stream' },
    problems: ['unavailable'],
    handle: ({ raw }) => ({
      contentType: 'text/event-stream; charset=utf-8',
      stream: changes.follow(raw.header('last-event-id'), AbortSignal.any([raw.signal, signal])),
    }),
  })
}
