import type { Account } from './accounts/account.ts'
import type { Shards } from './api/shards/shards.ts'
import type { ReportedAccount } from './reports/analyse.ts'

/**
 * The accounts that reports are about: those that this exporter watches, and with a shared store those of all others,
 * as they were last written there. With one store per exporter, each reports on its own part. Rejects with StoreError.
 */
export async function reportedFleet(
  own: Iterable<{ readonly account: Account }>,
  shards: Pick<Shards, 'ordinal' | 'total' | 'lastKnown'> | undefined,
): Promise<readonly ReportedAccount[]> {
  const found = new Map<string, ReportedAccount>()
  for (let ordinal = 0; shards !== undefined && ordinal < shards.total; ordinal++) {
    if (ordinal === shards.ordinal) continue
    for (const { account } of await shards.lastKnown(ordinal)) found.set(account.key, { account, gone: false })
  }
  for (const { account } of own) found.set(account.key, { account, gone: false })
  return [...found.values()]
}
