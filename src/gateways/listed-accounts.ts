import type { ListedAccount } from './gateway.ts'
import { ACCOUNT_CHARACTERS, shortName } from './native-state.ts'

/**
 * The listed accounts that can be watched. An id becomes a label of every series of its account, so one that is too long
 * is left out and told to `refused`; it cannot be cut, because two accounts could then become one. Names are cut.
 */
export function watchable(listed: readonly ListedAccount[], refused: (what: string) => void): readonly ListedAccount[] {
  return listed.flatMap((item) => {
    const length = Math.max(item.account.length, item.nativeId.length)
    if (length <= ACCOUNT_CHARACTERS) return [{ ...item, name: item.name === null ? null : shortName(item.name) }]
    refused(`an account whose id has ${length} characters; ${ACCOUNT_CHARACTERS} are the most`)
    return []
  })
}
