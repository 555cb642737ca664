import type { AccountState, ErrorCode, Reason } from './vocabulary.ts'

/** Cheap facts that came with a reading; absent where the gateway does not tell. */
export interface Evidence {
  /** Last message or engine activity, Unix milliseconds. */
  readonly lastActivityAtMs?: number
  /** E.164 digits. */
  readonly phone?: string
  readonly name?: string
  /** Cloud API quality: 3 green, 2 yellow, 1 red. */
  readonly qualityRating?: number
  /** Messages that may be started per day; Infinity where unlimited. */
  readonly messagingLimit?: number
}

/** What a driver read of one account. `native` is the gateway's own word, for logs and the API, never a label. */
export interface Reading {
  readonly state: AccountState
  readonly reason: Reason | null
  readonly native: string
  readonly evidence: Evidence
  /** True where the native word is not in the driver's table: the state is then `unknown`, and the word is counted. */
  readonly unmapped?: boolean
}

/** One read of an account: a reading, or the code of why there is none. */
export interface CheckOutcome {
  /** Start of the request, Unix milliseconds. */
  readonly atMs: number
  /** Time from the request's first byte out to the last byte in, milliseconds; our own queueing is not in it. */
  readonly durationMs: number
  readonly result:
    | { readonly ok: true; readonly reading: Reading }
    | {
        readonly ok: false
        readonly code: ErrorCode
        readonly message: string
        /** With `unreachable`: the host refused the connection, so the host is there and the gateway is not. */
        readonly refused?: boolean
      }
}

/** What the health rules take in: a reading, or the verdict on a failed check (whose fault was it?). */
export interface Observation {
  readonly atMs: number
  readonly durationMs: number
  readonly state: AccountState
  readonly reason: Reason | null
  readonly native: string
  readonly evidence: Evidence
}
