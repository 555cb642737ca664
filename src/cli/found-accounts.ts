import type { Account } from '../accounts/account.ts'
import { type DiscoverySource, discover, mergeAccounts } from '../discovery/discovery.ts'
import type { DatabaseOnce } from './database-once.ts'

/** The accounts of one gateway, found for one command. */
export interface FoundGateway {
  readonly name: string
  readonly driver: string
  readonly accounts: readonly Account[]
  /** Whether the gateway was asked for its accounts and answered. */
  readonly listed: boolean
  /** Native ids that the gateway listed. */
  readonly listedIds: ReadonlySet<string>
  /** Keys that the configuration names. */
  readonly configuredKeys: ReadonlySet<string>
  /** Keys that the database of discovery.mongodb names. */
  readonly documentedKeys: ReadonlySet<string>
  /** Why the gateway, or the database of accounts, could not be asked; null where it could, or there was nothing to ask. */
  readonly error: string | null
}

/** For a configuration that is right, and a fleet that is empty. */
export const NONE_FOUND =
  'No account was found. Set discover: true for a gateway that can list its accounts, name them under gateways[].accounts, or read them from a database with discovery.mongodb.'

const LIST_LIMIT_MS = 60_000

/**
 * Reads the database of accounts, then asks every gateway for its own, all at once. Where one cannot list, the accounts of
 * the configuration and of the database are what is known.
 */
export async function findAccounts(
  sources: readonly DiscoverySource[],
  database: DatabaseOnce,
  signal: AbortSignal,
): Promise<{ readonly gateways: readonly FoundGateway[]; readonly faults: readonly string[] }> {
  const { error, faults } = await database.read(signal)
  const gateways = await Promise.all(sources.map((source) => ask(source, signal)))
  return { gateways: gateways.map((gateway) => ({ ...gateway, error: gateway.error ?? error })), faults }
}

/** Each thing that kept accounts from being found, once: a database is one for all gateways. */
export function errorsOf(gateways: readonly FoundGateway[]): readonly string[] {
  return [...new Set(gateways.flatMap(({ error }) => error ?? []))]
}

async function ask(source: DiscoverySource, signal: AbortSignal): Promise<FoundGateway> {
  const { name, driver } = source.gateway
  const known = mergeAccounts(source, [])
  const { documented: _documented, ...configuredOnly } = source
  const configuredKeys = new Set(mergeAccounts(configuredOnly, []).map(({ key }) => key))
  const documents = { ...source, accounts: source.documented?.()?.accounts ?? [] }
  const documentedKeys = new Set(mergeAccounts(documents, []).map(({ key }) => key))
  const listedIds = new Set<string>()
  const listAccounts = source.gateway.listAccounts
  const gateway =
    listAccounts === undefined
      ? source.gateway
      : {
          ...source.gateway,
          async listAccounts(listSignal: AbortSignal) {
            const listed = await listAccounts(listSignal)
            for (const { nativeId } of listed) listedIds.add(nativeId)
            return listed
          },
        }
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(LIST_LIMIT_MS)])
    const { accounts, complete } = await discover({ ...source, gateway }, limit)
    return { name, driver, accounts, listed: complete, listedIds, configuredKeys, documentedKeys, error: null }
  } catch (error) {
    signal.throwIfAborted()
    const why = error instanceof Error ? error.message : String(error)
    return { name, driver, accounts: known, listed: false, listedIds, configuredKeys, documentedKeys, error: why }
  }
}
