import { describe, expect, test } from 'vitest'
import { reliabilityScore } from '../../src/health/reliability.ts'
import { forecastOf } from '../../src/reports/forecast.ts'
import { responseSketch } from '../../src/reports/quantiles.ts'
import { trendOf } from '../../src/reports/trend.ts'

const DAY = 86_400_000
const day = (downtimeMs: number) => ({ observedMs: DAY, downtimeMs })

describe('response times', () => {
  test('an empty sketch has no quantiles', () => {
    expect(responseSketch().figures()).toEqual({ count: 0, p50Ms: null, p95Ms: null, p99Ms: null, maxMs: null })
  })

  test('quantiles lie within 1 % of the value of that rank', () => {
    const sketch = responseSketch()
    const values = Array.from({ length: 10_000 }, (_, index) => 0.5 * 1.001 ** index)
    for (const value of values) sketch.add(value)
    const { p50Ms, p95Ms, p99Ms, maxMs } = sketch.figures()
    for (const [seen, rank] of [
      [p50Ms, 4999],
      [p95Ms, 9499],
      [p99Ms, 9899],
    ] as const) {
      const real = values[rank] ?? 0
      expect(Math.abs((seen ?? 0) / real - 1)).toBeLessThanOrEqual(0.0101)
    }
    expect(maxMs).toBe(values.at(-1))
    expect(sketch.buckets().size).toBeLessThan(600)
  })

  test('two sketches added up are the sketch of all values', () => {
    const [one, other, all] = [responseSketch(), responseSketch(), responseSketch()]
    for (let value = 1; value <= 1000; value++) {
      all.add(value)
      if (value % 3 === 0) one.add(value)
      else other.add(value)
    }
    one.merge(other)
    expect(one.figures()).toEqual(all.figures())
  })

  test('what is no duration is left out, and zero is one', () => {
    const sketch = responseSketch()
    for (const value of [Number.NaN, -1, Number.POSITIVE_INFINITY, 0]) sketch.add(value)
    expect(sketch.figures()).toMatchObject({ count: 1, p50Ms: 0, maxMs: 0 })
  })
})

describe('trend', () => {
  test('below 14 days there is none', () => expect(trendOf(new Array(13).fill(1))).toBeNull())

  test('days that are all alike are steady', () => {
    expect(trendOf(new Array(20).fill(1))).toEqual({ direction: 'steady', perDay: 0, pValue: 1, days: 20 })
  })

  test('a steady fall is worse, by its slope per day', () => {
    const trend = trendOf(Array.from({ length: 20 }, (_, index) => 1 - index / 1000))
    expect(trend).toMatchObject({ direction: 'worse', days: 20 })
    expect(trend?.perDay).toBeCloseTo(-0.001, 12)
    // Kendall 1975: S = −190, variance 950, z = −189 ÷ 30.82 = −6.13.
    expect(trend?.pValue).toBeLessThan(1e-8)
  })

  test('the p-value agrees with one worked out by hand', () => {
    // 14 days, of which the last three are lower and alike: S = −33, variance (14·13·33 − 11·10·27 − 3·2·11) ÷ 18 = 165.
    const trend = trendOf([...new Array(11).fill(1), 0.9, 0.9, 0.9])
    // z = 32 ÷ 12.845 = 2.4912: two-sided 0.01273.
    expect(trend?.pValue).toBeCloseTo(0.01273, 4)
    expect(trend?.direction).toBe('worse')
  })

  test('one terrible day makes no trend', () => {
    expect(trendOf(Array.from({ length: 30 }, (_, index) => (index === 25 ? 0.1 : 1)))?.direction).toBe('steady')
  })
})

describe('forecast', () => {
  test('below 14 days there is none', () => expect(forecastOf(new Array(13).fill(day(0)), 0.99, 30, 'a')).toBeNull())

  test('who never failed is foretold never to fail', () => {
    expect(forecastOf(new Array(30).fill(day(0)), 0.999, 30, 'a')).toMatchObject({
      missProbability: 0,
      standardError: 0,
      likelihood: 'unlikely',
      p10: 1,
      p50: 1,
      p90: 1,
    })
  })

  test('who failed every day by more than the budget is foretold to miss', () => {
    expect(forecastOf(new Array(30).fill(day(DAY / 100)), 0.995, 30, 'a')).toMatchObject({
      missProbability: 1,
      likelihood: 'likely',
    })
  })

  test('a single day drawn at random: the probability is the share of bad days', () => {
    const days = Array.from({ length: 40 }, (_, index) => day(index % 4 === 0 ? DAY / 2 : 0))
    const forecast = forecastOf(days, 0.99, 1, 'seed')
    expect(Math.abs((forecast?.missProbability ?? 0) - 0.25)).toBeLessThan(4 * (forecast?.standardError ?? 0))
    expect(forecast?.standardError).toBeCloseTo(Math.sqrt((0.25 * 0.75) / 1000), 2)
  })

  test('the same days and seed give the same forecast, another seed another draw', () => {
    const days = Array.from({ length: 40 }, (_, index) => day((index % 7) * 60_000))
    expect(forecastOf(days, 0.998, 30, 'a')).toEqual(forecastOf(days, 0.998, 30, 'a'))
    expect(forecastOf(days, 0.998, 30, 'a')).not.toEqual(forecastOf(days, 0.998, 30, 'b'))
  })
})

describe('reliability score', () => {
  const MINUTE = 60_000
  test('the example of the documentation', () => {
    const facts = { observedMs: 30 * DAY, downtimeMs: 108 * MINUTE, budgetMs: 216 * MINUTE, incidents: 6, ended: 6 }
    expect(reliabilityScore(facts)).toBeCloseTo(87, 10)
  })

  test.each([
    ['nothing was observed', { observedMs: 0, budgetMs: 0 }, null],
    ['nothing ever failed', {}, 100],
    ['everything is at its worst', { downtimeMs: 2 * DAY, incidents: 100, ended: 1 }, 0],
    [
      'an outage lasts for a day',
      { downtimeMs: DAY, incidents: 1, ended: 0 },
      60 * (1 - 1 / 0.15 / 10) + 20 * (29 / 30),
    ],
  ])('where %s', (_name, over, score) => {
    const facts = { observedMs: 30 * DAY, downtimeMs: 0, budgetMs: 0.005 * 30 * DAY, incidents: 0, ended: 0, ...over }
    if (score === null) expect(reliabilityScore(facts)).toBeNull()
    else expect(reliabilityScore(facts)).toBeCloseTo(score, 10)
  })
})
