import { describe, expect, test } from 'vitest'
import { type Handed, waitingBatches } from '../../src/store/waiting-batches.ts'
import { accountOf, attemptOf, healthOf, incidentOf, sampleOf, T0, transitionOf } from './fixtures.ts'

const a = accountOf('a')
const b = accountOf('b')
const ledgerOf = (account: typeof a, checks: number) => ({
  account,
  health: healthOf(account.key, { counters: { ...healthOf('').counters, checks } }),
})
function handedOf(over: Partial<Handed> = {}): Handed {
  return { atMs: T0, samples: [], transitions: [], incidents: [], recoveries: [], ledgers: [], removed: [], ...over }
}
const samplesOf = (count: number) => Array.from({ length: count }, (_, index) => sampleOf(a.key, T0 + index))

describe('batches that wait', () => {
  test('under the limit nothing is given up', () => {
    const waiting = waitingBatches(100)
    waiting.push(handedOf({ samples: samplesOf(100) }))
    expect(waiting.trim(0)).toBe(0)
    expect(waiting.samples).toBe(100)
  })

  test('the newest version of everything but samples outlives its batch', () => {
    const waiting = waitingBatches(100)
    const older = handedOf({
      samples: samplesOf(60),
      transitions: [transitionOf(a.key, T0)],
      incidents: [incidentOf('i1', a, T0), incidentOf('i2', a, T0)],
      recoveries: [attemptOf('r1', a, T0)],
      ledgers: [ledgerOf(a, 1), ledgerOf(b, 1)],
      removed: ['waha-1/c'],
    })
    const newer = handedOf({
      atMs: T0 + 1,
      samples: samplesOf(30),
      transitions: [transitionOf(a.key, T0 + 1)],
      incidents: [incidentOf('i1', a, T0, { endMs: T0 + 1 })],
      recoveries: [attemptOf('r1', a, T0, { outcome: 'verified' })],
      ledgers: [ledgerOf(a, 2)],
    })
    waiting.push(older)
    waiting.push(newer)
    expect(waiting.trim(0)).toBeGreaterThanOrEqual(60)
    expect(waiting.size).toBe(1)
    const first = waiting.first()
    expect(first).toMatchObject({
      atMs: T0 + 1,
      transitions: [...older.transitions, ...newer.transitions],
      incidents: [incidentOf('i1', a, T0, { endMs: T0 + 1 }), incidentOf('i2', a, T0)],
      recoveries: newer.recoveries,
      ledgers: [ledgerOf(a, 2), ledgerOf(b, 1)],
      removed: ['waha-1/c'],
    })
  })

  test('an account that came back is not removed, and one that went has no ledger', () => {
    const waiting = waitingBatches(10)
    waiting.push(handedOf({ samples: samplesOf(20), removed: [a.key], ledgers: [ledgerOf(b, 1)] }))
    waiting.push(handedOf({ removed: [b.key], ledgers: [ledgerOf(a, 1)] }))
    waiting.trim(0)
    expect(waiting.first()).toMatchObject({ removed: [b.key], ledgers: [ledgerOf(a, 1)] })
  })

  test('the batch that is being written stays as it is', () => {
    const waiting = waitingBatches(10)
    const writing = handedOf({ samples: samplesOf(20) })
    waiting.push(writing)
    waiting.push(handedOf({ samples: samplesOf(20) }))
    expect(waiting.trim(1)).toBe(20)
    expect(waiting.first()).toBe(writing)
    expect(waiting.samples).toBe(20)
  })

  test('events alone are kept over the limit', () => {
    const waiting = waitingBatches(10)
    for (let index = 0; index < 5; index++) waiting.push(handedOf({ incidents: [incidentOf(`i${index}`, a, T0)] }))
    expect(waiting.trim(0)).toBe(0)
    expect(waiting.size).toBe(1)
    expect(waiting.first()?.incidents).toHaveLength(5)
  })
})
