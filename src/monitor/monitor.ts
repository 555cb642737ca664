import { setTimeout as sleep } from 'node:timers/promises'
import type { Account, AccountKey } from '../accounts/account.ts'
import type { CheckOutcome } from '../accounts/observation.ts'
import { adoptIncident, continueLife } from '../health/adopt-incident.ts'
import { newGatewayHealth } from '../health/gateway-health.ts'
import { newGatewayRepairs } from '../health/gateway-repairs.ts'
import type { AccountHealth, Sample } from '../health/health.ts'
import type { RecoveryAttempt } from '../health/recovery.ts'
import type { Log } from '../log.ts'
import type { LoadedState } from '../store/store.ts'
import type { Tracing } from '../tracing/span.ts'
import { adoption, type Scope } from './adoption.ts'
import { calendar } from './calendar.ts'
import { type CheckFigures, checking } from './checking.ts'
import { cycleTrace } from './cycle-trace.ts'
import { demands } from './demand.ts'
import type { MonitorControl } from './fleet.ts'
import { type Flush, flusher } from './flush.ts'
import { judging } from './judging.ts'
import { lulls } from './lulls.ts'
import { places } from './places.ts'
import type { MonitorPlan, WatchedGateway } from './plan.ts'
import { recorder } from './recorder.ts'
import { recoveryTrace } from './recovery-trace.ts'
import { repairing } from './repairing.ts'
import { type AccountEntry, gatewayEntry, roster } from './roster.ts'
import { turnMeter } from './turn-meter.ts'
import { turns } from './turns.ts'
import { views } from './views.ts'

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
  /** Absent where nothing is traced. */
  readonly tracing?: Tracing | undefined
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
   * Takes the accounts found behind a gateway, and lets go of those that were withdrawn; unknown gateways are ignored.
   */
  adopt(gateway: string, found: readonly Account[], scope: Scope, withdrawn?: readonly AccountKey[]): void
  /** Watches the accounts that the store remembers of a gateway that cannot be listed now. */
  recall(gateway: string): void
  start(): void
  /** Ends the checks under way, and hands the rest to the store. */
  stop(): Promise<void>
}

const END_OF_CHECKS_MS = 1_000

