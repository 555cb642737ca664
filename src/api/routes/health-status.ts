import { z } from 'zod'
import { STATES, STATUSES } from '../../accounts/vocabulary.ts'
import { listAccounts, SORTS } from '../account-listing.ts'
import { accountDocument } from '../documents/account.ts'
import { FleetStatusDocument } from '../documents/fleet-status.ts'
import { exporterDocument, gatewayDocument } from '../documents/gateway.ts'
import { countFleet } from '../fleet-figures.ts'
import type { ApiParts } from '../parts.ts'
import { flag, pageKeys } from '../query-fields.ts'
import { type Route, route } from '../route.ts'
import { othersOf } from '../shards/shards.ts'
import { lonelyShards, wholeStatus } from '../shards/whole-status.ts'

const Label = z
  .string()
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]*=/, 'must be name=value, for example team=sales')
  .transform((text) => ({ name: text.slice(0, text.indexOf('=')), value: text.slice(text.indexOf('=') + 1) }))

/** GET /api/health/status */
export function healthStatusRoute({ monitor: { fleet }, store, shards, vitals, version }: ApiParts): Route {
  return route({
    method: 'get',
    path: '/api/health/status',
    access: 'read',
    id: 'fleetStatus',
    summary: 'The fleet: counts, gateways, exporter, and accounts page by page',
    description:
      'Of several exporters that share the fleet each answers for all of it; `shards` says who is silent, and the accounts of that one are `unknown` and `stale`.',
    query: z.strictObject({
      status: z.array(z.enum(STATUSES)).optional(),
      state: z.array(z.enum(STATES)).optional(),
      gateway: z.array(z.string().min(1)).optional(),
      label: z.array(Label).optional().describe('`name=value`; several must all match.'),
      q: z.string().min(1).max(128).optional().describe('Part of an id, name, phone or label value, in any case.'),
      incident: flag().optional().describe('Whether the account has an open incident.'),
      sort: z.enum(SORTS).default('key').describe('`status` sorts the worst first.'),
      order: z.enum(['asc', 'desc']).default('asc'),
      ...pageKeys,
    }),
    success: { status: 200, description: 'The fleet as of the last checks.', schema: FleetStatusDocument },
    async handle({ query, raw }) {
      const views = [...fleet.accounts()]
      const listing = listAccounts(views, query)
      const own = {
        summary: countFleet(views),
        exporter: exporterDocument(fleet.exporter(), vitals(), { version, storeKind: store.kind }),
        gateways: fleet.gateways().map(gatewayDocument),
        matched: listing.matched,
        accounts: listing.views.map((view) => accountDocument(view, shards?.ordinal)),
        nextCursor: listing.nextCursor,
      }
      const others = othersOf(shards, raw)
      if (others !== null) return { json: await wholeStatus(own, query, raw.search, others) }
      return {
        json: shards === undefined || shards.peers !== null ? own : { ...own, shards: lonelyShards(own, shards) },
      }
    },
  })
}
