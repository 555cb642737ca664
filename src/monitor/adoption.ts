import type { Account, AccountKey } from '../accounts/account.ts'
import type { AccountHealth } from '../health/health.ts'
import { newHealth, removeAccount } from '../health/verdict.ts'
import type { LoadedState } from '../store/store.ts'
import type { Recorder } from './recorder.ts'
import type { AccountEntry, GatewayEntry, Roster } from './roster.ts'

export interface AdoptionParts {
  readonly roster: Roster
  readonly recorder: Recorder
  readonly missingForMs: () => number
  readonly nowMs: () => number
  /** Told when accounts came or went. */
  changed(): void
  added(entry: AccountEntry): void
  /** Told before an account goes, while its entry is whole. */
  removing(entry: AccountEntry): void
  removed(key: AccountKey): void
}

/**
 * What a finding says of accounts that are not in it.
 * - `listed`: the gateway listed all it has; they are gone after a grace.
 * - `configured`: the configuration is the whole truth; they are gone at once.
 * - `partial`: nothing, for the gateway could not be asked.
 */
export type Scope = 'listed' | 'configured' | 'partial'

/** Accounts that appear and disappear. */
export interface Adoption {
  /**
   * Remembers what the store knew: accounts that come up later get their health back. Those of gateways that are watched
   * no longer are closed at once.
   */
  remember(loaded: LoadedState, gateways: ReadonlySet<string>): void
  /** Takes the accounts that were found behind a gateway. Those that were withdrawn are gone at once. */
  adopt(gateway: GatewayEntry, found: readonly Account[], scope: Scope, withdrawn?: readonly AccountKey[]): void
  /** Accounts of this gateway that the store remembers and nobody has found yet, for a gateway that does not answer. */
  recall(gateway: GatewayEntry): void
  remove(entry: AccountEntry): void
}

export function adoption(parts: AdoptionParts): Adoption {
  const { roster } = parts
  const remembered = new Map<AccountKey, { readonly account: Account; readonly health: AccountHealth }>()

  const add = (gateway: GatewayEntry, account: Account, missingSinceMs: number | null) => {
    const health = remembered.get(account.key)?.health ?? newHealth(account.key, parts.nowMs())
    remembered.delete(account.key)
    const entry: AccountEntry = {
      kind: 'account',
      id: account.key,
      account,
      health,
      gateway,
      inFlight: null,
      missingSinceMs,
      recheck: null,
    }
    roster.add(entry)
    parts.recorder.touch(account.key)
    parts.added(entry)
  }

  const close = (key: AccountKey, health: AccountHealth) => {
    for (const event of removeAccount(health, parts.nowMs()).events) parts.recorder.event(key, event)
    parts.recorder.removed(key)
    parts.removed(key)
  }

  const remove = (entry: AccountEntry) => {
    parts.removing(entry)
    close(entry.account.key, entry.health)
    roster.delete(entry)
  }

  return {
    remember(loaded, gateways) {
      for (const ledger of loaded.ledgers) {
        const { key, gateway } = ledger.account
        if (gateways.has(gateway)) remembered.set(key, ledger)
        else close(key, ledger.health)
      }
    },
    adopt(gateway, found, scope, withdrawn = []) {
      let changes = 0
      const nowMs = parts.nowMs()
      const keys = new Set<AccountKey>()
      for (const account of found) {
        keys.add(account.key)
        const entry = roster.accounts.get(account.key)
        if (entry === undefined) {
          add(gateway, account, null)
          changes += 1
          continue
        }
        entry.missingSinceMs = null
        if (sameAccount(entry.account, account)) continue
        roster.rename(entry, account)
        parts.recorder.touch(account.key)
        changes += 1
      }
      if (scope !== 'partial') {
        // Known from before the last start and not found any more: they get the same grace as all others.
        for (const { account } of [...remembered.values()])
          if (account.gateway === gateway.id) add(gateway, account, nowMs)
      }
      for (const entry of [...gateway.entries.values()]) {
        if (scope === 'partial' || keys.has(entry.account.key)) continue
        entry.missingSinceMs ??= nowMs
        if (scope === 'listed' && nowMs - entry.missingSinceMs < parts.missingForMs()) continue
        remove(entry)
        changes += 1
      }
      for (const key of withdrawn) {
        const entry = gateway.entries.get(key)
        if (entry === undefined || keys.has(key)) continue
        remove(entry)
        changes += 1
      }
      if (changes > 0) parts.changed()
    },
    recall(gateway) {
      let changes = 0
      for (const { account } of [...remembered.values()]) {
        if (account.gateway !== gateway.id) continue
        add(gateway, account, null)
        changes += 1
      }
      if (changes > 0) parts.changed()
    },
    remove,
  }
}

/** Whether two findings of the same account say the same; then the older object is kept and nothing is rebuilt. */
function sameAccount(one: Account, other: Account): boolean {
  return (
    one.nativeId === other.nativeId &&
    one.phone === other.phone &&
    one.name === other.name &&
    one.objective === other.objective &&
    one.desired === other.desired &&
    sameLabels(one.labels, other.labels)
  )
}

function sameLabels(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(one)
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name])
}
