import { z } from 'zod'
import type { Account } from '../accounts/account.ts'
import type { Evidence, Reading } from '../accounts/observation.ts'
import { Secret } from '../option-types.ts'
import { type Driver, gatewayHttpClient } from './driver.ts'
import type { RestartReceipt } from './gateway.ts'
import { GatewayError } from './gateway-error.ts'
import { type HttpRequest, LIST_BYTES } from './http-client.ts'
import { jidPhone } from './jid.ts'
import { bounded, known, type Meaning, NO_EVIDENCE, unmapped } from './native-state.ts'
import { pathSegment } from './path-segment.ts'

/** Closing waits for the browser. */
const RESTART_TIMEOUT_MS = 30_000

// Source: WPPConnect-server 2.10, createSessionUtil.ts and getSessionState.
const STATUS: Readonly<Record<string, Meaning>> = {
  CLOSED: { state: 'stopped', reason: null },
  INITIALIZING: { state: 'connecting', reason: null },
  QRCODE: { state: 'awaiting_auth', reason: null },
  PHONECODE: { state: 'awaiting_auth', reason: null },
  CONNECTED: { state: 'connected', reason: null },
}
const LOST: Meaning = { state: 'disconnected', reason: 'network' }

const TokenReply = z
  .object({ token: z.string().min(1).optional(), full: z.string().min(1).optional() })
  .transform(({ token, full }, context) => {
    // `full` is `session:token`; old servers send nothing else.
    const text = token ?? full?.slice(full.indexOf(':') + 1)
    if (text !== undefined) return new Secret(text)
    context.addIssue({ code: 'custom', message: 'holds no token' })
    return z.NEVER
  })
const ListReply = z.union([z.array(z.unknown()), z.object({ response: z.array(z.unknown()) })])
const ListItem = z.union([
  z.string().min(1),
  z.object({ session: z.string().min(1) }).transform(({ session }) => session),
])
const StatusReply = z.object({ status: z.string().nullish() })
const ProbeReply = z.object({ status: z.boolean() })
const Wid = z
  .union([z.string(), z.object({ user: z.string() }).transform(({ user }) => user)])
  .nullish()
  .catch(undefined)
/** Evidence never makes a reply unreadable: a field of another shape counts as absent. */
const DeviceReply = z
  .object({
    response: z
      .object({
        phoneNumber: Wid,
        wid: Wid,
        id: Wid,
        pushname: z.string().nullish().catch(undefined),
      })
      .nullish()
      .catch(undefined),
  })
  .catch({ response: undefined })
const Acknowledged = z.object({ status: z.union([z.string(), z.boolean()]).nullish() }).catch({ status: undefined })

/**
 * WPPConnect-server. `status-session` is set once and never taken back when the link drops, so a claimed CONNECTED is proved
 * by a call that reaches the browser page.
 */
