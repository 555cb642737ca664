import { expect, test } from 'vitest'
import { boundYoungGeneration } from '../../src/young-generation.ts'

const flagsAfter = (...startOptions: string[]) => {
  const flags: string[] = []
  boundYoungGeneration(startOptions, (flag) => flags.push(flag))
  return flags
}

test('keeps the young generation from growing where node was started without a bound', () => {
  expect(flagsAfter()).toEqual(['--semi-space-growth-factor=1'])
  expect(flagsAfter('', '--max-old-space-size=512')).toEqual(['--semi-space-growth-factor=1'])
})

test.each([['--max-semi-space-size=8'], ['--max_semi_space_size=8'], ['--max-semi-space-size', '16']])(
  'leaves it to the one who started node with a bound: %s',
  (...options) => {
    expect(flagsAfter(...options)).toEqual([])
  },
)
