import type { z } from 'zod'
import type { AccountState, Status } from '../accounts/vocabulary.ts'
import type { AccountView } from '../monitor/fleet.ts'
import type { AccountDocument } from './documents/account.ts'
import { seconds } from './documents/fields.ts'
import { faulty } from './query-fields.ts'

export const SORTS = ['key', 'name', 'status', 'since', 'response', 'failures'] as const
export type Sort = (typeof SORTS)[number]

/** Which accounts, in which order, and which page of them. */
export interface ListingQuery {
  readonly status?: readonly Status[] | undefined
  readonly state?: readonly AccountState[] | undefined
  readonly gateway?: readonly string[] | undefined
  readonly label?: readonly { readonly name: string; readonly value: string }[] | undefined
  /** Part of an id, name, phone or label value, in any case. */
  readonly q?: string | undefined
  /** True: only accounts with an open incident; false: only those without. */
  readonly incident?: boolean | undefined
  readonly sort: Sort
  readonly order: 'asc' | 'desc'
  readonly limit: number
  readonly cursor?: string | undefined
}

export interface Listing {
  readonly views: readonly AccountView[]
  /** Accounts that match, on all pages. */
  readonly matched: number
  readonly nextCursor: string | undefined
}

type SortValue = string | number

/** Worst first. */
const STATUS_ORDER: Readonly<Record<Status, number>> = { unhealthy: 0, warning: 1, unknown: 2, healthy: 3 }

const SORT_VALUE: Readonly<Record<Sort, (view: AccountView) => SortValue>> = {
  key: () => '',
  name: ({ account }) => account.name ?? account.account,
  status: ({ health }) => STATUS_ORDER[health.status],
  since: ({ health }) => Math.trunc(health.statusSinceMs),
  response: ({ health }) => (health.lastDurationMs === null ? -1 : seconds(health.lastDurationMs)),
  failures: ({ health }) => health.consecutiveFailures,
}

type Document = z.output<typeof AccountDocument>

/** The same values, read from documents: pages of several exporters are put in one order. */
const DOCUMENT_VALUE: Readonly<Record<Sort, (document: Document) => SortValue>> = {
  key: () => '',
  name: ({ name, account }) => name ?? account,
  status: ({ status }) => STATUS_ORDER[status],
  since: ({ statusSince }) => Date.parse(statusSince),
  response: ({ responseSeconds }) => responseSeconds ?? -1,
  failures: ({ consecutiveFailures }) => consecutiveFailures,
}

/**
 * One page of the accounts that match. The cursor holds the last account's sort value and key, so that accounts that
 * come and go between two pages neither repeat nor hide others. Throws a Problem where the cursor is of another list.
 */
export function listAccounts(views: Iterable<AccountView>, query: ListingQuery): Listing {
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor, query)
  const direction = query.order === 'asc' ? 1 : -1
  const sortValue = SORT_VALUE[query.sort]
  const matches = matcher(query)

  const compare = (a: Place, b: Place) => direction * (order(a.value, b.value) || order(a.key, b.key))
  let matched = 0
  // One more than the page shows tells whether there is a next page.
  const page = firstOf<Place & { view: AccountView }>(query.limit + 1, compare)
  for (const view of views) {
    if (!matches(view)) continue
    matched++
    const place = { value: sortValue(view), key: view.account.key, view }
    if (after === undefined || compare(place, after) > 0) page.offer(place)
  }
  const hasNext = page.items.length > query.limit
  const shown = hasNext ? page.items.slice(0, -1) : page.items
  const last = shown.at(-1)
  return {
    views: shown.map(({ view }) => view),
    matched,
    nextCursor: last !== undefined && hasNext ? writeCursor(query, last) : undefined,
  }
}

/** One page as documents. */
export interface ListingPage {
  readonly accounts: readonly Document[]
  readonly matched: number
  readonly nextCursor?: string | undefined
}

/**
 * The page that one list of all accounts would have, from the same page of each part of the fleet: each part holds its
 * first accounts after the cursor, so the first of all of them are among these.
 */
export function mergePages(pages: readonly ListingPage[], query: ListingQuery): ListingPage {
  const direction = query.order === 'asc' ? 1 : -1
  const sortValue = DOCUMENT_VALUE[query.sort]
  const places = pages
    .flatMap(({ accounts }) => accounts)
    .map((document) => ({ value: sortValue(document), key: document.key, document }))
    .sort((a, b) => direction * (order(a.value, b.value) || order(a.key, b.key)))
  const shown = places.slice(0, query.limit)
  const last = shown.at(-1)
  const hasNext = places.length > shown.length || pages.some(({ nextCursor }) => nextCursor !== undefined)
  return {
    accounts: shown.map(({ document }) => document),
    matched: pages.reduce((sum, { matched }) => sum + matched, 0),
    nextCursor: last !== undefined && hasNext ? writeCursor(query, last) : undefined,
  }
}

/** Where an account stands in the list. */
interface Place {
  readonly value: SortValue
  readonly key: string
}

/** Keeps the first `count` of all items that are offered, in order: a page costs no sort of the whole fleet. */
function firstOf<T>(
  count: number,
  compare: (a: T, b: T) => number,
): { readonly items: readonly T[]; offer(item: T): void } {
  const items: T[] = []
  return {
    items,
    offer(item) {
      const last = items.at(-1)
      if (items.length === count && last !== undefined && compare(item, last) >= 0) return
      let low = 0
      let high = items.length
      while (low < high) {
        const middle = (low + high) >>> 1
        const other = items[middle]
        if (other !== undefined && compare(item, other) < 0) high = middle
        else low = middle + 1
      }
      items.splice(low, 0, item)
      if (items.length > count) items.pop()
    },
  }
}

function matcher(query: ListingQuery): (view: AccountView) => boolean {
  const statuses = query.status && new Set(query.status)
  const states = query.state && new Set(query.state)
  const gateways = query.gateway && new Set(query.gateway)
  const needle = query.q?.toLowerCase()
  return ({ account, health }) =>
    (statuses === undefined || statuses.has(health.status)) &&
    (states === undefined || states.has(health.state)) &&
    (gateways === undefined || gateways.has(account.gateway)) &&
    (query.incident === undefined || query.incident === (health.incident !== null)) &&
    (query.label ?? []).every(({ name, value }) => account.labels[name] === value) &&
    (needle === undefined ||
      [account.key, account.name, account.phone, ...Object.values(account.labels)].some(
        (text) => text?.toLowerCase().includes(needle) === true,
      ))
}

function order(a: SortValue, b: SortValue): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function writeCursor(query: ListingQuery, last: Place): string {
  return Buffer.from(JSON.stringify([query.sort, query.order, last.value, last.key])).toString('base64url')
}

function readCursor(text: string, query: ListingQuery): Place {
  const [sort, direction, value, key] = unpack(text)
  const valid = (typeof value === 'string' || typeof value === 'number') && typeof key === 'string'
  if (valid && sort === query.sort && direction === query.order) return { value, key }
  throw faulty('query.cursor', 'is not from a page of this list. Start without it, or keep sort and order')
}

function unpack(text: string): readonly unknown[] {
  try {
    const list: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    return Array.isArray(list) ? list : []
  } catch {
    return []
  }
}
