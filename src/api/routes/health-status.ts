import { z } from 'zod'
import { STATES, STATUSES } from '../../accounts/vocabulary.ts'
import { listAccounts, SORTS } from '../account-listing.ts'
import { AccountDocument, accountDocument } from '../documents/account.ts'
import { NextCursor } from '../documents/fields.ts'
import { ExporterDocument, exporterDocument, GatewayDocument, gatewayDocument } from '../documents/gateway.ts'
import { countFleet } from '../fleet-figures.ts'
import type { ApiParts } from '../parts.ts'
import { pageKeys } from '../query-fields.ts'
import { type Route, route } from '../route.ts'

const Label = z
  .string()
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]*=/, 'must be name=value, for example team=sales')
  .transform((text) => ({ name: text.slice(0, text.indexOf('=')), value: text.slice(text.indexOf('=') + 1) }))

const StatusDocument = z
  .object({
    summary: z
      .object({
        accounts: z.int(),
        byStatus: z.record(z.enum(STATUSES), z.int()),
        byState: z.record(z.enum(STATES), z.int()),
        openIncidents: z.int(),
        inMaintenance: z.int(),
      })
      .describe('Of the whole fleet, whatever the filter.'),
    exporter: ExporterDocument,
    gateways: z.array(GatewayDocument),
    matched: z.int().describe('Accounts that match, on all pages.'),
    accounts: z.array(AccountDocument),
    nextCursor: NextCursor,
  })
  .meta({ id: 'FleetStatus' })

/** GET /api/health/status */
export function healthStatusRoute({ monitor: { fleet }, version }: ApiParts): Route {
  return route({
    method: 'get',
    path: '/api/health/status',
    access: 'read',
    id: 'fleetStatus',
    summary: 'The fleet: counts, gateways, exporter, and accounts page by page',
    query: z.strictObject({
      status: z.array(z.enum(STATUSES)).optional(),
      state: z.array(z.enum(STATES)).optional(),
      gateway: z.array(z.string().min(1)).optional(),
      label: z.array(Label).optional().describe('`name=value`; several must all match.'),
      q: z.string().min(1).max(128).optional().describe('Part of an id, name, phone or label value, in any case.'),
      sort: z.enum(SORTS).default('key').describe('`status` sorts the worst first.'),
      order: z.enum(['asc', 'desc']).default('asc'),
      ...pageKeys,
    }),
    success: { status: 200, description: 'The fleet as of the last checks.', schema: StatusDocument },
    handle({ query }) {
      const views = [...fleet.accounts()]
      const listing = listAccounts(views, query)
      return {
        json: {
          summary: countFleet(views),
          exporter: exporterDocument(fleet.exporter(), version),
          gateways: fleet.gateways().map(gatewayDocument),
          matched: listing.matched,
          accounts: listing.views.map(accountDocument),
          nextCursor: listing.nextCursor,
        },
      }
    },
  })
}
