import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { GatewayOptions, GatewaysOptions } from '../../src/gateways/options.ts'

const folder = new URL('../../docs/gateways/', import.meta.url)
const pages = readdirSync(folder)
  .filter((file) => file.endsWith('.md'))
  .map((file) => ({ file, text: readFileSync(new URL(file, folder), 'utf8') }))
const kinds = GatewayOptions.options.map(({ shape }) => shape.driver.value)

describe('the pages of the gateways', () => {
  test.each(kinds)('tell of the driver %s: set-up, states and restart or its absence', (kind) => {
    const text = pages.find(({ file }) => file === `${kind}.md`)?.text ?? ''
    expect(text).toContain(`driver: ${kind}`)
    expect(text).toContain('## What is read')
    expect(text).toContain('## States')
    expect(text).toMatch(/restart/i)
  })

  const examples = pages.flatMap(({ file, text }) =>
    [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = ''], index) => ({ file, index, yaml })),
  )

  test.each(examples)('$file: example $index is a valid configuration', ({ yaml }) => {
    const { gateways } = z.object({ gateways: z.unknown() }).parse(parse(yaml))
    const parsed = GatewaysOptions.safeParse(gateways)
    expect(parsed.success ? [] : parsed.error.issues).toEqual([])
  })

  test.each(pages)('$file: every link to another page leads somewhere', ({ text }) => {
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)#]*)/g)) {
      if (target !== '') expect(() => readFileSync(new URL(target, folder))).not.toThrow()
    }
  })
})
