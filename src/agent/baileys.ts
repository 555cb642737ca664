import { baileysConnection } from '../gateways/baileys-code.ts'
import { type AccountReport, RestartRefused, type Verdict, type WatchedAccount } from './watched-account.ts'

/** The part of Baileys' `connection.update` that the agent uses. */
export interface BaileysUpdate {
  readonly connection?: 'open' | 'connecting' | 'close' | undefined
  readonly lastDisconnect?: { readonly error?: unknown } | undefined
  readonly qr?: string | undefined
  readonly isNewLogin?: boolean | undefined
  readonly reachoutTimeLock?:
    | { readonly isActive?: boolean | undefined; readonly timeEnforcementEnds?: Date | undefined }
    | undefined
}

/** The part of a Baileys `WASocket` that the agent uses. */
export interface BaileysSocket {
  readonly ev: {
    on(event: 'connection.update', listener: (update: BaileysUpdate) => void): unknown
    on(event: 'messages.upsert' | 'message-receipt.update', listener: (update: unknown) => void): unknown
  }
  readonly ws?: { readonly isOpen: boolean }
  readonly user?:
    | {
        readonly id: string
        readonly phoneNumber?: string | undefined
        readonly name?: string | undefined
        readonly notify?: string | undefined
        readonly verifiedName?: string | undefined
      }
    | undefined
}

export interface BaileysOptions {
  /** Your own function that ends the present socket, makes a new one and tracks it. Absent: no restart from outside. */
  readonly restart?: () => void | Promise<void>
  /** @default Date.now */
  readonly now?: () => number
}

/** A watched account that follows one socket after another. */
export interface BaileysAccount extends WatchedAccount {
  /** Follows a new socket from now on. Call it right after every `makeWASocket`, before any event can fire. */
  track(socket: BaileysSocket): void
}

/** What the events of the present socket said. Exported for the table test of `judge`. */
export interface BaileysFacts {
  readonly connection: 'none' | 'connecting' | 'open' | 'close'
  /** Status code of the last close of this or an earlier socket; null after `open`. */
  readonly code: number | null
  /** A QR code is on show. */
  readonly pairing: boolean
  /** A QR code was on show when the socket closed, and nobody had scanned it. */
  readonly qrExpired: boolean
  /** End of a ban on new chats, Unix milliseconds; null where there is none. */
  readonly timelockUntilMs: number | null
}

const FRESH: BaileysFacts = {
  connection: 'none',
  code: null,
  pairing: false,
  qrExpired: false,
  timelockUntilMs: null,
}

/**
 * Watches one Baileys account over all its sockets. Baileys has no reconnect of its own: your bot makes a new socket, and
 * calls `track` with it.
 */
export function fromBaileys(options: BaileysOptions = {}): BaileysAccount {
  const now = options.now ?? Date.now
  let facts = FRESH
  let present: BaileysSocket | null = null
  let lastActivityAtMs: number | undefined
  let restarting: Promise<void> | null = null

  const account: BaileysAccount = {
    track(socket) {
      if (socket === present) return
      present = socket
      // The cause of the last close stays known while the next socket dials.
      facts = { ...facts, pairing: false, connection: socket.ws?.isOpen && socket.user ? 'open' : 'connecting' }
      socket.ev.on('connection.update', (update) => {
        // A closed socket may still speak while its successor works.
        if (socket === present) facts = afterUpdate(facts, update)
      })
      const sawActivity = () => {
        if (socket === present) lastActivityAtMs = now()
      }
      socket.ev.on('messages.upsert', sawActivity)
      socket.ev.on('message-receipt.update', sawActivity)
    },
    read(): AccountReport {
      const user = present?.user
      return {
        ...judge(facts, now()),
        phone: phoneOf(user?.phoneNumber) ?? phoneOf(user?.id),
        name: user?.name ?? user?.verifiedName ?? user?.notify,
        lastActivityAtMs,
      }
    },
  }
  const { restart } = options
  if (restart === undefined) return account
  return {
    ...account,
    async restart() {
      if (restarting === null) {
        if (facts.pairing) throw new RestartRefused('A QR code is on show: scan it instead of restarting.')
        restarting = Promise.resolve()
          .then(restart)
          .finally(() => {
            restarting = null
          })
      }
      return restarting
    },
  }
}

/** What is known after one `connection.update`; updates are partial, absent fields keep what was known. */
export function afterUpdate(facts: BaileysFacts, update: BaileysUpdate): BaileysFacts {
  const lock = update.reachoutTimeLock
  const timelockUntilMs =
    lock === undefined
      ? facts.timelockUntilMs
      : lock.isActive === true
        ? (lock.timeEnforcementEnds?.getTime() ?? Number.POSITIVE_INFINITY)
        : null
  const known = { ...facts, timelockUntilMs }
  if (update.connection === 'open') return { ...FRESH, connection: 'open', timelockUntilMs }
  if (update.connection === 'close') {
    const code = statusCodeOf(update.lastDisconnect?.error)
    return { ...known, connection: 'close', code, pairing: false, qrExpired: facts.pairing && code === 408 }
  }
  if (update.isNewLogin === true) return { ...known, pairing: false }
  if (update.qr !== undefined) return { ...known, connection: 'connecting', pairing: true, qrExpired: false }
  if (update.connection === 'connecting') return { ...known, connection: 'connecting' }
  return known
}

/** The state that these facts mean at `nowMs`. */
export function judge(facts: BaileysFacts, nowMs: number): Verdict {
  if (facts.pairing) return { state: 'awaiting_auth', reason: facts.code === 401 ? 'logged_out' : null }
  if (facts.qrExpired) return { state: 'awaiting_auth', reason: 'qr_timeout' }
  if (facts.connection === 'none') return { state: 'connecting', reason: null }
  if (facts.connection === 'open' && facts.timelockUntilMs !== null && facts.timelockUntilMs > nowMs) {
    return { state: 'degraded', reason: 'timelock' }
  }
  // A code of a later Baileys: the socket is gone all the same.
  return baileysConnection(facts.connection, facts.code) ?? { state: 'disconnected', reason: 'other' }
}

/** Baileys closes with a Boom, whose code is in `output.statusCode`. */
function statusCodeOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('output' in error)) return null
  const { output } = error
  if (typeof output !== 'object' || output === null || !('statusCode' in output)) return null
  return typeof output.statusCode === 'number' ? output.statusCode : null
}

/** E.164 digits of a phone-number JID such as `5511999990000:12@s.whatsapp.net`; a LID holds no phone number. */
function phoneOf(jid: string | undefined): string | undefined {
  return /^(\d{5,15})(?::\d+)?@s\.whatsapp\.net$/.exec(jid ?? '')?.[1]
}
