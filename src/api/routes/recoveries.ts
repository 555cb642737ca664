import { z } from 'zod'
import { refusalText } from '../documents/explain.ts'
import { NextCursor, time, timeOrNull } from '../documents/fields.ts'
import { RecoveryDocument, recoveryDocument } from '../documents/recovery.ts'
import { findAccount } from '../find-account.ts'
import type { ApiParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { pageKeys, rangeKeys, rangeOf } from '../query-fields.ts'
import { type Route, route } from '../route.ts'
import { fleetKeys } from '../shards/find-keys.ts'
import { readStore } from '../store-read.ts'
import { accountParams } from './account-health.ts'

/** GET /api/recoveries */
export function recoveriesRoute(parts: ApiParts): Route {
  const { store } = parts
  return route({
    method: 'get',
    path: '/api/recoveries',
    access: 'read',
    id: 'recoveries',
    summary: 'Recovery attempts, newest first',
    query: z.strictObject({
      account: z.array(z.string().min(1).max(512)).max(100).optional().describe('Key, id or phone; may be repeated.'),
      gateway: z.string().min(1).optional(),
      incident: z.string().min(1).max(128).optional().describe('Id of an incident.'),
      ...rangeKeys,
      ...pageKeys,
    }),
    success: {
      status: 200,
      description: 'One page.',
      schema: z.object({ recoveries: z.array(RecoveryDocument), nextCursor: NextCursor }),
    },
    problems: ['not-found', 'unavailable'],
    async handle({ query, raw }) {
      const keys = query.account && (await fleetKeys(parts, query.account, raw))
      const page = await readStore(
        store.recoveries({
          limit: query.limit,
          cursor: query.cursor,
          range: rangeOf(query),
          keys,
          gateway: query.gateway,
          incidentId: query.incident,
        }),
      )
      return { json: { recoveries: page.items.map(recoveryDocument), nextCursor: page.nextCursor } }
    },
  })
}

/** POST /api/accounts/{id}/recover */
export function recoverRoute({ monitor, now, signal, log }: ApiParts): Route {
  return route({
    method: 'post',
    path: '/api/accounts/{id}/recover',
    access: 'operate',
    id: 'recover',
    summary: 'Restart an account now',
    description:
      "On a person's word: skips the pause and the budget of attempts, never the guards against harm. Accepted is not verified: a later good check verifies.",
    params: accountParams,
    body: z.strictObject({}),
    success: {
      status: 202,
      description: 'The attempt is under way, or the gateway has already said no (`outcome`).',
      schema: z.object({ attempt: RecoveryDocument }),
    },
    problems: ['not-found', 'ambiguous', 'refused'],
    async handle({ params, raw }) {
      const { account } = findAccount(monitor.fleet, params.id)
      // A client that goes away must not cut a restart in half: only the end of the service does.
      const result = await monitor.recover(account.key, raw.principal.name, signal)
      log.info(
        { account: account.key, by: raw.principal.name, refused: 'refused' in result },
        'repair asked over the API',
      )
      if ('attempt' in result) return { json: { attempt: recoveryDocument(result.attempt) } }
      throw refused(account.key, result.refused, now())
    },
  })
}

function refused(
  key: string,
  { refusal, retryAtMs }: { refusal: Parameters<typeof refusalText>[0]; retryAtMs: number | null },
  nowMs: number,
): Problem {
  const again = retryAtMs === null ? '' : ` Try again after ${time(retryAtMs)}.`
  const waitSeconds = retryAtMs === null ? 0 : Math.max(1, Math.ceil((retryAtMs - nowMs) / 1000))
  return new Problem('refused', `${key} is not restarted: ${refusalText(refusal)}.${again}`, {
    members: { refusal, retryAt: timeOrNull(retryAtMs) },
    ...(retryAtMs === null ? {} : { headers: { 'retry-after': String(waitSeconds) } }),
  })
}
