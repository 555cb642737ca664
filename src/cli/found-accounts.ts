import type { Account } from '../accounts/account.ts'
import { type DiscoverySource, discover, mergeAccounts } from '../discovery/discovery.ts'

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
  /** Why the gateway could not list; null where it could, or was not asked. */
  readonly error: string | null
}

/** For a configuration that is right, and a fleet that is empty. */
export const NONE_FOUND =
  'No account was found. Set discover: true for a gateway that can list its accounts, or name them under gateways[].accounts.'

const LIST_LIMIT_MS = 60_000

/** Asks every gateway for its accounts, all at once. Where one cannot list, the configured accounts are what is known. */
export async function findAccounts(
  sources: readonly DiscoverySource[],
  signal: AbortSignal,
): Promise<readonly FoundGateway[]> {
  return await Promise.all(sources.map((source) => ask(source, signal)))
}

async function ask(source: DiscoverySource, signal: AbortSignal): Promise<FoundGateway> {
  const { name, driver } = source.gateway
  const configured = mergeAccounts(source, [])
  const configuredKeys = new Set(configured.map(({ key }) => key))
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
    return { name, driver, accounts, listed: complete, listedIds, configuredKeys, error: null }
  } catch (error) {
    signal.throwIfAborted()
    const why = error instanceof Error ? error.message : String(error)
    return { name, driver, accounts: configured, listed: false, listedIds, configuredKeys, error: why }
  }
}
