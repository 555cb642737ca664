// The formulas of docs/slo.md, over sums that are kept apart until the last division.
import { lines } from './expressions.ts'

/**
 * What is left of the whole: `1 - part / whole`, between 0 and 1, and no sample where the whole is 0. The part of a short
 * window can exceed its whole, since downtime is charged at its confirmation, back to the first bad check.
 */
export function share(part: string, whole: string): string {
  return `1 - clamp_max((${part}) / ((${whole}) > 0), 1)`
}

/** Observed share of a window, maintenance left out; no sample where maintenance fills the window. */
export function coverage(observed: string, maintenance: string, windowSeconds: number): string {
  return `clamp_max((${observed}) / ((${windowSeconds} - ${maintenance}) > 0), 1)`
}

/** A mean over events; no sample without an event. */
export function mean(sum: string, events: string): string {
  return `(${sum}) / ((${events}) > 0)`
}

/** Points of the parts of the score, of 100 in all, and where each part reaches 0. */
const SCORE = {
  availability: { points: 60, worstBudgetUsed: 10 },
  repair: { points: 20, worstSeconds: 3600 },
  stability: { points: 20, worstIncidentsPerDay: 1 },
} as const

/**
 * 0 to 100, from the availability against the objective, the mean time to repair and how often incidents come. An
 * account without incidents has all points; an outage that still lasts counts as one repair of its present length.
 */
export function reliabilityScore(sums: {
  readonly budgetUsed: string
  readonly downtime: string
  readonly resolved: string
  readonly incidents: string
  readonly observed: string
}): string {
  const { availability, repair, stability } = SCORE
  const perDay = 86_400 / stability.worstIncidentsPerDay
  return lines(
    `${availability.points} * clamp(1 - ${sums.budgetUsed} / ${availability.worstBudgetUsed}, 0, 1)`,
    `+ ${repair.points} * clamp(1 - ${sums.downtime} / clamp_min(${sums.resolved}, 1) / ${repair.worstSeconds}, 0, 1)`,
    `+ ${stability.points} * clamp(1 - ${perDay} * ${sums.incidents} / (${sums.observed} > 0), 0, 1)`,
  )
}
