import { z } from 'zod'
import type { Account } from '../accounts/account.ts'
import type { Evidence, Reading } from '../accounts/observation.ts'
import { type Driver, gatewayHttpClient } from './driver.ts'
import type { FleetReading, Gateway, ListedAccount, RestartReceipt, TimedReading } from './gateway.ts'
import { GatewayError } from './gateway-error.ts'
import { LIST_BYTES, type Reply } from './http-client.ts'
import { jidPhone } from './jid.ts'
import { bounded, known, type Meaning, unmapped } from './native-state.ts'
import { pathSegment } from './path-segment.ts'
import { waState } from './wa-state.ts'

/** A stop and a start of a browser session take longer than a read. */
const RESTART_TIMEOUT_MS = 30_000
/** How long "this server is older than 2024.9" is believed before the new calls are tried again. */
const LEGACY_FOR_MS = 3_600_000

// Source: WAHA 2026.7, WAHASessionStatus. FAILED is judged apart, because it mixes causes.
const STATUS: Readonly<Record<string, Meaning>> = {
  STOPPED: { state: 'stopped', reason: null },
  STARTING: { state: 'connecting', reason: null },
  SCAN_QR_CODE: { state: 'awaiting_auth', reason: 'logged_out' },
  PASSKEY_REQUIRED: { state: 'awaiting_auth', reason: 'other' },
  PASSKEY_CONFIRMATION_REQUIRED: { state: 'awaiting_auth', reason: 'other' },
  WORKING: { state: 'connected', reason: null },
}

/** Evidence never makes a reply unreadable: a field of another shape counts as absent. */
const Session = z.object({
  name: z.string().min(1),
  status: z.string(),
  me: z
    .object({
      id: z.string().nullish().catch(undefined),
      pushName: z.string().nullish().catch(undefined),
      reachoutTimelock: z.object({ isActive: z.boolean() }).nullish().catch(undefined),
      messageCapping: z.object({ cappingStatus: z.string() }).nullish().catch(undefined),
    })
    .nullish()
    .catch(undefined),
  timestamps: z.object({ activity: z.number().positive().nullish() }).nullish().catch(undefined),
  engine: z.object({ state: z.string().nullish() }).nullish().catch(undefined),
})
type Session = z.infer<typeof Session>

const SessionList = z.array(z.unknown())
const Complaint = z.object({ message: z.string() }).catch({ message: '' })
const RestartReply = z.object({ status: z.string() }).nullish().catch(undefined)

