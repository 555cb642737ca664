import { z } from 'zod'
import { GatewayDocument, gatewayDocument } from '../documents/gateway.ts'
import type { ApiParts } from '../parts.ts'
import { type Route, route } from '../route.ts'
import { documentOf } from '../shards/answers.ts'
import { mergeGateways } from '../shards/merge-gateways.ts'
import { othersOf } from '../shards/shards.ts'

const GatewaysDocument = z.object({
  gateways: z.array(GatewayDocument),
  silentShards: z
    .array(z.int())
    .optional()
    .describe('Shards that do not answer: what they see, and their accounts, are missing.'),
})

/** GET /api/gateways */
export function gatewaysRoute({ monitor: { fleet }, shards }: ApiParts): Route {
  return route({
    method: 'get',
    path: '/api/gateways',
    access: 'read',
    id: 'gateways',
    summary: 'The gateways and whether they answer',
    success: { status: 200, description: 'All gateways.', schema: GatewaysDocument },
    async handle({ raw }) {
      const own = fleet.gateways().map(gatewayDocument)
      const answers = await othersOf(shards, raw)?.askAll({ method: 'GET', path: '/api/gateways' })
      if (answers === undefined) return { json: { gateways: own } }
      const parts = answers.map(({ ordinal, answer }) => ({ ordinal, read: documentOf(answer, GatewaysDocument) }))
      return {
        json: {
          gateways: mergeGateways([
            own,
            ...parts.map(({ read }) => ('document' in read ? read.document.gateways : [])),
          ]),
          silentShards: parts.flatMap(({ ordinal, read }) => ('silent' in read ? [ordinal] : [])),
        },
      }
    },
  })
}
