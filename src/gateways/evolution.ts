import { z } from 'zod'
import type { Account } from '../accounts/account.ts'
import { type Driver, gatewayHttpClient } from './driver.ts'
import { type Instance, instanceOf } from './evolution-instance.ts'
import { type EvolutionFacts, evolutionReading } from './evolution-state.ts'
import type { RestartReceipt } from './gateway.ts'
import { GatewayError } from './gateway-error.ts'
import { LIST_BYTES } from './http-client.ts'
import { bounded } from './native-state.ts'
import { pathSegment } from './path-segment.ts'

/** A list entry that is older explains nothing about a state that has changed since. */
const ENTRY_FRESH_MS = 5_000
/** The list is a heavy join in the gateway's database: one account is asked about at most this often… */
const DETAILS_EVERY_MS = 60_000
/** …and so many accounts at once, so that a gateway whose sessions fail together is not asked about all of them. */
const DETAILS_AT_ONCE = 4
const DETAILS_TIMEOUT_MS = 2_000
/** Evolution waits two seconds for a QR code before it answers. */
const RESTART_TIMEOUT_MS = 15_000
/** What is remembered of an account that is neither listed nor checked any more is dropped after this. */
const FORGET_AFTER_MS = 600_000

const StateReply = z.object({ instance: z.object({ state: z.string().nullish() }) })
const ListReply = z.array(z.unknown())
/** The connect and restart replies: a state, a QR object, or `error: true` – all of them with status 200. */
const RestartReply = z.object({
  error: z.unknown().optional(),
  message: z.unknown().optional(),
  response: z.object({ message: z.unknown().optional() }).nullish(),
  base64: z.string().nullish(),
  code: z.string().nullish(),
  pairingCode: z.string().nullish(),
  qrcode: z.object({ base64: z.string().nullish(), code: z.string().nullish() }).nullish(),
})
type RestartReply = z.infer<typeof RestartReply>

interface Memory {
  facts: EvolutionFacts
  messages: number | null
  detailsTriedAtMs: number
  usedAtMs: number
}

/**
 * Evolution API v1 (up to 1.8) and v2. Each check reads `connectionState`, which is live; the list explains it.
 * There is no checkAll, because the list is a database column that stays `open` through a reconnect loop.
 */
