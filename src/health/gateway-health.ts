import type { CheckOutcome } from '../accounts/observation.ts'
import type { ErrorCode } from '../accounts/vocabulary.ts'

/** What fault attribution knows of time. Milliseconds. */
export interface AttributionPolicy {
  /** Failed requests in a row, without an answer, until a gateway is down. */
  readonly unhealthyAfter: number
  readonly intervalMs: number
  readonly timeoutMs: number
}

/**
 * - `unknown`: not asked yet. `up`: answers. `failing`: no longer answers, not yet confirmed.
 * - `down`: has not answered `unhealthyAfter` requests over as many intervals.
 * - `refusing`: is there, but gives no readings: 401, 429, a licence refusal, an unreadable reply.
 */
export type GatewayVerdict = 'unknown' | 'up' | 'failing' | 'down' | 'refusing'

/** All that is known of one gateway. Plain data. */
export interface GatewayHealth {
  readonly name: string
  /** `host:port`: two gateways of one origin cannot tell a broken network from a broken host. */
  readonly origin: string
  readonly verdict: GatewayVerdict
  readonly verdictSinceMs: number
  /** Last reading, or last word about a single account, of any account. */
  readonly lastAnswerMs: number | null
  /** First failed request since the gateway last gave any sign of life; null where the last sign is newer. */
  readonly failingSinceMs: number | null
  readonly consecutiveFailures: number
  /** Whether the last failure leaves open that our own network is broken: no host answered, not even with a refusal. */
  readonly cutOff: boolean
  readonly lastError: { readonly code: ErrorCode; readonly message: string; readonly atMs: number } | null
}

/** What a failed request says of the gateway. */
export type FailureKind = 'answer' | 'refusal' | 'host' | 'network' | 'ours'

/**
 * Classifies the code of a failed check.
 * - `answer` (not_found): the gateway works, this account is not there.
 * - `refusal`: the gateway is there and gives no reading.
 * - `host`: the host is there and its gateway is not: a refused connection, a 5xx.
 * - `network`: nobody answered; the fault may be on our side of the wire.
 * - `ours`: we broke it off ourselves.
 */
export function failureKind(code: ErrorCode, refused: boolean | undefined): FailureKind {
  switch (code) {
    case 'not_found':
      return 'answer'
    case 'unauthorized':
    case 'rate_limited':
    case 'license':
    case 'bad_reply':
    case 'too_large':
    case 'redirect':
      return 'refusal'
    case 'server_error':
      return 'host'
    case 'unreachable':
      return refused === true ? 'host' : 'network'
    case 'timeout':
      return 'network'
    case 'aborted':
      return 'ours'
  }
}

/** A gateway before its first request. */
export function newGatewayHealth(name: string, origin: string, nowMs: number): GatewayHealth {
  return {
    name,
    origin,
    verdict: 'unknown',
    verdictSinceMs: nowMs,
    lastAnswerMs: null,
    failingSinceMs: null,
    consecutiveFailures: 0,
    cutOff: false,
    lastError: null,
  }
}

/**
 * One step of a gateway's verdict. Call it once per request (a list request that carries many accounts is one), after
 * the request's outcome has been attributed.
 *
 * An answer to anybody acquits the gateway. A failure whose request began before the last answer came says nothing about
 * it: one account that hangs does not take its gateway down. One refusal among answers leaves it `up`; `refusing` begins
 * when no answer came for an interval and a time limit. `down` takes at least `unhealthyAfter` failed requests that span
 * `unhealthyAfter - 1` intervals, a tenth less for jitter.
 */
