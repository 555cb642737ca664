import type { RestartReceipt } from '../gateways/gateway.ts'
import {
  closeHealed,
  type FleetFailure,
  failsTogether,
  judgeBreaker,
  noteEnded,
  noteRequested,
  repairsFrom,
} from '../health/gateway-repairs.ts'
import type { RecoveryAttempt, RecoveryDecision, RecoveryPolicy } from '../health/recovery.ts'
import {
  acceptAttempt,
  interruptAttempt,
  type Repair,
  rejectAttempt,
  requestAttempt,
  verifyAttempt,
} from '../health/recovery-attempt.ts'
import { decideRecovery } from '../health/recovery-policy.ts'
import type { Log } from '../log.ts'
import type { RecoverResult } from './fleet.ts'
import type { RecoveryTrace } from './recovery-trace.ts'
import type { AccountEntry, GatewayEntry } from './roster.ts'

export interface RepairingParts {
  readonly policy: () => RecoveryPolicy
  readonly nowMs: () => number
  readonly random: () => number
  readonly log: Log
  readonly signal: AbortSignal
  inMaintenance(entry: AccountEntry): boolean
  /** Tells the record of a new or changed attempt. */
  attempted(entry: AccountEntry, attempt: RecoveryAttempt): void
  /** Settles when all that was recorded so far is in the store, or after a short wait where the store is away. */
  recorded(): Promise<void>
  readonly trace: RecoveryTrace
  /** Asks for an early check, so that a repair is verified soon. */
  recheck(entry: AccountEntry, delayMs: number): void
}

/** Restarts what may be restarted, and learns from later checks whether it helped. */
export interface Repairing {
  decide(entry: AccountEntry): RecoveryDecision
  /** To be called after each request to a gateway: lets a breaker cool down, and closes it where nothing fails any more. */
  afterRequest(gateway: GatewayEntry): void
  /** To be called after each check of an account that is not healthy or has an attempt pending. */
  afterCheck(entry: AccountEntry): void
  byHand(entry: AccountEntry, by: string): Promise<RecoverResult>
  /** Takes over what the store knew of attempts: the last hour's of each gateway, and the pending ones. */
  restore(gateway: GatewayEntry, attempts: readonly RecoveryAttempt[]): void
  /** Ends a stored attempt that belongs to no account any more; returns its last version. */
  orphaned(attempt: RecoveryAttempt): RecoveryAttempt
  /** Ends the pending attempt of an account that is removed. */
  forget(entry: AccountEntry): void
}

/** WAHA stops and starts a whole browser before it answers. */
const RESTART_LIMIT_MS = 60_000
const FIRST_RECHECK_MS = 2_000
const JUDGE_EVERY_MS = 1_000

const BREAKER_TEXT = {
  open: 'Many accounts of one gateway fail together: repairs there are held back.',
  'half-open': 'The breaker lets one repair through to see whether it helps.',
  closed: 'The accounts of the gateway fail together no longer: repairs go on.',
} as const

