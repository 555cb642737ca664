import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import pLimit from 'p-limit'
import type { Account } from '../accounts/account.ts'
import type { CheckOutcome, Evidence } from '../accounts/observation.ts'
import { adoptIncident, continueLife } from '../health/adopt-incident.ts'
import { attribute, judgeSight, type Sight, sightAdvice } from '../health/attribution.ts'
import {
  type AttributionPolicy,
  advanceGateway,
  afterClockWentBack,
  gatewayUp,
  newGatewayHealth,
} from '../health/gateway-health.ts'
import { newGatewayRepairs } from '../health/gateway-repairs.ts'
import type { AccountHealth, Sample } from '../health/health.ts'
import { type MaintenanceWindow, openWindow, plannedMs } from '../health/maintenance.ts'
import type { RecoveryAttempt } from '../health/recovery.ts'
import { resetBudget } from '../health/recovery-attempt.ts'
import { advance } from '../health/verdict.ts'
import type { Log } from '../log.ts'
import type { LoadedState } from '../store/store.ts'
import { adoption, type Scope } from './adoption.ts'
import { type CheckFigures, checking } from './checking.ts'
import { isEcho } from './echo.ts'
import type { AccountView, CheckResult, ExporterView, GatewayView, MonitorControl } from './fleet.ts'
import { type Flush, flusher } from './flush.ts'
import type { MonitorPlan, WatchedGateway } from './plan.ts'
import { ramp } from './ramp.ts'
import { recorder } from './recorder.ts'
import { repairing } from './repairing.ts'
import { type AccountEntry, type GatewayEntry, gatewayEntry, roster } from './roster.ts'
import { turnMeter } from './turn-meter.ts'
import { type UplinkProbe, uplinkProbe } from './uplink.ts'
import { type Wheel, wheel } from './wheel.ts'

/** What the monitor is made of. Time and chance come in from outside. */
export interface MonitorParts {
  readonly nowMs: () => number
  /** A clock that never jumps, milliseconds. */
  readonly monotonicMs: () => number
  readonly random: () => number
  readonly log: Log
  /** Stores and shows what a flush brings; settles when the store took it or put it aside. Must not reject. */
  publish(flush: Flush): Promise<void>
  /** Counts one request to a gateway: its duration, or the code of its failure. */
  requested(gateway: string, outcome: CheckOutcome): void
  /** Whether the store could not rebuild `after` from `before` and the sample alone. */
  needsLedger(before: AccountHealth, after: AccountHealth, sample: Sample): boolean
}

/** Checks the fleet until it is stopped. */
export interface Monitor extends MonitorControl {
  /** Takes over a plan; parts of the fleet that did not change go on undisturbed. */
  apply(plan: MonitorPlan): void
  /** What the store knew; call it once, after `apply` and before `start`. */
  restore(loaded: LoadedState, recentAttempts: readonly RecoveryAttempt[]): void
  /**
   * What a store knew that could be opened only late: what is in memory wins, but an incident that is open in both began
   * when the store says.
   */
  reconcile(loaded: LoadedState): void
  /** Every account's full health, open incident included, goes into the next batch. */
  touchAll(): void
  /**
   * Takes the accounts found behind a gateway; unknown gateways are ignored.
   */
  adopt(gateway: string, found: readonly Account[], scope: Scope): void
  /** Watches the accounts that the store remembers of a gateway that cannot be listed now. */
  recall(gateway: string): void
  start(): void
  /** Ends the checks under way, and hands the rest to the store. */
  stop(): Promise<void>
}

/** Starts per turn of the event loop; docs/decisions/0003-start-pattern.md has the measurements. */
const STARTS_PER_TURN = 4
const CONFIRM_AFTER_MS = 2_000
/** A wall clock that drifts or is disciplined moves less than this between two turns. */
const CLOCK_STEP_MS = 1_000
const END_OF_CHECKS_MS = 1_000
const UPLINK_MIN_PAUSE_MS = 5_000
const WINDOWS_AHEAD_MS = 26 * 3_600_000
const WINDOWS_BEHIND_MS = 2 * 3_600_000
const WINDOWS_EVERY_MS = 10_000
const CLEAR: Sight = { blind: false, why: null }

