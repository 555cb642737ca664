import type { mongo } from 'mongoose'
import type { AccountKey } from '../accounts/account.ts'
import type { RefRange } from './history-codec.ts'
import { isOnlyDuplicateKeys } from './mongo-errors.ts'
import type { AccountDoc, Collections } from './mongo-schema.ts'

/** Numbers of accounts, as packed samples use them: one sequence for all exporters that share the database. */
export interface AccountRefs {
  /** The number of an account that is known to any exporter. */
  ref(key: AccountKey): Promise<number | undefined>
  key(ref: number): AccountKey | undefined
  /** Numbers of all these accounts, given now where they have none. */
  refsOf(keys: Iterable<AccountKey>): Promise<ReadonlyMap<AccountKey, number>>
  /** Makes the numbers of a range known to `key`. */
  learn(range: RefRange): Promise<void>
  readonly largestRef: number
}

export async function accountRefs({ accounts, meta }: Pick<Collections, 'accounts' | 'meta'>): Promise<AccountRefs> {
  const refs = new Map<AccountKey, number>()
  const keys = new Map<number, AccountKey>()
  let largestRef = 0
  const know = ({ _id, key }: Pick<AccountDoc, '_id' | 'key'>) => {
    refs.set(key, _id)
    keys.set(_id, key)
    largestRef = Math.max(largestRef, _id)
  }
  const read = async (filter: mongo.Filter<AccountDoc>) => {
    for await (const row of accounts.find(filter, { projection: { key: 1 } })) know(row)
  }
  await read({})

  return {
    async ref(key) {
      if (!refs.has(key)) await read({ key })
      return refs.get(key)
    },
    key: (ref) => keys.get(ref),
    async refsOf(wanted) {
      const asked = new Set(wanted)
      const fresh = [...asked].filter((key) => !refs.has(key))
      if (fresh.length > 0) {
        // Numbers that are reserved and then not used, after a failure or a race, are lost; there are 2^53 of them.
        const counter = await meta.findOneAndUpdate(
          { _id: 'refs' },
          { $inc: { value: fresh.length } },
          { upsert: true, returnDocument: 'after' },
        )
        const first = (counter?.value ?? fresh.length) - fresh.length + 1
        const rows = fresh.map((key, index) => ({
          _id: first + index,
          key,
          account: null,
          health: null,
          shard: -1,
          seq: 0,
        }))
        await accounts.insertMany(rows, { ordered: false }).catch((error: unknown) => {
          // Another exporter numbered one of them in the same moment: its number counts.
          if (!isOnlyDuplicateKeys(error)) throw error
        })
        await read({ key: { $in: fresh } })
      }
      const found = new Map<AccountKey, number>()
      for (const key of asked) {
        const ref = refs.get(key)
        if (ref !== undefined) found.set(key, ref)
      }
      return found
    },
    async learn({ from, to }) {
      for (let ref = from; ref < to; ref++) {
        if (keys.has(ref)) continue
        await read({ _id: { $gte: from, $lt: to } })
        return
      }
    },
    get largestRef() {
      return largestRef
    },
  }
}
