import { waState } from '../gateways/wa-state.ts'
import { TimeLimitPassed, within } from './time-limit.ts'
import { type AccountReport, RestartRefused, type Verdict, type WatchedAccount } from './watched-account.ts'

/** The part of a whatsapp-web.js `Client` that the agent uses. */
export interface WhatsappWebJsClient {
  readonly info?: { readonly wid?: { readonly user?: string }; readonly pushname?: string }
  readonly pupBrowser?: { process?(): { kill(signal: 'SIGKILL'): boolean } | null } | null
  getState(): Promise<string | null>
  initialize(): Promise<void>
  destroy(): Promise<void>
  on(event: string, listener: (...values: unknown[]) => void): unknown
}

export interface WhatsappWebJsOptions {
  /** How long `getState()` may take, milliseconds: it asks the browser page and hangs with it. @default 1000 */
  readonly stateLimitMs?: number
  /** How long one unanswered `getState()` counts as slow before the page counts as dead, milliseconds. @default 30000 */
  readonly frozenAfterMs?: number
  /** How long `destroy()` may take before the browser process is killed, milliseconds. @default 10000 */
  readonly destroyLimitMs?: number
  /** How long `initialize()` may take, milliseconds. @default 180000 */
  readonly initializeLimitMs?: number
  /** @default Date.now */
  readonly now?: () => number
}

/** What the events said last. Exported for the table test of `judge`. */
export interface WebJsFacts {
  /** The client was ready and has not been lost since. */
  readonly ready: boolean
  /** A QR or pairing code is on show. */
  readonly pairing: boolean
  /** What the last `disconnected` or `auth_failure` means; null after `authenticated` or `ready`. */
  readonly lost: Verdict | null
}

/** What `getState()` did. */
export type WebJsAnswer =
  | { readonly kind: 'word'; readonly word: string | null }
  | { readonly kind: 'threw' }
  | { readonly kind: 'silent'; readonly frozen: boolean }

/**
 * Watches a whatsapp-web.js client. Call it where the client is made, before `initialize()`, so that no event is missed.
 * A restart is `destroy()` and `initialize()`; requests that come meanwhile join it; while a QR code is on show it is refused.
 */
export function fromWhatsappWebJs(client: WhatsappWebJsClient, options: WhatsappWebJsOptions = {}): WatchedAccount {
  const { stateLimitMs = 1_000, frozenAfterMs = 30_000, destroyLimitMs = 10_000, initializeLimitMs = 180_000 } = options
  const now = options.now ?? Date.now
  let facts: WebJsFacts = { ready: client.info?.wid !== undefined, pairing: false, lost: null }
  let lastActivityAtMs: number | undefined
  let question: { readonly sinceMs: number; readonly answer: Promise<WebJsAnswer> } | null = null
  let restarting: Promise<void> | null = null

  const showsCode = () => {
    facts = { ...facts, ready: false, pairing: true }
  }
  const sawActivity = () => {
    lastActivityAtMs = now()
  }
  client.on('qr', showsCode)
  client.on('code', showsCode)
  client.on('authenticated', () => {
    facts = { ...facts, pairing: false, lost: null }
  })
  client.on('ready', () => {
    facts = { ready: true, pairing: false, lost: null }
  })
  client.on('auth_failure', () => {
    facts = { ready: false, pairing: false, lost: { state: 'awaiting_auth', reason: 'bad_session' } }
  })
  client.on('disconnected', (why) => {
    facts = { ready: false, pairing: false, lost: meaningOfDisconnect(String(why)) }
  })
  client.on('message', sawActivity)
  client.on('message_create', sawActivity)
  client.on('message_ack', sawActivity)

  const ask = async (): Promise<WebJsAnswer> => {
    // One question at a time: a frozen page must not collect a pile of evaluations.
    if (question === null) {
      const asked = { sinceMs: now(), answer: answerOf(client) }
      question = asked
      asked.answer.then(() => {
        if (question === asked) question = null
      })
    }
    const { sinceMs, answer } = question
    try {
      return await within(answer, stateLimitMs, 'getState()')
    } catch (error) {
      if (error instanceof TimeLimitPassed) return { kind: 'silent', frozen: now() - sinceMs >= frozenAfterMs }
      throw error
    }
  }

  const startAgain = async () => {
    facts = { ready: false, pairing: false, lost: null }
    question = null
    try {
      await within(client.destroy(), destroyLimitMs, 'destroy()')
    } catch {
      // A frozen browser does not close; its profile stays locked until the process is gone.
      client.pupBrowser?.process?.()?.kill('SIGKILL')
    }
    try {
      await within(client.initialize(), initializeLimitMs, 'initialize()')
    } catch (error) {
      facts = { ...facts, lost: { state: 'disconnected', reason: null } }
      throw error
    }
  }

  return {
    async read(): Promise<AccountReport> {
      const answer = await ask()
      const phone = client.info?.wid?.user
      const name = client.info?.pushname
      return { ...judge(facts, answer), phone, name, lastActivityAtMs }
    },
    async restart() {
      if (restarting === null) {
        if (facts.pairing) throw new RestartRefused('A QR or pairing code is on show: scan it instead of restarting.')
        restarting = startAgain().finally(() => {
          restarting = null
        })
      }
      return restarting
    },
  }
}

/** Weighs what the page says against what the events said. A live CONNECTED wins, then the cause of a loss. */
export function judge(facts: WebJsFacts, answer: WebJsAnswer): Verdict {
  if (answer.kind === 'word' && answer.word === 'CONNECTED') {
    // Between authentication and `ready` the socket is up, but the client cannot send yet.
    return facts.ready ? { state: 'connected', reason: null } : { state: 'connecting', reason: null }
  }
  if (facts.pairing) return { state: 'awaiting_auth', reason: facts.lost?.reason ?? null }
  if (facts.lost !== null) return facts.lost
  if (answer.kind === 'word' && answer.word !== null) {
    return waState(answer.word) ?? { state: 'unknown', reason: null }
  }
  if (!facts.ready) return { state: 'connecting', reason: null }
  if (answer.kind === 'silent' && !answer.frozen) return { state: 'degraded', reason: 'slow' }
  // The page lost its socket model, crashed, or has been frozen for long: only a restart brings it back.
  return { state: 'disconnected', reason: null }
}

async function answerOf(client: WhatsappWebJsClient): Promise<WebJsAnswer> {
  try {
    return { kind: 'word', word: await client.getState() }
  } catch {
    return { kind: 'threw' }
  }
}

function meaningOfDisconnect(why: string): Verdict {
  if (why === 'LOGOUT') return { state: 'awaiting_auth', reason: 'logged_out' }
  if (why === 'Max qrcode retries reached') return { state: 'awaiting_auth', reason: 'qr_timeout' }
  const known = waState(why)
  // The event says that the client is gone, whatever transient word it carries.
  if (known === undefined || known.state === 'connected' || known.state === 'connecting') {
    return { state: 'disconnected', reason: null }
  }
  return known
}
