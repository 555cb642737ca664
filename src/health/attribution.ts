import type { CheckOutcome, Observation } from '../accounts/observation.ts'
import type { ErrorCode, Reason } from '../accounts/vocabulary.ts'
import { type AttributionPolicy, answeredSince, failureKind, type GatewayHealth } from './gateway-health.ts'
import type { AccountHealth } from './health.ts'

/** Why the exporter sees nothing at the moment. */
export type Blindness = 'lag' | 'uplink' | 'all_gateways' | 'only_gateway'

/** Whether the exporter can be trusted to see. */
export type Sight = { readonly blind: false; readonly why: null } | { readonly blind: true; readonly why: Blindness }

/** What is known of the reference addresses of `checks.uplink`, any of which is enough. */
export interface Uplink {
  readonly configured: boolean
  /** First failure since one of them last answered; null while one answers, and before the first try. */
  readonly failingSinceMs: number | null
}

const CLEAR: Sight = { blind: false, why: null }
const BLIND: Readonly<Record<Blindness, Sight>> = {
  lag: { blind: true, why: 'lag' },
  uplink: { blind: true, why: 'uplink' },
  all_gateways: { blind: true, why: 'all_gateways' },
  only_gateway: { blind: true, why: 'only_gateway' },
}

const ADVICE: Readonly<Record<Blindness, string>> = {
  lag: 'The exporter ran late or its machine slept, so that its own clock explains what it saw. Give it more CPU, raise checks.interval or lower checks.concurrency.',
  uplink:
    'None of the addresses of checks.uplink answers: the network of the exporter is down. Check it, and the addresses.',
  all_gateways:
    'No gateway answers at all, so the network of the exporter is the likelier fault. Check it. Set checks.uplink to addresses that tell the two apart.',
  only_gateway:
    'The only gateway host does not answer, and nothing else shows whether the host or our network is down. Set checks.uplink to an address that tells the two apart.',
}

/** One sentence for the log and the page, and what to do about it; empty while the exporter sees. */
export function sightAdvice(sight: Sight): string {
  return sight.blind ? ADVICE[sight.why] : ''
}

/**
 * Judges whether the exporter sees. It does not
 * - when its own delay (event-loop lag, or the jump of the wall clock against the monotonic one) exceeds an interval,
 * - when every configured uplink address fails; while one answers, failing gateways are their own fault,
 * - without uplink addresses: when nothing answers at any gateway that was asked lately, not even with a refusal or an
 *   error. Two hosts at once are then less likely down than our network; with a single host the two cannot be told apart.
 *
 * Cheap enough to be judged per failed check: it stops at the first gateway that shows a sign of life.
 */
export function judgeSight(
  gateways: Iterable<GatewayHealth>,
  uplink: Uplink,
  selfDelayMs: number,
  policy: AttributionPolicy,
  nowMs: number,
): Sight {
  if (selfDelayMs > policy.intervalMs) return BLIND.lag
  if (uplink.configured) return uplink.failingSinceMs === null ? CLEAR : BLIND.uplink
  const freshMs = nowMs - 2 * policy.intervalMs - policy.timeoutMs
  let origin: string | null = null
  let several = false
  for (const gateway of gateways) {
    if (lastHeardMs(gateway) < freshMs) continue
    if (gateway.failingSinceMs === null || !gateway.cutOff) return CLEAR
    several ||= origin !== null && origin !== gateway.origin
    origin = gateway.origin
  }
  if (origin === null) return CLEAR
  return several ? BLIND.all_gateways : BLIND.only_gateway
}

/**
 * Turns the outcome of a check into an observation: whose fault is it?
 *
 * Call it with the gateway and the sight as they were before this outcome, then `advanceGateway`.
 * - The exporter lags: unknown, whatever came back.
 * - A reading stays what it is.
 * - A refusal, an unreadable reply or an account that the gateway does not know: unknown.
 * - No answer, while the gateway answered for others within an interval and a time limit and since this account's own
 *   failing run began: the account is disconnected (network). At the first failure of a run nothing can have come since;
 *   it is put down to the account as well, unless the exporter is already blind or the gateway already failing.
 * - No answer, the exporter blind: unknown. Else: disconnected (gateway_down).
 */
export function attribute(
  outcome: CheckOutcome,
  account: Pick<AccountHealth, 'badSinceMs' | 'state' | 'lastCheckMs'>,
  gateway: GatewayHealth,
  sight: Sight,
  policy: AttributionPolicy,
): Observation {
  const { result } = outcome
  if (sight.why === 'lag') return unseen(outcome, 'other', result.ok ? result.reading.native : result.code)
  if (result.ok) {
    const { state, reason, native, evidence } = result.reading
    return { atMs: outcome.atMs, durationMs: outcome.durationMs, state, reason, native, evidence }
  }
  const kind = failureKind(result.code, result.refused)
  if (kind === 'answer' || kind === 'refusal' || kind === 'ours') {
    return unseen(outcome, UNSEEN_REASON[result.code] ?? 'other', result.code)
  }
  if (isAccountsFault(outcome, account, gateway, sight, policy)) return failed(outcome, 'network', result.code)
  if (sight.blind) return unseen(outcome, 'network', result.code)
  return failed(outcome, 'gateway_down', result.code)
}

/** The last outcome of any kind: a gateway that was not asked for two intervals is no witness. */
function lastHeardMs(gateway: GatewayHealth): number {
  return Math.max(gateway.lastAnswerMs ?? 0, gateway.lastError?.atMs ?? 0)
}

const UNSEEN_REASON: Readonly<Partial<Record<ErrorCode, Reason>>> = {
  unauthorized: 'unauthorized',
  rate_limited: 'rate_limited',
  license: 'license',
}

function isAccountsFault(
  outcome: CheckOutcome,
  account: Pick<AccountHealth, 'badSinceMs' | 'state' | 'lastCheckMs'>,
  gateway: GatewayHealth,
  sight: Sight,
  policy: AttributionPolicy,
): boolean {
  if (!answeredSince(gateway, outcome.atMs - policy.intervalMs - policy.timeoutMs)) return false
  // A check that saw nothing does not begin a run, but it did fail: what was answered after it counts all the same.
  const failingSinceMs = account.badSinceMs ?? (account.state === 'unknown' ? account.lastCheckMs : null)
  if (failingSinceMs !== null) return answeredSince(gateway, failingSinceMs)
  return !sight.blind && gateway.failingSinceMs === null
}

function failed(outcome: CheckOutcome, reason: Reason, native: string): Observation {
  return {
    atMs: outcome.atMs,
    durationMs: outcome.durationMs,
    state: 'disconnected',
    reason,
    native,
    evidence: NO_EVIDENCE,
  }
}

function unseen(outcome: CheckOutcome, reason: Reason, native: string): Observation {
  return { atMs: outcome.atMs, durationMs: outcome.durationMs, state: 'unknown', reason, native, evidence: NO_EVIDENCE }
}

const NO_EVIDENCE = Object.freeze({})
