import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { COMMANDS, run } from '../../src/cli/program.ts'
import { recordingIo } from './transcript.ts'

const { version } = JSON.parse(readFileSync('package.json', 'utf8'))

async function transcript(...argv: readonly string[]) {
  const io = recordingIo('/')
  const code = await run(argv, io, new AbortController().signal)
  return { code, ...io.said }
}

describe('the program', () => {
  test.each(['--version', '-V'])('%s prints the version and nothing else', async (option) => {
    expect(await transcript(option)).toEqual({ code: 0, out: `${version}\n`, err: '' })
  })

  test.each(['--help', '-h', 'help'])('%s prints every command to stdout', async (option) => {
    const { code, out, err } = await transcript(option)
    expect([code, err]).toEqual([0, ''])
    for (const [name, { summary }] of Object.entries(COMMANDS))
      expect(out).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'))
  })

  test('without a command it prints the help to stderr, exit code 2', async () => {
    const { code, out, err } = await transcript()
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('Usage: whatsapp-exporter <command> [options]')
  })

  test.each([
    ['chekc', '"chekc" is no command. Did you mean "check"?\n'],
    ['config', '"config" is no command. Write config check.\n'],
    ['config chek', '"config" is no command. Write config check.\n'],
    ['toString', `"toString" is no command. The commands are: ${Object.keys(COMMANDS).join(', ')}.\n`],
    ['help nonsense', `"nonsense" is no command. The commands are: ${Object.keys(COMMANDS).join(', ')}.\n`],
  ])('"%s" is refused with the next step, exit code 2', async (line, err) => {
    expect(await transcript(...line.split(' '))).toEqual({ code: 2, out: '', err })
  })
})

/** What a command cannot do without. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  'store export': ['store.jsonl'],
  'store import': ['store.jsonl'],
  'store migrate': ['--to', 'other.yml'],
}

describe.each(Object.keys(COMMANDS))('%s', (name) => {
  const words = name.split(' ')

  test('--help and help tell the same, exit code 0', async () => {
    const told = await transcript(...words, '--help')
    expect(told).toMatchObject({ code: 0, err: '' })
    expect(told.out).toMatch(new RegExp(`^Usage: whatsapp-exporter ${name} `))
    expect(await transcript('help', ...words)).toEqual(told)
  })

  test('an option that it does not have is refused, exit code 2', async () => {
    expect(await transcript(...words, ...(NEEDS[name] ?? []), '--colour')).toEqual({
      code: 2,
      out: '',
      err: expect.stringMatching(/^error: unknown option '--colour'/),
    })
  })
})

// A simulation has no configuration, and a migration has two (test/cli/store.test.ts).
const WITH_ONE_CONFIGURATION = Object.keys(COMMANDS).filter((name) => !['simulate', 'store migrate'].includes(name))

describe.each(WITH_ONE_CONFIGURATION)('%s', (name) => {
  test('tells a configuration that is not there, exit code 2', async () => {
    const { code, out, err } = await transcript(...name.split(' '), ...(NEEDS[name] ?? []), '--config', 'none.yml')
    expect([code, out]).toEqual([2, ''])
    expect(err).toBe(
      'none.yml: does not exist. Copy config.example.yml to it, or name another file\nnone.yml has 1 fault.\n',
    )
  })
})
