import { describe, expect, test } from 'vitest'
import { healthRounds } from '../../src/gateways/cloud-api-health.ts'

const CYCLE_MS = 15_000
const HOUR_MS = 3_600_000

/** Runs one hour of cycles over so many numbers; gives every probe with its time. */
async function hour(count: number, probe: (id: string) => string | null = () => 'AVAILABLE') {
  let nowMs = 0
  const probes: { id: string; atMs: number }[] = []
  const rounds = healthRounds({
    now: () => nowMs,
    probe: async (id) => {
      probes.push({ id, atMs: nowMs })
      return probe(id)
    },
  })
  const ids = Array.from({ length: count }, (_, index) => String(index))
  for (; nowMs < HOUR_MS; nowMs += CYCLE_MS) {
    rounds.start(ids)
    await rounds.idle()
  }
  return { probes, rounds, ids }
}

describe('health rounds', () => {
  test.each([1, 40, 200])('%i numbers are each asked every five minutes', async (count) => {
    const { probes, ids } = await hour(count)
    for (const id of ids) {
      const times = probes.filter((one) => one.id === id).map(({ atMs }) => atMs)
      expect(times.length).toBeGreaterThanOrEqual(10)
      for (let index = 1; index < times.length; index++) {
        const gapMs = (times[index] ?? 0) - (times[index - 1] ?? 0)
        expect(gapMs).toBeGreaterThanOrEqual(300_000)
        expect(gapMs).toBeLessThanOrEqual(330_000)
      }
    }
  })

  test('the probes of a fleet are spread, not sent at once', async () => {
    const { probes } = await hour(200)
    const perCycle = new Map<number, number>()
    for (const { atMs } of probes) perCycle.set(atMs, (perCycle.get(atMs) ?? 0) + 1)
    expect(Math.max(...perCycle.values())).toBeLessThanOrEqual(10)
  })

  test('a large fleet stays within half of the hourly allowance', async () => {
    expect((await hour(2_000)).probes.length).toBeLessThanOrEqual(2_500)
  })

  test('a probe that fails keeps the last word and is not repeated at once', async () => {
    let nowMs = 0
    let fails = false
    let calls = 0
    const probe = async () => {
      calls += 1
      if (fails) throw new Error('down')
      return 'LIMITED'
    }
    const rounds = healthRounds({ now: () => nowMs, probe })
    rounds.start(['1'])
    await rounds.idle()
    fails = true
    nowMs = 300_000
    rounds.start(['1'])
    await rounds.idle()
    nowMs += CYCLE_MS
    rounds.start(['1'])
    await rounds.idle()
    expect([rounds.of('1'), calls]).toEqual(['LIMITED', 2])
  })

  test('a number that is gone is forgotten', async () => {
    const rounds = healthRounds({ now: () => 0, probe: async () => 'BLOCKED' })
    rounds.note('1', 'BLOCKED')
    rounds.start(['2'])
    await rounds.idle()
    expect([rounds.of('1'), rounds.of('2')]).toEqual([null, 'BLOCKED'])
  })

  test('a round that is slow is not joined by a second one', async () => {
    const gate = Promise.withResolvers<string>()
    let calls = 0
    const probe = () => {
      calls += 1
      return gate.promise
    }
    const rounds = healthRounds({ now: () => 0, probe })
    rounds.start(['1'])
    rounds.start(['1'])
    gate.resolve('AVAILABLE')
    await rounds.idle()
    expect(calls).toBe(1)
  })
})
