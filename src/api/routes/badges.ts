import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Status } from '../../accounts/vocabulary.ts'
import { type BadgeTone, badge } from '../badge/badge.ts'
import { availabilityText } from '../documents/words.ts'
import { findAccount } from '../find-account.ts'
import type { ApiParts } from '../parts.ts'
import { type Reply, type Route, route } from '../route.ts'
import { readStore } from '../store-read.ts'
import { accountParams } from './account-health.ts'

const DAY_MS = 86_400_000
const PERIODS = { '24h': DAY_MS, '7d': 7 * DAY_MS, '30d': 30 * DAY_MS, '90d': 90 * DAY_MS } as const
const STATUS_FRESH_SECONDS = 15
const UPTIME_FRESH_SECONDS = 300

const TONES: Readonly<Record<Status, BadgeTone>> = {
  healthy: 'good',
  warning: 'warn',
  unhealthy: 'bad',
  unknown: 'unknown',
}

const Label = z
  .string()
  .min(1)
  .max(40)
  .optional()
  .describe('Left half. Absent: the id of the account, or `uptime` and the period.')

/** GET /badge/{id}/status.svg, GET /badge/{id}/uptime.svg */
export function badgeRoutes({ monitor: { fleet }, store, now }: ApiParts): Route[] {
  const success = { status: 200, description: 'SVG.', contentType: 'image/svg+xml' }
  return [
    route({
      method: 'get',
      path: '/badge/{id}/status.svg',
      access: 'read',
      id: 'statusBadge',
      summary: 'Badge: status of an account',
      params: accountParams,
      query: z.strictObject({ label: Label }),
      success,
      problems: ['not-found', 'ambiguous'],
      handle({ params, query }) {
        const { account, health, maintenance } = findAccount(fleet, params.id)
        const value = maintenance !== null && health.status !== 'healthy' ? 'maintenance' : health.status
        const tone = value === 'maintenance' ? 'unknown' : TONES[health.status]
        return svg(badge(query.label ?? account.account, value, tone), STATUS_FRESH_SECONDS)
      },
    }),
    route({
      method: 'get',
      path: '/badge/{id}/uptime.svg',
      access: 'read',
      id: 'uptimeBadge',
      summary: 'Badge: availability of an account',
      description: 'Green where the objective is met. Rounded down, so that 99.996 % never reads as 100 %.',
      params: accountParams,
      query: z.strictObject({
        label: Label,
        period: z.enum(['24h', '7d', '30d', '90d']).default('30d'),
      }),
      success,
      problems: ['not-found', 'ambiguous', 'unavailable'],
      async handle({ params, query }) {
        const { account } = findAccount(fleet, params.id)
        const toMs = now()
        const rangeMs = PERIODS[query.period]
        const buckets = await readStore(store.history(account.key, { fromMs: toMs - rangeMs, toMs }, rangeMs))
        const observedMs = buckets.reduce((sum, bucket) => sum + bucket.observedMs, 0)
        const downtimeMs = buckets.reduce((sum, bucket) => sum + bucket.downtimeMs, 0)
        const label = query.label ?? `uptime ${query.period}`
        if (observedMs === 0) return svg(badge(label, 'no data', 'unknown'), UPTIME_FRESH_SECONDS)
        const availability = 1 - downtimeMs / observedMs
        const tone = availability >= account.objective ? 'good' : 'bad'
        return svg(badge(label, availabilityText(availability), tone), UPTIME_FRESH_SECONDS)
      },
    }),
  ]
}

function svg(text: string, freshSeconds: number): Reply<unknown> {
  return {
    text,
    contentType: 'image/svg+xml; charset=utf-8',
    headers: {
      'cache-control': `private, max-age=${freshSeconds}`,
      etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`,
      // A badge is made to be shown on other pages: a wiki, a README.
      'cross-origin-resource-policy': 'cross-origin',
    },
  }
}
