import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { REASONS, STATES } from '../../src/accounts/vocabulary.ts'
import { healthOptions, recoveryOptions, sloOptions } from '../../src/health/options.ts'
import { REFUSALS } from './fixtures.ts'

const page = readFileSync(new URL('../../docs/health.md', import.meta.url), 'utf8')
const quoted = new Set([...page.matchAll(/`([^`\n]+)`/g)].map(([, words]) => words ?? ''))

/** Dotted names of all options below a schema that hold a value. */
function leaves(schema: unknown, path: string): string[] {
  const properties = typeof schema === 'object' && schema !== null && 'properties' in schema ? schema.properties : null
  if (typeof properties !== 'object' || properties === null) return [path]
  return Object.entries(properties).flatMap(([name, child]) => leaves(child, `${path}.${name}`))
}

const options = Object.entries({ health: healthOptions, recovery: recoveryOptions, slo: sloOptions }).flatMap(
  ([section, schema]) => leaves(z.toJSONSchema(schema, { io: 'input' }), section),
)

test('docs/health.md names every option of health, recovery and slo', () => {
  expect(options.length).toBeGreaterThan(15)
  const named = (option: string) => [...quoted].some((words) => words.split(':')[0] === option)
  expect(options.filter((option) => !named(option))).toEqual([])
})

test('docs/health.md names no option that does not exist', () => {
  const used = [...quoted].flatMap((words) => words.match(/^(?:health|recovery|slo)\.[\w.]+/)?.[0] ?? [])
  expect(used.filter((option) => !options.includes(option))).toEqual([])
})

test('docs/health.md explains every refusal, every state and every cause', () => {
  for (const refusal of Object.keys(REFUSALS)) expect(page).toContain(`| \`${refusal}\` |`)
  for (const word of [...STATES, ...REASONS]) expect(quoted).toContain(word)
})
