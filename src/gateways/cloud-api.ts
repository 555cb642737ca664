import { z } from 'zod'
import type { Account } from '../accounts/account.ts'
import type { Reading } from '../accounts/observation.ts'
import { healthRounds } from './cloud-api-health.ts'
import { HealthReply, NUMBER_FIELDS, numberDigits, numberReading, PhoneNumber } from './cloud-api-number.ts'
import { type Driver, gatewayHttpClient } from './driver.ts'
import type { FleetReading } from './gateway.ts'
import { GatewayError } from './gateway-error.ts'
import { classifyGraphReply, GraphFailure, usageOf } from './graph-failure.ts'
import { type HttpRequest, LIST_BYTES, type Reply } from './http-client.ts'
import { bounded, known, type Meaning } from './native-state.ts'
import { pathSegment } from './path-segment.ts'

const PAGE_SIZE = 100
const MAX_PAGES = 100
/** From here on we stay silent for a while, so that the bot's own calls are not refused because of us. */
const BACK_OFF_PERCENT = 90
const BACK_OFF_MS = 60_000
const MAX_BACK_OFF_MS = 600_000

const Page = z.object({
  data: z.array(z.unknown()),
  paging: z
    .object({ cursors: z.object({ after: z.string().nullish() }).nullish(), next: z.string().nullish() })
    .nullish()
    .catch(undefined),
})

/** Graph errors that tell of the account, not of our access. */
const ACCOUNT_FAILURES: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [131031, { state: 'blocked', reason: 'banned' }],
  [368, { state: 'blocked', reason: 'banned' }],
  [133010, { state: 'disconnected', reason: null }],
])
/** Of these, the ones that hold for every number of a business account. */
const LOCKED: ReadonlySet<number> = new Set([131031, 368])

/**
 * Meta's WhatsApp Business Cloud API. One list request carries up to 100 numbers; the health of each is asked about slowly
 * beside it. There is no restart: a registration needs the PIN of a person.
 */