export const evolutionGateway: Driver<'evolution'> = (options, deps) => {
  const { now, events } = deps
  const apiKey = options.auth
  const http = gatewayHttpClient(options, deps, {
    headers: () => ({ apikey: apiKey.reveal() }),
    secrets: [apiKey],
    authOption: 'auth.apiKey',
  })
  const memories = new Map<string, Memory>()
  let version: 1 | 2 | null = null
  let detailsUnderWay = 0

  function memoryOf(name: string): Memory {
    let memory = memories.get(name)
    if (memory === undefined) {
      const facts = { listed: null, openSinceMs: null, lastOpenAtMs: null, lastActivityAtMs: null }
      memory = { facts, messages: null, detailsTriedAtMs: Number.NEGATIVE_INFINITY, usedAtMs: now() }
      memories.set(name, memory)
    }
    memory.usedAtMs = now()
    return memory
  }

  function remember(instance: Instance, atMs: number): void {
    version = instance.version
    const memory = memoryOf(instance.name)
    // Messages that came since the last list are the only sign of life that Evolution gives.
    const grew = memory.messages !== null && instance.messages !== null && instance.messages > memory.messages
    if (instance.messages !== null) memory.messages = instance.messages
    memory.facts = {
      ...memory.facts,
      listed: { instance, atMs },
      lastActivityAtMs: grew ? atMs : memory.facts.lastActivityAtMs,
    }
  }

  async function list(signal: AbortSignal, only?: string, timeoutMs?: number): Promise<Instance[]> {
    const reply = await http.send(
      {
        path: '/instance/fetchInstances',
        schema: ListReply,
        maxBytes: LIST_BYTES,
        ...(only === undefined ? {} : { query: { instanceName: only } }),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      },
      signal,
    )
    const instances: Instance[] = []
    for (const entry of reply.body) {
      const instance = instanceOf(entry)
      if (instance === null) {
        events.unmapped(options.name, 'an entry of fetchInstances without a name')
        continue
      }
      remember(instance, reply.atMs)
      instances.push(instance)
    }
    return instances
  }

  async function liveState(name: string, signal: AbortSignal) {
    const path = `/instance/connectionState/${pathSegment(name)}`
    const memory = memoryOf(name)
    const reply = await http.send({ path, schema: StateReply }, signal).catch((error: unknown) => {
      // Nobody knows what it was meanwhile: an `open` after this is another one, and no list from before contradicts it.
      memory.facts = { ...memory.facts, openSinceMs: null }
      throw error
    })
    const live = reply.body.instance.state
    const openSinceMs = live === 'open' ? (memory.facts.openSinceMs ?? reply.atMs) : null
    const lastOpenAtMs = live === 'open' ? reply.atMs : memory.facts.lastOpenAtMs
    memory.facts = { ...memory.facts, openSinceMs, lastOpenAtMs }
    return { live, memory, reply }
  }

  /** Reads the list entry of one account that is down, so that the close has a cause. Fails silently: the live state stands. */
  async function explain(name: string, memory: Memory, signal: AbortSignal): Promise<void> {
    const nowMs = now()
    const isDue = nowMs - memory.detailsTriedAtMs >= DETAILS_EVERY_MS && detailsUnderWay < DETAILS_AT_ONCE
    if (!isDue || isExplained(memory.facts, nowMs)) return
    memory.detailsTriedAtMs = nowMs
    detailsUnderWay++
    try {
      await list(signal, name, DETAILS_TIMEOUT_MS)
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
    } finally {
      detailsUnderWay--
    }
  }

  async function postRestart(name: string, signal: AbortSignal): Promise<RestartReply> {
    const path = `/instance/restart/${pathSegment(name)}`
    const send = (method: 'POST' | 'PUT') =>
      http.send(
        {
          method,
          path,
          schema: RestartReply,
          timeoutMs: RESTART_TIMEOUT_MS,
          accept: (status) => (status >= 200 && status < 300) || status === 404,
        },
        signal,
      )
    const methods = version === 1 ? (['PUT', 'POST'] as const) : (['POST', 'PUT'] as const)
    for (const method of methods) {
      const reply = await send(method)
      if (reply.status !== 404) return reply.body
      const said = JSON.stringify(reply.body.response?.message ?? reply.body.message ?? '')
      if (!said.includes(`Cannot ${method}`)) {
        const message = `${options.name}: ${method} ${path} found no such instance (404). Check the account's name`
        throw new GatewayError('not_found', message, { httpStatus: 404 })
      }
    }
    const message = `${options.name}: ${path} takes neither POST nor PUT (404). Check url and the gateway's version`
    throw new GatewayError('not_found', message, { httpStatus: 404 })
  }

  async function connect(name: string, signal: AbortSignal): Promise<RestartReply> {
    const path = `/instance/connect/${pathSegment(name)}`
    return (await http.send({ path, schema: RestartReply, timeoutMs: RESTART_TIMEOUT_MS }, signal)).body
  }

  return {
    name: options.name,
    driver: options.driver,

    async check(account: Account, signal) {
      const { live, memory, reply } = await liveState(account.nativeId, signal)
      if (live === 'close' || live === 'connecting') await explain(account.nativeId, memory, signal)
      const reading = evolutionReading(live, memory.facts)
      if (reading.unmapped) events.unmapped(options.name, bounded(`state ${reading.native}`))
      return { reading, durationMs: reply.durationMs, atMs: reply.atMs }
    },

    async listAccounts(signal) {
      const instances = await list(signal)
      const oldest = now() - FORGET_AFTER_MS
      for (const [name, memory] of memories) if (memory.usedAtMs < oldest) memories.delete(name)
      return instances.map(({ name, phone, profileName }) => ({
        account: name,
        nativeId: name,
        phone,
        name: profileName,
      }))
    },

    async restart(account, signal): Promise<RestartReceipt> {
      const name = account.nativeId
      const { live, memory } = await liveState(name, signal)
      // Without its cause a close must not be touched, so here a failing list fails the restart.
      if (live === 'close' && !isExplained(memory.facts, now())) await list(signal, name)
      const reading = evolutionReading(live, memory.facts)
      const refusal = refusalOf(reading, memory.facts)
      if (refusal !== null) return { accepted: false, detail: refusal, needsHuman: true }
      // Evolution's restart does nothing on `close` and still answers 200; connect is the call that works there.
      return live === 'close'
        ? receiptOf('connect', await connect(name, signal))
        : receiptOf('restart', await postRestart(name, signal))
    },

    close: () => http.close(),
  }
}

/** Whether the list entry already tells why the instance is down. */
function isExplained({ listed, lastOpenAtMs }: EvolutionFacts, nowMs: number): boolean {
  if (listed === null) return false
  if (nowMs - listed.atMs < ENTRY_FRESH_MS) return true
  return listed.instance.status !== 'open' && (lastOpenAtMs === null || lastOpenAtMs <= listed.atMs)
}

/** Why a restart would be useless or would harm; null where it may be tried. */
function refusalOf(reading: ReturnType<typeof evolutionReading>, { listed }: EvolutionFacts): string | null {
  if (listed?.instance.hasSocket === false) return 'this integration has no socket to restart; watch it by cloud-api'
  switch (reading.state) {
    case 'unknown':
      return `the instance is ${reading.native} in the gateway's memory; restart the gateway, or create the instance anew`
    case 'awaiting_auth':
      return `${reading.native}: scan the QR code in Evolution's manager`
    case 'blocked':
      return `${reading.native}: WhatsApp has banned the number; a reconnect makes it worse`
    default:
      if (reading.reason === 'temp_banned') return `${reading.native}: a temporary ban; wait until it ends`
      if (reading.reason === 'conflict') return `${reading.native}: another client uses this session; stop it first`
      if (reading.reason === 'outdated_client') return `${reading.native}: update the gateway`
      return null
  }
}

/** What the gateway really did: the status is 200 in every case. */
function receiptOf(call: 'connect' | 'restart', reply: RestartReply): RestartReceipt {
  if (reply.error === true) {
    const said = typeof reply.message === 'string' ? reply.message : JSON.stringify(reply.message ?? '')
    return { accepted: false, detail: bounded(`${call} answered error: ${said}`), needsHuman: false }
  }
  const code = reply.base64 || reply.code || reply.pairingCode || reply.qrcode?.base64 || reply.qrcode?.code
  if (code) return { accepted: false, detail: `${call} answered with a QR code: scan it`, needsHuman: true }
  return { accepted: true, detail: `${call} accepted` }
}
