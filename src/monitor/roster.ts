import type { Account, AccountKey } from '../accounts/account.ts'
import type { CheckOutcome } from '../accounts/observation.ts'
import type { GatewayHealth } from '../health/gateway-health.ts'
import type { GatewayRepairs } from '../health/gateway-repairs.ts'
import type { AccountHealth } from '../health/health.ts'
import type { GatewayOutcomes } from './checking.ts'
import { type Places, places } from './places.ts'
import type { WatchedGateway } from './plan.ts'

/** One account and all that the monitor holds of it. */
export interface AccountEntry {
  readonly id: string
  account: Account
  health: AccountHealth
  gateway: GatewayEntry
  /** The check under way, shared by everybody who asks for one meanwhile. */
  inFlight: Promise<CheckOutcome> | null
  /** Since when the gateway's list no longer holds it; null while it does. */
  missingSinceMs: number | null
  /** An extra check that is due before the account's turn comes. */
  recheck: NodeJS.Timeout | null
  readonly kind: 'account'
}

/** One gateway and all that the monitor holds of it. */
export interface GatewayEntry {
  readonly id: string
  watched: WatchedGateway
  health: GatewayHealth
  repairs: GatewayRepairs
  /** For its accounts' checks under way. */
  readonly places: Places
  readonly entries: Map<AccountKey, AccountEntry>
  /** The request for the whole gateway under way. */
  inFlight: Promise<GatewayOutcomes> | null
  readonly kind: 'gateway'
}

/** The accounts and gateways that are watched now. */
export interface Roster {
  readonly accounts: Map<AccountKey, AccountEntry>
  readonly gateways: Map<string, GatewayEntry>
  /** By key, account id or phone in any notation. */
  find(id: string): readonly AccountEntry[]
  add(entry: AccountEntry): void
  /** Gives an entry the newer finding of its account. */
  rename(entry: AccountEntry, account: Account): void
  delete(entry: AccountEntry): void
}

/** Digits with what people put between them: `+971 50 576-0056`, `(0049) 30/123456`. */
const PHONE_IN_ANY_NOTATION = /^\+?[\d\s()./-]{7,40}$/

export function roster(): Roster {
  const accounts = new Map<AccountKey, AccountEntry>()
  const byWord = new Map<string, Set<AccountEntry>>()

  const index = (entry: AccountEntry) => {
    for (const word of wordsOf(entry.account)) {
      const found = byWord.get(word)
      if (found === undefined) byWord.set(word, new Set([entry]))
      else found.add(entry)
    }
  }
  const unindex = (entry: AccountEntry) => {
    for (const word of wordsOf(entry.account)) {
      const found = byWord.get(word)
      found?.delete(entry)
      if (found?.size === 0) byWord.delete(word)
    }
  }

  return {
    accounts,
    gateways: new Map(),
    find(id) {
      const exact = accounts.get(id)
      if (exact !== undefined) return [exact]
      const digits = PHONE_IN_ANY_NOTATION.test(id) ? id.replace(/\D/g, '').replace(/^00/, '') : id
      return [...(byWord.get(id) ?? byWord.get(digits) ?? [])]
    },
    add(entry) {
      accounts.set(entry.account.key, entry)
      entry.gateway.entries.set(entry.account.key, entry)
      index(entry)
    },
    rename(entry, account) {
      unindex(entry)
      entry.account = account
      index(entry)
    },
    delete(entry) {
      unindex(entry)
      accounts.delete(entry.account.key)
      entry.gateway.entries.delete(entry.account.key)
      if (entry.recheck !== null) clearTimeout(entry.recheck)
      entry.recheck = null
    },
  }
}

function wordsOf(account: Account): readonly string[] {
  return account.phone === null ? [account.account] : [account.account, account.phone]
}

export function gatewayEntry(watched: WatchedGateway, health: GatewayHealth, repairs: GatewayRepairs): GatewayEntry {
  return {
    kind: 'gateway',
    id: watched.gateway.name,
    watched,
    health,
    repairs,
    places: places(watched.connections),
    entries: new Map(),
    inFlight: null,
  }
}
