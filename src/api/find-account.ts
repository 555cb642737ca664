import type { AccountKey } from '../accounts/account.ts'
import type { AccountView, Fleet } from '../monitor/fleet.ts'
import { nearestWord } from '../nearest-word.ts'
import { Problem } from './problem.ts'

const MAX_CANDIDATES = 20
// Looking for typing mistakes in a larger fleet would hold up the event loop.
const MAX_SEARCHED = 2000

/** The one account with this key, id or phone. Throws a Problem `not-found` or `ambiguous`. */
export function findAccount(fleet: Fleet, id: string): AccountView {
  const [found, ...others] = fleet.find(id)
  if (found === undefined) throw unknownAccount(fleet, id)
  if (others.length === 0) return found
  const candidates = [found, ...others].slice(0, MAX_CANDIDATES).map(({ account }) => account.key)
  throw new Problem(
    'ambiguous',
    `"${id}" names ${others.length + 1} accounts. Use the key of one, URL-encoded: ${encodeURIComponent(candidates[0] ?? '')}`,
    { members: { candidates } },
  )
}

/** The keys of accounts named by key, id or phone; an id that several gateways know means all of them. */
export function findKeys(fleet: Fleet, ids: readonly string[]): AccountKey[] {
  const keys = new Set<AccountKey>()
  for (const id of ids) {
    const found = fleet.find(id)
    // The key of an account that is gone still finds its history.
    if (found.length === 0 && id.includes('/')) keys.add(id)
    else if (found.length === 0) throw unknownAccount(fleet, id)
    for (const { account } of found) keys.add(account.key)
  }
  return [...keys]
}

/** The Problem of an id that no account has. */
export function unknownAccount(fleet: Fleet, id: string): Problem {
  const shown = id.length > 64 ? `${id.slice(0, 64)}…` : id
  const near =
    fleet.size <= MAX_SEARCHED
      ? nearestWord(
          id,
          [...fleet.accounts()].map(({ account }) => account.account),
        )
      : null
  const hint =
    near !== null
      ? `Did you mean "${near}"?`
      : fleet.size === 0
        ? 'No account is known yet: discovery may still be under way.'
        : 'GET /api/health/status?q=… searches. An account is named by its id, its phone number, or gateway%2Faccount.'
  return new Problem('not-found', `No account has the key, id or phone "${shown}". ${hint}`, { members: { hint } })
}
