import type { mongo } from 'mongoose'
import { readCursor, writeCursor } from './cursor.ts'
import type { Page, Paged, TimeRange } from './store.ts'

const LARGEST_PAGE = 1000

/** A document of a list that is ordered by time and then `_id`. */
type Listed = mongo.Document & { readonly _id: string }

/** What the filters of all lists have in common. */
interface CommonFilter extends Page {
  readonly keys?: readonly string[] | undefined
  readonly gateway?: string | undefined
}

/** Conditions of a filter; further ones are added as they are. */
export function conditions(filter: CommonFilter, ...more: readonly (object | false)[]): object[] {
  const all: object[] = more.filter((condition) => condition !== false)
  if (filter.keys !== undefined) all.push({ key: { $in: [...filter.keys] } })
  if (filter.gateway !== undefined) all.push({ gateway: filter.gateway })
  return all
}

/** That a time lies in a range, where there is one. */
export function within(field: string, range: TimeRange | undefined): object | false {
  return range !== undefined && { [field]: { $gte: range.fromMs, $lt: range.toMs } }
}

/** That a field has a value, where one is asked for. */
export function equals(field: string, value: string | undefined): object | false {
  return value !== undefined && { [field]: value }
}

/** One page of a list, newest first. */
export async function page<Doc extends Listed, T>(
  collection: mongo.Collection<Doc>,
  where: readonly object[],
  timeField: string,
  filter: Page,
  read: (doc: mongo.WithId<Doc>) => T,
): Promise<Paged<T>> {
  const limit = Math.min(Math.max(Math.trunc(filter.limit), 1), LARGEST_PAGE)
  const all = [...where]
  if (filter.cursor !== undefined) {
    const { atMs, id } = readCursor(filter.cursor)
    all.push({ $or: [{ [timeField]: { $lt: atMs } }, { [timeField]: atMs, _id: { $lt: id } }] })
  }
  // The fields are named at run time, so the driver's types cannot follow.
  const query = (all.length === 0 ? {} : { $and: all }) as mongo.Filter<Doc>
  const rows = await collection
    .find(query)
    .sort({ [timeField]: -1, _id: -1 })
    .limit(limit + 1)
    .toArray()
  const items = rows.slice(0, limit).map(read)
  const last = rows[limit - 1]
  return rows.length > limit && last !== undefined
    ? { items, nextCursor: writeCursor({ atMs: Number(last[timeField]), id: String(last._id) }) }
    : { items }
}
