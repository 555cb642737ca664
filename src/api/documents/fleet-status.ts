import { z } from 'zod'
import { STATES, STATUSES } from '../../accounts/vocabulary.ts'
import { AccountDocument } from './account.ts'
import { NextCursor, Time } from './fields.ts'
import { ExporterDocument, GatewayDocument } from './gateway.ts'

export const ShardDocument = z
  .object({
    ordinal: z.int(),
    self: z.boolean().describe('Whether it is the exporter that answers you.'),
    answers: z.boolean(),
    error: z.string().nullable().describe('Why nothing newer is known of its accounts.'),
    accounts: z.int().nullable().describe('Null where nobody knows.'),
    observedAt: Time.nullable().describe('As of when its accounts are told here.'),
    blind: z.boolean().nullable().describe('Whether it is cut off from every gateway; null while it is silent.'),
    recoveryMode: z.enum(['off', 'dry-run', 'on']).nullable(),
    version: z.string().nullable(),
  })
  .meta({ id: 'Shard', description: 'One of the exporters that share the fleet.' })

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
    shards: z.array(ShardDocument).optional().describe('All exporters, where several share the fleet.'),
    gateways: z.array(GatewayDocument),
    matched: z.int().describe('Accounts that match, on all pages.'),
    accounts: z.array(AccountDocument),
    nextCursor: NextCursor,
  })
  .meta({ id: 'FleetStatus' })
