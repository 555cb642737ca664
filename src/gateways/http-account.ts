import type { Evidence, Reading } from '../accounts/observation.ts'
import type { AccountState, Reason } from '../accounts/vocabulary.ts'
import { REASONS, STATES } from '../accounts/vocabulary.ts'
import { baileysConnection } from './baileys-code.ts'
import { jidPhone } from './jid.ts'
import { pointerReader } from './json-pointer.ts'
import { known, type Meaning, unmapped } from './native-state.ts'
import type { HttpOptions } from './options.ts'
import { waState } from './wa-state.ts'

/** Seconds stay below this until the year 5138, milliseconds have been above it since 1973. */
const LEAST_MILLISECONDS = 1e11

/** One account as a bot's endpoint tells it. */
export interface HttpAccount {
  /** null where the reply names no account. */
  readonly account: string | null
  readonly reading: Reading
  /** A word of `reason` that is not in our list; the reading then says `other`. */
  readonly unknownReason: string | null
}

/** Why an account could not be read, for a message: names the place and the rule. */
export interface Unreadable {
  readonly unreadable: string
}

const OUR_STATES: ReadonlySet<string> = new Set(STATES)
const OUR_REASONS: ReadonlySet<string> = new Set(REASONS)
const isState = (word: string): word is AccountState => OUR_STATES.has(word)
const isReason = (word: string): word is Reason => OUR_REASONS.has(word)

/** Reads accounts out of the parsed replies of an endpoint whose shape `map` describes. */
export function httpAccountReader(map: HttpOptions['map']): (item: unknown) => HttpAccount | Unreadable {
  const at = {
    account: pointerReader(map.account),
    state: pointerReader(map.state),
    reason: pointerReader(map.reason),
    phone: pointerReader(map.phone),
    name: pointerReader(map.name),
    lastActivityAt: pointerReader(map.lastActivityAt),
  }

  function meaningOfWord(word: string): Meaning | undefined {
    const mapped = Object.hasOwn(map.states, word) ? map.states[word] : undefined
    if (typeof mapped === 'string') return { state: mapped, reason: null }
    if (mapped !== undefined) return { state: mapped.state, reason: mapped.reason ?? null }
    if (isState(word)) return { state: word, reason: null }
    return waState(word) ?? baileysConnection(word, null)
  }

  return (item) => {
    if (typeof item !== 'object' || item === null) return { unreadable: 'is not an object' }
    const state = at.state(item)
    if (state === undefined) return { unreadable: `has nothing at ${map.state || 'the top'} (map.state)` }
    const evidence = evidenceOf(at.phone(item), at.name(item), at.lastActivityAt(item))
    const { native, meaning } = meaningOfState(state, meaningOfWord)
    const account = accountOf(at.account(item))
    if (meaning === undefined) return { account, reading: unmapped(native, evidence), unknownReason: null }
    const given = at.reason(item)
    if (typeof given !== 'string' || given === '' || meaning.state === 'connected') {
      return { account, reading: known(meaning, native, evidence), unknownReason: null }
    }
    const reason = isReason(given) ? given : 'other'
    const reading = known({ state: meaning.state, reason }, native, evidence)
    return { account, reading, unknownReason: isReason(given) ? null : given }
  }
}

function meaningOfState(
  state: unknown,
  meaningOfWord: (word: string) => Meaning | undefined,
): { native: string; meaning: Meaning | undefined } {
  // whatsapp-web.js: getState() gives null after a disconnect.
  if (state === null)
    return { native: 'null', meaning: meaningOfWord('null') ?? { state: 'disconnected', reason: 'network' } }
  if (typeof state !== 'object') {
    const word = String(state)
    return { native: word, meaning: meaningOfWord(word) }
  }
  const connection = 'connection' in state && typeof state.connection === 'string' ? state.connection : 'no connection'
  const given = 'statusCode' in state ? state.statusCode : null
  const code = given === null || given === undefined ? null : Number(given)
  const native = code === null ? connection : `${connection} ${code}`
  return { native, meaning: baileysConnection(connection, code) }
}

function accountOf(value: unknown): string | null {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string' || text === '') return null
  return text
}

function evidenceOf(phone: unknown, name: unknown, lastActivityAt: unknown): Evidence {
  const digits = digitsOf(phone)
  const activityMs = millisecondsOf(lastActivityAt)
  return {
    ...(digits === null ? {} : { phone: digits }),
    ...(typeof name === 'string' && name !== '' ? { name } : {}),
    ...(activityMs === null ? {} : { lastActivityAtMs: activityMs }),
  }
}

function digitsOf(phone: unknown): string | null {
  if (typeof phone !== 'string' && typeof phone !== 'number') return null
  const text = String(phone)
  if (text.includes('@')) return jidPhone(text)
  const digits = text.replace(/[\s().-]/g, '').replace(/^(?:\+|00)/, '')
  return /^\d{5,15}$/.test(digits) ? digits : null
}

/** ISO 8601, Unix seconds or Unix milliseconds; null for anything else. */
function millisecondsOf(time: unknown): number | null {
  const value = typeof time === 'string' ? Date.parse(time) : time
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) return null
  return typeof time === 'number' && value < LEAST_MILLISECONDS ? value * 1000 : value
}
