import type { Trend } from './analysis.ts'

/** Fewer days say nothing about a direction. */
const TREND_DAYS = 14
const SIGNIFICANT = 0.05

/**
 * Direction of a series of daily availabilities, oldest first. Whether there is one: the Mann–Kendall test with the
 * correction for ties, two-sided, normal approximation (Kendall 1975). How steep: the median of the slopes between all
 * pairs of days (Theil–Sen). Neither assumes a distribution, and one terrible day makes no trend.
 * @returns null for fewer than 14 days
 */
export function trendOf(availabilities: readonly number[]): Trend | null {
  const days = availabilities.length
  if (days < TREND_DAYS) return null
  const slopes: number[] = []
  let score = 0
  for (const [later, value] of availabilities.entries()) {
    for (const [earlier, before] of availabilities.slice(0, later).entries()) {
      score += Math.sign(value - before)
      slopes.push((value - before) / (later - earlier))
    }
  }
  const pValue = pValueOf(score, availabilities)
  const significant = pValue < SIGNIFICANT
  return {
    direction: !significant ? 'steady' : score > 0 ? 'better' : 'worse',
    perDay: median(slopes),
    pValue,
    days,
  }
}

function pValueOf(score: number, values: readonly number[]): number {
  const n = values.length
  const ties = new Map<number, number>()
  for (const value of values) ties.set(value, (ties.get(value) ?? 0) + 1)
  let variance = n * (n - 1) * (2 * n + 5)
  for (const held of ties.values()) variance -= held * (held - 1) * (2 * held + 5)
  variance /= 18
  if (variance <= 0 || score === 0) return 1
  const z = (Math.abs(score) - 1) / Math.sqrt(variance)
  return Math.min(1, 2 * upperTail(z))
}

/** P(Z > z) of the standard normal distribution, z ≥ 0; Abramowitz and Stegun 26.2.17, error below 7.5e-8. */
function upperTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z)
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
}
