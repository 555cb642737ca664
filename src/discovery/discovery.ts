import type { Account, AccountKey } from '../accounts/account.ts'
import { accountKey } from '../accounts/account.ts'
import { type PhonePrivacy, shownPhone, shownText } from '../accounts/privacy.ts'
import type { Gateway, ListedAccount } from '../gateways/gateway.ts'

/** One account as the configuration names it; what it leaves out comes from its gateway. */
export interface ConfiguredAccount {
  readonly account: string
  readonly nativeId?: string | undefined
  readonly phone?: string | undefined
  readonly name?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly objective?: number | undefined
  readonly desired?: 'running' | 'any' | undefined
}

/** What a database says of the accounts of one gateway. */
export interface Documented {
  readonly accounts: readonly ConfiguredAccount[]
  /** Ids of accounts that are not to be watched, even where the gateway lists them. */
  readonly disabled: ReadonlySet<string>
}

/** How the accounts of one gateway are found. */
export interface DiscoverySource {
  readonly gateway: Gateway
  /** Ask the gateway; otherwise only `accounts` and `documented` are known. */
  readonly discover: boolean
  readonly accounts: readonly ConfiguredAccount[]
  /** What the database says, as of its last reading; null before the first. Absent where there is no database. */
  readonly documented?: () => Documented | null
  readonly labels: Readonly<Record<string, string>>
  readonly objective: number
  readonly desired: 'running' | 'any'
  readonly privacy: PhonePrivacy
}

/** The accounts of one gateway at one moment. */
export interface Discovered {
  readonly accounts: readonly Account[]
  /** Keys of accounts that the database has switched off. */
  readonly withdrawn: readonly AccountKey[]
  /** Whether the gateway itself was asked and answered: only then does a missing account mean that it is gone. */
  readonly complete: boolean
}

const NOTHING: Documented = { accounts: [], disabled: new Set() }

/**
 * Finds the accounts of one gateway: those it lists, merged with those of the database and those that the configuration
 * names. Field by field the configuration wins over the database, and the database over the gateway.
 * Rejects with GatewayError where the list call fails.
 */
export async function discover(source: DiscoverySource, signal: AbortSignal): Promise<Discovered> {
  const list = source.discover ? source.gateway.listAccounts : undefined
  const listed = list === undefined ? [] : await list(signal)
  return { accounts: mergeAccounts(source, listed), withdrawn: withdrawn(source), complete: list !== undefined }
}

/** Merges all sources; the order is the configuration's, then the database's, then the gateway's. */
export function mergeAccounts(source: DiscoverySource, listed: readonly ListedAccount[]): readonly Account[] {
  const documented = source.documented?.() ?? NOTHING
  const byId = new Map(listed.map((item) => [item.account, item]))
  const byNativeId = new Map(listed.map((item) => [item.nativeId, item]))
  const documents = new Map(documented.accounts.map((item) => [item.account, item]))
  const merged = new Map<string, Account>()
  const add = (known: ConfiguredAccount) => {
    const found = byId.get(known.account) ?? byNativeId.get(known.nativeId ?? known.account)
    const account = toAccount(source, known, found)
    if (!merged.has(account.key)) merged.set(account.key, account)
    if (found !== undefined) byId.delete(found.account)
  }
  for (const configured of source.accounts) {
    add(overlaid(documents.get(configured.account), configured))
    documents.delete(configured.account)
  }
  for (const document of documents.values()) add(document)
  const { disabled } = documented
  for (const { account, nativeId } of byId.values())
    if (!disabled.has(account) && !disabled.has(nativeId)) add({ account })
  return [...merged.values()]
}

/** Accounts that the database has switched off; one that the configuration names is watched all the same. */
export function withdrawn(source: DiscoverySource): readonly AccountKey[] {
  const disabled = source.documented?.()?.disabled ?? NOTHING.disabled
  if (disabled.size === 0) return []
  const named = new Set(source.accounts.map(({ account }) => account))
  return [...disabled]
    .filter((id) => !named.has(id))
    .map((id) => accountKey(source.gateway.name, shownText(id, source.privacy)))
}

/** The configuration over the database, field by field. */
function overlaid(document: ConfiguredAccount | undefined, configured: ConfiguredAccount): ConfiguredAccount {
  if (document === undefined) return configured
  return {
    account: configured.account,
    nativeId: configured.nativeId ?? document.nativeId,
    phone: configured.phone ?? document.phone,
    name: configured.name ?? document.name,
    labels: { ...document.labels, ...configured.labels },
    objective: configured.objective ?? document.objective,
    desired: configured.desired ?? document.desired,
  }
}

function toAccount(source: DiscoverySource, known: ConfiguredAccount, listed: ListedAccount | undefined): Account {
  const phone = known.phone ?? listed?.phone ?? null
  const name = known.name ?? listed?.name ?? null
  const id = shownText(known.account, source.privacy)
  return {
    key: accountKey(source.gateway.name, id),
    account: id,
    gateway: source.gateway.name,
    nativeId: known.nativeId ?? listed?.nativeId ?? known.account,
    phone: phone === null ? null : shownPhone(phone, source.privacy),
    name: name === null ? null : shownText(name, source.privacy),
    labels: { ...source.labels, ...known.labels },
    objective: known.objective ?? source.objective,
    desired: known.desired ?? source.desired,
  }
}
