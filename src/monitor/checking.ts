import type { AccountKey } from '../accounts/account.ts'
import type { CheckOutcome, Reading } from '../accounts/observation.ts'
import type { ErrorCode } from '../accounts/vocabulary.ts'
import type { TimedReading } from '../gateways/gateway.ts'
import { failureKind } from '../health/gateway-health.ts'
import type { Span, Tracing } from '../tracing/span.ts'
import type { Lulls } from './lulls.ts'
import type { Places } from './places.ts'
import type { AccountEntry, GatewayEntry } from './roster.ts'
import type { TurnMeter } from './turn-meter.ts'

/** Figures of the checks since the last flush; times in milliseconds. */
export interface CheckFigures {
  inFlight: number
  /** How late the latest check started, measured from its turn. */
  maxLagMs: number
  firstStartMs: number | null
  lastEndMs: number | null
}

export interface CheckingParts {
  /** Places for checks under way, over all gateways. */
  readonly places: Places
  readonly nowMs: () => number
  readonly monotonicMs: () => number
  readonly meter: TurnMeter
  readonly figures: CheckFigures
  readonly lulls: Pick<Lulls, 'noteEnd'>
  readonly signal: AbortSignal
  /**
   * Takes the outcome into the account's health. What we broke off ourselves (code `aborted`: the service ends, or a
   * reload closed the gateway) is for nobody's record.
   */
  settle(entry: AccountEntry, outcome: CheckOutcome, selfDelayMs: number): void
  /** Takes one request's outcome into the gateway's health; after its accounts are settled. */
  settleGateway(entry: GatewayEntry, outcome: CheckOutcome, selfDelayMs: number): void
  /** Absent where nothing is traced. */
  readonly tracing?: Tracing | undefined
  /** The cycle under which checks are traced. */
  cycleSpan?(): Span | undefined
}

export interface Checking {
  /** Checks one account; a check under way is shared. Never rejects. @param asker who asked, where it was not its turn */
  account(entry: AccountEntry, plannedMs: number, asker?: Span): Promise<CheckOutcome>
  /** Checks all accounts of a gateway with its list call; a check under way is shared. Never rejects. */
  gateway(entry: GatewayEntry, plannedMs: number): Promise<GatewayOutcomes>
}

/** What one list call brought for each account. */
export type GatewayOutcomes = ReadonlyMap<AccountKey, CheckOutcome>

/** How much later than its own limit a time-out may fire before we blame our own event loop or a sleeping machine. */
const LATE_TIMER_MS = 1_000

/** While a gateway is down, this many of its accounts at a time are really asked: enough to see it come back. */
const PROBES_OF_A_DEAD_GATEWAY = 2

/** While a gateway lets requests run into their time limit, it has this share of its places: others need them too. */
const SHARE_OF_A_HANGING_GATEWAY = 1 / 4