export function createMonitor(parts: MonitorParts): Monitor {
  const { nowMs, monotonicMs, log, tracing } = parts
  const fleet = roster()
  const record = recorder()
  const meter = turnMeter(monotonicMs)
  const figures: CheckFigures = { inFlight: 0, maxLagMs: 0, firstStartMs: null, lastEndMs: null }
  const quiet = lulls(figures)
  const ending = new AbortController()
  const allPlaces = places(1)
  const cycles = cycleTrace(tracing)
  const recoveries = recoveryTrace(tracing)
  let plan: MonitorPlan | null = null
  let isRestored = false

  const planned = (): MonitorPlan => {
    if (plan === null) throw new Error('the monitor has no plan yet: call apply first')
    return plan
  }
  const windows = calendar(nowMs, (fromMs, toMs) => planned().windows(fromMs, toMs))

  // The parts call each other: a check is judged, a judgement may repair, a repair asks for a check.
  const judge = judging({
    nowMs,
    monotonicMs,
    log,
    signal: ending.signal,
    roster: fleet,
    recorder: record,
    calendar: windows,
    flushing: () => flushing,
    repairs: () => repairs,
    plan: planned,
    recheck: (entry, delayMs) => due.recheck(entry, delayMs),
    requested: (gateway, outcome) => parts.requested(gateway, outcome),
    needsLedger: (before, after, sample) => parts.needsLedger(before, after, sample),
  })
  const checks = checking({
    places: allPlaces,
    nowMs,
    monotonicMs,
    meter,
    figures,
    lulls: quiet,
    signal: ending.signal,
    settle: judge.settle,
    settleGateway: judge.settleGateway,
    tracing,
    cycleSpan: () => cycles.span,
  })
  const due = turns({
    monotonicMs,
    roster: fleet,
    checks,
    intervalMs: () => planned().intervalMs,
    beforeTurn: judge.noticeClock,
    afterTurn() {
      windows.refresh()
      judge.probeUplink()
    },
  })
  const repairs = repairing({
    policy: () => planned().recovery,
    nowMs,
    random: parts.random,
    log,
    signal: ending.signal,
    inMaintenance: (entry) => windows.open(entry.account) !== null,
    attempted(entry, attempt) {
      record.attempt(attempt)
      flushing.changed(entry)
      flushing.soon()
    },
    recorded: () => flushing.now(),
    trace: recoveries,
    recheck: due.recheck,
  })
  const show = views({
    startedMs: nowMs(),
    roster: fleet,
    figures,
    calendar: windows,
    plan: planned,
    sight: () => judge.sight,
    lastCycle: () => flushing.lastCycle(),
    decide: repairs.decide,
  })
  const demanded = demands({ checks, turns: due, monotonicMs, view: show.account })
  const flushing = flusher({
    nowMs,
    monotonicMs,
    figures,
    meter,
    lulls: quiet,
    recorder: record,
    roster: fleet,
    intervalMs: () => planned().intervalMs,
    inMaintenance: (entry) => windows.open(entry.account) !== null,
    budgetLeft: (entry) => Math.max(0, planned().recovery.attempts - entry.health.recovery.attemptsUsed),
    gatewayViews: show.fleet.gateways,
    exporterView: show.fleet.exporter,
    publish: (flush) => parts.publish(flush),
    cycleEnded: (cycle) => cycles.turn(cycle, fleet.accounts.size),
  })
  const accounts = adoption({
    roster: fleet,
    recorder: record,
    missingForMs: () => planned().missingForMs,
    nowMs,
    changed: due.replan,
    removing: (entry) => repairs.forget(entry),
    added(entry) {
      flushing.changed(entry)
      // Nobody waits an interval to hear of a new account; its place on the wheel counts from then on.
      if (due.running) due.check(entry)
    },
    removed: (key) => flushing.removed(key),
  })

  /** Settles when no check is under way, or after a short patience: a hanging gateway must not hold up the end. */
  async function checksEnded(): Promise<void> {
    const units = [...fleet.accounts.values(), ...fleet.gateways.values()]
    const patience = new AbortController()
    await Promise.race([
      Promise.all(units.map((unit) => unit.inFlight)),
      sleep(END_OF_CHECKS_MS, undefined, { signal: patience.signal }).catch(() => {}),
    ])
    patience.abort()
  }

  /** Puts all that is known of an account into the next batch. */
  function touch({ id, health }: AccountEntry): void {
    record.touch(id)
    if (health.incident !== null) record.event(id, { type: 'incident-updated', incident: health.incident })
  }

  function watch(watched: WatchedGateway): void {
    const { name } = watched.gateway
    const known = fleet.gateways.get(name)
    if (known !== undefined) {
      known.places.size = watched.connections
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
    fleet: show.fleet,
    async checkNow(keys, signal) {
      // Before the first turn nobody has tried the uplink: a failed check would be put down to its gateway unheard.
      if (!due.running && judge.uplink.state.configured) await judge.uplink.probe(signal)
      // A trace of the whole fleet would be too large to read: its checks are thinned out under the cycle's.
      const asker = keys === 'all' ? undefined : tracing?.active()
      const wanted =
        keys === 'all' ? [...fleet.accounts.values()] : keys.flatMap((key) => fleet.accounts.get(key) ?? [])
      const results = await orAborted(demanded(wanted, { all: keys === 'all', asker }), signal)
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
      plan = next
      allPlaces.size = next.concurrency
      judge.plan(next)
      due.plan(next)
      const names = new Set(next.gateways.map((watched) => watched.gateway.name))
      for (const entry of [...fleet.gateways.values()]) {
        if (names.has(entry.id)) continue
        for (const account of [...entry.entries.values()]) accounts.remove(account)
        fleet.gateways.delete(entry.id)
      }
      for (const watched of next.gateways) watch(watched)
      windows.reread()
      due.replan()
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
        touch(entry)
      }
      if (!late) return
      for (const attempt of loaded.pendingRecoveries) record.attempt(repairs.orphaned(attempt))
      accounts.remember({ ...loaded, ledgers: strangers }, new Set(fleet.gateways.keys()))
    },
    touchAll() {
      for (const entry of fleet.accounts.values()) touch(entry)
    },
    adopt(gateway, found, scope, withdrawn) {
      const entry = fleet.gateways.get(gateway)
      if (entry !== undefined) accounts.adopt(entry, found, scope, withdrawn)
    },
    recall(gateway) {
      const entry = fleet.gateways.get(gateway)
      if (entry !== undefined) accounts.recall(entry)
    },
    start() {
      cycles.begin()
      due.start()
      flushing.start()
    },
    async stop() {
      due.stop()
      await checksEnded()
      ending.abort()
      await flushing.stop()
      cycles.stop()
      recoveries.stop()
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

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
