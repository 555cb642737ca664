import { mongo } from 'mongoose'
import type { Archive, SummaryRow } from './archive.ts'
import { readAccount, writeAccount } from './ledger.ts'
import type { AccountRefs } from './mongo-accounts.ts'
import { writeAll } from './mongo-bulk.ts'
import type { Collections, SummaryDoc } from './mongo-schema.ts'

export interface MongoArchiveParts {
  readonly collections: Pick<Collections, 'accounts' | 'hours' | 'days'>
  readonly refs: AccountRefs
  readonly expiredBeforeMs: () => number
  readonly setExpiredBeforeMs: (beforeMs: number) => Promise<void>
  /** Says every failure in words of the contract. */
  readonly guarded: <T>(work: () => Promise<T>) => Promise<T>
}

export function mongoArchive({ collections, refs, guarded, ...parts }: MongoArchiveParts): Archive {
  const { accounts, hours, days } = collections
  const read = async (collection: mongo.Collection<SummaryDoc>, account: string): Promise<SummaryRow[]> => {
    const found = await collection.find({ account }).sort({ timestamp: 1 }).toArray()
    return found.map(({ timestamp, sums, samples }) => ({
      key: account,
      fromMs: timestamp.getTime(),
      sums,
      samples: samples === undefined ? null : new Uint8Array(samples.buffer.subarray(0, samples.position)),
    }))
  }

  return {
    accounts: () =>
      guarded(async () => {
        const found = await accounts.find({}).toArray()
        return found.map(({ key, account }) => ({ key, account: account === null ? null : readAccount(account) }))
      }),
    summaries: (key) => guarded(async () => [...(await read(hours, key)), ...(await read(days, key))]),
    expiredBeforeMs: () => guarded(async () => parts.expiredBeforeMs()),
    describe: (described) =>
      guarded(async () => {
        await refs.refsOf(described.map(({ key }) => key))
        await writeAll(
          accounts,
          described.map((account) => ({
            updateOne: { filter: { key: account.key }, update: { $set: { account: writeAccount(account) } } },
          })),
        )
      }),
    putSummaries: (rows) =>
      guarded(async () => {
        await refs.refsOf(rows.map(({ key }) => key))
        const put = (collection: mongo.Collection<SummaryDoc>, wanted: readonly SummaryRow[]) =>
          writeAll(
            collection,
            wanted.map(({ key, fromMs, sums, samples }) => ({
              insertOne: {
                document: {
                  account: key,
                  timestamp: new Date(fromMs),
                  through: {},
                  sums,
                  ...(samples === null ? {} : { samples: new mongo.Binary(samples) }),
                  version: 1,
                },
              },
            })),
          )
        await put(
          hours,
          rows.filter(({ samples }) => samples !== null),
        )
        await put(
          days,
          rows.filter(({ samples }) => samples === null),
        )
      }),
    setExpiredBeforeMs: (beforeMs) => guarded(() => parts.setExpiredBeforeMs(beforeMs)),
  }
}
