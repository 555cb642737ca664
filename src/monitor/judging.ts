import { isDeepStrictEqual } from 'node:util'
import type { CheckOutcome, Evidence } from '../accounts/observation.ts'
import { attribute, judgeSight, type Sight, sightAdvice } from '../health/attribution.ts'
import { type AttributionPolicy, advanceGateway, afterClockWentBack } from '../health/gateway-health.ts'
import type { AccountHealth, Sample } from '../health/health.ts'
import { resetBudget } from '../health/recovery-attempt.ts'
import { advance } from '../health/verdict.ts'
import type { Log } from '../log.ts'
import type { Calendar } from './calendar.ts'
import { isEcho } from './echo.ts'
import type { Flusher } from './flush.ts'
import type { MonitorPlan } from './plan.ts'
import type { Recorder } from './recorder.ts'
import type { Repairing } from './repairing.ts'
import type { AccountEntry, GatewayEntry, Roster } from './roster.ts'
import { type UplinkProbe, uplinkProbe } from './uplink.ts'

export interface JudgingParts {
  readonly nowMs: () => number
  readonly monotonicMs: () => number
  readonly log: Log
  readonly signal: AbortSignal
  readonly roster: Roster
  readonly recorder: Recorder
  readonly calendar: Calendar
  readonly flushing: () => Pick<Flusher, 'changed' | 'soon'>
  readonly repairs: () => Pick<Repairing, 'afterCheck' | 'afterRequest'>
  readonly plan: () => MonitorPlan
  recheck(entry: AccountEntry, delayMs: number): void
  requested(gateway: string, outcome: CheckOutcome): void
  needsLedger(before: AccountHealth, after: AccountHealth, sample: Sample): boolean
}

/** Takes what checks bring into the health of accounts and gateways, and judges whether the exporter sees at all. */
export interface Judging {
  readonly sight: Sight
  readonly uplink: UplinkProbe
  /** Takes over thresholds and reference addresses. */
  plan(plan: MonitorPlan): void
  settle(entry: AccountEntry, outcome: CheckOutcome, selfDelayMs: number): void
  settleGateway(entry: GatewayEntry, outcome: CheckOutcome, selfDelayMs: number): void
  /** Tries the reference addresses where it is time. */
  probeUplink(): void
  /** Notices that the wall clock was set back. */
  noticeClock(): void
}

const CONFIRM_AFTER_MS = 2_000
/** A wall clock that drifts or is disciplined moves less than this between two turns. */
const CLOCK_STEP_MS = 1_000
const UPLINK_MIN_PAUSE_MS = 5_000
const CLEAR: Sight = { blind: false, why: null }

