import { describe, expect, test } from 'vitest'
import { REASONS, STATES, STATUSES } from '../../src/accounts/vocabulary.ts'
import type { Sample } from '../../src/health/health.ts'
import { byteReader, byteWriter } from '../../src/store/bytes.ts'
import { type CycleEntry, packCycle, packSeries, readCycle, readSeries } from '../../src/store/history-codec.ts'
import { badSampleOf, sampleOf, seeded, T0 } from './fixtures.ts'

const ALL = { from: 0, to: Number.POSITIVE_INFINITY }
const KEY = 'waha-1/a'
const keyOf = (ref: number) => `waha-1/${ref}`
const corrupt = expect.objectContaining({ name: 'StoreError', code: 'corrupt' })

describe('numbers in bytes', () => {
  test.each([0, 1, 127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 32 + 5, T0, Number.MAX_SAFE_INTEGER])(
    '%d is read as it was written, without and with sign',
    (value) => {
      const writer = byteWriter(1)
      writer.unsigned(value)
      // Zigzag takes one bit of the 53.
      const half = Math.floor(value / 2)
      writer.signed(half)
      writer.signed(-half)
      const reader = byteReader(writer.toBytes())
      expect([reader.unsigned(), reader.signed(), reader.signed()]).toEqual([value, half, half === 0 ? 0 : -half])
      expect(reader.atEnd).toBe(true)
    },
  )
})

describe('a series', () => {
  const steady = Array.from({ length: 240 }, (_, index) =>
    sampleOf(KEY, T0 + index * 15_000 + (index % 5), {
      durationMs: 60 + ((index * 37) % 60),
      observedMs: index === 0 ? 15_000 : 15_000 + (index % 5) - ((index - 1) % 5),
    }),
  )

  test.each<[string, Sample[]]>([
    ['no samples', []],
    ['one sample', [sampleOf(KEY, T0)]],
    ['a steady hour', steady],
    ['a first check, before which nothing was observed', [sampleOf(KEY, T0, { observedMs: 0 })]],
    ['an outage whose downtime is charged at once', [badSampleOf(KEY, T0, { downtimeMs: 45_000 })]],
    ['a clock that steps back', [sampleOf(KEY, T0), sampleOf(KEY, T0 - 5000), sampleOf(KEY, T0 + 10_000)]],
    ['a gap of a day', [sampleOf(KEY, T0), sampleOf(KEY, T0 + 86_400_000, { observedMs: 0 })]],
    ['a clock that is not set', [sampleOf(KEY, 12), sampleOf(KEY, 15_012)]],
    ['two checks of one moment', [sampleOf(KEY, T0), sampleOf(KEY, T0)]],
  ])('%s is read back as it was', (_name, samples) => {
    expect(readSeries(packSeries(samples), KEY)).toEqual(samples)
  })

  test('of a steady account costs less than 4 bytes a check', () => {
    expect(packSeries(steady).length / steady.length).toBeLessThan(4)
  })

  test('every word of the vocabulary is read back', () => {
    const samples = STATES.flatMap((state) =>
      STATUSES.flatMap((status) =>
        [null, ...REASONS].map((reason, index) =>
          sampleOf(KEY, T0 + index, { state, status, reason, good: index % 2 === 0 }),
        ),
      ),
    )
    expect(readSeries(packSeries(samples), KEY)).toEqual(samples)
  })

  test('fractions are rounded to milliseconds, and broken numbers become 0', () => {
    const odd = sampleOf(KEY, T0 + 0.4, {
      durationMs: Number.NaN,
      observedMs: -7,
      downtimeMs: Number.POSITIVE_INFINITY,
    })
    expect(readSeries(packSeries([odd]), KEY)).toEqual([
      sampleOf(KEY, T0, { durationMs: 0, observedMs: 0, downtimeMs: 0 }),
    ])
  })

  test('cut off anywhere it is corrupt, never wrong', () => {
    const packed = packSeries(steady.slice(0, 20))
    for (let length = 0; length < packed.length; length++) {
      expect(() => readSeries(packed.subarray(0, length), KEY), `${length} bytes`).toThrow(corrupt)
    }
  })

  test('changed in any one bit it is corrupt, never wrong', () => {
    const packed = packSeries(steady.slice(0, 20))
    for (let index = 0; index < packed.length; index++) {
      const changed = Uint8Array.from(packed)
      changed[index] = (changed[index] ?? 0) ^ (1 << (index % 8))
      expect(() => readSeries(changed, KEY), `byte ${index}`).toThrow(corrupt)
    }
  })

  test('a later format is refused, not guessed', () => {
    const packed = packSeries(steady)
    packed[0] = 0x22
    expect(() => readSeries(packed, KEY)).toThrow(/begins with 34, not 33/)
  })
})

