import { expect, test } from 'vitest'
import { editDistance, nearestWord } from '../../src/nearest-word.ts'

test.each([
  ['', '', 0],
  ['', 'abc', 3],
  ['interval', 'interval', 0],
  ['intervl', 'interval', 1],
  ['intevral', 'interval', 1],
  ['kitten', 'sitting', 3],
])('from "%s" to "%s" it is %d edits', (left, right, distance) => {
  expect(editDistance(left, right)).toBe(distance)
  expect(editDistance(right, left)).toBe(distance)
})

test.each<[string, string | null]>([
  ['timout', 'timeout'],
  ['Timeout', 'timeout'],
  ['urls', 'url'],
  ['ur', 'url'],
  ['pineapple', null],
  ['', null],
  ['x'.repeat(100_000), null],
])('for "%.20s" the nearest is %s', (word, meant) => {
  expect(nearestWord(word, ['url', 'timeout', 'interval'])).toBe(meant)
})
