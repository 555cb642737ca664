import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ramp } from '../../src/monitor/ramp.ts'

test('tasks start in order, a few per turn of the event loop, none at once', async () => {
  const starting = ramp({ least: 4 })
  const started: number[] = []
  for (let index = 0; index < 10; index++) starting.push(() => started.push(index))
  expect(started).toEqual([])
  const seen: number[] = []
  for (let turn = 0; turn < 5; turn++) {
    await nextTurn()
    seen.push(started.length)
  }
  expect(started).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  for (const [index, count] of seen.entries()) expect(count - (seen[index - 1] ?? 0)).toBeLessThanOrEqual(4)
})

test('a task that pushes another one lets it start later', async () => {
  const starting = ramp({ least: 1 })
  const started: string[] = []
  starting.push(() => {
    started.push('first')
    starting.push(() => started.push('second'))
  })
  while (started.length < 2) await nextTurn()
  expect(started).toEqual(['first', 'second'])
})

test('what is cleared never starts, and what is pushed afterwards does', async () => {
  const starting = ramp({ least: 1 })
  const started: string[] = []
  for (const name of ['a', 'b', 'c']) starting.push(() => started.push(name))
  await nextTurn()
  const before = [...started]
  starting.clear()
  starting.push(() => started.push('d'))
  while (started.at(-1) !== 'd') await nextTurn()
  expect(started).toEqual([...before, 'd'])
})

test('a task that clears the ramp ends its turn', async () => {
  const starting = ramp({ least: 4 })
  const started: string[] = []
  starting.push(() => {
    started.push('a')
    starting.clear()
  })
  starting.push(() => started.push('b'))
  for (let turn = 0; turn < 3; turn++) await nextTurn()
  expect(started).toEqual(['a'])
  starting.push(() => started.push('c'))
  for (let turn = 0; turn < 3; turn++) await nextTurn()
  expect(started).toEqual(['a', 'c'])
})

test('a few tasks start one per turn, and a crowd starts faster until it is few', async () => {
  const starting = ramp({ least: 4, crowd: 6 })
  const started: number[] = []
  for (let index = 0; index < 12; index++) starting.push(() => started.push(index))
  const perTurn: number[] = []
  while (started.length < 12) {
    const before = started.length
    await nextTurn()
    perTurn.push(started.length - before)
  }
  expect(perTurn.filter((count) => count > 0)).toEqual([4, 4, 1, 1, 1, 1])
})

test.each([
  { most: 32, perTurn: 14, turns: 64, last: [1, 1, 1, 1] },
  { most: 10, perTurn: 10, turns: 90, last: [] },
])(
  'the larger the crowd, the more start in each turn to its end, at most $most',
  async ({ most, perTurn, turns, last }) => {
    const starting = ramp({ least: 4, most, crowd: 6 })
    let started = 0
    for (let index = 0; index < 900; index++) starting.push(() => started++)
    const starts: number[] = []
    while (started < 900) {
      const before = started
      await nextTurn()
      if (started > before) starts.push(started - before)
    }
    expect(starts).toEqual([...Array.from({ length: turns }, () => perTurn), ...last])
  },
)