type Unit = AccountEntry | GatewayEntry

export function createMonitor(parts: MonitorParts): Monitor {
  const { nowMs, monotonicMs, log } = parts
  const startedMs = nowMs()
  const fleet = roster()
  const meter = turnMeter(monotonicMs)
  const starts = ramp(STARTS_PER_TURN)
  const figures: CheckFigures = { inFlight: 0, maxLagMs: 0, firstStartMs: null, lastEndMs: null }
  const ending = new AbortController()
  let plan: MonitorPlan | null = null
  const limit = pLimit(1)
  let turns: Wheel<Unit> = wheel(1_000, 1)
  let uplink: UplinkProbe = uplinkProbe([], 1_000, nowMs)
  let uplinkProbedMs = Number.NEGATIVE_INFINITY
  let windows: readonly MaintenanceWindow[] = []
  let windowsReadMs = Number.NEGATIVE_INFINITY
  const record = recorder()
  let sight: Sight = CLEAR
  let turnTimer: NodeJS.Timeout | null = null
  let turnedAtMs = 0
  let rebuildWheel = true
  let isRestored = false
  let isStopping = false
  let clockOffsetMs = nowMs() - monotonicMs()
  let attribution: AttributionPolicy = { unhealthyAfter: 1, intervalMs: 1_000, timeoutMs: 1_000 }

  const flushing = flusher({
    nowMs,
    monotonicMs,
    figures,
    meter,
    recorder: record,
    roster: fleet,
    intervalMs: () => planned().intervalMs,
    inMaintenance: (entry) => inMaintenance(entry) !== null,
    budgetLeft: (entry) => Math.max(0, planned().recovery.attempts - entry.health.recovery.attemptsUsed),
    gatewayViews,
    exporterView,
    publish: (flush) => parts.publish(flush),
  })
  const repairs = repairing({
    policy: () => planned().recovery,
    nowMs,
    random: parts.random,
    log,
    signal: ending.signal,
    inMaintenance: (entry) => inMaintenance(entry) !== null,
    attempted(entry, attempt) {
      record.attempt(attempt)
      flushing.changed(entry)
      flushing.soon()
    },
    recorded: () => flushing.now(),
    recheck,
  })
  const accounts = adoption({
    roster: fleet,
    recorder: record,
    missingForMs: () => planned().missingForMs,
    nowMs,
    changed: replan,
    removing: (entry) => repairs.forget(entry),
    added(entry) {
      flushing.changed(entry)
      // Nobody waits an interval to hear of a new account; its place on the wheel counts from then on.
      if (turnTimer !== null) check(entry)
    },
    removed: (key) => flushing.removed(key),
  })
  const checks = checking({
    globalLimit: limit,
    nowMs,
    monotonicMs,
    meter,
    figures,
    signal: ending.signal,
    settle,
    settleGateway,
  })

  function planned(): MonitorPlan {
    if (plan === null) throw new Error('the monitor has no plan yet: call apply first')
    return plan
  }

  // ---- what a check brings -------------------------------------------------------------------------------------

  function settle(entry: AccountEntry, outcome: CheckOutcome, selfDelayMs: number): CheckResult {
    const { gateway, account } = entry
    const before = entry.health
    // Of an account that went meanwhile, nothing is judged any more: its incident is closed, and would open anew.
    if (isAborted(outcome) || fleet.accounts.get(entry.id) !== entry) return result(entry, outcome)
    if (!outcome.result.ok) lookAround(selfDelayMs)
    const seen = attribute(outcome, before, gateway.health, outcome.result.ok ? CLEAR : sight, attribution)
    if (isEcho(before, seen, planned().intervalMs)) return result(entry, outcome)
    const fromMs = before.lastCheckMs ?? seen.atMs
    const leftOutMs = windows.length === 0 ? 0 : plannedMs(windows, account, fromMs, seen.atMs)
    const observation = { ...seen, evidence: withoutPerson(seen.evidence) }
    const verdict = advance(before, account, observation, gateway.watched.health, leftOutMs)
    const after = resetBudget(verdict.health, planned().recovery, seen.atMs)
    entry.health = after
    record.sample(verdict.sample)
    for (const event of verdict.events) record.event(account.key, event)
    if (verdict.events.length > 0) {
      tell(entry, before)
      flushing.soon()
    } else if (parts.needsLedger(before, after, verdict.sample)) record.touch(account.key)
    flushing.changed(entry)
    if (after.badSinceMs !== null || after.recovery.pending !== null) follow(entry)
    return result(entry, outcome)
  }

  function result(entry: AccountEntry, { durationMs, result }: CheckOutcome): CheckResult {
    return {
      view: view(entry),
      durationMs: result.ok ? durationMs : null,
      error: result.ok ? null : { code: result.code, message: result.message },
    }
  }

  /** Repairs, and confirms soon what needs a person: nobody should wait a whole interval to hear of it. */
  function follow(entry: AccountEntry): void {
    repairs.afterCheck(entry)
    const { state, status } = entry.health
    if (status === 'warning' && (state === 'awaiting_auth' || state === 'blocked')) recheck(entry, CONFIRM_AFTER_MS)
  }

  function settleGateway(entry: GatewayEntry, outcome: CheckOutcome, selfDelayMs: number): void {
    if (isAborted(outcome) || fleet.gateways.get(entry.id) !== entry) return
    parts.requested(entry.id, outcome)
    const before = entry.health
    if (selfDelayMs === 0) entry.health = advanceGateway(before, outcome, attribution)
    if (sight.blind && outcome.result.ok) lookAround(0)
    repairs.afterRequest(entry)
    const { verdict } = entry.health
    if (before.verdict === verdict) return
    flushing.soon()
    const facts = { gateway: entry.id, was: before.verdict, is: verdict, error: entry.health.lastError?.message }
    if (verdict === 'down' || verdict === 'refusing') log.warn(facts, 'The gateway gives no readings.')
    else log.info(facts, 'The gateway changed.')
  }

  function lookAround(selfDelayMs: number): void {
    const before = sight
    sight = judgeSight(gatewayHealths(), uplink.state, selfDelayMs, attribution, nowMs())
    if (before.why === sight.why) return
    if (sight.blind) log.error({ why: sight.why }, sightAdvice(sight))
    else log.info({ was: before.why }, 'The exporter sees again.')
  }

  function* gatewayHealths() {
    for (const entry of fleet.gateways.values()) yield entry.health
  }

  function tell(entry: AccountEntry, before: AccountHealth): void {
    const { account, health } = entry
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

  // ---- who is due ----------------------------------------------------------------------------------------------

  function turn(): void {
    const { intervalMs } = planned()
    noticeClock()
    if (rebuildWheel) {
      rebuildWheel = false
      turns.set(units())
    }
    const atMs = monotonicMs()
    // A loop that stood still for more than an interval checks everybody once, not several times.
    for (const unit of turns.due(Math.max(turnedAtMs, atMs - intervalMs), atMs)) starts.push(() => start(unit, atMs))
    turnedAtMs = atMs
    readWindows(false)
    probeUplink()
    turnTimer = setTimeout(turn, turns.turnMs)
  }

  /** Moments in the future would count as answers just given until the clock has caught up with them. */
  function noticeClock(): void {
    const offsetMs = nowMs() - monotonicMs()
    if (offsetMs < clockOffsetMs - CLOCK_STEP_MS) {
      log.warn({ backMs: Math.round(clockOffsetMs - offsetMs) }, 'The clock of this machine was set back.')
      for (const gateway of fleet.gateways.values()) gateway.health = afterClockWentBack(gateway.health, nowMs())
    }
    clockOffsetMs = offsetMs
  }

  /** Settles when no check is under way, or after a short patience: a hanging gateway must not hold up the end. */
  async function checksEnded(): Promise<void> {
    const units = [...fleet.accounts.values(), ...fleet.gateways.values()]
    const limit = new AbortController()
    await Promise.race([
      Promise.all(units.map((unit) => unit.inFlight)),
      sleep(END_OF_CHECKS_MS, undefined, { signal: limit.signal }).catch(() => {}),
    ])
    limit.abort()
  }

  /** Puts all that is known of an account into the next batch. */
  function show({ id, health }: AccountEntry): void {
    record.touch(id)
    if (health.incident !== null) record.event(id, { type: 'incident-updated', incident: health.incident })
  }

  /** The units changed: the next turn comes at once and places them anew. */
  function replan(): void {
    rebuildWheel = true
    if (turnTimer === null) return
    clearTimeout(turnTimer)
    turnTimer = setTimeout(turn, 0)
  }

  function check(entry: AccountEntry): void {
    const unit = entry.gateway.watched.whole ? entry.gateway : entry
    const plannedAtMs = monotonicMs()
    starts.push(() => start(unit, plannedAtMs))
  }

  function start(unit: Unit, plannedAtMs: number): void {
    if (isStopping) return
    if (unit.kind === 'gateway') void checks.gateway(unit, plannedAtMs)
    else if (fleet.accounts.get(unit.id) === unit) void checks.account(unit, plannedAtMs)
  }

  function units(): readonly Unit[] {
    const found: Unit[] = []
    for (const gateway of fleet.gateways.values()) {
      if (gateway.watched.whole) found.push(gateway)
      else found.push(...gateway.entries.values())
    }
    return found
  }

  function recheck(entry: AccountEntry, delayMs: number): void {
    if (entry.recheck !== null || isStopping || delayMs >= planned().intervalMs) return
    entry.recheck = setTimeout(() => {
      entry.recheck = null
      check(entry)
    }, delayMs)
  }

  function probeUplink(): void {
    const atMs = monotonicMs()
    const pauseMs = Math.max(UPLINK_MIN_PAUSE_MS, planned().intervalMs / 3)
    if (!uplink.state.configured || atMs - uplinkProbedMs < pauseMs) return
    uplinkProbedMs = atMs
    void uplink.probe(ending.signal).then(() => lookAround(0))
  }

  function readWindows(anew: boolean): void {
    const atMs = nowMs()
    if (!anew && Math.abs(atMs - windowsReadMs) < WINDOWS_EVERY_MS) return
    windowsReadMs = atMs
    windows = planned().windows(atMs - WINDOWS_BEHIND_MS, atMs + WINDOWS_AHEAD_MS)
  }

  function inMaintenance(entry: AccountEntry): MaintenanceWindow | null {
    return windows.length === 0 ? null : openWindow(windows, entry.account, nowMs())
  }

  // ---- what others see -----------------------------------------------------------------------------------------

  function view(entry: AccountEntry): AccountView {
    const { account, health } = entry
    return {
      account,
      health,
      get maintenance() {
        return inMaintenance(entry)
      },
      get recovery() {
        return repairs.decide(entry)
      },
    }
  }

  function gatewayViews(): readonly GatewayView[] {
    return [...fleet.gateways.values()].map((entry): GatewayView => {
      const { watched, health } = entry
      const up = gatewayUp(health, sight.blind)
      return {
        name: entry.id,
        driver: watched.gateway.driver,
        url: watched.url,
        labels: watched.labels,
        up,
        upSinceMs: up === null ? null : health.verdictSinceMs,
        lastAnswerMs: health.lastAnswerMs,
        lastError: health.lastError,
        accounts: entry.entries.size,
        breakerOpen: entry.repairs.breaker.state !== 'closed',
        canList: watched.gateway.listAccounts !== undefined,
        canRestart: watched.gateway.restart !== undefined,
      }
    })
  }

  function exporterView(): ExporterView {
    const cycle = flushing.lastCycle()
    return {
      startedMs,
      blind: sight.blind,
      advice: sightAdvice(sight),
      intervalMs: planned().intervalMs,
      lastCycleMs: cycle.endedMs,
      cycleDurationMs: cycle.durationMs,
      lagMs: cycle.lagMs,
      durationErrorMs: cycle.durationErrorMs,
      checksInFlight: figures.inFlight,
      recoveryMode: planned().recovery.mode,
    }
  }

  function watch(watched: WatchedGateway): void {
    const { name } = watched.gateway
    const known = fleet.gateways.get(name)
    if (known !== undefined) {
      known.limit.concurrency = watched.connections
      // What is known of a server says nothing of another one behind the same name.
      if (known.watched.url !== watched.url) known.health = newHealthOf(watched)
      known.watched = watched
      return
    }
    fleet.gateways.set(name, gatewayEntry(watched, newHealthOf(watched), newGatewayRepairs()))
  }

  function newHealthOf({ gateway, url }: WatchedGateway) {
    return newGatewayHealth(gateway.name, new URL(url).host, nowMs())
  }

  return {
    fleet: {
      get size() {
        return fleet.accounts.size
      },
      *accounts() {
        for (const entry of fleet.accounts.values()) yield view(entry)
      },
      get(key) {
        const entry = fleet.accounts.get(key)
        return entry === undefined ? undefined : view(entry)
      },
      find: (id) => fleet.find(id).map(view),
      gateways: gatewayViews,
      exporter: exporterView,
    },
    async checkNow(keys, signal) {
      // Before the first turn nobody has tried the uplink: a failed check would be put down to its gateway unheard.
      if (turnTimer === null && uplink.state.configured) await uplink.probe(signal)
      const plannedAtMs = monotonicMs()
      const wanted =
        keys === 'all' ? [...fleet.accounts.values()] : keys.flatMap((key) => fleet.accounts.get(key) ?? [])
      const jobs: Promise<CheckResult>[] = []
      for (const entry of wanted) {
        const { gateway } = entry
        if (gateway.watched.whole && (keys === 'all' || gateway.inFlight !== null)) {
          const shared = checks.gateway(gateway, plannedAtMs)
          // An account that was found after the list call began is not in it.
          jobs.push(shared.then((results) => results.get(entry.id) ?? checks.account(entry, plannedAtMs)))
        } else {
          jobs.push(
            new Promise((resolve) => {
              starts.push(() => resolve(checks.account(entry, plannedAtMs)))
            }),
          )
        }
      }
      const results = await orAborted(Promise.all(jobs), signal)
      // Who asked for a check soon finds it on /metrics and in the store; the answer does not wait for that.
      void flushing.now()
      return results
    },
    async recover(key, by, signal) {
      const entry = fleet.accounts.get(key)
      if (entry === undefined) return { refused: { act: false, refusal: 'unknown', retryAtMs: null } }
      return await orAborted(repairs.byHand(entry, by), signal)
    },
    apply(next) {
      const before = plan
      plan = next
      limit.concurrency = next.concurrency
      // What the probe knows stays known where its addresses stay: a reload must not make a blind exporter see.
      if (before === null || !isDeepStrictEqual(uplinkOf(before), uplinkOf(next))) {
        uplink = uplinkProbe(next.uplink, next.uplinkTimeoutMs, nowMs)
        uplinkProbedMs = Number.NEGATIVE_INFINITY
      }
      const timeoutMs = Math.max(...next.gateways.map((watched) => watched.timeoutMs))
      attribution = { unhealthyAfter: next.unhealthyAfter, intervalMs: next.intervalMs, timeoutMs }
      if (before?.intervalMs !== next.intervalMs || before.startGroup !== next.startGroup)
        turns = wheel(next.intervalMs, next.startGroup)
      const names = new Set(next.gateways.map((watched) => watched.gateway.name))
      for (const entry of [...fleet.gateways.values()]) {
        if (names.has(entry.id)) continue
        for (const account of [...entry.entries.values()]) accounts.remove(account)
        fleet.gateways.delete(entry.id)
      }
      for (const watched of next.gateways) watch(watched)
      readWindows(true)
      replan()
    },
    restore(loaded, recentAttempts) {
      isRestored = true
      const gateways = new Set(fleet.gateways.keys())
      accounts.remember(loaded, gateways)
      const known = new Map([...recentAttempts, ...loaded.pendingRecoveries].map((attempt) => [attempt.id, attempt]))
      for (const orphan of orphans(loaded, gateways)) {
        known.delete(orphan.id)
        record.attempt(repairs.orphaned(orphan))
      }
      for (const gateway of fleet.gateways.values())
        repairs.restore(
          gateway,
          [...known.values()].filter((attempt) => attempt.gateway === gateway.id),
        )
    },
    reconcile(loaded) {
      const late = !isRestored
      isRestored = true
      const strangers: LoadedState['ledgers'][number][] = []
      for (const ledger of loaded.ledgers) {
        const { account, health } = ledger
        const entry = fleet.accounts.get(account.key)
        if (entry === undefined) {
          strangers.push(ledger)
          continue
        }
        const adopted = late ? continueLife(entry.health, health) : adoptIncident(entry.health, health)
        if (adopted === entry.health) continue
        entry.health = adopted
        show(entry)
      }
      if (!late) return
      for (const attempt of loaded.pendingRecoveries) record.attempt(repairs.orphaned(attempt))
      accounts.remember({ ...loaded, ledgers: strangers }, new Set(fleet.gateways.keys()))
    },
    touchAll() {
      for (const entry of fleet.accounts.values()) show(entry)
    },
    adopt(gateway, found, scope) {
      const entry = fleet.gateways.get(gateway)
      if (entry !== undefined) accounts.adopt(entry, found, scope)
    },
    recall(gateway) {
      const entry = fleet.gateways.get(gateway)
      if (entry !== undefined) accounts.recall(entry)
    },
    start() {
      turnedAtMs = monotonicMs()
      turn()
      flushing.start()
    },
    async stop() {
      isStopping = true
      if (turnTimer !== null) clearTimeout(turnTimer)
      turnTimer = null
      starts.clear()
      for (const entry of fleet.accounts.values()) if (entry.recheck !== null) clearTimeout(entry.recheck)
      await checksEnded()
      ending.abort()
      await flushing.stop()
    },
  }
}

/** Pending attempts whose account the store does not know as repairing: nobody would ever judge them. */
function orphans({ ledgers, pendingRecoveries }: LoadedState, gateways: ReadonlySet<string>): RecoveryAttempt[] {
  const awaited = new Set(
    ledgers.filter(({ account }) => gateways.has(account.gateway)).map(({ health }) => health.recovery.pending?.id),
  )
  return pendingRecoveries.filter((attempt) => !awaited.has(attempt.id))
}

function uplinkOf({ uplink, uplinkTimeoutMs }: MonitorPlan) {
  return { uplink, uplinkTimeoutMs }
}

function isAborted({ result }: CheckOutcome): boolean {
  return !result.ok && result.code === 'aborted'
}

/** The phone and name that came with a reading are discovery's to show, after privacy; health keeps none. */
function withoutPerson(evidence: Evidence): Evidence {
  if (evidence.phone === undefined && evidence.name === undefined) return evidence
  const { phone: _phone, name: _name, ...rest } = evidence
  return rest
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
