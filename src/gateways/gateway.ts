import type { Account } from '../accounts/account.ts'
import type { Reading } from '../accounts/observation.ts'

/** An account as the gateway lists it; discovery adds what the configuration says. */
export interface ListedAccount {
  readonly account: string
  readonly nativeId: string
  readonly phone: string | null
  readonly name: string | null
}

/** A reading and how long the request took that carried it. */
export interface TimedReading {
  readonly reading: Reading
  /** First byte out to last byte in, milliseconds. */
  readonly durationMs: number
  /** Start of that request, Unix milliseconds. */
  readonly atMs: number
}

/** One reading per native id; an account that the reply does not hold is absent. */
export type FleetReading = {
  readonly readings: ReadonlyMap<string, Reading>
  readonly durationMs: number
  readonly atMs: number
}

/** What the gateway did with a restart request. Accepted is not verified: only a later good check verifies. */
export type RestartReceipt =
  | { readonly accepted: true; readonly detail: string }
  | { readonly accepted: false; readonly detail: string; readonly needsHuman: boolean }

/**
 * What the exporter needs of one WhatsApp gateway. An absent method is an absent power.
 * Methods reject only with GatewayError; reads never change anything at the gateway.
 */
export interface Gateway {
  readonly name: string
  readonly driver: string
  /** Reads one account. */
  check(account: Account, signal: AbortSignal): Promise<TimedReading>
  /** Present where the gateway can list. Broken items are left out and counted, never thrown. */
  listAccounts?(signal: AbortSignal): Promise<readonly ListedAccount[]>
  /** Present where one list call carries live states: the whole gateway is then checked with one request per cycle. */
  checkAll?(signal: AbortSignal): Promise<FleetReading>
  /** Present where a restart exists that keeps the pairing. */
  restart?(account: Account, signal: AbortSignal): Promise<RestartReceipt>
  /** Releases sockets. Safe to call twice. */
  close(): Promise<void>
}

/** Told by drivers, counted by metrics: a word of the gateway's that no table knows. */
export interface GatewayEvents {
  /** An unknown native value, or an unreadable list item; `what` is bounded to 100 characters and holds no secret. */
  unmapped(gateway: string, what: string): void
}