export function repairing(parts: RepairingParts): Repairing {
  const pending = new Map<string, RecoveryAttempt>()
  /** Latest version of the attempts whose request is still out. */
  const sending = new Map<string, RecoveryAttempt>()
  const judgedMs = new WeakMap<GatewayEntry, number>()

  /** At most once a second per gateway, because it looks at every account there. */
  function judgeNowAndThen(gateway: GatewayEntry): void {
    const sinceMs = parts.nowMs() - (judgedMs.get(gateway) ?? Number.NEGATIVE_INFINITY)
    if (Math.abs(sinceMs) >= JUDGE_EVERY_MS) judge(gateway)
  }

  function judge(gateway: GatewayEntry): void {
    const nowMs = parts.nowMs()
    judgedMs.set(gateway, nowMs)
    const before = gateway.repairs
    const failure = fleetFailure(gateway, parts.policy(), nowMs)
    gateway.repairs = closeHealed(judgeBreaker(before, failure, parts.policy(), nowMs), failure)
    if (before.breaker.state === gateway.repairs.breaker.state) return
    const { state } = gateway.repairs.breaker
    parts.log.warn({ gateway: gateway.id, breaker: state }, BREAKER_TEXT[state])
  }

  function decide(entry: AccountEntry, byHand = false): RecoveryDecision {
    const { account, health, gateway } = entry
    const facts = {
      account,
      health,
      gateway: { canRestart: gateway.watched.gateway.restart !== undefined, verdict: gateway.health.verdict },
      repairs: gateway.repairs,
      inMaintenance: parts.inMaintenance(entry),
      nowMs: parts.nowMs(),
      byHand,
    }
    return decideRecovery(facts, parts.policy(), gateway.watched.health)
  }

  function take(entry: AccountEntry, repair: Repair): RecoveryAttempt {
    const { attempt } = repair
    entry.health = repair.health
    parts.trace.changed(attempt)
    if (sending.has(attempt.id)) sending.set(attempt.id, attempt)
    if (attempt.outcome === 'pending') pending.set(attempt.id, attempt)
    else {
      pending.delete(attempt.id)
      entry.gateway.repairs = noteEnded(entry.gateway.repairs, attempt, parts.nowMs())
      parts.log.info(
        { account: attempt.account, gateway: attempt.gateway, attempt: attempt.attempt, outcome: attempt.outcome },
        `Recovery: ${attempt.outcome.replaceAll('_', ' ')}.`,
      )
    }
    parts.attempted(entry, attempt)
    return attempt
  }

  function request(entry: AccountEntry, by: string): RecoveryAttempt {
    const repair = requestAttempt(entry.account, entry.health, by, parts.policy(), parts.nowMs(), parts.random)
    entry.gateway.repairs = noteRequested(entry.gateway.repairs, repair.attempt)
    parts.trace.begin(repair.attempt)
    return take(entry, repair)
  }

  async function send(entry: AccountEntry, requested: RecoveryAttempt): Promise<RecoveryAttempt> {
    if (requested.outcome !== 'pending') return requested
    sending.set(requested.id, requested)
    const carried = parts.trace.within(requested, () => carryOut(entry, requested))
    return await carried.finally(() => sending.delete(requested.id))
  }

  async function carryOut(entry: AccountEntry, requested: RecoveryAttempt): Promise<RecoveryAttempt> {
    // The attempt is in the store before the request is out: an exporter that dies here does not restart twice.
    await parts.recorded()
    const latest = () => sending.get(requested.id) ?? requested
    // Ended meanwhile, for example with its account: the gateway's answer changes nothing any more.
    const isOver = () => latest().outcome !== 'pending' || parts.signal.aborted
    if (isOver()) return latest()
    const answer = await ask(entry)
    // Broken off by the end of the service: whether the gateway restarts is unknown, and the next start finds it pending.
    if (isOver()) return latest()
    if (!answer.accepted) {
      return take(entry, rejectAttempt(entry.health, latest(), answer, parts.policy(), parts.nowMs(), parts.random))
    }
    const accepted = take(entry, acceptAttempt(entry.health, latest(), answer.detail, parts.nowMs()))
    parts.recheck(entry, FIRST_RECHECK_MS)
    return accepted
  }

  async function ask(entry: AccountEntry): Promise<RestartReceipt> {
    const limit = AbortSignal.any([parts.signal, AbortSignal.timeout(RESTART_LIMIT_MS)])
    try {
      const receipt = await entry.gateway.watched.gateway.restart?.(entry.account, limit)
      return receipt ?? { accepted: false, detail: 'The gateway cannot restart.', needsHuman: false }
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error)
      return { accepted: false, detail, needsHuman: false }
    }
  }

  function verify(entry: AccountEntry): void {
    const id = entry.health.recovery.pending?.id
    const attempt = id === undefined ? undefined : pending.get(id)
    // A request that is out has its own limit; before its answer there is nothing to verify.
    if (attempt === undefined || sending.has(attempt.id)) return
    const { watched } = entry.gateway
    const nowMs = parts.nowMs()
    const judged = verifyAttempt(entry.health, attempt, parts.policy(), watched.health, nowMs, parts.random)
    if (judged !== null) take(entry, judged)
    else if (attempt.acceptedMs !== null) {
      // Often at first, when most restarts work, then less and less.
      parts.recheck(entry, Math.max(FIRST_RECHECK_MS, (nowMs - attempt.acceptedMs) / 2))
    }
  }

  return {
    decide: (entry) => decide(entry),
    afterRequest(gateway) {
      if (gateway.repairs.breaker.state !== 'closed') judgeNowAndThen(gateway)
    },
    afterCheck(entry) {
      verify(entry)
      if (entry.health.badSinceMs === null || parts.signal.aborted) return
      judgeNowAndThen(entry.gateway)
      if (!decide(entry).act) return
      // Before anything is sent, the breaker looks at the fleet as it is in this moment.
      judge(entry.gateway)
      if (!decide(entry).act) return
      void send(entry, request(entry, 'policy'))
    },
    async byHand(entry, by) {
      judge(entry.gateway)
      const decision = decide(entry, true)
      if (!decision.act) return { refused: decision }
      return { attempt: await send(entry, request(entry, by)) }
    },
    restore(gateway, attempts) {
      gateway.repairs = { ...repairsFrom(attempts, parts.nowMs()), breaker: gateway.repairs.breaker }
      for (const attempt of attempts) if (attempt.outcome === 'pending') pending.set(attempt.id, attempt)
    },
    orphaned(attempt) {
      const detail = 'The account is watched no longer.'
      return { ...attempt, endMs: Math.max(parts.nowMs(), attempt.requestedMs), outcome: 'interrupted', detail }
    },
    forget(entry) {
      const id = entry.health.recovery.pending?.id
      const attempt = id === undefined ? undefined : pending.get(id)
      if (attempt === undefined) return
      take(entry, interruptAttempt(entry.health, attempt, 'The account was removed.', parts.policy(), parts.nowMs()))
    },
  }
}

function fleetFailure(gateway: GatewayEntry, policy: RecoveryPolicy, nowMs: number): FleetFailure {
  let failing = 0
  let confirmed = 0
  for (const { health } of gateway.entries.values()) {
    if (!failsTogether(health, policy, nowMs)) continue
    failing += 1
    if (health.status === 'unhealthy') confirmed += 1
  }
  return { accounts: gateway.entries.size, failing, confirmed }
}
