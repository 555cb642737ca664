import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'

/** The program as a process of its own; `leave` closes our end of its stdout before it has said a word. */
async function process_(args: readonly string[], { leave = false, interruptAfter = '' } = {}) {
  const child = spawn(process.execPath, ['src/main.ts', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { out: '', err: '' }
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text
  })
  if (leave) child.stdout.destroy()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text
    if (interruptAfter !== '' && said.out.includes(interruptAfter)) child.kill('SIGINT')
  })
  await once(child, 'close')
  return { code: child.exitCode, signal: child.signalCode, ...said }
}

test('a wrong command is exit code 2 of the process', async () => {
  expect(await process_(['chekc'])).toEqual({
    code: 2,
    signal: null,
    out: '',
    err: '"chekc" is no command. Did you mean "check"?\n',
  })
})

test('Ctrl-C ends what runs in order, exit code 0', async () => {
  const args = ['simulate', '--port', '0', '--accounts', '3']
  const { code, signal, out, err } = await process_(args, { interruptAfter: '3 accounts are simulated' })
  expect([code, signal, err]).toEqual([0, null, ''])
  expect(out).toMatch(/^3 accounts are simulated\. Pull a plug: http:\/\/127\.0\.0\.1:\d+\/sim {3}Inbox: \S+\n$/)
})

test.each([
  ['a command that ends', ['--help']],
  ['a command that runs on', ['simulate', '--port', '0']],
])('a reader that leaves ends %s without a word', async (_name, args) => {
  expect(await process_(args, { leave: true })).toEqual({ code: 0, signal: null, out: '', err: '' })
})