export const wppconnectGateway: Driver<'wppconnect'> = (options, deps) => {
  const secretKey = options.auth
  const http = gatewayHttpClient(options, deps, {
    secrets: [secretKey],
    authOption: 'auth.secretKey',
    classify: ({ status, body }) =>
      status === 400 && saysWrongSecret(body)
        ? { code: 'unauthorized', what: 'refused the secret key (400). Set gateways[].auth.secretKey' }
        : undefined,
  })
  const tokens = new Map<string, Secret>()

  async function tokenOf(session: string, signal: AbortSignal): Promise<Secret> {
    const cached = tokens.get(session)
    if (cached !== undefined) return cached
    // The secret key stands in the path; the client masks it in every message.
    const path = `/api/${pathSegment(session)}/${pathSegment(secretKey.reveal())}/generate-token`
    const { body } = await http.send({ method: 'POST', path, schema: TokenReply }, signal)
    tokens.set(session, body)
    return body
  }

  /** Sends as the session; a token that is refused is made anew once, because a new secret key makes all of them invalid. */
  async function send<T>(session: string, action: string, request: Omit<HttpRequest<T>, 'path'>, signal: AbortSignal) {
    const attempt = async () => {
      const token = await tokenOf(session, signal)
      const headers = { authorization: `Bearer ${token.reveal()}` }
      return http.send({ ...request, path: `/api/${pathSegment(session)}/${action}`, headers }, signal)
    }
    const hadToken = tokens.has(session)
    try {
      return await attempt()
    } catch (error) {
      if (!isUnauthorized(error)) throw error
      tokens.delete(session)
      if (!hadToken) throw error
      return attempt()
    }
  }

  async function statusOf(session: string, signal: AbortSignal) {
    const reply = await send(session, 'status-session', { schema: StatusReply }, signal)
    // A session that was never started has no status.
    return { reply, status: reply.body.status ?? 'CLOSED' }
  }

  /** Proves a claimed CONNECTED; null where the browser page is gone. */
  async function proof(session: string, signal: AbortSignal): Promise<Evidence | null> {
    const accept = (status: number) => status === 200 || status === 404
    try {
      const device = await send(session, 'host-device', { schema: DeviceReply, accept }, signal)
      return device.status === 404 ? null : evidenceOf(device.body)
    } catch (error) {
      // After an update of WhatsApp Web host-device may fail for good; then the weaker probe decides.
      if (!(error instanceof GatewayError) || (error.code !== 'server_error' && error.code !== 'bad_reply')) throw error
    }
    const probe = await send(session, 'check-connection-session', { schema: ProbeReply }, signal)
    return probe.body.status ? NO_EVIDENCE : null
  }

  async function readingOf(session: string, status: string, signal: AbortSignal): Promise<Reading> {
    const meaning = Object.hasOwn(STATUS, status) ? STATUS[status] : undefined
    if (meaning === undefined) {
      deps.events.unmapped(options.name, bounded(`status ${status}`))
      return unmapped(status)
    }
    if (meaning.state !== 'connected') return known(meaning, status)
    const evidence = await proof(session, signal)
    return evidence === null ? known(LOST, 'CONNECTED (no page)') : known(meaning, status, evidence)
  }

  return {
    name: options.name,
    driver: options.driver,

    async check(account: Account, signal) {
      const { reply, status } = await statusOf(account.nativeId, signal)
      const reading = await readingOf(account.nativeId, status, signal)
      return { reading, durationMs: reply.durationMs, atMs: reply.atMs }
    },

    async listAccounts(signal) {
      const path = `/api/${pathSegment(secretKey.reveal())}/show-all-sessions`
      const { body } = await http.send({ path, schema: ListReply, maxBytes: LIST_BYTES }, signal)
      const names: string[] = []
      const items = Array.isArray(body) ? body : body.response
      items.forEach((item, index) => {
        const parsed = ListItem.safeParse(item)
        if (parsed.success) names.push(parsed.data)
        else deps.events.unmapped(options.name, `list item ${index} is no session name`)
      })
      const present = new Set(names)
      for (const session of tokens.keys()) if (!present.has(session)) tokens.delete(session)
      return names.map((name) => ({ account: name, nativeId: name, phone: null, name: null }))
    },

    async restart(account, signal): Promise<RestartReceipt> {
      const session = account.nativeId
      const { status } = await statusOf(session, signal)
      if (status === 'QRCODE' || status === 'PHONECODE') {
        return { accepted: false, detail: `${status}: somebody must scan the code`, needsHuman: true }
      }
      const request = { method: 'POST', timeoutMs: RESTART_TIMEOUT_MS } as const
      if (status !== 'CLOSED') {
        // Where the browser is dead the close fails with 500, but the session is released before: the start decides.
        const accept = (code: number) => code === 200 || code === 500
        await send(session, 'close-session', { ...request, schema: Acknowledged, accept }, signal)
      }
      // An empty body keeps the webhook and the other settings that the server has stored for this session.
      const accept = (code: number) => code === 200 || code === 201 || code === 500
      const started = await send(
        session,
        'start-session',
        { ...request, body: {}, schema: Acknowledged, accept },
        signal,
      )
      return receiptOf(started.status, started.body.status)
    },

    close: () => http.close(),
  }
}

/** The server answers with the state before the start, so an answer without a fault is all that can be asked. */
function receiptOf(code: number, status: string | boolean | null | undefined): RestartReceipt {
  if (code === 500) return { accepted: false, detail: 'start-session answered 500', needsHuman: false }
  if (status === 'QRCODE' || status === 'PHONECODE' || status === 'qrcode') {
    return { accepted: false, detail: `start-session answered ${status}: scan the code`, needsHuman: true }
  }
  return { accepted: true, detail: bounded(`start-session answered ${status ?? code}`) }
}

function evidenceOf({ response }: z.infer<typeof DeviceReply>): Evidence {
  const phone = jidPhone(response?.phoneNumber) ?? jidPhone(response?.wid) ?? jidPhone(response?.id)
  const name = response?.pushname
  return { ...(phone === null ? {} : { phone }), ...(name ? { name } : {}) }
}

function saysWrongSecret(body: unknown): boolean {
  if (typeof body !== 'object' || body === null || !('message' in body)) return false
  return /(?:SECRET_KEY|token) is incorrect/i.test(String(body.message))
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'unauthorized'
}
