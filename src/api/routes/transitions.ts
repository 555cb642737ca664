import { z } from 'zod'
import { NextCursor } from '../documents/fields.ts'
import { TransitionDocument, transitionDocument } from '../documents/incident.ts'
import { findAccount } from '../find-account.ts'
import type { ApiParts } from '../parts.ts'
import { pageKeys, rangeKeys, rangeOf } from '../query-fields.ts'
import { type Route, route } from '../route.ts'
import { readStore } from '../store-read.ts'
import { accountParams } from './account-health.ts'

/** GET /api/accounts/{id}/transitions */
export function transitionsRoute({ monitor: { fleet }, store }: ApiParts): Route {
  return route({
    method: 'get',
    path: '/api/accounts/{id}/transitions',
    access: 'read',
    id: 'transitions',
    summary: 'Changes of state and status of one account, newest first',
    params: accountParams,
    query: z.strictObject({ ...rangeKeys, ...pageKeys }),
    success: {
      status: 200,
      description: 'One page.',
      schema: z.object({ key: z.string(), transitions: z.array(TransitionDocument), nextCursor: NextCursor }),
    },
    problems: ['not-found', 'ambiguous', 'unavailable'],
    async handle({ params, query }) {
      const { key } = findAccount(fleet, params.id).account
      const page = await readStore(
        store.transitions({ key, range: rangeOf(query), limit: query.limit, cursor: query.cursor }),
      )
      return { json: { key, transitions: page.items.map(transitionDocument), nextCursor: page.nextCursor } }
    },
  })
}
