import { describe, expect, test } from 'vitest'
import { shardOf } from '../../src/accounts/shard.ts'

const keys = Array.from({ length: 10_000 }, (_, index) => `waha-${index % 7}/account-${index}`)

describe('the shard of an account', () => {
  test('never changes: a new version that moved accounts would split every ledger', () => {
    expect(
      ['waha-1/sales-01', 'waha-1/sales-02', 'evo/ümlaut', ''].map((key) => shardOf(key, 16)),
    ).toMatchInlineSnapshot(`
      [
        5,
        13,
        11,
        13,
      ]
    `)
  })

  test.each([1, 2, 3, 10, 100])('is one of %i, each with its share', (total) => {
    const counts = Array.from({ length: total }, () => 0)
    for (const key of keys) counts[shardOf(key, total)] = (counts[shardOf(key, total)] ?? Number.NaN) + 1
    const share = keys.length / total
    // Six standard deviations: no set of names of this size misses it by chance.
    const slack = 6 * Math.sqrt(share)
    expect(counts.every((count) => total === 1 || Math.abs(count - share) < slack)).toBe(true)
  })

  test.each([1, 2, 9])('moves only to the new exporter when there is one more than %i', (total) => {
    const moved = keys.filter((key) => shardOf(key, total) !== shardOf(key, total + 1))
    expect(moved.every((key) => shardOf(key, total + 1) === total)).toBe(true)
    expect(moved.length / keys.length).toBeCloseTo(1 / (total + 1), 1)
  })
})
