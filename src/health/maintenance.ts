import type { Account } from '../accounts/account.ts'

/** Which accounts a window is about: all of the given parts must match, an absent part matches every account. */
export interface Selection {
  readonly accounts?: readonly string[] | undefined
  readonly gateways?: readonly string[] | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/** One planned window, `[startMs, endMs)`. */
export interface MaintenanceWindow {
  readonly id: string
  readonly select: Selection
  readonly startMs: number
  readonly endMs: number
  readonly author: string
  readonly reason: string
}

/** Whether the selection is about this account; `accounts` may name its key, id or phone. */
export function selects(selection: Selection, account: Account): boolean {
  const { accounts, gateways, labels } = selection
  if (gateways !== undefined && !gateways.includes(account.gateway)) return false
  if (labels !== undefined && Object.entries(labels).some(([name, value]) => account.labels[name] !== value))
    return false
  if (accounts === undefined) return true
  return [account.key, account.account, account.phone].some((id) => id !== null && accounts.includes(id))
}