/** WAHA (devlikeapro/waha): 2024.9 and later in full; older servers through the list and stop/start. */
export const wahaGateway: Driver<'waha'> = (options, deps) => {
  const { auth } = options
  const http = gatewayHttpClient(options, deps, {
    secrets: auth === undefined ? [] : [auth],
    authOption: 'auth.apiKey',
    classify: ({ status, body }) => {
      if (isMissingRoute(status, body)) legacyUntilMs = deps.now() + LEGACY_FOR_MS
      return undefined
    },
    ...(auth === undefined ? {} : { headers: () => ({ 'x-api-key': auth.reveal() }) }),
  })
  /** When we last restarted a session that has not worked since, by session name. */
  const restartedMs = new Map<string, number>()
  /** What the engine itself said of a session that FAILED, by session name; the list does not carry it. */
  const engineVerdicts = new Map<string, Meaning>()
  let legacyUntilMs = 0

  async function list(signal: AbortSignal): Promise<Reply<readonly Session[]>> {
    const reply = await http.send(
      // Without `all`, stopped sessions are left out.
      { path: '/api/sessions', query: { all: 'true' }, schema: SessionList, maxBytes: LIST_BYTES },
      signal,
    )
    const sessions: Session[] = []
    reply.body.forEach((item, index) => {
      const parsed = Session.safeParse(item)
      if (parsed.success) sessions.push(parsed.data)
      else deps.events.unmapped(options.name, `list item ${index}: ${parsed.error.issues[0]?.message ?? 'unreadable'}`)
    })
    return { ...reply, body: sessions }
  }

  function judge(session: Session, atMs: number): Reading {
    const evidence = evidenceOf(session)
    if (session.status === 'FAILED') return known(meaningOfFailed(session, atMs), 'FAILED', evidence)
    engineVerdicts.delete(session.name)
    const meaning = Object.hasOwn(STATUS, session.status) ? STATUS[session.status] : undefined
    if (meaning === undefined) {
      deps.events.unmapped(options.name, bounded(`status ${session.status}`))
      return unmapped(session.status, evidence)
    }
    if (meaning.state !== 'connecting') restartedMs.delete(session.name)
    return known(meaning.state === 'connected' ? meaningOfWorking(session) : meaning, session.status, evidence)
  }

  /** FAILED mixes a crashed page with a lost pairing: the engine's own word, the identity and our last restart tell. */
  function meaningOfFailed(session: Session, atMs: number): Meaning {
    const engine = session.engine?.state
    const said = engine === null || engine === undefined ? undefined : waState(engine)
    if (said !== undefined && isDefinite(said)) engineVerdicts.set(session.name, said)
    const verdict = engineVerdicts.get(session.name)
    if (verdict !== undefined) return verdict
    if (session.me === null) return { state: 'awaiting_auth', reason: 'logged_out' }
    const restarted = restartedMs.get(session.name)
    if (restarted !== undefined && atMs > restarted) return { state: 'awaiting_auth', reason: 'bad_session' }
    return { state: 'disconnected', reason: 'other' }
  }

  async function checkInList(account: Account, signal: AbortSignal): Promise<TimedReading> {
    const reply = await list(signal)
    const session = reply.body.find(({ name }) => name === account.nativeId)
    if (session === undefined) {
      throw new GatewayError(
        'not_found',
        `${options.name}: the gateway lists no session "${bounded(account.nativeId)}". Create it, or correct accounts.`,
      )
    }
    return { reading: judge(session, reply.atMs), durationMs: reply.durationMs, atMs: reply.atMs }
  }

  async function readOne(account: Account, signal: AbortSignal): Promise<TimedReading> {
    const path = `/api/sessions/${pathSegment(account.nativeId)}`
    const reply = await http.send({ path, schema: Session }, signal)
    return { reading: judge(reply.body, reply.atMs), durationMs: reply.durationMs, atMs: reply.atMs }
  }

  async function restartInOneCall(account: Account, signal: AbortSignal): Promise<RestartReceipt> {
    // The list hides why a session FAILED; a restart in a conflict or of an outdated client would only do harm.
    const { reading } = await readOne(account, signal)
    const verdict = engineVerdicts.get(account.nativeId)
    if (verdict !== undefined) {
      const detail = `not sent: the engine says ${reading.reason ?? reading.state}, which no restart repairs`
      return { accepted: false, detail, needsHuman: true }
    }
    const reply = await http.send(
      {
        method: 'POST',
        path: `/api/sessions/${pathSegment(account.nativeId)}/restart`,
        schema: RestartReply,
        anyBody: true,
        timeoutMs: RESTART_TIMEOUT_MS,
        accept: isAnswerToRestart,
      },
      signal,
    )
    return receipt(reply.status, reply.body?.status)
  }

  async function restartByStopAndStart(account: Account, signal: AbortSignal): Promise<RestartReceipt> {
    const body = { name: account.nativeId }
    const call = {
      method: 'POST',
      body,
      anyBody: true,
      timeoutMs: RESTART_TIMEOUT_MS,
      accept: isAnswerToRestart,
    } as const
    // A session that is stopped already is answered with 422; the start decides.
    await http.send({ ...call, path: '/api/sessions/stop', schema: RestartReply }, signal)
    const started = await http.send({ ...call, path: '/api/sessions/start', schema: RestartReply }, signal)
    return receipt(started.status, started.body?.status)
  }

  const isLegacy = () => deps.now() < legacyUntilMs

  /** Runs the call of 2024.9 and later; on an older server falls back, and remembers it for an hour. */
  async function byVersion<T>(current: () => Promise<T>, legacy: () => Promise<T>): Promise<T> {
    if (isLegacy()) return legacy()
    try {
      return await current()
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'not_found' && isLegacy()) return legacy()
      throw error
    }
  }

  return {
    name: options.name,
    driver: options.driver,

    check(account, signal) {
      return byVersion(
        () => readOne(account, signal),
        () => checkInList(account, signal),
      )
    },

    async checkAll(signal): Promise<FleetReading> {
      const reply = await list(signal)
      const readings = new Map(reply.body.map((session) => [session.name, judge(session, reply.atMs)]))
      return { readings, durationMs: reply.durationMs, atMs: reply.atMs }
    },

    async listAccounts(signal): Promise<readonly ListedAccount[]> {
      const { body } = await list(signal)
      return body.map(({ name, me }) => ({
        account: name,
        nativeId: name,
        phone: jidPhone(me?.id),
        name: me?.pushName ?? null,
      }))
    },

    async restart(account, signal) {
      const remember = () => restartedMs.set(account.nativeId, deps.now())
      try {
        const given = await byVersion(
          () => restartInOneCall(account, signal),
          () => restartByStopAndStart(account, signal),
        )
        if (given.accepted) remember()
        return given
      } catch (error) {
        // No answer is no refusal: the gateway may well have restarted it.
        if (error instanceof GatewayError && (error.code === 'timeout' || error.code === 'aborted')) remember()
        throw error
      }
    },

    close: () => http.close(),
  } satisfies Gateway
}

