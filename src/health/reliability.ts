/** What the reliability score is made of; times in milliseconds. */
export interface ReliabilityFacts {
  /** Time that was really observed. */
  readonly observedMs: number
  readonly downtimeMs: number
  /** Downtime that the objective allows: (1 − objective) × observed. */
  readonly budgetMs: number
  /** Incidents that began. */
  readonly incidents: number
  /** Incidents that ended. */
  readonly ended: number
}

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

/** Points of the three parts, 100 in all, and where each part reaches 0. */
const AVAILABILITY = { points: 60, worstBudgetUsed: 10 }
const REPAIR = { points: 20, worstMs: HOUR_MS }
const STABILITY = { points: 20, worstPerDay: 1 }

/**
 * Reliability score, 0 to 100; null where nothing was observed. Each bracket is held between 0 and 1:
 *
 *     60 × (1 − budget used ÷ 10) + 20 × (1 − mean repair ÷ 1 h) + 20 × (1 − incidents per observed day)
 *
 * Budget used is downtime ÷ budget, mean repair is downtime ÷ incidents that ended (at least 1, so that an outage that
 * still lasts counts as one repair of its present length). Example: a budget of 216 minutes of which 108 are used, by 6
 * incidents that all ended, in 30 days: 60 × 0.95 + 20 × 0.7 + 20 × 0.8 = 87. The recorded series
 * `…:whatsapp_reliability_score:30d` states the same in PromQL (docs/slo.md).
 */
export function reliabilityScore(facts: ReliabilityFacts): number | null {
  const { observedMs, downtimeMs, budgetMs, incidents, ended } = facts
  if (observedMs <= 0 || budgetMs <= 0) return null
  const budgetUsed = downtimeMs / budgetMs
  const repairMs = downtimeMs / Math.max(ended, 1)
  const perDay = incidents / (observedMs / DAY_MS)
  return (
    AVAILABILITY.points * share(1 - budgetUsed / AVAILABILITY.worstBudgetUsed) +
    REPAIR.points * share(1 - repairMs / REPAIR.worstMs) +
    STABILITY.points * share(1 - perDay / STABILITY.worstPerDay)
  )
}

function share(value: number): number {
  return Math.min(1, Math.max(0, value))
}
