import { z } from 'zod'
import type { TrendSource } from '../../reports/account-trend.ts'
import { seconds, time } from '../documents/fields.ts'
import { TrendsDocument, trendFigures } from '../documents/trends.ts'
import { findAccount } from '../find-account.ts'
import type { ApiParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { faulty, instant, span } from '../query-fields.ts'
import { type Route, route } from '../route.ts'
import { readStore } from '../store-read.ts'
import { accountParams } from './account-health.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const MAX_RANGE_MS = 731 * DAY_MS
const MAX_BUCKETS = 11_000
const USUAL_BUCKETS = 300
const SOURCES = ['auto', 'store', 'prometheus'] as const satisfies readonly TrendSource[]
// Steps that divide a day evenly, so that the buckets of a chart begin at round times.
const USUAL_STEPS_MIN = [1, 5, 15, 30, 60, 180, 360, 720, 1440]

/** GET /api/health/trends/{id} */
export function trendsRoute({ monitor: { fleet }, analytics, now }: ApiParts): Route {
  return route({
    method: 'get',
    path: '/api/health/trends/{id}',
    access: 'read',
    id: 'accountTrends',
    summary: 'History of one account in steps of time',
    description: `Without from and to: the last 24 hours. At most ${MAX_RANGE_MS / DAY_MS} days and ${MAX_BUCKETS} steps; without step, one that gives about ${USUAL_BUCKETS}.`,
    params: accountParams,
    query: z.strictObject({
      from: instant().optional(),
      to: instant().optional(),
      step: span().optional().describe('Duration such as `5m`, or seconds; whole minutes.'),
      source: z
        .enum(SOURCES)
        .default('auto')
        .describe('`auto` takes the store, and Prometheus where that saw more of the range, or in finer steps.'),
    }),
    success: { status: 200, description: 'Sums per step.', schema: TrendsDocument },
    problems: ['not-found', 'ambiguous', 'unavailable'],
    async handle({ params, query, raw }) {
      const { account } = findAccount(fleet, params.id)
      const toMs = query.to ?? now()
      const stepMs = query.step ?? usualStep(toMs - (query.from ?? toMs - DAY_MS))
      // Buckets begin at `from`: a range of our own choice begins at a round time.
      const fromMs = query.from ?? Math.floor((toMs - DAY_MS) / stepMs) * stepMs
      checkBounds(fromMs, toMs, stepMs)
      const range = { fromMs, toMs }
      const trend = await readTrend(analytics.trend(account, range, stepMs, query.source, raw.signal))
      const observedMs = trend.buckets.reduce((sum, bucket) => sum + bucket.observedMs, 0)
      return {
        json: {
          key: account.key,
          from: time(fromMs),
          to: time(toMs),
          stepSeconds: seconds(stepMs),
          coverage: Math.min(1, observedMs / (toMs - fromMs)),
          ...trendFigures(trend),
        },
      }
    },
  })
}

/** A Prometheus that was asked for alone, and is not there, is a Problem; known by its name. */
async function readTrend<T>(read: Promise<T>): Promise<T> {
  try {
    return await readStore(read)
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'PrometheusError') throw error
    throw new Problem('unavailable', error.message, { cause: error, headers: { 'retry-after': '15' } })
  }
}

function usualStep(rangeMs: number): number {
  const wanted = rangeMs / USUAL_BUCKETS / MINUTE_MS
  return (USUAL_STEPS_MIN.find((minutes) => minutes >= wanted) ?? 1440) * MINUTE_MS
}

function checkBounds(fromMs: number, toMs: number, stepMs: number): void {
  if (fromMs < 0) throw faulty('query.from', 'must not be before 1970')
  if (fromMs >= toMs) throw faulty('query.to', 'must be later than from')
  if (toMs - fromMs > MAX_RANGE_MS) {
    throw faulty('query.from', `must be at most ${MAX_RANGE_MS / DAY_MS} days before to: history goes no further back`)
  }
  if (stepMs % MINUTE_MS !== 0) throw faulty('query.step', 'must be whole minutes')
  const buckets = Math.ceil((toMs - fromMs) / stepMs)
  if (buckets > MAX_BUCKETS) {
    throw faulty(
      'query.step',
      `gives ${buckets} steps, more than ${MAX_BUCKETS}. Take a longer step or a shorter range`,
    )
  }
}
