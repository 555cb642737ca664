import type { LimitFunction } from 'p-limit'
import type { AccountKey } from '../accounts/account.ts'
import type { CheckOutcome, Reading } from '../accounts/observation.ts'
import type { ErrorCode } from '../accounts/vocabulary.ts'
import { failureKind } from '../health/gateway-health.ts'
import type { Span, Tracing } from '../tracing/span.ts'
import type { CheckResult } from './fleet.ts'
import type { AccountEntry, GatewayEntry } from './roster.ts'
import { signalShares } from './signal-shares.ts'
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
  readonly globalLimit: LimitFunction
  readonly nowMs: () => number
  readonly monotonicMs: () => number
  readonly meter: TurnMeter
  readonly figures: CheckFigures
  readonly signal: AbortSignal
  /**
   * Takes the outcome into the account's health and says what came of it. What we broke off ourselves (code `aborted`:
   * the service ends, or a reload closed the gateway) is for nobody's record.
   */
  settle(entry: AccountEntry, outcome: CheckOutcome, selfDelayMs: number): CheckResult
  /** Takes one request's outcome into the gateway's health; after its accounts are settled. */
  settleGateway(entry: GatewayEntry, outcome: CheckOutcome, selfDelayMs: number): void
  /** Absent where nothing is traced. */
  readonly tracing?: Tracing | undefined
  /** The cycle under which checks are traced. */
  cycleSpan?(): Span | undefined
}

export interface Checking {
  /** Checks one account; a check under way is shared. Never rejects. @param asker who asked, where it was not its turn */
  account(entry: AccountEntry, plannedMs: number, asker?: Span): Promise<CheckResult>
  /** Checks all accounts of a gateway with its list call; a check under way is shared. Never rejects. */
  gateway(entry: GatewayEntry, plannedMs: number): Promise<GatewayResults>
}

/** What one list call brought for each account. */
export type GatewayResults = ReadonlyMap<AccountKey, CheckResult>

/** How much later than its own limit a time-out may fire before we blame our own event loop or a sleeping machine. */
const LATE_TIMER_MS = 1_000

/** While a gateway is down, this many of its accounts at a time are really asked: enough to see it come back. */
const PROBES_OF_A_DEAD_GATEWAY = 2

/** While a gateway lets requests run into their time limit, it has this share of its places: others need them too. */
const SHARE_OF_A_HANGING_GATEWAY = 1 / 4

export function checking(parts: CheckingParts): Checking {
  const { figures, meter, monotonicMs, nowMs } = parts
  const takeSignal = signalShares(parts.signal)

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

  async function checkAccount(entry: AccountEntry, plannedMs: number, asker?: Span): Promise<CheckResult> {
    const { gateway } = entry
    const startedMs = begin(plannedMs)
    const span = checkSpan(asker)
    const startedAtMs = nowMs()
    const share = takeSignal()
    let outcome: CheckOutcome
    try {
      const ask = () => gateway.watched.gateway.check(entry.account, share.signal)
      const { reading, durationMs, atMs } = await (span === undefined ? ask() : span.within(ask))
      outcome = { atMs, durationMs, result: { ok: true, reading } }
    } catch (error) {
      outcome = failed(error, startedAtMs, startedMs)
    }
    share.end()
    end()
    const selfDelayMs = selfDelayOf(outcome, gateway.watched.timeoutMs)
    const settle = () => parts.settle(entry, asOfDue(entry, outcome, plannedMs), selfDelayMs)
    // A repair that it leads to points at it.
    const result = span === undefined ? settle() : span.within(settle)
    parts.settleGateway(gateway, outcome, selfDelayMs)
    if (span !== undefined) endCheckSpan(span, entry, outcome, startedMs - plannedMs)
    const places = placesOf(gateway)
    if (gateway.limit.concurrency !== places) gateway.limit.concurrency = places
    return result
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

  /** The gateway's failure, passed on to one of its accounts without a request; null where the account is to be asked. */
  function answerOfTheDead(entry: AccountEntry, plannedMs: number, asking: number): CheckResult | null {
    const { lastError, verdict } = entry.gateway.health
    if (verdict !== 'down' || lastError === null || asking < PROBES_OF_A_DEAD_GATEWAY) return null
    const result = { ok: false, code: lastError.code, message: lastError.message } as const
    return parts.settle(entry, { atMs: failedAtMs(entry, plannedMs, nowMs()), durationMs: 0, result }, 0)
  }

  return {
    account(entry, plannedMs, asker) {
      if (entry.inFlight !== null) return entry.inFlight
      const { gateway } = entry
      const known = answerOfTheDead(entry, plannedMs, gateway.limit.activeCount)
      if (known !== null) return Promise.resolve(known)
      // The gateway's limit is outside: a gateway that hangs must not hold places that others could use.
      const check = gateway.limit(
        // It may have died while this check, which counts as active now, waited for its place.
        () =>
          answerOfTheDead(entry, plannedMs, gateway.limit.activeCount - 1) ??
          parts.globalLimit(() => checkAccount(entry, plannedMs, asker)),
      )
      const shared = check.finally(() => {
        entry.inFlight = null
      })
      entry.inFlight = shared
      return shared
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

  async function checkGateway(entry: GatewayEntry, plannedMs: number): Promise<GatewayResults> {
    const { gateway, timeoutMs } = entry.watched
    const results = new Map<AccountKey, CheckResult>()
    const { checkAll } = gateway
    if (checkAll === undefined) return results
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
      for (const account of entry.entries.values())
        results.set(account.id, parts.settle(account, outcomeOf(account), selfDelayMs))
    }
    if (span === undefined) settle()
    else span.within(settle)
    parts.settleGateway(entry, whole, selfDelayMs)
    if (span !== undefined) endGatewaySpan(span, entry, whole)
    return results
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
