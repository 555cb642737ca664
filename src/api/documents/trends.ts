import { z } from 'zod'
import { STATUSES } from '../../accounts/vocabulary.ts'
import type { AccountTrend, TrendBucket } from '../../reports/account-trend.ts'
import { ratio, Seconds, seconds, Time, time } from './fields.ts'

export const BucketDocument = z
  .object({
    from: Time,
    to: Time,
    checks: z.int(),
    failures: z.int(),
    meanResponseSeconds: Seconds.nullable(),
    maxResponseSeconds: Seconds.nullable(),
    worstStatus: z.enum(STATUSES),
    observedSeconds: Seconds,
    downtimeSeconds: Seconds,
    availability: z.number().nullable().describe('1 − downtime / observed; null where nothing was observed.'),
    incidents: z.int().describe('Incidents that began.'),
    recoveryAttempts: z.int(),
    recoveriesVerified: z.int(),
    recoveriesFailed: z.int().describe('Failed, rejected by the gateway, or found to need a person.'),
    recoverySuccess: z.number().nullable().describe('verified / (verified + failed); null where nothing was judged.'),
  })
  .meta({ id: 'HistoryBucket' })

export const TrendsDocument = z
  .object({
    key: z.string(),
    from: Time,
    to: Time,
    stepSeconds: Seconds,
    source: z
      .enum(['store', 'prometheus'])
      .describe('Where the steps were read. Incidents and repairs are the store’s.'),
    coverage: z.number().describe('Share of the range that was observed.'),
    availability: z.number().nullable().describe('Over the whole range; null where nothing was observed.'),
    observedSeconds: Seconds,
    downtimeSeconds: Seconds,
    incidents: z.int(),
    recoveryAttempts: z.int(),
    recoveriesVerified: z.int(),
    recoveriesFailed: z.int(),
    recoverySuccess: z.number().nullable(),
    buckets: z.array(BucketDocument).describe('Oldest first; steps without a check are left out.'),
  })
  .meta({ id: 'Trends' })

/** The document of a trend, without its range. */
export function trendFigures(trend: AccountTrend) {
  const { source, buckets, incidents, recoveries } = trend
  const observedMs = buckets.reduce((sum, bucket) => sum + bucket.observedMs, 0)
  const downtimeMs = buckets.reduce((sum, bucket) => sum + bucket.downtimeMs, 0)
  const down = ratio(downtimeMs, observedMs)
  return {
    source,
    availability: down === null ? null : 1 - down,
    observedSeconds: seconds(observedMs),
    downtimeSeconds: seconds(downtimeMs),
    incidents,
    ...recoveryFields(recoveries),
    buckets: buckets.map(bucketDocument),
  }
}

function bucketDocument(bucket: TrendBucket): z.output<typeof BucketDocument> {
  const down = ratio(bucket.downtimeMs, bucket.observedMs)
  return {
    from: time(bucket.fromMs),
    to: time(bucket.toMs),
    checks: bucket.checks,
    failures: bucket.failures,
    meanResponseSeconds: bucket.meanDurationMs === null ? null : seconds(bucket.meanDurationMs),
    maxResponseSeconds: bucket.maxDurationMs === null ? null : seconds(bucket.maxDurationMs),
    worstStatus: bucket.worstStatus,
    observedSeconds: seconds(bucket.observedMs),
    downtimeSeconds: seconds(bucket.downtimeMs),
    availability: down === null ? null : 1 - down,
    incidents: bucket.incidents,
    ...recoveryFields(bucket.recoveries),
  }
}

function recoveryFields({ attempts, verified, failed, success }: TrendBucket['recoveries']) {
  return {
    recoveryAttempts: attempts,
    recoveriesVerified: verified,
    recoveriesFailed: failed,
    recoverySuccess: success,
  }
}
