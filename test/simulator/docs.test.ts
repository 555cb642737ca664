import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ACCOUNT_FAULTS, GATEWAY_FAULTS, RESTARTS, USUAL_RESTART } from '../../src/simulator/fault.ts'
import { DIALECTS } from '../../src/simulator/options.ts'

const PAGE = readFileSync('docs/simulator.md', 'utf8')

/** Words in the first column of the table below a heading. */
function firstColumn(header: string): string[] {
  const table = PAGE.slice(PAGE.indexOf(`| ${header} |`)).split('\n\n')[0] ?? ''
  return table
    .split('\n')
    .slice(2)
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([a-z_-]+)`/g)].map((match) => match[1] ?? ''))
}

test('the page names every dialect, fault and restart behaviour, and no other', () => {
  expect(firstColumn('dialect').sort()).toEqual([...DIALECTS].sort())
  expect(firstColumn('fault | what happens').sort()).toEqual([...ACCOUNT_FAULTS].sort())
  expect(firstColumn('fault | what the gateway does').sort()).toEqual([...GATEWAY_FAULTS].sort())
  expect(firstColumn('restart').sort()).toEqual([...RESTARTS].sort())
})

test.each(Object.entries(USUAL_RESTART))('the page tells that a restart of %s is %s', (fault, restart) => {
  expect(PAGE).toMatch(new RegExp(`\\| \`${fault}\` \\| [^|]+ \\| \`${restart}\` \\|`))
})
