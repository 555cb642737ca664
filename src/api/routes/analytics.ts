import { z } from 'zod'
import { timeZone } from '../../option-types.ts'
import { AccountAnalysisDocument, IncidentAnalysisDocument, ReportDocument } from '../../reports/report-schema.ts'
import { findKeys, unknownAccount } from '../find-account.ts'
import type { ApiParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { faulty, integer } from '../query-fields.ts'
import { type Route, route } from '../route.ts'
import { fleetKeys } from '../shards/find-keys.ts'
import { readStore } from '../store-read.ts'
import { accountParams } from './account-health.ts'

const MAX_WORST = 1000

const zone = timeZone().default('UTC').describe('IANA time zone in which days begin.')
export const when = {
  period: z
    .string()
    .min(1)
    .max(40)
    .default('last-week')
    .describe(
      '`today`, `yesterday`, `this-week`, `last-month`, `last-30-days`, `2026-03-01`, `2026-W10`, `2026-03`, `2026-Q1`, `2026-03-01..2026-03-15`.',
    ),
  timeZone: zone,
}
export const names = z.array(z.string().min(1).max(512)).max(100).optional()

/** GET /api/analytics/report and /incidents/{id}: the figures of the reports as JSON. */
export function analyticsRoutes(parts: ApiParts): readonly Route[] {
  const { analytics } = parts
  return [
    route({
      method: 'get',
      path: '/api/analytics/report',
      access: 'read',
      id: 'analyticsReport',
      summary: 'Every figure of a period, of the fleet or a part of it',
      description:
        'The JSON report (report.schema.json). One at a time; a large fleet takes a while, and the checks go on meanwhile.',
      query: z.strictObject({
        ...when,
        account: names.describe('Key, id or phone; may be repeated.'),
        gateway: names.describe('Name of a gateway; may be repeated.'),
        label: names.describe('`name=value`; may be repeated, and an account must carry them all.'),
        worst: integer({ min: 0, max: MAX_WORST, standard: 50 }).describe(
          'How many of the worst accounts come in full.',
        ),
      }),
      success: { status: 200, description: 'The report.', schema: ReportDocument },
      problems: ['not-found', 'unavailable'],
      async handle({ query, raw }) {
        const { period, worst, account, gateway, label } = query
        const selection = {
          ...(account === undefined ? {} : { accounts: await fleetKeys(parts, account, raw) }),
          ...(gateway === undefined ? {} : { gateways: gateway }),
          ...(label === undefined ? {} : { labels: labelsOf(label) }),
        }
        const asked = { period, timeZone: query.timeZone, selection, worst }
        return { json: await analysed(analytics.report(asked, raw.signal)) }
      },
    }),
    route({
      method: 'get',
      path: '/api/analytics/incidents/{id}',
      access: 'read',
      id: 'analyticsIncident',
      summary: 'The story of one incident',
      params: z.strictObject({ id: z.string().min(1).max(64).describe('Id of the incident.') }),
      query: z.strictObject({ timeZone: zone }),
      success: {
        status: 200,
        description: 'The incident with all that led to its end.',
        schema: IncidentAnalysisDocument,
      },
      problems: ['not-found', 'unavailable'],
      async handle({ params, query }) {
        const found = await analysed(analytics.incident(params.id, query.timeZone))
        if (found === null) throw new Problem('not-found', `No incident has the id "${params.id}".`)
        return { json: found }
      },
    }),
  ]
}

/** GET /api/analytics/accounts/{id} */
export function analyticsAccountRoute({ analytics, monitor: { fleet } }: ApiParts): Route {
  return route({
    method: 'get',
    path: '/api/analytics/accounts/{id}',
    access: 'read',
    id: 'analyticsAccount',
    summary: 'Every figure of a period, of one account',
    params: accountParams,
    query: z.strictObject(when),
    success: { status: 200, description: 'The account in full.', schema: AccountAnalysisDocument },
    problems: ['not-found', 'ambiguous', 'unavailable'],
    async handle({ params, query, raw }) {
      const [key = params.id, ...others] = findKeys(fleet, [params.id])
      if (others.length > 0) {
        throw new Problem('ambiguous', `"${params.id}" names ${others.length + 1} accounts. Use the key of one.`, {
          members: { candidates: [key, ...others].slice(0, 20) },
        })
      }
      const found = await analysed(analytics.account(key, query, raw.signal))
      if (found === null) throw unknownAccount(fleet, params.id)
      return { json: found }
    },
  })
}

export function labelsOf(pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)]
      throw faulty('query.label', 'must be name=value, for example tenant=acme')
    }),
  )
}

/** The analytics' errors, known by their names, as problems. */
export async function analysed<T>(work: Promise<T>, periodPath = 'query.period'): Promise<T> {
  try {
    return await readStore(work)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (error.name === 'PeriodError') throw faulty(periodPath, error.message)
    if (error.name !== 'AnalyticsBusyError') throw error
    throw new Problem('unavailable', error.message, { cause: error, headers: { 'retry-after': '60' } })
  }
}
