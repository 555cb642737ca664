import { z } from 'zod'
import { duration } from '../option-types.ts'

/** Whether this is `host:port`, `[v6]:port` or an http(s) address. */
function isUplink(text: string): boolean {
  if (/^https?:\/\//.test(text)) return URL.canParse(text)
  const port = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/.exec(text)?.[1]
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535
}

/** Section `checks`: how often and how many at once. */
export const ChecksOptions = z
  .strictObject({
    interval: duration({ min: '1s', max: '1h' })
      .describe('Time from one check of an account to the next, between 1s and 1h.')
      .prefault('15s'),
    timeout: duration({ min: '100ms', max: '5m' })
      .describe('Longest wait for one answer of a gateway. It must be shorter than the interval.')
      .prefault('5s'),
    concurrency: z
      .int()
      .min(1)
      .max(20_000)
      .describe('Most check requests under way at once, over all gateways.')
      .default(256),
    startGroup: z
      .int()
      .min(1)
      .max(1000)
      .describe(
        'Checks that start together; the groups are spread over the interval. Small groups measure response times best, large groups cost the least processor time.',
      )
      .default(16),
    uplink: z
      .array(z.string().refine(isUplink, 'must be host:port or an http address, for example 1.1.1.1:443'))
      .max(8)
      .describe(
        'Reference addresses, as host:port or http address, that tell whether the exporter itself is cut off. When all of them fail, accounts are unknown instead of down.',
      )
      .default([]),
  })
  .describe('How accounts are checked.')
  .prefault({})
export type ChecksOptions = z.output<typeof ChecksOptions>
