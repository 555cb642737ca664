import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { START_OPTIONS, youngGeneration } from '../../src/young-generation.ts'

const STAYS = '--semi-space-growth-factor=1'
const GROWS = '--semi-space-growth-factor=2'

function started(...options: string[]) {
  const flags: string[] = []
  return { flags, young: youngGeneration(options, (flag) => flags.push(flag)) }
}

test.each([[[]], [['', '--max-old-space-size=512']], [[...START_OPTIONS]]])(
  'keeps the young generation from growing until the fleet is known: %j',
  (options) => {
    expect(started(...options).flags).toEqual([STAYS])
  },
)

test('lets it grow for a large fleet, and no more when the fleet is small again', () => {
  const { flags, young } = started()
  for (const accounts of [0, 4_999, 5_000, 10_000, 4_999, 0]) young.fit(accounts)
  expect(flags).toEqual([STAYS, GROWS, STAYS])
})

test.each([['--max-semi-space-size=8'], ['--max_semi_space_size=8'], ['--max-semi-space-size', '16']])(
  'leaves it to the one who started node with an upper bound: %s',
  (...options) => {
    const { flags, young } = started(...options)
    young.fit(10_000)
    expect(flags).toEqual([])
  },
)

test('the installed command and the image start node with its bounds', () => {
  const [shebang] = readFileSync('src/main.ts', 'utf8').split('\n')
  expect(shebang).toBe(`#!/usr/bin/env -S node ${START_OPTIONS.join(' ')}`)
  const quoted = START_OPTIONS.map((option) => `"${option}"`).join(', ')
  expect(readFileSync('Dockerfile', 'utf8')).toContain(`"node", ${quoted}, "/app/dist/main.js"`)
})
