import type { Meaning } from './native-state.ts'

// Sources: Baileys `DisconnectReason` (src/Types/index.ts), whatsmeow `ConnectFailureReason` (types/events/events.go).
const CODES: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [401, { state: 'awaiting_auth', reason: 'logged_out' }],
  [402, { state: 'degraded', reason: 'temp_banned' }],
  [403, { state: 'blocked', reason: 'banned' }],
  [405, { state: 'disconnected', reason: 'outdated_client' }],
  [406, { state: 'blocked', reason: 'banned' }],
  [408, { state: 'disconnected', reason: 'network' }],
  // WhatsApp does not know the client that the library claims to be; only an upgrade helps.
  [409, { state: 'disconnected', reason: 'outdated_client' }],
  [411, { state: 'awaiting_auth', reason: 'other' }],
  [413, { state: 'disconnected', reason: 'bad_session' }],
  [414, { state: 'disconnected', reason: 'bad_session' }],
  [419, { state: 'awaiting_auth', reason: 'logged_out' }],
  [428, { state: 'disconnected', reason: 'network' }],
  [440, { state: 'degraded', reason: 'conflict' }],
  // A refusal to start new chats, not a close: the account still answers.
  [463, { state: 'degraded', reason: 'timelock' }],
  [500, { state: 'disconnected', reason: 'bad_session' }],
  [503, { state: 'disconnected', reason: 'network' }],
  // The usual restart right after pairing, never a fault.
  [515, { state: 'connecting', reason: null }],
])

/** Meaning of the code with which Baileys or whatsmeow closed; undefined for a code that no table knows. */
export function baileysCode(code: number): Meaning | undefined {
  return CODES.get(code)
}

/** While the library is dialling again, a network code is not yet a fault. */
const RETRIED: ReadonlySet<number> = new Set([408, 428, 503, 515])

/**
 * Meaning of Baileys' `connection.update`: `connection` is `open`, `connecting` or `close`, and `code` is
 * `lastDisconnect.error.output.statusCode`. Undefined where the word or the code is unknown.
 */
export function baileysConnection(connection: string, code: number | null): Meaning | undefined {
  switch (connection) {
    case 'open':
      return code === 463 ? CODES.get(463) : { state: 'connected', reason: null }
    case 'connecting':
      // A definite code (logged out, banned) outlives the library's wish to try again.
      return code === null || RETRIED.has(code) ? { state: 'connecting', reason: null } : CODES.get(code)
    case 'close':
      return code === null ? { state: 'disconnected', reason: 'network' } : CODES.get(code)
    default:
      return undefined
  }
}