export function advanceGateway(
  previous: GatewayHealth,
  outcome: CheckOutcome,
  policy: AttributionPolicy,
): GatewayHealth {
  const { result } = outcome
  // Whole milliseconds: incidents begin at such a moment, and stored moments are whole.
  const endMs = Math.round(outcome.atMs + outcome.durationMs)
  const kind = result.ok ? 'answer' : failureKind(result.code, result.refused)
  if (kind === 'ours') return previous
  const lastError = result.ok
    ? previous.lastError
    : { code: result.code, message: result.message, atMs: Math.max(outcome.atMs, endMs) }

  if (kind === 'answer') {
    const lastAnswerMs = Math.max(previous.lastAnswerMs ?? endMs, endMs)
    return verdictOf(previous, 'up', endMs, { lastAnswerMs, failingSinceMs: null, consecutiveFailures: 0, lastError })
  }
  const recentlyAnswered = answeredSince(previous, endMs - policy.intervalMs - policy.timeoutMs)
  if (kind === 'refusal') {
    const verdict = previous.verdict === 'up' && recentlyAnswered ? 'up' : 'refusing'
    return verdictOf(previous, verdict, endMs, { failingSinceMs: null, consecutiveFailures: 0, lastError })
  }
  if (answeredSince(previous, outcome.atMs)) return { ...previous, lastError }

  const failingSinceMs = Math.min(previous.failingSinceMs ?? endMs, endMs)
  const consecutiveFailures = previous.consecutiveFailures + 1
  const longEnough = endMs - failingSinceMs >= 0.9 * (policy.unhealthyAfter - 1) * policy.intervalMs
  const down = previous.verdict === 'down' || (consecutiveFailures >= policy.unhealthyAfter && longEnough)
  const verdict = down ? 'down' : notDown(previous.verdict, recentlyAnswered)
  const cutOff = kind === 'network'
  return verdictOf(previous, verdict, endMs, { failingSinceMs, consecutiveFailures, cutOff, lastError })
}

/**
 * The gateway after the wall clock was set back: no moment lies in the future any more. An answer from there would acquit
 * the gateway of every failure until the clock has caught up.
 */
export function afterClockWentBack(health: GatewayHealth, nowMs: number): GatewayHealth {
  const { lastAnswerMs, failingSinceMs, verdictSinceMs, lastError } = health
  return {
    ...health,
    lastAnswerMs: lastAnswerMs === null ? null : Math.min(lastAnswerMs, nowMs),
    failingSinceMs: failingSinceMs === null ? null : Math.min(failingSinceMs, nowMs),
    verdictSinceMs: Math.min(verdictSinceMs, nowMs),
    lastError: lastError === null ? null : { ...lastError, atMs: Math.min(lastError.atMs, nowMs) },
  }
}

/** Whether the gateway gave an answer at or after this moment. */
export function answeredSince(gateway: GatewayHealth, sinceMs: number): boolean {
  return gateway.lastAnswerMs !== null && gateway.lastAnswerMs >= sinceMs
}

/**
 * `whatsapp_gateway_up`. Null before the first answer of a gateway that is not confirmed down, and while the exporter is
 * blind to a gateway that does not answer.
 */
export function gatewayUp(gateway: GatewayHealth, blind: boolean): boolean | null {
  if (gateway.verdict === 'unknown') return null
  if (blind && gateway.failingSinceMs !== null) return null
  if (gateway.verdict === 'failing') return gateway.lastAnswerMs === null ? null : true
  return gateway.verdict === 'up'
}

/** A refusing gateway that no longer answers at all stays refusing until it is down: it never was up in between. */
function notDown(previous: GatewayVerdict, recentlyAnswered: boolean): GatewayVerdict {
  if (previous === 'refusing') return 'refusing'
  return previous === 'up' && recentlyAnswered ? 'up' : 'failing'
}

function verdictOf(
  previous: GatewayHealth,
  verdict: GatewayVerdict,
  atMs: number,
  change: Partial<GatewayHealth>,
): GatewayHealth {
  const verdictSinceMs = verdict === previous.verdict ? previous.verdictSinceMs : atMs
  return { ...previous, cutOff: false, ...change, verdict, verdictSinceMs }
}
