import type { Account } from '../accounts/account.ts'
import type { Store } from './store.ts'

/** The reading half of a store, for programs that run beside the exporter. */
export interface StoreReader
  extends Pick<
    Store,
    'incidents' | 'incident' | 'recoveries' | 'transitions' | 'history' | 'samples' | 'maintenance' | 'close'
  > {
  /** Every account that was ever described, and whether it is no longer watched. */
  accounts(): Promise<readonly KnownAccount[]>
}

export interface KnownAccount {
  readonly account: Account
  readonly gone: boolean
}
