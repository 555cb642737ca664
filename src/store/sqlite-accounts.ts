import type { DatabaseSync } from 'node:sqlite'
import type { Account, AccountKey } from '../accounts/account.ts'
import type { AccountHealth } from '../health/health.ts'
import { readAccount, readHealth, writeAccount, writeHealth } from './ledger.ts'
import { num, text } from './sqlite-row.ts'

/** The accounts that the store has ever seen, by key and by the number that packed samples use. */
export interface AccountRows {
  ref(key: AccountKey): number | undefined
  key(ref: number): AccountKey | undefined
  /** The number of an account, given now where it has none. Only inside of a transaction. */
  refOrNew(key: AccountKey): number
  /** Keeps what is known of an account, watched or not. Only inside of a transaction. */
  describe(account: Account): number
  putLedger(account: Account, health: AccountHealth, seq: number): void
  /** Moves a ledger on to batch `seq`; one that is as far already stays. */
  advanceLedger(ref: number, seq: number, advance: (health: AccountHealth, afterSeq: number) => AccountHealth): void
  dropLedger(key: AccountKey): void
  ledgers(): readonly Ledger[]
  /** Call after COMMIT and after ROLLBACK: what the transaction put into memory stays or goes with it. */
  settle(committed: boolean): void
  readonly largestRef: number
}

export interface Ledger {
  readonly ref: number
  readonly seq: number
  readonly account: Account
  readonly health: AccountHealth
}

/** @param onUnreadable told of a row that cannot be understood, and is left out. */
export function accountRows(db: DatabaseSync, onUnreadable: (what: string, error: unknown) => void): AccountRows {
  const insertAccount = db.prepare('INSERT INTO accounts (ref, key) VALUES (?, ?)')
  const describeAccount = db.prepare('UPDATE accounts SET account = ? WHERE ref = ?')
  const putHealth = db.prepare(
    'INSERT INTO ledgers (ref, seq, health) VALUES (?, ?, ?) ON CONFLICT (ref) DO UPDATE SET seq = excluded.seq, health = excluded.health',
  )
  const getHealth = db.prepare('SELECT seq, health FROM ledgers WHERE ref = ?')
  const dropHealth = db.prepare('DELETE FROM ledgers WHERE ref = ?')
  const allLedgers = db.prepare(
    'SELECT ref, seq, account, health FROM ledgers JOIN accounts USING (ref) WHERE account IS NOT NULL ORDER BY ref',
  )

  const refs = new Map<AccountKey, number>()
  const keys = new Map<number, AccountKey>()
  // An account's description changes seldom: the object that was written last is the cheapest way to know.
  const described = new Map<number, Account>()
  const freshRefs: number[] = []
  const freshDescriptions: number[] = []
  let largestRef = 0
  for (const row of db.prepare('SELECT ref, key FROM accounts').all()) {
    refs.set(text(row, 'key'), num(row, 'ref'))
    keys.set(num(row, 'ref'), text(row, 'key'))
    largestRef = Math.max(largestRef, num(row, 'ref'))
  }

  const refOrNew = (key: AccountKey) => {
    const known = refs.get(key)
    if (known !== undefined) return known
    const ref = ++largestRef
    insertAccount.run(ref, key)
    refs.set(key, ref)
    keys.set(ref, key)
    freshRefs.push(ref)
    return ref
  }

  const describe = (account: Account) => {
    const ref = refOrNew(account.key)
    if (described.get(ref) !== account) {
      describeAccount.run(writeAccount(account), ref)
      described.set(ref, account)
      freshDescriptions.push(ref)
    }
    return ref
  }

  return {
    ref: (key) => refs.get(key),
    key: (ref) => keys.get(ref),
    refOrNew,
    describe,
    putLedger(account, health, seq) {
      const ref = describe(account)
      putHealth.run(ref, seq, writeHealth(health))
    },
    advanceLedger(ref, seq, advance) {
      const row = getHealth.get(ref)
      if (row === undefined || num(row, 'seq') >= seq) return
      try {
        const health = advance(readHealth(text(row, 'health')), num(row, 'seq'))
        putHealth.run(ref, seq, writeHealth(health))
      } catch (error) {
        onUnreadable(`ledger of ${keys.get(ref) ?? ref}`, error)
      }
    },
    dropLedger(key) {
      const ref = refs.get(key)
      if (ref !== undefined) dropHealth.run(ref)
    },
    ledgers() {
      const found: Ledger[] = []
      for (const row of allLedgers.all()) {
        try {
          found.push({
            ref: num(row, 'ref'),
            seq: num(row, 'seq'),
            account: readAccount(text(row, 'account')),
            health: readHealth(text(row, 'health')),
          })
        } catch (error) {
          onUnreadable(`ledger of ${keys.get(num(row, 'ref')) ?? num(row, 'ref')}`, error)
        }
      }
      return found
    },
    settle(committed) {
      if (!committed) {
        for (const ref of freshDescriptions) described.delete(ref)
        for (const ref of freshRefs) {
          refs.delete(keys.get(ref) ?? '')
          keys.delete(ref)
        }
        largestRef -= freshRefs.length
      }
      freshRefs.length = 0
      freshDescriptions.length = 0
    },
    get largestRef() {
      return largestRef
    },
  }
}
