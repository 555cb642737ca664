import { z } from 'zod'
import { NextCursor } from '../documents/fields.ts'
import { IncidentDocument, incidentDocument, TransitionDocument, transitionDocument } from '../documents/incident.ts'
import { RecoveryDocument, recoveryDocument } from '../documents/recovery.ts'
import type { ApiParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { flag, pageKeys, rangeKeys, rangeOf } from '../query-fields.ts'
import { type Route, route } from '../route.ts'
import { fleetKeys } from '../shards/find-keys.ts'
import { readStore } from '../store-read.ts'

const MAX_ATTACHED = 1000

/** GET /api/incidents */
export function incidentsRoute(parts: ApiParts): Route {
  const { store } = parts
  return route({
    method: 'get',
    path: '/api/incidents',
    access: 'read',
    id: 'incidents',
    summary: 'Incidents, newest first',
    description: 'With from or to: the incidents that touch the range.',
    query: z.strictObject({
      account: z.array(z.string().min(1).max(512)).max(100).optional().describe('Key, id or phone; may be repeated.'),
      gateway: z.string().min(1).optional(),
      open: flag().optional(),
      ...rangeKeys,
      ...pageKeys,
    }),
    success: {
      status: 200,
      description: 'One page.',
      schema: z.object({ incidents: z.array(IncidentDocument), nextCursor: NextCursor }),
    },
    problems: ['not-found', 'unavailable'],
    async handle({ query, raw }) {
      const keys = query.account && (await fleetKeys(parts, query.account, raw))
      const page = await readStore(
        store.incidents({
          limit: query.limit,
          cursor: query.cursor,
          range: rangeOf(query),
          keys,
          gateway: query.gateway,
          open: query.open,
        }),
      )
      return { json: { incidents: page.items.map(incidentDocument), nextCursor: page.nextCursor } }
    },
  })
}

/** GET /api/incidents/{id} */
export function incidentRoute({ monitor: { fleet }, store, now }: ApiParts): Route {
  return route({
    method: 'get',
    path: '/api/incidents/{id}',
    access: 'read',
    id: 'incident',
    summary: 'One incident with its recoveries and transitions',
    params: z.strictObject({ id: z.string().min(1).max(128) }),
    success: {
      status: 200,
      description: 'The incident.',
      schema: z.object({
        incident: IncidentDocument,
        recoveries: z.array(RecoveryDocument).describe('Newest first.'),
        transitions: z.array(TransitionDocument).describe('Those that fell into it, newest first.'),
      }),
    },
    problems: ['not-found', 'unavailable'],
    async handle({ params }) {
      const stored = await readStore(store.incident(params.id))
      if (stored === null) {
        throw new Problem('not-found', `No incident has the id "${params.id}". GET /api/incidents lists them.`)
      }
      // The fleet knows an open incident newer than the last write to the store.
      const live = fleet.get(stored.key)?.health.incident
      const incident = live?.id === stored.id ? live : stored
      // The last transition falls on the end itself, and ranges are half open.
      const range = { fromMs: incident.startMs, toMs: (incident.endMs ?? now()) + 1 }
      const [recoveries, transitions] = await Promise.all([
        readStore(store.recoveries({ incidentId: incident.id, limit: MAX_ATTACHED })),
        readStore(store.transitions({ key: incident.key, range, limit: MAX_ATTACHED })),
      ])
      return {
        json: {
          incident: incidentDocument(incident),
          recoveries: recoveries.items.map(recoveryDocument),
          transitions: transitions.items.map(transitionDocument),
        },
      }
    },
  })
}
