import { describe, expect, test } from 'vitest'
import type { AccountHealth, HealthEvent } from '../../src/health/health.ts'
import { advance, newHealth } from '../../src/health/verdict.ts'
import { account, observation, POLICY, type Seen, seeded, T0 } from './fixtures.ts'

interface Step {
  readonly seen: Seen
  readonly atMs: number
  readonly plannedMs: number
}

const WORDS = [
  'connected',
  'connected',
  'connected',
  'disconnected/network',
  'disconnected/gateway_down',
  'awaiting_auth',
  'blocked/banned',
  'connecting',
  'degraded/quality',
  'degraded/stale',
  'stopped',
  'unknown/other',
] as const

/** Checks as a bad week has them: runs of one state, gaps, maintenance, a clock that jumps. */
function randomSteps(seed: number): Step[] {
  const random = seeded(seed)
  const steps: Step[] = []
  let atMs = T0
  let seen: Seen = 'connected'
  for (let index = 0; index < 300; index += 1) {
    if (random() < 0.35) seen = WORDS[Math.floor(random() * WORDS.length)] ?? 'connected'
    const jump = random()
    const gapMs = jump < 0.02 ? -600_000 * random() : jump < 0.05 ? 7_200_000 * random() : 10_000 + 10_000 * random()
    atMs = Math.round(atMs + gapMs)
    steps.push({ seen, atMs, plannedMs: random() < 0.1 ? 20_000 * random() : 0 })
  }
  return steps
}

const run = (health: AccountHealth, step: Step) =>
  advance(health, account(), observation(step.seen, step.atMs), POLICY, step.plannedMs)

const SEEDS = Array.from({ length: 200 }, (_, index) => index + 1)

describe('over 200 random weeks', () => {
  test('samples add up to the counters, and downtime never exceeds observed time', () => {
    for (const seed of SEEDS) {
      let health = newHealth('waha-1/sales-01', T0)
      let observedMs = 0
      let downtimeMs = 0
      let failures = 0
      for (const step of randomSteps(seed)) {
        const verdict = run(health, step)
        health = verdict.health
        expect(verdict.sample.observedMs).toBeGreaterThanOrEqual(0)
        expect(verdict.sample.downtimeMs).toBeGreaterThanOrEqual(0)
        observedMs += verdict.sample.observedMs
        downtimeMs += verdict.sample.downtimeMs
        failures += verdict.sample.good ? 0 : 1
        expect(health.counters.downtimeMs + health.pendingDowntimeMs, `seed ${seed}`).toBeLessThanOrEqual(
          health.counters.observedMs + 1e-6,
        )
      }
      expect(health.counters).toMatchObject({ checks: 300, checkFailures: failures, observedMs, downtimeMs })
    }
  })

  test('incidents open and resolve in turn, never while blind, and carry all downtime', () => {
    let opened = 0
    for (const seed of SEEDS) {
      let health = newHealth('waha-1/sales-01', T0)
      let open: string | null = null
      let resolvedDowntimeMs = 0
      for (const step of randomSteps(seed)) {
        const verdict = run(health, step)
        for (const event of verdict.events) {
          if (event.type === 'transition') continue
          expect(verdict.health.status, `seed ${seed}: ${event.type} while blind`).not.toBe('unknown')
          const { incident } = event
          if (event.type === 'incident-opened') {
            expect(open).toBeNull()
            expect(incident.startMs).toBeLessThanOrEqual(incident.detectedMs)
            open = incident.id
            opened += 1
          } else expect(incident.id).toBe(open)
          if (event.type === 'incident-resolved') {
            expect(incident.endMs).toBeGreaterThanOrEqual(incident.startMs)
            resolvedDowntimeMs += incident.downtimeMs
            open = null
          }
        }
        health = verdict.health
        expect(health.incident?.id ?? null).toBe(open)
        expect(health.status === 'unhealthy' && health.incident === null).toBe(false)
      }
      const { incidents, incidentsResolved, downtimeMs } = health.counters
      expect(incidents - incidentsResolved).toBe(open === null ? 0 : 1)
      expect(resolvedDowntimeMs + (health.incident?.downtimeMs ?? 0)).toBeCloseTo(downtimeMs, 6)
    }
    expect(opened).toBeGreaterThan(500)
  })

  test('health that went through JSON at any moment gives the same verdicts', () => {
    for (const seed of SEEDS.slice(0, 40)) {
      const steps = randomSteps(seed)
      const splitAt = Math.floor(seeded(seed + 1_000)() * steps.length)
      let whole = newHealth('waha-1/sales-01', T0)
      let split = whole
      const wholeEvents: HealthEvent[] = []
      const splitEvents: HealthEvent[] = []
      for (const [index, step] of steps.entries()) {
        if (index === splitAt) split = JSON.parse(JSON.stringify(split))
        const one = run(whole, step)
        const two = run(split, step)
        wholeEvents.push(...one.events)
        splitEvents.push(...two.events)
        whole = one.health
        split = two.health
      }
      expect(split).toEqual(whole)
      expect(splitEvents).toEqual(wholeEvents)
    }
  })
})
