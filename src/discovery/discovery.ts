import type { Account } from '../accounts/account.ts'
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

/** How the accounts of one gateway are found. */
export interface DiscoverySource {
  readonly gateway: Gateway
  /** Ask the gateway; otherwise only `accounts` are known. */
  readonly discover: boolean
  readonly accounts: readonly ConfiguredAccount[]
  readonly labels: Readonly<Record<string, string>>
  readonly objective: number
  readonly desired: 'running' | 'any'
  readonly privacy: PhonePrivacy
}

/** The accounts of one gateway at one moment. */
export interface Discovered {
  readonly accounts: readonly Account[]
  /** Whether the gateway itself was asked and answered: only then does a missing account mean that it is gone. */
  readonly complete: boolean
}

/**
 * Finds the accounts of one gateway: those it lists, merged with those that the configuration names (the configuration
 * wins, field by field). Rejects with GatewayError where the list call fails.
 */
export async function discover(source: DiscoverySource, signal: AbortSignal): Promise<Discovered> {
  const list = source.discover ? source.gateway.listAccounts : undefined
  const listed = list === undefined ? [] : await list(signal)
  return { accounts: mergeAccounts(source, listed), complete: list !== undefined }
}

/** Merges listed and configured accounts; the order is the configuration's, then the gateway's. */
export function mergeAccounts(source: DiscoverySource, listed: readonly ListedAccount[]): readonly Account[] {
  const byId = new Map<string, ListedAccount>()
  for (const item of listed) byId.set(item.account, item)
  const merged = new Map<string, Account>()
  for (const configured of source.accounts) {
    const found = byId.get(configured.account) ?? listed.find((item) => item.nativeId === configured.account)
    const account = toAccount(source, configured, found)
    merged.set(account.key, account)
    if (found !== undefined) byId.delete(found.account)
  }
  for (const item of byId.values()) {
    const account = toAccount(source, { account: item.account }, item)
    if (!merged.has(account.key)) merged.set(account.key, account)
  }
  return [...merged.values()]
}

function toAccount(source: DiscoverySource, configured: ConfiguredAccount, listed: ListedAccount | undefined): Account {
  const phone = configured.phone ?? listed?.phone ?? null
  const name = configured.name ?? listed?.name ?? null
  const id = shownText(configured.account, source.privacy)
  return {
    key: accountKey(source.gateway.name, id),
    account: id,
    gateway: source.gateway.name,
    nativeId: configured.nativeId ?? listed?.nativeId ?? configured.account,
    phone: phone === null ? null : shownPhone(phone, source.privacy),
    name: name === null ? null : shownText(name, source.privacy),
    labels: { ...source.labels, ...configured.labels },
    objective: configured.objective ?? source.objective,
    desired: configured.desired ?? source.desired,
  }
}
