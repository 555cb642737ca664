import type { Incident } from '../health/health.ts'
import type { FailurePeak, HourOfWeek, Period } from './analysis.ts'
import { type HistorySlot, isFine } from './history.ts'
import { hourOfWeek } from './period.ts'

const HOURS = 168
const WEEK_MS = HOURS * 3_600_000
const QUARTER_MS = 900_000
const TIMES_USUAL = 3
const MIN_WEEKS = 2
const SHOWN_PEAKS = 3

/** Adds up hours of the week of one account, or of many. */
export interface WeekPattern {
  addSlot(slot: HistorySlot): void
  addIncident(incident: Incident): void
  merge(other: WeekPattern): void
  figures(): HourOfWeek
  /** For merging. */
  readonly sums: WeekSums
}

/**
 * `hourOfWeek`, remembered: every account of a fleet asks for the same hours, and the calendar is slow. Clocks differ
 * from UTC by whole quarters of an hour, so a quarter never lies in two hours.
 */
export function hoursOfWeek(period: Pick<Period, 'timeZone'>): (atMs: number) => number {
  const known = new Map<number, number>()
  return (atMs) => {
    const quarter = Math.floor(atMs / QUARTER_MS)
    const found = known.get(quarter) ?? hourOfWeek(quarter * QUARTER_MS, period)
    known.set(quarter, found)
    return found
  }
}

interface WeekSums {
  readonly observedMs: readonly number[]
  readonly downtimeMs: readonly number[]
  readonly incidentStarts: readonly number[]
  /** Weeks of the period in which the hour saw downtime. */
  readonly weeks: readonly ReadonlySet<number>[]
}

/**
 * @param hourAt hour of the week of a moment; `hoursOfWeek` makes one
 * @param fromMs where the weeks of the period are counted from
 */
export function weekPattern(hourAt: (atMs: number) => number, fromMs: number): WeekPattern {
  const observedMs = new Array<number>(HOURS).fill(0)
  const downtimeMs = new Array<number>(HOURS).fill(0)
  const incidentStarts = new Array<number>(HOURS).fill(0)
  const weeks = Array.from({ length: HOURS }, () => new Set<number>())
  const add = (into: number[], hour: number, value: number) => {
    into[hour] = (into[hour] ?? 0) + value
  }
  return {
    sums: { observedMs, downtimeMs, incidentStarts, weeks },
    addSlot(slot) {
      if (!isFine(slot)) return
      const hour = hourAt(slot.fromMs)
      add(observedMs, hour, slot.observedMs)
      add(downtimeMs, hour, slot.downtimeMs)
      if (slot.downtimeMs > 0) weeks[hour]?.add(Math.floor((slot.fromMs - fromMs) / WEEK_MS))
    },
    addIncident: ({ startMs }) => add(incidentStarts, hourAt(startMs), 1),
    merge({ sums }) {
      for (let hour = 0; hour < HOURS; hour++) {
        add(observedMs, hour, sums.observedMs[hour] ?? 0)
        add(downtimeMs, hour, sums.downtimeMs[hour] ?? 0)
        add(incidentStarts, hour, sums.incidentStarts[hour] ?? 0)
        for (const week of sums.weeks[hour] ?? []) weeks[hour]?.add(week)
      }
    },
    figures: () => ({
      observedMs: [...observedMs],
      downtimeMs: [...downtimeMs],
      incidentStarts: [...incidentStarts],
      peaks: peaksOf(observedMs, downtimeMs, weeks),
    }),
  }
}

function peaksOf(
  observedMs: readonly number[],
  downtimeMs: readonly number[],
  weeks: readonly ReadonlySet<number>[],
): readonly FailurePeak[] {
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)
  const usual = total(downtimeMs) / total(observedMs)
  if (!(usual > 0)) return []
  return observedMs
    .map((seenMs, hour): FailurePeak => {
      const downtimeShare = seenMs > 0 ? (downtimeMs[hour] ?? 0) / seenMs : 0
      return { hour, downtimeShare, timesUsual: downtimeShare / usual, weeks: weeks[hour]?.size ?? 0 }
    })
    .filter(({ timesUsual, weeks: seen }) => timesUsual >= TIMES_USUAL && seen >= MIN_WEEKS)
    .toSorted((a, b) => b.timesUsual - a.timesUsual || a.hour - b.hour)
    .slice(0, SHOWN_PEAKS)
}
