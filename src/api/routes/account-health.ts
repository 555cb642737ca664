import { z } from 'zod'
import { AccountDetailDocument, accountDetailDocument } from '../documents/account.ts'
import { findAccount } from '../find-account.ts'
import type { ApiParts } from '../parts.ts'
import { type Route, route } from '../route.ts'

/** Path key of an account, in every route that is about one. */
export const accountParams = z.strictObject({
  id: z
    .string()
    .min(1)
    .max(512)
    .describe('Account id, phone number in any notation, or `gateway/account` URL-encoded (`waha-1%2Fsales-01`).')
    .meta({ example: 'sales-01' }),
})

/** GET /api/health/{id} */
export function accountHealthRoute({ monitor: { fleet }, shards }: ApiParts): Route {
  return route({
    method: 'get',
    path: '/api/health/{id}',
    access: 'read',
    id: 'accountHealth',
    summary: 'One account: state, verdict, why, counters',
    description: 'An account whose id is the name of another route (`status`, `metrics`) is found by its key.',
    params: accountParams,
    success: { status: 200, description: 'The account.', schema: AccountDetailDocument },
    problems: ['not-found', 'ambiguous'],
    handle({ params }) {
      const view = findAccount(fleet, params.id)
      return { json: accountDetailDocument(view, shards?.ownerOf(view.account.key)) }
    },
  })
}
