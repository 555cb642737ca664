import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { turnMeter } from '../../src/monitor/turn-meter.ts'

test('tells the longest turn since it was asked last', async () => {
  let nowMs = 1_000
  const meter = turnMeter(() => nowMs)
  for (const lengthMs of [2, 7, 3]) {
    meter.note()
    nowMs += lengthMs
    meter.note()
    await nextTurn()
    nowMs += 500
  }
  expect(meter.takeMaxMs()).toBe(7)
  expect(meter.takeMaxMs()).toBe(0)
})

test('does not count time between turns, nor turns that nobody noted', async () => {
  let nowMs = 0
  const meter = turnMeter(() => nowMs)
  meter.note()
  nowMs += 1
  await nextTurn()
  nowMs += 10_000
  await nextTurn()
  expect(meter.takeMaxMs()).toBe(1)
})
