import { z } from 'zod'
import { duration, secret, secretFile } from '../option-types.ts'

/** Section `discovery`: how accounts of gateways that can list are found. */
export const DiscoveryOptions = z
  .strictObject({
    interval: duration({ min: '5s', max: '1d' })
      .describe('Time between two listings of each gateway that discovers its accounts.')
      .prefault('1m'),
    missingFor: duration({ min: '0s', max: '7d' })
      .describe(
        'How long an account that the gateway no longer lists is kept before it is forgotten and its open incident is closed as removed.',
      )
      .prefault('10m'),
  })
  .describe('How accounts are found behind gateways that can list them.')
  .prefault({})
export type DiscoveryOptions = z.output<typeof DiscoveryOptions>

/** Section `sharding`: which part of the fleet this exporter watches. */
export const ShardingOptions = z
  .strictObject({
    ordinal: z
      .union([z.int().min(0).max(1023), z.literal('hostname')])
      .describe(
        'Number of this exporter, from 0. With hostname it is the number at the end of the host name, as in a Kubernetes StatefulSet.',
      )
      .default(0),
    total: z.int().min(1).max(1024).describe('Number of exporters that share the fleet.').default(1),
  })
  .describe('Which part of the fleet this exporter watches.')
  .prefault({})
export type ShardingOptions = z.output<typeof ShardingOptions>

/** The ordinal of this shard; null where `hostname` is asked for and the host name has no number at its end. */
export function shardOrdinal(options: ShardingOptions, hostname: string): number | null {
  if (options.ordinal !== 'hostname') return options.ordinal
  const digits = /(?:^|-)(\d{1,4})$/.exec(hostname.split('.')[0] ?? '')?.[1]
  return digits === undefined ? null : Number(digits)
}

/** Section `privacy`: one switch for labels, API, pages, messages and reports. */
export const PrivacyOptions = z
  .strictObject({
    phone: z
      .enum(['full', 'masked', 'hashed'])
      .describe(
        'How phone numbers are shown everywhere: full, masked (the first and last digits stay) or hashed. Both need a key.',
      )
      .default('full'),
    key: secret().describe('Key of the hash, at least 16 characters. Take it from the environment.').optional(),
    keyFile: secretFile().describe('File that holds the key of the hash.').optional(),
  })
  .superRefine(({ phone, key, keyFile }, context) => {
    const refuse = (message: string) => context.addIssue({ code: 'custom', message })
    if (key !== undefined && keyFile !== undefined) refuse('has both key and keyFile. Keep one')
    const given = keyFile ?? key
    if (phone !== 'full' && given === undefined) {
      refuse(
        `asks for ${phone} phone numbers without a key; numbers are so few that what hides them is undone in minutes without one. Set key or keyFile`,
      )
    }
    if (given !== undefined && given.reveal().length < 16)
      refuse('has a key shorter than 16 characters. Make it longer')
  })
  .transform(({ phone, key, keyFile }) => ({ phone, key: keyFile ?? key ?? null }))
  .describe('How phone numbers are shown.')
  .prefault({})
export type PrivacyOptions = z.output<typeof PrivacyOptions>
