import { z } from 'zod'
import { Seconds } from '../documents/fields.ts'
import { addFigures, fleetFigures } from '../fleet-figures.ts'
import type { ApiParts } from '../parts.ts'
import { type Route, route } from '../route.ts'
import { documentOf } from '../shards/answers.ts'
import { othersOf } from '../shards/shards.ts'

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
    detectionDelaySeconds: Seconds.describe('First bad check until confirmation, summed over all incidents.'),
    answered: z.int().describe('Accounts whose last check got an answer.'),
    silentShards: z
      .array(z.int())
      .optional()
      .describe('Shards that do not answer: the figures are without the accounts of these.'),
  })
  .meta({ id: 'FleetFigures' })

/** GET /api/health/metrics */
export function healthMetricsRoute({ monitor: { fleet }, shards }: ApiParts): Route {
  return route({
    method: 'get',
    path: '/api/health/metrics',
    access: 'read',
    id: 'fleetFigures',
    summary: "The fleet's figures as JSON",
    description:
      'Sums over the present accounts, each since it was first seen. Null where there is nothing to divide by. For a period, ask Prometheus: see docs/metrics.md.',
    success: { status: 200, description: 'The figures.', schema: FiguresDocument },
    async handle({ raw }) {
      const own = fleetFigures(fleet.accounts())
      const answers = await othersOf(shards, raw)?.askAll({ method: 'GET', path: '/api/health/metrics' })
      if (answers === undefined) return { json: own }
      const parts = answers.map(({ ordinal, answer }) => ({ ordinal, read: documentOf(answer, FiguresDocument) }))
      const figures = addFigures([own, ...parts.flatMap(({ read }) => ('document' in read ? [read.document] : []))])
      return {
        json: { ...figures, silentShards: parts.flatMap(({ ordinal, read }) => ('silent' in read ? [ordinal] : [])) },
      }
    },
  })
}
