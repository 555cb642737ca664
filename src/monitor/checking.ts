import type { LimitFunction } from 'p-limit'
import type { AccountKey } from '../accounts/account.ts'
import type { CheckOutcome, Reading } from '../accounts/observation.ts'
import type { ErrorCode } from '../accounts/vocabulary.ts'
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
}

export interface Checking {
  /** Checks one account; a check under way is shared. Never rejects. */
  account(entry: AccountEntry, plannedMs: number): Promise<CheckResult>
  /** Checks all accounts of a gateway with its list call; a check under way is shared. Never rejects. */
  gateway(entry: GatewayEntry, plannedMs: number): Promise<GatewayResults>
}

/** What one list call brought for each account. */
export type GatewayResults = ReadonlyMap<AccountKey, CheckResult>

/** How much later than its own limit a time-out may fire before we blame our own event loop or a sleeping machine. */
const LATE_TIMER_MS = 1_000

/** While a gateway is down, this many of its accounts at a time are really asked: enough to see it come back. */
const PROBES_OF_A_DEAD_GATEWAY = 2

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

  async function checkAccount(entry: AccountEntry, plannedMs: number): Promise<CheckResult> {
    const { gateway } = entry
    const startedMs = begin(plannedMs)
    const startedAtMs = nowMs()
    const share = takeSignal()
    let outcome: CheckOutcome
    try {
      const { reading, durationMs, atMs } = await gateway.watched.gateway.check(entry.account, share.signal)
      outcome = { atMs, durationMs, result: { ok: true, reading } }
    } catch (error) {
      outcome = failed(error, startedAtMs, startedMs)
    }
    share.end()
    end()
    const selfDelayMs = selfDelayOf(outcome, gateway.watched.timeoutMs)
    const result = parts.settle(entry, outcome, selfDelayMs)
    parts.settleGateway(gateway, outcome, selfDelayMs)
    return result
  }

  return {
    account(entry, plannedMs) {
      if (entry.inFlight !== null) return entry.inFlight
      const { gateway } = entry
      const { lastError, verdict } = gateway.health
      if (verdict === 'down' && lastError !== null && gateway.limit.activeCount >= PROBES_OF_A_DEAD_GATEWAY) {
        const result = { ok: false, code: lastError.code, message: lastError.message } as const
        return Promise.resolve(parts.settle(entry, { atMs: nowMs(), durationMs: 0, result }, 0))
      }
      // The gateway's limit is outside: a gateway that hangs must not hold places that others could use.
      const check = gateway.limit(() => parts.globalLimit(() => checkAccount(entry, plannedMs)))
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
    if (gateway.checkAll === undefined) return results
    const startedMs = begin(plannedMs)
    const startedAtMs = nowMs()
    let outcomeOf: (account: AccountEntry) => CheckOutcome
    let whole: CheckOutcome
    try {
      const { readings, atMs, durationMs } = await gateway.checkAll(parts.signal)
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
    for (const account of entry.entries.values())
      results.set(account.id, parts.settle(account, outcomeOf(account), selfDelayMs))
    parts.settleGateway(entry, whole, selfDelayMs)
    return results
  }
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
