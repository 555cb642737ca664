import type { AccountState, Reason } from '../accounts/vocabulary.ts'

/** A state and why. */
export interface Verdict {
  readonly state: AccountState
  readonly reason: Reason | null
}

/** What a bot says of one of its accounts. */
export interface AccountReport {
  readonly state: AccountState
  /** Why; left out of the reply where it is null or absent. */
  readonly reason?: Reason | null | undefined
  /** E.164 digits, without `+`. */
  readonly phone?: string | undefined
  readonly name?: string | undefined
  /** Last message or receipt, Unix milliseconds. */
  readonly lastActivityAtMs?: number | undefined
}

/** One account as the agent sees it. Write your own where your bot holds neither whatsapp-web.js nor Baileys. */
export interface WatchedAccount {
  /** The present state. Anything that throws, or takes longer than two seconds, is reported as `unknown`. */
  read(): AccountReport | Promise<AccountReport>
  /**
   * Starts the connection again and keeps the pairing; settles when that is done.
   * Rejects with RestartRefused where a restart would harm. Absent: this account cannot be restarted from outside.
   */
  restart?(): Promise<void>
}

/** A restart that would do harm now, for example while somebody scans the QR code. The agent answers 409 with its message. */
export class RestartRefused extends Error {
  override readonly name = 'RestartRefused'
}
