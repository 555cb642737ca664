import { z } from 'zod'
import { Seconds } from '../documents/fields.ts'
import { fleetFigures } from '../fleet-figures.ts'
import type { ApiParts } from '../parts.ts'
import { type Route, route } from '../route.ts'

const FiguresDocument = z
  .object({
    checks: z.int(),
    checkFailures: z.int(),
    availability: z.number().nullable().describe('1 − downtime / observed.'),
    observedSeconds: Seconds,
    downtimeSeconds: Seconds,
    incidents: z.int(),
    incidentsResolved: z.int(),
    mttrSeconds: Seconds.nullable().describe('Downtime / resolved incidents.'),
    mttdSeconds: Seconds.nullable().describe('Mean time from the first bad check until the incident was confirmed.'),
    mtbfSeconds: Seconds.nullable().describe('Mean observed time without downtime per incident.'),
    recoveryAttempts: z.int(),
    recoveryFailures: z.int(),
    recoveriesPending: z.int(),
    recoverySuccess: z.number().nullable().describe('Verified share of the attempts whose outcome is known.'),
    meanResponseSeconds: Seconds.nullable().describe('Mean of the last checks that got an answer.'),
  })
  .meta({ id: 'FleetFigures' })

/** GET /api/health/metrics */
export function healthMetricsRoute({ monitor: { fleet } }: ApiParts): Route {
  return route({
    method: 'get',
    path: '/api/health/metrics',
    access: 'read',
    id: 'fleetFigures',
    summary: "The fleet's figures as JSON",
    description:
      'Sums over the present accounts, each since it was first seen. Null where there is nothing to divide by. For a period, ask Prometheus: see docs/metrics.md.',
    success: { status: 200, description: 'The figures.', schema: FiguresDocument },
    handle: () => ({ json: fleetFigures(fleet.accounts()) }),
  })
}
