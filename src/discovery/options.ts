import { z } from 'zod'
import { duration, labels, secret, secretFile } from '../option-types.ts'

/** Option type: where a field is in a document, with dots into documents within it. */
function field() {
  return z
    .string()
    .regex(/^[^$.\0][^.\0]*(?:\.[^$.\0][^.\0]*)*$/, 'must be the name of a field, for example phone or contact.phone')
}

/** Accounts that stand in the bot's own database. */
const MongoDiscoveryOptions = z
  .strictObject({
    uri: secret()
      .optional()
      .describe('Connection string of the database; take it from an environment variable. Reading rights are enough.'),
    uriFile: secretFile().optional().describe('File that holds the connection string.'),
    database: z
      .string()
      .regex(
        /^[^/\\. "$*<>:|?]{1,63}$/,
        'must be a MongoDB database name: 1 to 63 characters without / \\ . " $ or blanks',
      )
      .describe('Name of the database.'),
    collection: z
      .string()
      .regex(/^(?!system\.)[^$\0]{1,120}$/, 'must be a MongoDB collection name: without $, not beginning with system.')
      .describe('Collection or view with one document for each account.'),
    gateway: z.string().min(1).optional().describe('Gateway of the documents that name none.'),
    filter: z
      .record(z.string(), z.unknown())
      .prefault({})
      .describe(
        'Query that documents must meet, as in MongoDB; Extended JSON for dates and ids. Absent: all documents.',
      ),
    fields: z
      .strictObject({
        account: field()
          .default('account')
          .describe('Field with the stable id: the session name, or the phone number.'),
        nativeId: field().optional().describe('Field with what the gateway calls the account, where that differs.'),
        phone: field().default('phone').describe('Field with the phone number.'),
        name: field().default('name').describe('Field with the display name.'),
        gateway: field().default('gateway').describe('Field with the name of the gateway, as under gateways.'),
        enabled: field()
          .default('enabled')
          .describe('Field that is false for an account that is not to be watched, also where its gateway lists it.'),
        objective: field().optional().describe('Field with the service level objective, a ratio between 0 and 1.'),
        labels: labels()
          .pipe(z.record(z.string(), field()))
          .prefault({})
          .describe('Labels of the account, each with the field that holds its value.'),
      })
      .prefault({})
      .describe('Where the facts of an account are in a document; dots lead into documents within it.'),
  })
  .transform(({ uri, uriFile, ...rest }, context) => {
    const [given, other] = [uri, uriFile].filter((value) => value !== undefined)
    if (given !== undefined && other === undefined) return { ...rest, uri: given }
    const message = given === undefined ? 'has neither uri nor uriFile. Set one' : 'has both uri and uriFile. Keep one'
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  })
export type MongoDiscoveryOptions = z.output<typeof MongoDiscoveryOptions>

/** Section `discovery`: how accounts are found. */
export const DiscoveryOptions = z
  .strictObject({
    interval: duration({ min: '5s', max: '1d' })
      .describe(
        'Time between two listings of each gateway that discovers its accounts, and between two readings of mongodb.',
      )
      .prefault('1m'),
    missingFor: duration({ min: '0s', max: '7d' })
      .describe(
        'How long an account that is no longer listed is kept before it is forgotten and its open incident is closed as removed.',
      )
      .prefault('10m'),
    mongodb: MongoDiscoveryOptions.optional().describe(
      "Accounts that stand in a MongoDB collection, usually the bot's own. They join those of the configuration and of the gateways.",
    ),
  })
  .describe('How accounts are found behind gateways that can list them, and in the bot’s own database.')
  .prefault({})
export type DiscoveryOptions = z.output<typeof DiscoveryOptions>

const PEER_RULE =
  'must be an http(s) address without credentials and query, for example http://exporter-{ordinal}.exporter:19292'

const PeerUrl = z
  .string()
  .refine((text) => isPlainAddress(text.replaceAll('{ordinal}', '0')), PEER_RULE)
  .transform((text) => text.replace(/\/$/, ''))

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
    peers: z
      .union([
        PeerUrl.refine((text) => text.includes('{ordinal}'), 'must hold {ordinal}, or be a list with one address each'),
        z.array(PeerUrl).min(1).max(1024),
      ])
      .describe(
        'Where the exporters reach each other: one address with {ordinal} in it, or a list with one address for each ordinal. Then each of them answers for the whole fleet.',
      )
      .optional(),
    peersCaFile: z
      .string()
      .min(1)
      .describe('CA certificates, PEM, that sign the certificates of the peers. Absent: the usual ones.')
      .optional(),
  })
  .superRefine(({ total, peers }, context) => {
    if (Array.isArray(peers) && peers.length !== total) {
      context.addIssue({
        code: 'custom',
        path: ['peers'],
        message: `has ${peers.length} addresses, and total is ${total}: name one for each ordinal`,
      })
    }
  })
  .describe('Which part of the fleet this exporter watches.')
  .prefault({})
export type ShardingOptions = z.output<typeof ShardingOptions>

function isPlainAddress(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false
  const { username, password, search, hash } = new URL(text)
  return `${username}${password}${search}${hash}` === ''
}

/** The address of a shard, without a slash at its end; null where the configuration names none. */
export function peerUrl({ peers }: ShardingOptions, ordinal: number): string | null {
  if (peers === undefined) return null
  return (typeof peers === 'string' ? peers.replaceAll('{ordinal}', String(ordinal)) : peers[ordinal]) ?? null
}

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
