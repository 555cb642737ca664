import type { Checking } from './checking.ts'
import type { MonitorPlan } from './plan.ts'
import { ramp } from './ramp.ts'
import type { AccountEntry, GatewayEntry, Roster } from './roster.ts'
import { type Wheel, wheel } from './wheel.ts'

/** Starts per turn of the event loop; docs/decisions/0007-start-pattern.md has the measurements. */
const PACE = { least: 4, most: 32, crowd: 64 }

type Unit = AccountEntry | GatewayEntry

export interface TurnsParts {
  readonly monotonicMs: () => number
  readonly roster: Roster
  readonly checks: Pick<Checking, 'account' | 'gateway'>
  readonly intervalMs: () => number
  /** Comes before each turn's checks start. */
  beforeTurn(): void
  /** Comes after them. */
  afterTurn(): void
}

/** Who is due: every unit once per interval, and now and then somebody early. */
export interface Turns {
  readonly running: boolean
  /** Takes over the interval and the size of a start group. */
  plan(plan: Pick<MonitorPlan, 'intervalMs' | 'startGroup'>): void
  /** The units changed: the next turn comes at once and places them anew. */
  replan(): void
  /** Checks an account as soon as the ramp lets it. */
  check(entry: AccountEntry): void
  /** Puts a start of its own on the ramp. */
  push(start: () => void): void
  /** An extra check, unless the account's turn comes before, or one is due already. */
  recheck(entry: AccountEntry, delayMs: number): void
  start(): void
  stop(): void
}

export function turns(parts: TurnsParts): Turns {
  const { monotonicMs, roster, checks } = parts
  const starts = ramp(PACE)
  let places: Wheel<Unit> = wheel(1_000, 1)
  let planned = { intervalMs: 0, startGroup: 0 }
  let timer: NodeJS.Timeout | null = null
  let turnedAtMs = 0
  let isPlacedAnew = true
  let isStopping = false

  function turn(): void {
    parts.beforeTurn()
    if (isPlacedAnew) {
      isPlacedAnew = false
      places.set(units())
    }
    const atMs = monotonicMs()
    // A loop that stood still for more than an interval checks everybody once, not several times.
    const sinceMs = Math.max(turnedAtMs, atMs - parts.intervalMs())
    for (const unit of places.due(sinceMs, atMs)) starts.push(() => start(unit, atMs))
    turnedAtMs = atMs
    parts.afterTurn()
    timer = setTimeout(turn, places.turnMs)
  }

  function start(unit: Unit, plannedAtMs: number): void {
    if (isStopping) return
    if (unit.kind === 'gateway') void checks.gateway(unit, plannedAtMs)
    else if (roster.accounts.get(unit.id) === unit) void checks.account(unit, plannedAtMs)
  }

  function units(): readonly Unit[] {
    const found: Unit[] = []
    for (const gateway of roster.gateways.values()) {
      if (gateway.watched.whole) found.push(gateway)
      else found.push(...gateway.entries.values())
    }
    return found
  }

  function check(entry: AccountEntry): void {
    const unit = entry.gateway.watched.whole ? entry.gateway : entry
    const plannedAtMs = monotonicMs()
    starts.push(() => start(unit, plannedAtMs))
  }

  return {
    get running() {
      return timer !== null
    },
    plan({ intervalMs, startGroup }) {
      if (planned.intervalMs !== intervalMs || planned.startGroup !== startGroup) places = wheel(intervalMs, startGroup)
      planned = { intervalMs, startGroup }
    },
    replan() {
      isPlacedAnew = true
      if (timer === null) return
      clearTimeout(timer)
      timer = setTimeout(turn, 0)
    },
    check,
    push: (task) => starts.push(task),
    recheck(entry, delayMs) {
      if (entry.recheck !== null || isStopping || delayMs >= parts.intervalMs()) return
      entry.recheck = setTimeout(() => {
        entry.recheck = null
        check(entry)
      }, delayMs)
    },
    start() {
      turnedAtMs = monotonicMs()
      turn()
    },
    stop() {
      isStopping = true
      if (timer !== null) clearTimeout(timer)
      timer = null
      starts.clear()
      for (const entry of roster.accounts.values()) if (entry.recheck !== null) clearTimeout(entry.recheck)
    },
  }
}
