import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { type Abortable, abortGroups } from '../../src/gateways/abort-groups.ts'

const member = (ended: string[], name: string): Abortable => ({ abort: () => ended.push(name) })

describe('groups of what a signal breaks off', () => {
  test('end with their own signal only', () => {
    const groups = abortGroups()
    const [one, other] = [new AbortController(), new AbortController()]
    const ended: string[] = []
    groups.add(one.signal, member(ended, 'a'))
    groups.add(one.signal, member(ended, 'b'))
    groups.add(other.signal, member(ended, 'c'))
    one.abort()
    expect(ended).toEqual(['a', 'b'])
  })

  test('listen once, however many are under way, and to one signal at most when nothing is', () => {
    const groups = abortGroups()
    const [one, other] = [new AbortController().signal, new AbortController().signal]
    const listeners = () => [one, other].map((signal) => getEventListeners(signal, 'abort').length)
    const members = Array.from({ length: 100 }, (_, index) => member([], String(index)))
    for (const piece of members) groups.add(one, piece)
    expect(listeners()).toEqual([1, 0])
    for (const piece of members) groups.delete(one, piece)
    expect(listeners()).toEqual([1, 0])
    const last = member([], 'last')
    groups.add(other, last)
    groups.delete(other, last)
    expect(listeners()).toEqual([0, 1])
  })

  test('hear the signal that nothing was under way with for a while', () => {
    const groups = abortGroups()
    const controller = new AbortController()
    const ended: string[] = []
    const first = member(ended, 'first')
    groups.add(controller.signal, first)
    groups.delete(controller.signal, first)
    groups.add(controller.signal, member(ended, 'second'))
    controller.abort()
    expect(ended).toEqual(['second'])
  })

  test('forget who ended by himself, and take who leaves while they end', () => {
    const groups = abortGroups()
    const controller = new AbortController()
    const ended: string[] = []
    const gone = member(ended, 'gone')
    const leaving: Abortable = {
      abort() {
        ended.push('leaving')
        groups.delete(controller.signal, leaving)
      },
    }
    groups.add(controller.signal, gone)
    groups.add(controller.signal, leaving)
    groups.delete(controller.signal, gone)
    groups.delete(controller.signal, gone)
    controller.abort()
    expect(ended).toEqual(['leaving'])
  })
})
