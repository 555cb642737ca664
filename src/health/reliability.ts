/** What the reliability score is made of. */
export interface ReliabilityFacts {
  /** Share of the observed time without downtime, 0 to 1. */
  readonly availability: number
  /** Share of the finished repairs that a later good check verified, 0 to 1; null where none finished. */
  readonly recoverySuccess: number | null
  /** Incidents that began in the period. */
  readonly incidents: number
  /** Time that was really observed, milliseconds. */
  readonly observedMs: number
}

const DAY_MS = 86_400_000

/**
 * Reliability score of an account, 0 (useless) to 100 (never down, never touched); null where nothing was observed:
 *
 *     score = 100 × availability × (0.8 + 0.2 × recovery success) ÷ (1 + incidents per observed day)
 *
 * Recovery success is 1 where no repair finished, and less than one observed day counts as one day, so that the first
 * incident of a new account does not ruin its score. Example: availability 0.995, 8 of 10 repairs verified, 6 incidents
 * in 30 observed days give 100 × 0.995 × 0.96 ÷ 1.2 = 79.6. The recorded series `…:whatsapp_reliability_score:30d`
 * states the same formula in PromQL (docs/slo.md).
 */
export function reliabilityScore(facts: ReliabilityFacts): number | null {
  const { availability, recoverySuccess, incidents, observedMs } = facts
  if (observedMs <= 0) return null
  const perDay = incidents / Math.max(1, observedMs / DAY_MS)
  return (100 * availability * (0.8 + 0.2 * (recoverySuccess ?? 1))) / (1 + perDay)
}