export function checking(parts: CheckingParts): Checking {
  const { figures, meter, monotonicMs, nowMs } = parts

  const begin = (plannedMs: number): number => {
    const startedMs = monotonicMs()
    figures.inFlight += 1
    figures.maxLagMs = Math.max(figures.maxLagMs, startedMs - plannedMs)
    figures.firstStartMs ??= startedMs
    meter.note()
    return startedMs
  }
  const end = () => {
    figures.inFlight -= 1
    figures.lastEndMs = monotonicMs()
    meter.note()
    parts.lulls.noteEnd()
  }

  const failed = (error: unknown, startedAtMs: number, startedMs: number): CheckOutcome => ({
    atMs: startedAtMs,
    durationMs: monotonicMs() - startedMs,
    result: failureOf(error),
  })

  /** A time-out that fires long after its time says that we slept, not that the gateway did. */
  const selfDelayOf = (outcome: CheckOutcome, timeoutMs: number): number => {
    const lateMs = outcome.result.ok ? 0 : outcome.durationMs - timeoutMs
    return lateMs > LATE_TIMER_MS ? Number.POSITIVE_INFINITY : 0
  }

  /** Takes a place at the gateway and one of all; takes none where one is wanting. */
  function tookPlaces({ places: own }: GatewayEntry): boolean {
    if (!own.take()) return false
    if (parts.places.take()) return true
    own.leave()
    return false
  }

  function leavePlaces(gateway: GatewayEntry): void {
    parts.places.leave()
    gateway.places.size = placesOf(gateway)
    gateway.places.leave()
  }

  async function waitAndAsk(entry: AccountEntry, plannedMs: number, asker?: Span): Promise<CheckOutcome> {
    const { gateway } = entry
    // The gateway's places come first: a gateway that hangs must not hold places that others could use.
    const waits = !gateway.places.take()
    if (waits) await gateway.places.wait()
    // The gateway may have died while this check waited for its place.
    const known = waits ? answerOfTheDead(entry, plannedMs) : null
    if (known !== null) {
      entry.inFlight = null
      gateway.places.leave()
      return known
    }
    if (!parts.places.take()) await parts.places.wait()
    return await askAccount(entry, plannedMs, asker)
  }

  /** Asks with both places taken, and leaves them. */
  async function askAccount(entry: AccountEntry, plannedMs: number, asker?: Span): Promise<CheckOutcome> {
    const { gateway } = entry
    const startedMs = begin(plannedMs)
    const span = checkSpan(asker)
    const startedAtMs = nowMs()
    let outcome: CheckOutcome
    try {
      const { reading, durationMs, atMs } = await read(entry, span)
      outcome = { atMs, durationMs, result: { ok: true, reading } }
    } catch (error) {
      outcome = failed(error, startedAtMs, startedMs)
    }
    end()
    try {
      const selfDelayMs = selfDelayOf(outcome, gateway.watched.timeoutMs)
      settle(entry, asOfDue(entry, outcome, plannedMs), selfDelayMs, span)
      parts.settleGateway(gateway, outcome, selfDelayMs)
      if (span !== undefined) endCheckSpan(span, entry, outcome, startedMs - plannedMs)
      return outcome
    } finally {
      entry.inFlight = null
      leavePlaces(gateway)
    }
  }

  function read({ account, gateway }: AccountEntry, span: Span | undefined): Promise<TimedReading> {
    if (span === undefined) return gateway.watched.gateway.check(account, parts.signal)
    return span.within(() => gateway.watched.gateway.check(account, parts.signal))
  }

  function settle(entry: AccountEntry, outcome: CheckOutcome, selfDelayMs: number, span: Span | undefined): void {
    if (span === undefined) parts.settle(entry, outcome, selfDelayMs)
    // A repair that it leads to points at it.
    else span.within(() => parts.settle(entry, outcome, selfDelayMs))
  }

  function checkSpan(asker?: Span): Span | undefined {
    if (asker !== undefined) return parts.tracing?.start('check', { parent: asker })
    return parts.tracing?.start('check', { parent: parts.cycleSpan?.(), sampling: 'thinned' })
  }

  /**
   * Since when an account fails whose check waited for its place at a gateway that gives no sign of life: since it was due,
   * not since its wait was over, but not since before the gateway began to fail, nor before what was seen of it last:
   * somebody may have asked for it while it waited.
   * @param startedAtMs when its wait was over
   */
  function failedAtMs({ gateway, health }: AccountEntry, plannedMs: number, startedAtMs: number): number {
    const { failingSinceMs } = gateway.health
    if (failingSinceMs === null) return startedAtMs
    // Whole milliseconds, as every moment that is stored; the monotonic clock counts finer.
    const dueMs = Math.round(nowMs() - (monotonicMs() - plannedMs))
    return Math.min(startedAtMs, Math.max(dueMs, failingSinceMs, health.lastCheckMs ?? failingSinceMs))
  }

  function asOfDue(entry: AccountEntry, outcome: CheckOutcome, plannedMs: number): CheckOutcome {
    if (outcome.result.ok) return outcome
    const kind = failureKind(outcome.result.code, outcome.result.refused)
    if (kind !== 'network' && kind !== 'host') return outcome
    return { ...outcome, atMs: failedAtMs(entry, plannedMs, outcome.atMs) }
  }

  /** A dead gateway's failure, passed on to one of its accounts without a request; null where the gateway is not down. */
  function answerOfTheDead(entry: AccountEntry, plannedMs: number): CheckOutcome | null {
    const { lastError, verdict } = entry.gateway.health
    if (verdict !== 'down' || lastError === null) return null
    const result = { ok: false, code: lastError.code, message: lastError.message } as const
    const outcome = { atMs: failedAtMs(entry, plannedMs, nowMs()), durationMs: 0, result }
    parts.settle(entry, outcome, 0)
    return outcome
  }

  return {
    account(entry, plannedMs, asker) {
      if (entry.inFlight !== null) return entry.inFlight
      const isProbe = entry.gateway.places.taken < PROBES_OF_A_DEAD_GATEWAY
      const known = isProbe ? null : answerOfTheDead(entry, plannedMs)
      if (known !== null) return Promise.resolve(known)
      // Most find their places free, and wait for nothing.
      const ask = tookPlaces(entry.gateway) ? askAccount : waitAndAsk
      entry.inFlight = ask(entry, plannedMs, asker)
      return entry.inFlight
    },
    gateway(entry, plannedMs) {
      if (entry.inFlight !== null) return entry.inFlight
      const check = checkGateway(entry, plannedMs).finally(() => {
        entry.inFlight = null
      })
      entry.inFlight = check
      return check
    },
  }

  async function checkGateway(entry: GatewayEntry, plannedMs: number): Promise<GatewayOutcomes> {
    const { gateway, timeoutMs } = entry.watched
    const outcomes = new Map<AccountKey, CheckOutcome>()
    const { checkAll } = gateway
    if (checkAll === undefined) return outcomes
    const startedMs = begin(plannedMs)
    const span = parts.tracing?.start('check gateway', { parent: parts.cycleSpan?.(), sampling: 'thinned' })
    const startedAtMs = nowMs()
    let outcomeOf: (account: AccountEntry) => CheckOutcome
    let whole: CheckOutcome
    try {
      const ask = () => checkAll(parts.signal)
      const { readings, atMs, durationMs } = await (span === undefined ? ask() : span.within(ask))
      whole = { atMs, durationMs, result: { ok: true, reading: NO_READING } }
      outcomeOf = (account) => {
        const reading = readings.get(account.account.nativeId)
        return { atMs, durationMs, result: reading === undefined ? NOT_LISTED : { ok: true, reading } }
      }
    } catch (error) {
      whole = failed(error, startedAtMs, startedMs)
      outcomeOf = () => whole
    }
    end()
    const selfDelayMs = selfDelayOf(whole, timeoutMs)
    const settle = () => {
      for (const account of entry.entries.values()) {
        const outcome = outcomeOf(account)
        outcomes.set(account.id, outcome)
        parts.settle(account, outcome, selfDelayMs)
      }
    }
    if (span === undefined) settle()
    else span.within(settle)
    parts.settleGateway(entry, whole, selfDelayMs)
    if (span !== undefined) endGatewaySpan(span, entry, whole)
    return outcomes
  }
}

