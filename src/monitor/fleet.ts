import type { Account, AccountKey } from '../accounts/account.ts'
import type { ErrorCode } from '../accounts/vocabulary.ts'
import type { AccountHealth } from '../health/health.ts'
import type { MaintenanceWindow } from '../health/maintenance.ts'
import type { RecoveryAttempt, RecoveryDecision } from '../health/recovery.ts'

/** One account as everybody but the monitor sees it. */
export interface AccountView {
  readonly account: Account
  readonly health: AccountHealth
  /** The window that is open now, if any. */
  readonly maintenance: MaintenanceWindow | null
  /** What recovery would do now, and if nothing, why. */
  readonly recovery: RecoveryDecision
  /** Known from the store alone: the exporter that watches it does not answer. Absent: watched by this one. */
  readonly lastKnown?: true
}

export interface GatewayView {
  readonly name: string
  readonly driver: string
  /** Base address without credentials, query and fragment. */
  readonly url: string
  readonly labels: Readonly<Record<string, string>>
  /** Null while the exporter is blind, and before the first check. */
  readonly up: boolean | null
  readonly upSinceMs: number | null
  readonly lastAnswerMs: number | null
  readonly lastError: { readonly code: ErrorCode; readonly message: string; readonly atMs: number } | null
  readonly accounts: number
  readonly breakerOpen: boolean
  readonly canList: boolean
  readonly canRestart: boolean
}

export interface ExporterView {
  readonly startedMs: number
  /** Judged cut off from every gateway at once: nothing is said of any account. */
  readonly blind: boolean
  /** Why it is blind and what to do about it; empty while it sees. */
  readonly advice: string
  readonly intervalMs: number
  readonly lastCycleMs: number | null
  readonly cycleDurationMs: number
  readonly lagMs: number
  /** Bound of what our own event loop may have added to a check's duration in the last cycle. */
  readonly durationErrorMs: number
  readonly checksInFlight: number
  readonly recoveryMode: 'off' | 'dry-run' | 'on'
}

/** Reads only; every call is cheap and sees the same moment. */
export interface Fleet {
  readonly size: number
  accounts(): IterableIterator<AccountView>
  get(key: AccountKey): AccountView | undefined
  /** By key, account id or phone in any notation; more than one where an id is not unique over gateways. */
  find(id: string): readonly AccountView[]
  gateways(): readonly GatewayView[]
  exporter(): ExporterView
}

export interface CheckResult {
  readonly view: AccountView
  readonly durationMs: number | null
  /** Present where the check brought no reading. */
  readonly error: { readonly code: ErrorCode; readonly message: string } | null
}

export type RecoverResult =
  | { readonly attempt: RecoveryAttempt }
  | { readonly refused: Exclude<RecoveryDecision, { act: true }> }

/** What the API and the command line may ask of the monitor. */
export interface MonitorControl {
  readonly fleet: Fleet
  /** Checks now, all at once; an account whose check is already under way shares its result. */
  checkNow(keys: readonly AccountKey[] | 'all', signal: AbortSignal): Promise<readonly CheckResult[]>
  /** Restart on a person's word: skips backoff and the account's budget, never the guards against harm. */
  recover(key: AccountKey, by: string, signal: AbortSignal): Promise<RecoverResult>
}
