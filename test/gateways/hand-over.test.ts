import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { handOver } from '../../src/gateways/hand-over.ts'

test('what comes in one turn is worked on in later ones, four at a time and in order', async () => {
  const deliver = handOver()
  const done: number[] = []
  for (let piece = 0; piece < 10; piece++) deliver({ deliver: () => done.push(piece) })
  expect(done).toEqual([])
  const perTurn: number[] = []
  while (done.length < 10) {
    const before = done.length
    await nextTurn()
    perTurn.push(done.length - before)
  }
  expect(perTurn.filter((count) => count > 0)).toEqual([4, 4, 2])
  expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('what comes after all was worked on is worked on too', async () => {
  const deliver = handOver()
  const done: string[] = []
  deliver({ deliver: () => done.push('first') })
  await nextTurn()
  deliver({ deliver: () => done.push('second') })
  await nextTurn()
  expect(done).toEqual(['first', 'second'])
})
