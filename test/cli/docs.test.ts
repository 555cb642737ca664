import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/program.ts'
import { recordingIo } from './transcript.ts'

const docs = readFileSync(join(import.meta.dirname, '../../docs/cli.md'), 'utf8')
const sections = new Map(docs.split(/^## /m).map((text) => [text.split('\n')[0] ?? '', text]))
/** Sections that describe no command. */
const OTHERS = ['Log']

test('docs/cli.md has a section for every command, and for nothing else', () => {
  const headed = [...sections.keys()].filter((name) => !name.startsWith('# ') && !OTHERS.includes(name))
  expect(headed).toEqual(Object.keys(COMMANDS))
})

describe.each(Object.entries(COMMANDS))('docs/cli.md on %s', (name, command) => {
  const documented = [...(sections.get(name) ?? '').matchAll(/^\| `(?:-\w, )?(--[a-z-]+)/gm)].map(
    ([, option]) => option,
  )

  test('names every option of the command and no other', async () => {
    const io = recordingIo('/')
    const { run } = await command.load()
    await run(['--help'], io, new AbortController().signal)
    const options = [...io.said.out.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option)
    expect(documented.toSorted()).toEqual(options.filter((option) => option !== '--help').toSorted())
  })
})
