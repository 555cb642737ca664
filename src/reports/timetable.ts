import { DateTime } from 'luxon'
import { schedule as cronTask } from 'node-cron'
import type { Period } from './analysis.ts'
import { parsePeriod, periodBefore } from './period.ts'

/** When a report is made: after each week or month of a time zone, at a time of that zone's clocks. */
export interface Schedule {
  /** Unique. */
  readonly name: string
  readonly period: 'weekly' | 'monthly'
  /** IANA name. */
  readonly timeZone: string
  /** Minutes after midnight of the first day after the period. */
  readonly minuteOfDay: number
}

/** A report that is to be made. */
export interface DueReport {
  readonly schedule: string
  readonly period: Period
  readonly dueMs: number
}

/** Reports that were missed for longer than this are not sent any more: a week-old one helps, one of last quarter confuses. */
const CATCH_UP_MS = 35 * 86_400_000

/**
 * Every report of a schedule that is due and not older than 35 days, oldest first.
 * @param sinceMs when the schedule was first seen; what was due before that was never promised to anybody
 */
export function dueReports(schedule: Schedule, sinceMs: number, nowMs: number): readonly DueReport[] {
  const found: DueReport[] = []
  const earliestMs = Math.max(sinceMs, nowMs - CATCH_UP_MS)
  let period = parsePeriod(schedule.period === 'weekly' ? 'last-week' : 'last-month', schedule.timeZone, nowMs)
  for (let dueMs = dueMsOf(schedule, period); dueMs >= earliestMs; dueMs = dueMsOf(schedule, period)) {
    if (dueMs <= nowMs) found.unshift({ schedule: schedule.name, period, dueMs })
    period = periodBefore(period)
  }
  return found
}

/** The moment at which the clocks show the schedule's time on the day after the period; an hour later where they skip it. */
function dueMsOf({ minuteOfDay, timeZone }: Schedule, { toMs }: Period): number {
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
    ...schedules.map((schedule) =>
      cronTask(cronOf(schedule), wake, { ...options, name: `report ${schedule.name}`, timezone: schedule.timeZone }),
    ),
  ]
  return {
    async stop() {
      await Promise.all(tasks.map((task) => task.destroy()))
    },
  }
}

function cronOf({ period, minuteOfDay }: Schedule): string {
  const time = `${minuteOfDay % 60} ${Math.floor(minuteOfDay / 60)}`
  return period === 'weekly' ? `${time} * * 1` : `${time} 1 * *`
}
