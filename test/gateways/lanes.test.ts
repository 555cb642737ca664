import { MockAgent } from 'undici'
import { beforeEach, expect, test } from 'vitest'
import { type Lanes, lanes } from '../../src/gateways/lanes.ts'

let sizes: number[]
let closed: number

beforeEach(() => {
  sizes = []
  closed = 0
})

function lanesOf(connections: number): Lanes {
  return lanes(connections, (size) => {
    sizes.push(size)
    const pool = new MockAgent().get('http://gateway.test')
    return Object.assign(pool, {
      destroy: async () => {
        closed += 1
      },
    })
  })
}

/** Takes so many connections; says in which lane each is, by the order of opening. */
function take(ways: Lanes, count: number) {
  return Array.from({ length: count }, () => {
    const lane = ways.next()
    lane.underWay += 1
    return lane
  })
}

test('opens nothing before the first request', () => {
  lanesOf(1_000)
  expect(sizes).toEqual([])
})

test('a gateway of few connections has one lane, and its further requests wait in it', () => {
  const ways = lanesOf(10)
  expect(new Set(take(ways, 30)).size).toBe(1)
  expect(sizes).toEqual([10])
})

test('opens a lane when those before it are full, and never more connections than it may', () => {
  const ways = lanesOf(150)
  take(ways, 64)
  expect(sizes).toEqual([64])
  take(ways, 1_000)
  expect(sizes).toEqual([64, 64, 22])
})

test('takes the first lane that has room, so that connections stay warm', () => {
  const ways = lanesOf(150)
  const [first] = take(ways, 100)
  if (first === undefined) throw new Error('no lane')
  first.underWay -= 1
  expect(take(ways, 2)[0]).toBe(first)
})

test('where all are busy, a request waits in the lane that has the fewest of them', () => {
  const ways = lanesOf(128)
  const all = take(ways, 128)
  const [first, last] = [all[0], all.at(-1)]
  if (first === undefined || last === undefined) throw new Error('no lane')
  first.underWay += 3
  last.underWay += 1
  expect(ways.next()).toBe(last)
})

test('closes every lane once, however often it is asked', async () => {
  const ways = lanesOf(128)
  take(ways, 100)
  await Promise.all([ways.close(), ways.close()])
  await ways.close()
  expect(closed).toBe(2)
})
