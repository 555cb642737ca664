import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { run as configCheck } from '../../src/cli/config-check.ts'
import { run as render } from '../../src/cli/render.ts'
import { recordingIo } from './transcript.ts'

const docs = readFileSync(join(import.meta.dirname, '../../docs/cli.md'), 'utf8')

describe.each([
  ['config check', configCheck],
  ['render', render],
])('docs/cli.md on %s', (name, run) => {
  const section = docs.split(/^## /m).find((text) => text.startsWith(`${name}\n`)) ?? ''
  const documented = [...section.matchAll(/^\| `(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option)

  test('names every option of the command and no other', async () => {
    const io = recordingIo('/')
    await run(['--help'], io, new AbortController().signal)
    const options = [...io.said.out.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option)
    expect(documented.toSorted()).toEqual(options.filter((option) => option !== '--help').toSorted())
  })
})
