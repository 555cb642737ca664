import { z } from 'zod'
import { STATES, STATUSES } from '../../accounts/vocabulary.ts'
import { AccountDocument } from './account.ts'
import { NextCursor } from './fields.ts'
import { ExporterDocument, GatewayDocument } from './gateway.ts'

export const FleetStatusDocument = z
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
