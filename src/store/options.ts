import { z } from 'zod'
import { duration, secret } from '../option-types.ts'

const Retention = z
  .strictObject({
    history: duration({ min: '1d', max: '400d' })
      .prefault('30d')
      .describe('How long single checks are kept; older days keep their sums only.'),
    summaries: duration({ min: '1d', max: '3650d' })
      .prefault('730d')
      .describe('How long daily sums, incidents, recovery attempts and transitions are kept.'),
  })
  .refine((retention) => retention.summaries >= retention.history, {
    path: ['summaries'],
    message: 'must not be shorter than retention.history: sums outlive the checks that they sum up',
  })
  .prefault({})
  .describe('How long the store keeps what.')

const Journal = z
  .strictObject({
    maxSamples: z
      .int()
      .min(1000)
      .max(20_000_000)
      .default(2_000_000)
      .describe('Checks kept in memory while the store cannot be written; about 100 bytes each. Oldest are given up.'),
    retryMax: duration({ min: '1s', max: '10m' })
      .prefault('30s')
      .describe('Longest pause between two attempts to write to a store that is down.'),
  })
  .prefault({})
  .describe('What waits in memory while the store is down.')

const KIND = 'sqlite is embedded in the exporter; mongodb is shared by several exporters.'

const SqliteOptions = z.strictObject({
  kind: z.literal('sqlite').default('sqlite').describe(KIND),
  path: z
    .string()
    .min(1)
    .default('.data/exporter.db')
    .describe('Database file, on a local disk. Its directory is made where it is missing.'),
  retention: Retention,
  journal: Journal,
})

const MongoOptions = z.strictObject({
  kind: z.literal('mongodb').describe(KIND),
  uri: secret().describe('Connection string; take it from an environment variable.'),
  database: z
    .string()
    .regex(
      /^[^/\\. "$*<>:|?]{1,63}$/,
      'must be a MongoDB database name: 1 to 63 characters without / \\ . " $ or blanks',
    )
    .default('whatsapp_exporter')
    .describe('Name of the database.'),
  retention: Retention,
  journal: Journal,
})

/** Configuration section `store`. An absent section is the embedded SQLite store with its defaults. */
export const StoreOptions = z
  .discriminatedUnion('kind', [SqliteOptions, MongoOptions])
  .prefault({ kind: 'sqlite' })
  .describe('Where incidents, recovery attempts and the history of checks live.')

/** Parsed section `store`; every time in milliseconds. */
export type StoreOptions = z.output<typeof StoreOptions>
export type SqliteOptions = z.output<typeof SqliteOptions>
export type MongoOptions = z.output<typeof MongoOptions>
