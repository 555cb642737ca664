import { describe, expect, test } from 'vitest'
import { ALL_RECORDS, promtoolTest } from './promtool.ts'
import { RECORDING_CASES } from './recording-cases.ts'
import { STATUS_CASES } from './status-cases.ts'

const CASES = [...RECORDING_CASES, ...STATUS_CASES]

// The real promtool, several at once on a machine that others use too.
describe.concurrent('recorded series', { timeout: 60_000 }, () => {
  test.each(CASES.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    expect(await promtoolTest(one)).toBe('')
  })
})

test('every recorded series is asked for in a case', () => {
  const asked = CASES.flatMap(({ expected = [] }) => expected.map(({ expr }) => expr)).join('\n')
  const named = new Set(asked.match(/[a-z]+:\w+:\w+/g))
  expect(ALL_RECORDS.filter((record) => !named.has(record))).toEqual([])
})