export const cloudApiGateway: Driver<'cloud-api'> = (options, deps) => {
  const { now, events } = deps
  const accessToken = options.auth
  const http = gatewayHttpClient(options, deps, {
    headers: () => ({ authorization: `Bearer ${accessToken.reveal()}` }),
    secrets: [accessToken],
    authOption: 'auth.accessToken',
    classify: classifyGraphReply,
  })
  const root = `/${options.apiVersion}`
  const closing = new AbortController()
  /** Phone number ids by digits, from the last list: the configuration may name an account by its phone only. */
  let idByDigits: ReadonlyMap<string, string> = new Map()
  let silentUntilMs = Number.NEGATIVE_INFINITY
  let fields = NUMBER_FIELDS
  /** A business account that is locked has no list; its numbers are then read from here. */
  let lastIds: readonly string[] = []

  const health = healthRounds({
    now,
    probe: async (id) => {
      const reply = await get(`/${pathSegment(id)}`, { fields: 'health_status' }, HealthReply, closing.signal)
      return reply.body.health_status?.can_send_message ?? null
    },
  })

  async function get<T>(
    path: string,
    query: Readonly<Record<string, string>>,
    schema: HttpRequest<T>['schema'],
    signal: AbortSignal,
    maxBytes?: number,
  ): Promise<Reply<T>> {
    const waitMs = silentUntilMs - now()
    // A wall clock that was set back must not lengthen the silence.
    if (waitMs > 0 && waitMs <= MAX_BACK_OFF_MS) {
      const message = `${options.name}: GET ${root}${path} was not sent: ${BACK_OFF_PERCENT} % of the hourly calls are used, next one in ${Math.ceil(waitMs / 1000)} s. Raise checks.interval.`
      throw new GatewayError('rate_limited', message, { retryAfterMs: waitMs })
    }
    const size = maxBytes === undefined ? {} : { maxBytes }
    const reply = await http.send({ path: `${root}${path}`, query, schema, ...size }, signal)
    const { percent, regainAfterMs } = usageOf(reply.headers)
    if (percent >= BACK_OFF_PERCENT) {
      silentUntilMs = now() + Math.min(regainAfterMs ?? BACK_OFF_MS, MAX_BACK_OFF_MS)
    }
    return reply
  }

  /** Asks for the fields of numbers. Meta takes fields away between versions: one that is gone is not asked for again. */
  async function getFields<T>(
    path: string,
    { more, ...query }: Readonly<Record<string, string>>,
    schema: HttpRequest<T>['schema'],
    signal: AbortSignal,
    maxBytes?: number,
  ): Promise<Reply<T>> {
    for (;;) {
      const wanted = [...fields, ...(more === undefined ? [] : [more])].join(',')
      try {
        return await get(path, { ...query, fields: wanted }, schema, signal, maxBytes)
      } catch (error) {
        const gone = graphFailureOf(error)?.unknownField ?? null
        if (gone === null || gone === 'id' || !fields.includes(gone)) throw error
        fields = fields.filter((field) => field !== gone)
        events.unmapped(options.name, bounded(`field ${gone} is not known to ${options.apiVersion}`))
      }
    }
  }

  async function list(signal: AbortSignal) {
    const numbers: PhoneNumber[] = []
    const query: Record<string, string> = { limit: String(PAGE_SIZE) }
    let first: Reply<unknown> | null = null
    let durationMs = 0
    for (let page = 0; ; page++) {
      const path = `/${options.wabaId}/phone_numbers`
      const reply: Reply<z.infer<typeof Page>> = await getFields(path, query, Page, signal, LIST_BYTES)
      first ??= reply
      durationMs += reply.durationMs
      for (const item of reply.body.data) {
        const parsed = PhoneNumber.safeParse(item)
        if (parsed.success) numbers.push(parsed.data)
        else events.unmapped(options.name, `a number of the list: ${parsed.error.issues[0]?.message ?? 'unreadable'}`)
      }
      // Only the cursor is taken over: `next` is a whole address, which could point anywhere.
      const after = reply.body.paging?.cursors?.after
      const hasNext = typeof reply.body.paging?.next === 'string' && after && after !== query['after']
      if (!hasNext) break
      if (page + 1 === MAX_PAGES) {
        events.unmapped(options.name, `more than ${MAX_PAGES} pages of numbers`)
        break
      }
      query['after'] = after
    }
    idByDigits = new Map(numbers.flatMap((number) => pairOf(number)))
    lastIds = numbers.map(({ id }) => id)
    return { numbers, atMs: first.atMs, durationMs }
  }

  function read(number: PhoneNumber): Reading {
    const reading = numberReading(number, health.of(number.id))
    if (reading.unmapped) events.unmapped(options.name, bounded(`status ${reading.native}`))
    return reading
  }

  /** The Graph id of an account that the configuration may name by its phone number. */
  async function idOf(account: Account, signal: AbortSignal): Promise<string> {
    if (account.nativeId !== account.account) return account.nativeId
    const isKnown = idByDigits.has(account.nativeId) || lastIds.includes(account.nativeId)
    if (!isKnown) await list(signal)
    return idByDigits.get(account.nativeId) ?? account.nativeId
  }

  function readAll(numbers: readonly PhoneNumber[]): Map<string, Reading> {
    const readings = new Map(numbers.map((number) => [number.id, read(number)]))
    // Accounts that the configuration names by phone are asked for by phone.
    for (const { account, nativeId } of options.accounts) {
      const reading = nativeId === undefined ? readings.get(idByDigits.get(account) ?? '') : undefined
      if (reading !== undefined) readings.set(account, reading)
    }
    return readings
  }

  return {
    name: options.name,
    driver: options.driver,

    async check(account, signal) {
      const id = await idOf(account, signal)
      const startedMs = now()
      try {
        const reply = await getFields(`/${pathSegment(id)}`, { more: 'health_status' }, PhoneNumber, signal)
        health.note(id, reply.body.health_status?.can_send_message ?? null)
        return { reading: read(reply.body), durationMs: reply.durationMs, atMs: reply.atMs }
      } catch (error) {
        const failure = accountFailureOf(error)
        if (failure === null) throw error
        return { reading: failure.reading, durationMs: now() - startedMs, atMs: startedMs }
      }
    },

    async checkAll(signal): Promise<FleetReading> {
      const startedMs = now()
      try {
        const { numbers, atMs, durationMs } = await list(signal)
        const readings = readAll(numbers)
        health.start(lastIds)
        return { readings, durationMs, atMs }
      } catch (error) {
        const failure = accountFailureOf(error)
        if (failure === null || !LOCKED.has(failure.code) || lastIds.length === 0) throw error
        const keys = [...lastIds, ...options.accounts.map(({ account }) => account)]
        const readings = new Map(keys.map((key) => [key, failure.reading]))
        return { readings, durationMs: now() - startedMs, atMs: startedMs }
      }
    },

    async listAccounts(signal) {
      const { numbers } = await list(signal)
      return numbers.map((number) => {
        const phone = numberDigits(number)
        return { account: phone ?? number.id, nativeId: number.id, phone, name: number.verified_name || null }
      })
    },

    async close() {
      closing.abort()
      await http.close()
      await health.idle()
    },
  }
}

function pairOf(number: PhoneNumber): [string, string][] {
  const digits = numberDigits(number)
  return digits === null ? [] : [[digits, number.id]]
}

/** The reading that a Graph error stands for; null where the error is about our access. */
function accountFailureOf(error: unknown): { code: number; reading: Reading } | null {
  const code = graphFailureOf(error)?.code
  const meaning = code === undefined ? undefined : ACCOUNT_FAILURES.get(code)
  return code === undefined || meaning === undefined ? null : { code, reading: known(meaning, `Graph error ${code}`) }
}

function graphFailureOf(error: unknown): GraphFailure | null {
  return error instanceof GatewayError && error.cause instanceof GraphFailure ? error.cause : null
}
