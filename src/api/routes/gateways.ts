import { z } from 'zod'
import { GatewayDocument, gatewayDocument } from '../documents/gateway.ts'
import type { ApiParts } from '../parts.ts'
import { type Route, route } from '../route.ts'

/** GET /api/gateways */
export function gatewaysRoute({ monitor: { fleet } }: ApiParts): Route {
  return route({
    method: 'get',
    path: '/api/gateways',
    access: 'read',
    id: 'gateways',
    summary: 'The gateways and whether they answer',
    success: { status: 200, description: 'All gateways.', schema: z.object({ gateways: z.array(GatewayDocument) }) },
    handle: () => ({ json: { gateways: fleet.gateways().map(gatewayDocument) } }),
  })
}
