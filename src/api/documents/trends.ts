import { z } from 'zod'
import { STATUSES } from '../../accounts/vocabulary.ts'
import type { HistoryBucket } from '../../store/store.ts'
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
    recoveryAttempts: z.int(),
  })
  .meta({ id: 'HistoryBucket' })

export const TrendsDocument = z
  .object({
    key: z.string(),
    from: Time,
    to: Time,
    stepSeconds: Seconds,
    coverage: z.number().describe('Share of the range that was observed.'),
    buckets: z.array(BucketDocument).describe('Oldest first; steps without a check are left out.'),
  })
  .meta({ id: 'Trends' })

export function bucketDocument(bucket: HistoryBucket): z.output<typeof BucketDocument> {
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
    recoveryAttempts: bucket.recoveryAttempts,
  }
}
