import { describe, expect, test } from 'vitest'
import { wheel } from '../../src/monitor/wheel.ts'

const INTERVAL_MS = 15_000
const units = (count: number, prefix = 'waha-1/bot') =>
  Array.from({ length: count }, (_, index) => ({ id: `${prefix}-${index}` }))

function filled(count: number, burst = 25) {
  const one = wheel(INTERVAL_MS, burst)
  one.set(units(count))
  return one
}

describe('a wheel', () => {
  for (const startMs of [0, 1, 7_123.5, INTERVAL_MS - 1, 1e9 + 0.25]) {
    test(`hands out every unit exactly once per interval, in turns of any length (start ${startMs})`, () => {
      const turning = filled(500)
      const seen = new Map<string, number>()
      let atMs = startMs
      for (let index = 0; atMs < startMs + 4 * INTERVAL_MS; index++) {
        const toMs = Math.min(startMs + 4 * INTERVAL_MS, atMs + 1 + ((index * 37) % 900))
        for (const { id } of turning.due(atMs, toMs)) seen.set(id, (seen.get(id) ?? 0) + 1)
        atMs = toMs
      }
      expect(seen.size).toBe(500)
      expect([...seen.values()].every((times) => times === 4)).toBe(true)
    })
  }

  test('hands out each unit once for a stretch longer than the interval', () => {
    const due = filled(100).due(3, 3 + 10 * INTERVAL_MS)
    expect(new Set(due).size).toBe(100)
    expect(due).toHaveLength(100)
  })

  test('hands out nothing for a stretch without length, or one that goes back', () => {
    expect(filled(100).due(5_000, 5_000)).toEqual([])
    expect(filled(100).due(5_000, 4_000)).toEqual([])
    expect(filled(0).due(0, INTERVAL_MS)).toEqual([])
  })

  test('keeps the place of a unit when others come and go', () => {
    const turning = wheel<{ id: string }>(INTERVAL_MS, 25)
    const [one = { id: '' }, ...others] = units(200)
    const placeOf = () => {
      for (let atMs = 0; atMs < INTERVAL_MS; atMs += 10) if (turning.due(atMs, atMs + 10).includes(one)) return atMs
      return null
    }
    turning.set([one, ...others])
    const before = placeOf()
    turning.set([...others.slice(50), one])
    expect(placeOf()).toBe(before)
    expect(before).not.toBeNull()
  })

  test('spreads ids that differ in one digit evenly over the interval', () => {
    const turning = filled(10_000)
    const slots = Array.from({ length: 15 }, (_, slot) => turning.due(slot * 1_000, (slot + 1) * 1_000).length)
    expect(Math.min(...slots)).toBeGreaterThan(500)
    expect(Math.max(...slots)).toBeLessThan(850)
  })

  for (const [count, turnMs] of [
    [0, INTERVAL_MS],
    [1, INTERVAL_MS],
    [25, INTERVAL_MS],
    [26, INTERVAL_MS / 2],
    [1_000, INTERVAL_MS / 40],
    [100_000, 20],
  ] as const) {
    test(`with ${count} units turns every ${turnMs} ms for bursts of 25`, () => {
      const turning = filled(count)
      expect(turning.size).toBe(count)
      expect(turning.turnMs).toBe(turnMs)
    })
  }
})
