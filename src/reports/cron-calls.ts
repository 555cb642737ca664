import { CronExpressionParser } from 'cron-parser'
import type { Period } from './analysis.ts'
import { parsePeriod } from './period.ts'

/** What a cron expression asks for again and again. */
export interface CronOrder {
  /** Five fields. */
  readonly cron: string
  /** IANA name. */
  readonly timeZone: string
  /** The period that each call is about, as parsePeriod reads it when the expression comes true. */
  readonly covers: string
}

/** A moment at which an expression came true, and the period that it asked for then. */
export interface CronCall {
  readonly atMs: number
  readonly period: Period
}

interface KnownCalls {
  /** Newest first. */
  readonly calls: readonly CronCall[]
  readonly fromMs: number
  /** Until `nextMs` there is nothing new. */
  readonly lookedMs: number
  readonly nextMs: number
}

/** Of an expression that comes true more often, only the latest calls are looked at. */
const MOST_CALLS = 40
const DAY_MS = 86_400_000

/**
 * Reads cron expressions, which takes some ten milliseconds for five weeks of days, and remembers what came of it until
 * the next call: who looks every few minutes finds the same. What is no longer asked for is forgotten.
 * @returns the calls from `fromMs` to `nowMs`, both included, newest first and at most 40
 */
export function cronCalls(): (order: CronOrder, fromMs: number, nowMs: number) => readonly CronCall[] {
  const known = new Map<string, KnownCalls>()

  function forgetOld(nowMs: number): void {
    for (const [name, { nextMs }] of known) if (nextMs < nowMs - DAY_MS) known.delete(name)
  }

  return (order, fromMs, nowMs) => {
    const name = JSON.stringify([order.cron, order.timeZone, order.covers])
    const before = known.get(name)
    const isUpToDate =
      before !== undefined && before.fromMs <= fromMs && before.lookedMs <= nowMs && nowMs < before.nextMs
    const found = isUpToDate ? before : read(order, fromMs, nowMs)
    if (!isUpToDate) {
      forgetOld(nowMs)
      known.set(name, found)
    }
    return found.calls.filter(({ atMs }) => atMs >= fromMs)
  }
}

function read({ cron, timeZone, covers }: CronOrder, fromMs: number, nowMs: number): KnownCalls {
  // `prev` gives what lies before by the second, and this moment counts.
  const times = CronExpressionParser.parse(cron, { currentDate: new Date(nowMs + 1_000), tz: timeZone })
  const calls: CronCall[] = []
  for (let count = 0; count < MOST_CALLS; count++) {
    const atMs = times.prev().getTime()
    if (atMs > nowMs) continue
    if (atMs < fromMs) break
    calls.push({ atMs, period: parsePeriod(covers, timeZone, atMs) })
  }
  const next = CronExpressionParser.parse(cron, { currentDate: new Date(nowMs), tz: timeZone }).next()
  return { calls, fromMs, lookedMs: nowMs, nextMs: next.getTime() }
}
