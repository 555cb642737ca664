import type { Meaning } from './native-state.ts'

// Source: whatsapp-web.js 1.34, `WAState` in src/util/Constants.js, and what its Client does on each.
const WA_STATES: Readonly<Record<string, Meaning>> = {
  CONNECTED: { state: 'connected', reason: null },
  OPENING: { state: 'connecting', reason: null },
  PAIRING: { state: 'connecting', reason: null },
  TIMEOUT: { state: 'connecting', reason: 'network' },
  UNLAUNCHED: { state: 'connecting', reason: null },
  UNPAIRED: { state: 'awaiting_auth', reason: 'logged_out' },
  // The code on the screen has expired: nobody scanned it.
  UNPAIRED_IDLE: { state: 'awaiting_auth', reason: 'qr_timeout' },
  // Another WhatsApp Web took over; a restart would start a fight.
  CONFLICT: { state: 'degraded', reason: 'conflict' },
  PROXYBLOCK: { state: 'disconnected', reason: 'network' },
  DEPRECATED_VERSION: { state: 'disconnected', reason: 'outdated_client' },
  TOS_BLOCK: { state: 'blocked', reason: 'banned' },
  SMB_TOS_BLOCK: { state: 'blocked', reason: 'banned' },
}

/** Meaning of a whatsapp-web.js WAState; undefined where it is none. */
export function waState(native: string): Meaning | undefined {
  return Object.hasOwn(WA_STATES, native) ? WA_STATES[native] : undefined
}