describe('a cycle', () => {
  const cycleOf = (refs: readonly number[]): CycleEntry[] =>
    refs.map((ref) => ({ ref, sample: sampleOf(keyOf(ref), T0 + ref, { durationMs: ref % 300 }) }))

  test('comes back in order of account, whatever the order it came in', () => {
    const entries = cycleOf([700, 3, 129, 128, 1, 40_000])
    const sorted = [...entries].sort((a, b) => a.ref - b.ref)
    expect(readCycle(packCycle(entries), ALL, keyOf)).toEqual(sorted)
  })

  test('one account is read without the others, over all blocks', () => {
    const entries = cycleOf(Array.from({ length: 1000 }, (_, index) => index * 3 + 1))
    const packed = packCycle(entries)
    for (const entry of entries) {
      expect(readCycle(packed, { from: entry.ref, to: entry.ref + 1 }, keyOf)).toEqual([entry])
    }
    expect(readCycle(packed, { from: 2, to: 3 }, keyOf)).toEqual([])
  })

  test('an account that was checked often in one batch stays whole', () => {
    const often = Array.from({ length: 400 }, (_, index) => ({ ref: 5, sample: sampleOf(keyOf(5), T0 + index) }))
    const packed = packCycle([...cycleOf([1, 2, 3]), ...often, ...cycleOf([9])])
    expect(readCycle(packed, { from: 5, to: 6 }, keyOf)).toEqual(often)
    expect(readCycle(packed, { from: 9, to: 10 }, keyOf)).toHaveLength(1)
  })

  test('accounts without a key are left out', () => {
    const packed = packCycle(cycleOf([1, 2, 3]))
    expect(readCycle(packed, ALL, (ref) => (ref === 2 ? undefined : keyOf(ref))).map(({ ref }) => ref)).toEqual([1, 3])
  })

  test.each([11, 12, 13, 14])('random samples are read back as they were, with seed %i', (seed) => {
    const random = seeded(seed)
    const pick = <T>(list: readonly T[], fallback: T): T => list[Math.floor(random() * list.length)] ?? fallback
    const count = 1 + Math.floor(random() * 600)
    const entries = Array.from({ length: count }, (_, index) => {
      const observedMs = random() < 0.2 ? 0 : Math.floor(random() * 40_000)
      return {
        ref: index * 7 + 1,
        sample: sampleOf(keyOf(index * 7 + 1), T0 + Math.floor((random() - 0.5) * 1e6), {
          durationMs: Math.floor(random() * 30_000),
          state: pick(STATES, 'unknown'),
          status: pick(STATUSES, 'unknown'),
          reason: random() < 0.3 ? null : pick(REASONS, 'other'),
          good: random() < 0.5,
          observedMs,
          downtimeMs: random() < 0.5 ? observedMs : Math.floor(random() * 90_000),
        }),
      }
    })
    expect(readCycle(packCycle(entries), ALL, keyOf)).toEqual(entries)
    const series = entries.map(({ sample }) => ({ ...sample, key: KEY })).sort((a, b) => a.atMs - b.atMs)
    expect(readSeries(packSeries(series), KEY)).toEqual(series)
  })

  test('cut off or changed it is corrupt', () => {
    const packed = packCycle(cycleOf(Array.from({ length: 300 }, (_, index) => index + 1)))
    for (const length of [0, 1, 5, 100, packed.length - 1]) {
      expect(() => readCycle(packed.subarray(0, length), ALL, keyOf)).toThrow(corrupt)
    }
    const changed = Uint8Array.from(packed)
    changed[packed.length - 20] = (changed[packed.length - 20] ?? 0) ^ 4
    expect(() => readCycle(changed, ALL, keyOf)).toThrow(corrupt)
  })
})