/** How many of the gateway's accounts may be asked at once. */
function placesOf({ watched, health }: GatewayEntry): number {
  const isHanging = health.verdict === 'failing' && health.lastError?.code === 'timeout'
  return isHanging ? Math.max(1, Math.ceil(watched.connections * SHARE_OF_A_HANGING_GATEWAY)) : watched.connections
}

function endCheckSpan(span: Span, { account, health }: AccountEntry, { result }: CheckOutcome, lagMs: number): void {
  if (span.recorded) {
    span.set({
      'whatsapp.account': account.account,
      'whatsapp.gateway': account.gateway,
      'whatsapp.check.lag_seconds': lagMs / 1_000,
      'whatsapp.status': health.status,
      ...(result.ok ? { 'whatsapp.state': result.reading.state } : {}),
      ...(result.ok && result.reading.reason !== null ? { 'whatsapp.reason': result.reading.reason } : {}),
    })
    if (!result.ok) span.fail(result)
  }
  span.end()
}

function endGatewaySpan(span: Span, { id, entries }: GatewayEntry, { result }: CheckOutcome): void {
  span.set({ 'whatsapp.gateway': id, 'whatsapp.accounts': entries.size })
  if (!result.ok) span.fail(result)
  span.end()
}

const NO_READING: Reading = { state: 'unknown', reason: null, native: '', evidence: {} }

const NOT_LISTED = {
  ok: false,
  code: 'not_found',
  message: 'The gateway does not list this account. Check its id in the configuration, or remove it there.',
} as const

type Failure = Extract<CheckOutcome['result'], { ok: false }>

/** The gateway's own error, by shape: the monitor knows the gateways' types only. */
function failureOf(error: unknown): Failure {
  if (error instanceof Error && error.name === 'GatewayError' && 'code' in error) {
    // GatewayError's code is an ErrorCode by its type.
    const code = error.code as ErrorCode
    const refused = 'refused' in error && error.refused === true
    return { ok: false, code, message: error.message, ...(refused ? { refused } : {}) }
  }
  return { ok: false, code: 'bad_reply', message: error instanceof Error ? error.message : String(error) }
}
