import { CronExpressionParser } from 'cron-parser'
import { DateTime } from 'luxon'
import { schedule as cronTask, validate } from 'node-cron'
import type { Period } from './analysis.ts'
import { type CronOrder, cronCalls } from './cron-calls.ts'
import { parsePeriod, periodBefore } from './period.ts'

/** When a report is made, by the clocks of a time zone: after each week or month, or whenever a cron expression comes true. */
export type Schedule = {
  /** Unique. */
  readonly name: string
  /** IANA name. */
  readonly timeZone: string
} & (
  | {
      readonly period: 'weekly' | 'monthly'
      /** Minutes after midnight of the first day after the period. */
      readonly minuteOfDay: number
    }
  | ({ readonly period: 'cron' } & Pick<CronOrder, 'cron' | 'covers'>)
)

/** A report that is to be made. */
export interface DueReport {
  readonly schedule: string
  readonly period: Period
  readonly dueMs: number
}

/** Reports that were missed for longer than this are not sent any more: a week-old one helps, one of last quarter confuses. */
const CATCH_UP_MS = 35 * 86_400_000
/**
 * How long after it was first due a report may still be asked for, and what became of it must be known: a cron
 * expression names the last quarter for up to 92 days, and its last call is caught up for 35 more.
 */
export const ASKED_FOR_MS = (92 + 1) * 86_400_000 + CATCH_UP_MS

/**
 * Finds every report of a schedule that is due and not older than 35 days, oldest first. What a cron expression asks for
 * is remembered until it comes true again.
 * @returns a function; its `sinceMs` is when the schedule was first seen: what was due before was never promised to anybody
 */
export function dueReports(): (schedule: Schedule, sinceMs: number, nowMs: number) => readonly DueReport[] {
  const callsOf = cronCalls()
  return (schedule, sinceMs, nowMs) => {
    const earliestMs = Math.max(sinceMs, nowMs - CATCH_UP_MS)
    if (schedule.period !== 'cron') return dueByCalendar(schedule, earliestMs, nowMs)
    // One report for each period that the expression asked for, due when it did so first.
    const byPeriod = new Map<string, DueReport>()
    for (const { atMs, period } of callsOf(schedule, earliestMs, nowMs)) {
      byPeriod.delete(period.name)
      byPeriod.set(period.name, { schedule: schedule.name, period, dueMs: atMs })
    }
    return [...byPeriod.values()].reverse()
  }
}

function dueByCalendar(
  schedule: Extract<Schedule, { minuteOfDay: number }>,
  earliestMs: number,
  nowMs: number,
): readonly DueReport[] {
  const found: DueReport[] = []
  let period = parsePeriod(schedule.period === 'weekly' ? 'last-week' : 'last-month', schedule.timeZone, nowMs)
  for (let dueMs = dueMsOf(schedule, period); dueMs >= earliestMs; dueMs = dueMsOf(schedule, period)) {
    if (dueMs <= nowMs) found.unshift({ schedule: schedule.name, period, dueMs })
    period = periodBefore(period)
  }
  return found
}

/** Why an expression is none that a timetable can keep, for people; null where it is fine. */
export function cronFault(cron: string): string | null {
  if (cron.trim().split(/\s+/).length !== 5)
    return 'must have five fields: minute hour day-of-month month day-of-week, for example 0 7 * * 1'
  try {
    CronExpressionParser.parse(cron, { currentDate: 0, tz: 'UTC' }).next()
    return validate(cron) ? null : 'is a cron expression that this version does not keep; use numbers, lists and ranges'
  } catch {
    return 'is no cron expression that ever comes true'
  }
}

/** The moment at which the clocks show the schedule's time on the day after the period; an hour later where they skip it. */
function dueMsOf({ minuteOfDay, timeZone }: Extract<Schedule, { minuteOfDay: number }>, { toMs }: Period): number {
  return DateTime.fromMillis(toMs, { zone: timeZone })
    .set({ hour: Math.floor(minuteOfDay / 60), minute: minuteOfDay % 60 })
    .toMillis()
}

/** An alarm clock for reports. */
export interface Timetable {
  /** Idempotent. */
  stop(): Promise<void>
}

/** Retries and what a change of the clocks or a sleeping machine made miss are looked for this often. */
const LOOK_AGAIN = '*/5 * * * *'

/**
 * Calls `wake` at every schedule's time, and every five minutes. It only wakes: what is due is decided by `dueReports`
 * and the ledger, so that a missed or a doubled alarm changes nothing.
 */
export function startTimetable(schedules: readonly Schedule[], wake: () => void): Timetable {
  const options = { noOverlap: true, suppressMissedWarning: true, unref: true }
  const tasks = [
    cronTask(LOOK_AGAIN, wake, { ...options, name: 'reports' }),
    ...[...new Map(schedules.map((schedule) => [`${cronOf(schedule)} ${schedule.timeZone}`, schedule])).values()].map(
      (schedule) =>
        cronTask(cronOf(schedule), wake, { ...options, name: `report ${schedule.name}`, timezone: schedule.timeZone }),
    ),
  ]
  return {
    async stop() {
      await Promise.all(tasks.map((task) => task.destroy()))
    },
  }
}

function cronOf(schedule: Schedule): string {
  if (schedule.period === 'cron') return schedule.cron
  const { period, minuteOfDay } = schedule
  const time = `${minuteOfDay % 60} ${Math.floor(minuteOfDay / 60)}`
  return period === 'weekly' ? `${time} * * 1` : `${time} 1 * *`
}
