import type { Page, Paged } from '../store/store.ts'

const LARGEST_PAGE = 1000

/** The items of every page of a list, in its order. Ends where a cursor repeats: such a list would have no end. */
export async function* allPages<T>(read: (page: Page) => Promise<Paged<T>>): AsyncGenerator<T> {
  let cursor: string | undefined
  do {
    const { items, nextCursor }: Paged<T> = await read({ limit: LARGEST_PAGE, cursor })
    yield* items
    if (nextCursor === cursor) return
    cursor = nextCursor
  } while (cursor !== undefined)
}

/** The same as one list. */
export async function allItems<T>(read: (page: Page) => Promise<Paged<T>>): Promise<readonly T[]> {
  const items: T[] = []
  for await (const item of allPages(read)) items.push(item)
  return items
}
