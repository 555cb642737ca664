import { z } from 'zod'
import { duration } from '../option-types.ts'

/** A reference address that tells whether the exporter itself is cut off. */
export type UplinkTarget =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'http'; readonly url: string }

/** Reads `host:port`, `[v6]:port` or an http(s) address; null where it is none. */
export function parseUplink(text: string): UplinkTarget | null {
  if (/^https?:\/\//.test(text)) return URL.canParse(text) ? { kind: 'http', url: text } : null
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  return host !== undefined && port >= 1 && port <= 65_535 ? { kind: 'tcp', host, port } : null
}

const uplinkTarget = z.string().transform((text, context): UplinkTarget => {
  const target = parseUplink(text)
  if (target !== null) return target
  context.addIssue({ code: 'custom', message: 'must be host:port or an http address, for example 1.1.1.1:443' })
  return z.NEVER
})

/** Section `checks`: how often and how many at once. */
export const checksOptions = z
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
      .default(25),
    uplink: z
      .array(uplinkTarget)
      .max(8)
      .describe(
        'Reference addresses, as host:port or http address, that tell whether the exporter itself is cut off. When all of them fail, accounts are unknown instead of down.',
      )
      .default([]),
  })
  .describe('How accounts are checked.')
  .prefault({})
export type ChecksOptions = z.infer<typeof checksOptions>
