import type { mongo } from 'mongoose'
import { isOnlyDuplicateKeys } from './mongo-errors.ts'

/** Operations in one message: far below the limits of MongoDB, and small enough to be built between two checks. */
const OPERATIONS_AT_ONCE = 1000

/**
 * Writes in any order. An upsert whose filter asks for an older row and finds a newer one fails by its key, and that is
 * as it should be: the newer one stays.
 */
export async function writeAll<Doc extends mongo.Document>(
  collection: mongo.Collection<Doc>,
  operations: readonly mongo.AnyBulkWriteOperation<Doc>[],
): Promise<void> {
  for (let start = 0; start < operations.length; start += OPERATIONS_AT_ONCE) {
    await collection
      .bulkWrite(operations.slice(start, start + OPERATIONS_AT_ONCE), { ordered: false })
      .catch((error: unknown) => {
        if (!isOnlyDuplicateKeys(error)) throw error
      })
  }
}
