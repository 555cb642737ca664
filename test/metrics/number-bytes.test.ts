import { expect, test } from 'vitest'
import { MAX_NUMBER_BYTES, writeNumber } from '../../src/metrics/number-bytes.ts'
import { seededRandom } from './random.ts'

function written(value: number): string {
  const target = Buffer.alloc(MAX_NUMBER_BYTES + 2, 0x7e)
  const end = writeNumber(target, 1, value)
  expect(target[0]).toBe(0x7e)
  expect(target[end]).toBe(0x7e)
  return target.toString('latin1', 1, end)
}

test.each([
  [0, '0'],
  [-0, '0'],
  [9, '9'],
  [10, '10'],
  [999_999_999, '999999999'],
  [1_000_000_000, '1000000000'],
  [10_000_000_001, '10000000001'],
  [Number.MAX_SAFE_INTEGER, '9007199254740991'],
  [1_760_000_615.25, '1760000615.25'],
  [1_760_000_615.001, '1760000615.001'],
  [0.995, '0.995'],
  [0.00005, '0.00005'],
  [0.1 + 0.2, '0.30000000000000004'],
  [-1.5, '-1.5'],
  [1e21, '1e+21'],
  [1.5e-7, '1.5e-7'],
  [Number.MIN_VALUE, '5e-324'],
  [-Number.MAX_VALUE, '-1.7976931348623157e+308'],
  [Number.POSITIVE_INFINITY, '+Inf'],
  [Number.NEGATIVE_INFINITY, '-Inf'],
])('%d is written as %s', (value, text) => {
  expect(written(value)).toBe(text)
})

test('every number is written as JavaScript writes it: the shortest text that reads back the same', () => {
  const random = seededRandom(7)
  for (let round = 0; round < 30_000; round++) {
    const scale = 10 ** Math.floor(random() * 24 - 9)
    const decimals = 10 ** Math.floor(random() * 8)
    const value = round % 2 === 0 ? random() * scale : Math.round(random() * scale * decimals) / decimals
    if (written(value) !== String(value)) expect(written(value)).toBe(String(value))
  }
})
