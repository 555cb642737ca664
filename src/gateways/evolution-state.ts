import type { Evidence, Reading } from '../accounts/observation.ts'
import { baileysCode } from './baileys-code.ts'
import type { Instance } from './evolution-instance.ts'
import { known, unmapped } from './native-state.ts'

/** What is known of one instance besides its live state. */
export interface EvolutionFacts {
  /** The last list entry, and when the list was read, Unix milliseconds. */
  readonly listed: { readonly instance: Instance; readonly atMs: number } | null
  /** First of the present unbroken row of live `open`; null while it is not open. */
  readonly openSinceMs: number | null
  /** Last live `open`; null where there was none. */
  readonly lastOpenAtMs: number | null
  readonly lastActivityAtMs: number | null
}

/** The database column is written in an event after the state in memory: a younger row may not be compared. */
const COLUMN_LAG_MS = 5_000

/**
 * Weighs the live state against the list. The live state wins; the list explains it: a close by its code, a `connecting`
 * that is a QR code on show, an `open` that the database does not know.
 */
export function evolutionReading(live: string | null | undefined, facts: EvolutionFacts): Reading {
  const evidence = evidenceOf(facts)
  const read = (state: Reading['state'], reason: Reading['reason'], native: string) =>
    known({ state, reason }, native, evidence)
  // The row exists, but the gateway has not loaded the instance: there is no connection to judge.
  if (live === undefined || live === null) return read('unknown', null, 'not loaded')
  const row = rowOfPresent(live, facts)
  switch (live) {
    case 'open':
      if (row === null || !row.hasSocket) return read('connected', null, live)
      if (row.status !== null && row.status !== 'open') return read('degraded', 'stale', `open (list: ${row.status})`)
      if (row.paired === false) return read('degraded', 'stale', 'open (no owner)')
      return read('connected', null, live)
    case 'connecting':
      if (row !== null && showsQr(row)) return read('awaiting_auth', null, 'connecting (QR)')
      if (row?.paired === false) return read('awaiting_auth', null, 'connecting (no owner)')
      return read('connecting', null, live)
    case 'close': {
      const code = row === null ? null : codeOfPresent(row, facts)
      if (code !== null) {
        const cause = baileysCode(code)
        return read(cause?.state ?? 'disconnected', cause?.reason ?? 'other', `close (${code})`)
      }
      // The QR limit was reached: Evolution closes and leaves the column at `connecting`.
      if (row !== null && showsQr(row)) return read('awaiting_auth', 'qr_timeout', 'close (QR)')
      if (row?.paired === false) return read('awaiting_auth', null, 'close (no owner)')
      return read('disconnected', null, live)
    }
    case 'refused':
      return read('awaiting_auth', 'qr_timeout', live)
    default:
      return unmapped(live, evidence)
  }
}

/** The list entry, where it is about the present connection; null where it is missing or from before. */
function rowOfPresent(live: string, { listed, openSinceMs, lastOpenAtMs }: EvolutionFacts): Instance | null {
  if (listed === null) return null
  if (!listed.instance.hasSocket) return listed.instance
  if (live === 'open')
    return openSinceMs !== null && listed.atMs >= openSinceMs + COLUMN_LAG_MS ? listed.instance : null
  return lastOpenAtMs !== null && lastOpenAtMs > listed.atMs ? null : listed.instance
}

/** The code of the present close; null where the code in the row is from an earlier one. */
function codeOfPresent(row: Instance, { lastOpenAtMs }: EvolutionFacts): number | null {
  if (row.status === 'close') return row.reasonCode
  const isLater = row.disconnectedAtMs !== null && lastOpenAtMs !== null && row.disconnectedAtMs >= lastOpenAtMs
  return isLater ? row.reasonCode : null
}

/** v2 writes `connecting` into the column only when it issues a QR code. */
function showsQr(row: Instance): boolean {
  return row.version === 2 && row.status === 'connecting'
}

function evidenceOf({ listed, lastActivityAtMs }: EvolutionFacts): Evidence {
  const phone = listed?.instance.phone
  const name = listed?.instance.profileName
  return {
    ...(lastActivityAtMs === null ? {} : { lastActivityAtMs }),
    ...(phone ? { phone } : {}),
    ...(name ? { name } : {}),
  }
}
