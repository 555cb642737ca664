import { describe, expect, test } from 'vitest'
import { places } from '../../src/monitor/places.ts'

/** Asks for a place and notes when it came. */
const asker = (at: ReturnType<typeof places>, came: string[]) => async (name: string) => {
  if (!at.take()) await at.wait()
  came.push(name)
}

const microtasks = () => new Promise(setImmediate)

describe('places', () => {
  test('are taken at once while there are any', () => {
    const two = places(2)
    expect([two.take(), two.take(), two.take()]).toEqual([true, true, false])
    expect(two.taken).toBe(2)
  })

  test('are passed on in the order of asking', async () => {
    const one = places(1)
    const came: string[] = []
    const ask = asker(one, came)
    for (const name of ['a', 'b', 'c']) void ask(name)
    await microtasks()
    expect(came).toEqual(['a'])
    one.leave()
    one.leave()
    await microtasks()
    expect(came).toEqual(['a', 'b', 'c'])
    expect(one.taken).toBe(1)
  })

  test('go to nobody who comes later than somebody who waits', async () => {
    const one = places(1)
    const came: string[] = []
    const ask = asker(one, came)
    void ask('first')
    void ask('waiting')
    one.leave()
    expect(one.take()).toBe(false)
    await microtasks()
    expect(came).toEqual(['first', 'waiting'])
  })

  test('that become more let in who waits', async () => {
    const none = places(0)
    const came: string[] = []
    const ask = asker(none, came)
    for (const name of ['a', 'b', 'c']) void ask(name)
    none.size = 2
    await microtasks()
    expect(came).toEqual(['a', 'b'])
    expect(none.size).toBe(2)
  })

  test('that become fewer send nobody away, and let in nobody until there are fewer', async () => {
    const three = places(3)
    const came: string[] = []
    const ask = asker(three, came)
    for (const name of ['a', 'b', 'c', 'd']) void ask(name)
    three.size = 1
    three.leave()
    three.leave()
    await microtasks()
    expect(came).toEqual(['a', 'b', 'c'])
    three.leave()
    await microtasks()
    expect(came).toEqual(['a', 'b', 'c', 'd'])
    expect(three.taken).toBe(1)
  })
})
