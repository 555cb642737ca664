/** One WhatsApp number behind one gateway, as discovery found it. Immutable: a change makes a new object. */
export interface Account {
  /** `gateway/account`: unique in the fleet, because a gateway's name holds no slash. */
  readonly key: AccountKey
  /** Stable id: the gateway's session name, else the phone number in E.164 digits. Label `account`. */
  readonly account: string
  /** Name of the gateway in the configuration. Label `gateway`. */
  readonly gateway: string
  /** What the gateway calls this account in its URLs. The same as `account` but for gateways whose ids are opaque. */
  readonly nativeId: string
  /** E.164 digits without `+`, or what privacy makes of them: discovery hides it before anybody else sees it. */
  readonly phone: string | null
  /** Display name. */
  readonly name: string | null
  /** Operator labels: the gateway's and the account's, merged. */
  readonly labels: Readonly<Record<string, string>>
  /** SLO of this account, a ratio in (0, 1). */
  readonly objective: number
  /** `running`: a stopped session is a fault. `any`: stopped is somebody's wish. */
  readonly desired: 'running' | 'any'
}

export type AccountKey = string

/** Builds the fleet-wide key of an account. `gateway` must hold no slash; the configuration refuses one. */
export function accountKey(gateway: string, account: string): AccountKey {
  return `${gateway}/${account}`
}