export function judging(parts: JudgingParts): Judging {
  const { nowMs, monotonicMs, log, roster, recorder, calendar } = parts
  let sight: Sight = CLEAR
  let policy: AttributionPolicy = { unhealthyAfter: 1, intervalMs: 1_000, timeoutMs: 1_000 }
  let addresses: Pick<MonitorPlan, 'uplink' | 'uplinkTimeoutMs'> = { uplink: [], uplinkTimeoutMs: 1_000 }
  let uplink = uplinkProbe([], 1_000, nowMs)
  let uplinkProbedMs = Number.NEGATIVE_INFINITY
  let clockOffsetMs = nowMs() - monotonicMs()

  function settle(entry: AccountEntry, outcome: CheckOutcome, selfDelayMs: number): void {
    const { gateway, account } = entry
    const before = entry.health
    // Of an account that went meanwhile, nothing is judged any more: its incident is closed, and would open anew.
    if (isAborted(outcome) || roster.accounts.get(entry.id) !== entry) return
    if (!outcome.result.ok) lookAround(selfDelayMs)
    const seen = attribute(outcome, before, gateway.health, outcome.result.ok ? CLEAR : sight, policy)
    if (isEcho(before, seen, policy.intervalMs)) return
    const leftOutMs = calendar.plannedMs(account, before.lastCheckMs ?? seen.atMs, seen.atMs)
    const observation = { ...seen, evidence: withoutPerson(seen.evidence) }
    const verdict = advance(before, account, observation, gateway.watched.health, leftOutMs)
    const after = resetBudget(verdict.health, parts.plan().recovery, seen.atMs)
    entry.health = after
    recorder.sample(verdict.sample)
    for (const event of verdict.events) recorder.event(account.key, event)
    if (verdict.events.length > 0) {
      tell(log, entry, before)
      parts.flushing().soon()
    } else if (parts.needsLedger(before, after, verdict.sample)) recorder.touch(account.key)
    parts.flushing().changed(entry)
    if (after.badSinceMs !== null || after.recovery.pending !== null) follow(entry)
  }

  /** Repairs, and confirms soon what needs a person: nobody should wait a whole interval to hear of it. */
  function follow(entry: AccountEntry): void {
    parts.repairs().afterCheck(entry)
    const { state, status } = entry.health
    if (status === 'warning' && (state === 'awaiting_auth' || state === 'blocked'))
      parts.recheck(entry, CONFIRM_AFTER_MS)
  }

  function settleGateway(entry: GatewayEntry, outcome: CheckOutcome, selfDelayMs: number): void {
    if (isAborted(outcome) || roster.gateways.get(entry.id) !== entry) return
    parts.requested(entry.id, outcome)
    const before = entry.health
    if (selfDelayMs === 0) entry.health = advanceGateway(before, outcome, policy)
    if (sight.blind && outcome.result.ok) lookAround(0)
    parts.repairs().afterRequest(entry)
    const { verdict } = entry.health
    if (before.verdict === verdict) return
    parts.flushing().soon()
    const facts = { gateway: entry.id, was: before.verdict, is: verdict, error: entry.health.lastError?.message }
    if (verdict === 'down' || verdict === 'refusing') log.warn(facts, 'The gateway gives no readings.')
    else log.info(facts, 'The gateway changed.')
  }

  function lookAround(selfDelayMs: number): void {
    const before = sight
    sight = judgeSight(gatewayHealths(roster), uplink.state, selfDelayMs, policy, nowMs())
    if (before.why === sight.why) return
    if (sight.blind) log.error({ why: sight.why }, sightAdvice(sight))
    else log.info({ was: before.why }, 'The exporter sees again.')
  }

  return {
    get sight() {
      return sight
    },
    get uplink() {
      return uplink
    },
    plan({ uplink: wanted, uplinkTimeoutMs, gateways, unhealthyAfter, intervalMs }) {
      const next = { uplink: wanted, uplinkTimeoutMs }
      // What the probe knows stays known where its addresses stay: a reload must not make a blind exporter see.
      if (!isDeepStrictEqual(addresses, next)) {
        addresses = next
        uplink = uplinkProbe(wanted, uplinkTimeoutMs, nowMs)
        uplinkProbedMs = Number.NEGATIVE_INFINITY
      }
      policy = { unhealthyAfter, intervalMs, timeoutMs: Math.max(...gateways.map(({ timeoutMs }) => timeoutMs)) }
    },
    settle,
    settleGateway,
    probeUplink() {
      const atMs = monotonicMs()
      const pauseMs = Math.max(UPLINK_MIN_PAUSE_MS, policy.intervalMs / 3)
      if (!uplink.state.configured || atMs - uplinkProbedMs < pauseMs) return
      uplinkProbedMs = atMs
      void uplink.probe(parts.signal).then(() => lookAround(0))
    },
    noticeClock() {
      const offsetMs = nowMs() - monotonicMs()
      if (offsetMs < clockOffsetMs - CLOCK_STEP_MS) {
        log.warn({ backMs: Math.round(clockOffsetMs - offsetMs) }, 'The clock of this machine was set back.')
        // Moments in the future would count as answers just given until the clock has caught up with them.
        for (const gateway of roster.gateways.values()) gateway.health = afterClockWentBack(gateway.health, nowMs())
      }
      clockOffsetMs = offsetMs
    },
  }
}

function* gatewayHealths(roster: Roster) {
  for (const entry of roster.gateways.values()) yield entry.health
}

function tell(log: Log, { account, health }: AccountEntry, before: AccountHealth): void {
  if (before.status === health.status && before.state === health.state) return
  const facts = {
    account: account.account,
    gateway: account.gateway,
    status: health.status,
    was: before.status,
    state: health.state,
    reason: health.reason,
    native: health.native,
  }
  if (health.status === 'unhealthy') log.warn(facts, 'The account is unhealthy.')
  else if (before.lastCheckMs === null) log.debug(facts, 'The account was seen for the first time.')
  else log.info(facts, 'The account changed.')
}

/** Broken off by ourselves: the service ends, or a reload closed the gateway. */
function isAborted({ result }: CheckOutcome): boolean {
  return !result.ok && result.code === 'aborted'
}

/** The phone and name that came with a reading are discovery's to show, after privacy; health keeps none. */
function withoutPerson(evidence: Evidence): Evidence {
  if (evidence.phone === undefined && evidence.name === undefined) return evidence
  const { phone: _phone, name: _name, ...rest } = evidence
  return rest
}
