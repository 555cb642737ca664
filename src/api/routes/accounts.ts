import { z } from 'zod'
import type { ApiParts } from '../parts.ts'
import { type Route, route } from '../route.ts'
import { FoundAccountsDocument, findEverywhere } from '../shards/find-keys.ts'
import { othersOf } from '../shards/shards.ts'

const MAX_NAMES = 100

/** GET /api/accounts */
export function accountsRoute({ monitor: { fleet }, shards }: ApiParts): Route {
  return route({
    method: 'get',
    path: '/api/accounts',
    access: 'read',
    id: 'findAccounts',
    summary: 'Which accounts have a key, an id or a phone number',
    description: 'For each name the keys of the accounts that it means: none, one, or several.',
    query: z.strictObject({
      id: z
        .array(z.string().min(1).max(512))
        .min(1)
        .max(MAX_NAMES)
        .describe('Key, id, or phone number in any notation; may be repeated.'),
    }),
    success: { status: 200, description: 'The accounts, name by name.', schema: FoundAccountsDocument },
    async handle({ query, raw }) {
      const others = othersOf(shards, raw)
      if (others === null) {
        const accounts = query.id.map((id) => ({ id, keys: fleet.find(id).map(({ account }) => account.key) }))
        return { json: { accounts } }
      }
      const { keysOf } = await findEverywhere(fleet, others, query.id)
      return { json: { accounts: [...keysOf].map(([id, keys]) => ({ id, keys: [...keys] })) } }
    },
  })
}
