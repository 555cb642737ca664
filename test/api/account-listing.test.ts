import { expect, test } from 'vitest'
import { STATUSES } from '../../src/accounts/vocabulary.ts'
import { listAccounts, mergePages, SORTS, type Sort } from '../../src/api/account-listing.ts'
import { accountDocument } from '../../src/api/documents/account.ts'
import type { AccountView } from '../../src/monitor/fleet.ts'
import { account, NOW_MS, view } from './fakes.ts'

/** Accounts in no order, many with equal values. */
const views = Array.from({ length: 500 }, (_, index) => {
  const mixed = (index * 7919) % 500
  return view(account({ account: `a${mixed}`, name: mixed % 3 === 0 ? null : `Name ${mixed % 40}` }), {
    status: STATUSES[mixed % 4] ?? 'unknown',
    statusSinceMs: NOW_MS - (mixed % 11) * 1000,
    lastDurationMs: mixed % 5 === 0 ? null : mixed % 17,
    consecutiveFailures: mixed % 6,
  })
})

const WORST_FIRST = ['unhealthy', 'warning', 'unknown', 'healthy']
const VALUE: Record<Sort, (view: AccountView) => string | number> = {
  key: () => 0,
  name: (one) => one.account.name ?? one.account.account,
  status: (one) => WORST_FIRST.indexOf(one.health.status),
  since: (one) => one.health.statusSinceMs,
  response: (one) => one.health.lastDurationMs ?? -1,
  failures: (one) => one.health.consecutiveFailures,
}

for (const sort of SORTS) {
  for (const order of ['asc', 'desc'] as const) {
    test(`pages by ${sort} ${order} are the sorted list, cut`, () => {
      const keys: string[] = []
      let cursor: string | undefined
      do {
        const page = listAccounts(views, { sort, order, limit: 37, cursor })
        expect(page.matched).toBe(500)
        expect(page.views.length).toBeLessThanOrEqual(37)
        keys.push(...page.views.map((one) => one.account.key))
        cursor = page.nextCursor
      } while (cursor !== undefined)
      const rank = (one: AccountView) => [VALUE[sort](one), one.account.key] as const
      const sorted = views.toSorted((a, b) => {
        const [left, right] = [rank(a), rank(b)]
        const at = left[0] === right[0] ? 1 : 0
        return left[at] < right[at] ? -1 : 1
      })
      const wanted = (order === 'asc' ? sorted : sorted.reverse()).map((one) => one.account.key)
      expect(keys).toEqual(wanted)
    })
  }
}

test.each(SORTS.flatMap((sort) => (['asc', 'desc'] as const).map((order) => [sort, order] as const)))(
  'pages by %s %s of three parts of the fleet together are the pages of the whole',
  (sort, order) => {
    // Durations that a document rounds.
    const fine = views.map((one) => ({
      ...one,
      health: { ...one.health, lastDurationMs: one.health.consecutiveFailures + 1 / 3 },
    }))
    const parts = [0, 1, 2].map((part) => fine.filter((_, index) => index % 3 === part))
    const keys: string[] = []
    let cursor: string | undefined
    do {
      const query = { sort, order, limit: 37, cursor }
      const pages = parts.map((part) => {
        const { views: found, matched, nextCursor } = listAccounts(part, query)
        return { accounts: found.map((one) => accountDocument(one)), matched, nextCursor }
      })
      const page = mergePages(pages, query)
      expect(page.matched).toBe(500)
      keys.push(...page.accounts.map(({ key }) => key))
      cursor = page.nextCursor
    } while (cursor !== undefined)
    expect(keys).toEqual(listAccounts(fine, { sort, order, limit: 500 }).views.map((one) => one.account.key))
  },
)

test('an account that comes between two pages hides and repeats no other', () => {
  const first = listAccounts(views, { sort: 'key', order: 'asc', limit: 10 })
  const newcomer = view(account({ account: 'a0-new' }))
  const second = listAccounts([newcomer, ...views], { sort: 'key', order: 'asc', limit: 490, cursor: first.nextCursor })
  const keys = new Set([...first.views, ...second.views].map((one) => one.account.key))
  expect(keys.size).toBe(500)
})

test('a page that is just full has no next page', () => {
  expect(listAccounts(views, { sort: 'key', order: 'asc', limit: 500 }).nextCursor).toBe(undefined)
  expect(listAccounts([], { sort: 'key', order: 'asc', limit: 1 })).toEqual({
    views: [],
    matched: 0,
    nextCursor: undefined,
  })
})