function evidenceOf(session: Session): Evidence {
  const phone = jidPhone(session.me?.id)
  const name = session.me?.pushName
  const activity = session.timestamps?.activity
  return {
    ...(phone === null ? {} : { phone }),
    ...(name === null || name === undefined || name === '' ? {} : { name }),
    ...(activity === null || activity === undefined ? {} : { lastActivityAtMs: activity }),
  }
}

/** WORKING is a claim: a session without an identity, or under a restriction, is not whole. */
function meaningOfWorking(session: Session): Meaning {
  const { me } = session
  // An old server that does not send `me` at all proves nothing; null and {} do (devlikeapro/waha#1735).
  if (me === null || (me !== undefined && (me.id === undefined || me.id === null || me.id === ''))) {
    return { state: 'degraded', reason: 'stale' }
  }
  if (me?.reachoutTimelock?.isActive === true) return { state: 'degraded', reason: 'timelock' }
  if (me?.messageCapping?.cappingStatus === 'CAPPED') return { state: 'degraded', reason: 'capped' }
  return { state: 'connected', reason: null }
}

/** True where a restart cannot help, so that it must not be hidden behind FAILED. */
function isDefinite({ state, reason }: Meaning): boolean {
  return state === 'awaiting_auth' || state === 'blocked' || reason === 'conflict' || reason === 'outdated_client'
}

function isAnswerToRestart(status: number): boolean {
  return (status >= 200 && status < 300) || status === 422
}

function receipt(status: number, native: string | undefined): RestartReceipt {
  if (status === 422)
    return { accepted: false, detail: 'the gateway answered 422: it cannot do it now', needsHuman: false }
  const detail = native === undefined ? `answered ${status}` : bounded(`answered ${status}, status ${native}`)
  return { accepted: true, detail }
}

/** NestJS answers a route that it does not have with `Cannot GET /…`; a session that is missing reads otherwise. */
function isMissingRoute(status: number, body: unknown): boolean {
  return status === 404 && /^Cannot (?:GET|POST) /.test(Complaint.parse(body).message)
}
