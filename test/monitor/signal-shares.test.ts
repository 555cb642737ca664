import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { signalShares } from '../../src/monitor/signal-shares.ts'

describe('shares of a signal', () => {
  test('all abort with it, and for its reason', () => {
    const source = new AbortController()
    const take = signalShares(source.signal, 2)
    const shares = [take(), take(), take()]
    source.abort('the end')
    expect(shares.map(({ signal }) => signal.reason)).toEqual(['the end', 'the end', 'the end'])
  })

  test('are few enough that no signal gathers many listeners', () => {
    const take = signalShares(new AbortController().signal, 2)
    const signals = new Set(Array.from({ length: 6 }, () => take().signal))
    expect(signals.size).toBe(3)
  })

  test('that are given back no longer hear of the end, and leave nothing at the source', () => {
    const source = new AbortController()
    const take = signalShares(source.signal, 1)
    const shares = Array.from({ length: 100 }, () => take())
    for (const share of shares) share.end()
    expect(getEventListeners(source.signal, 'abort')).toHaveLength(1)
    source.abort()
    expect(shares.some(({ signal }) => signal.aborted)).toBe(false)
  })

  test('taken after the end have ended', () => {
    const source = new AbortController()
    const take = signalShares(source.signal)
    source.abort()
    expect(take().signal.aborted).toBe(true)
  })
})
