import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { run } from '../../src/cli/simulate.ts'
import { parseConfig } from '../../src/config/load.ts'
import { recordingIo } from './transcript.ts'

const folder = mkdtempSync(join(tmpdir(), 'simulate-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs the command until it has said where it is. */
async function simulate(...args: readonly string[]) {
  const io = recordingIo(folder)
  const ending = new AbortController()
  const stdout = {
    write(text: string) {
      io.said.out += text
      ending.abort()
    },
  }
  const code = await run(['--port', '0', ...args], { ...io, stdout }, ending.signal)
  return { code, ...io.said }
}

test('says where the gateways, the inbox and the mail are', async () => {
  const { code, out, err } = await simulate('--accounts', '5', '--smtp-port', '0')
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(
    /^5 accounts are simulated\. Pull a plug: (http:\S+)\/sim {3}Inbox: \1\/inbox {3}Mail: 127\.0\.0\.1:\d+\n$/,
  )
})

test('writes a configuration that the exporter takes', async () => {
  expect((await simulate('--write-config', 'fleet.yml', '--quiet')).code).toBe(0)
  const loaded = parseConfig(readFileSync(join(folder, 'fleet.yml'), 'utf8'), folder, {})
  expect(loaded.ok ? loaded.config.gateways.map(({ driver }) => driver) : loaded.faults).toEqual([
    'waha',
    'evolution',
    'http',
  ])
})

test('writes a configuration with the address under which others reach it', async () => {
  const args = ['--public-url', 'http://simulator:19300/', '--smtp-port', '0', '--write-config', 'public.yml']
  const { code, out } = await simulate(...args)
  expect([code, out]).toEqual([0, expect.stringContaining('Pull a plug: http://simulator:19300/sim')])
  const loaded = parseConfig(readFileSync(join(folder, 'public.yml'), 'utf8'), folder, {})
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults))
  const { gateways, checks, alerting } = loaded.config
  expect(gateways.map(({ url }) => url)).toEqual([
    'http://simulator:19300/waha-1',
    'http://simulator:19300/evolution-1',
    'http://simulator:19300/linda',
  ])
  expect(checks.uplink).toEqual(['simulator:19300'])
  expect(alerting.smtp?.smarthost).toMatch(/^simulator:\d+$/)
})

test.each([
  ['0.0.0.0', 'http://127.0.0.1'],
  ['127.0.0.2', 'http://127.0.0.2'],
])('listening on %s it is reached as %s', async (host, url) => {
  const { code, out, err } = await simulate('--host', host)
  expect([code, err]).toEqual([0, ''])
  expect(out).toContain(`Pull a plug: ${url}:`)
})

test('plays a script of your own', async () => {
  writeFileSync(join(folder, 'script.yml'), 'events:\n  - { at: 1, gateway: linda, fault: hang, for: 60 }\n')
  expect(await simulate('--script', 'script.yml')).toMatchObject({ code: 0, err: '' })
})

test.each([
  [
    ['--port', 'x'],
    "error: option '--port <port>' argument 'x' is invalid. It must be a whole number from 0 to 65535.\n",
  ],
  [
    ['--accounts', '0'],
    "error: option '--accounts <number>' argument '0' is invalid. It must be a whole number from 1 to 100000.\n",
  ],
  [
    ['--public-url', 'simulator'],
    "error: option '--public-url <url>' argument 'simulator' is invalid. It is not a URL. Write it with a scheme, for example http://localhost:3000.\n",
  ],
  [['--script', 'none.yml'], 'none.yml cannot be read (ENOENT). Name a script of faults with --script.\n'],
  [
    ['--write-config', 'no/such/folder.yml'],
    'no/such/folder.yml cannot be written (ENOENT). Name another file with --write-config.\n',
  ],
])('%j is refused, exit code 2', async (args, err) => {
  expect(await simulate(...args)).toEqual({ code: 2, out: '', err })
})

test('a script with a fault of its own is refused with its place, exit code 2', async () => {
  writeFileSync(join(folder, 'bad.yml'), 'events:\n  - { at: 1, gateway: nobody, fault: hang }\n')
  const { code, err } = await simulate('--script', 'bad.yml')
  expect([code, err]).toEqual([2, expect.stringContaining('nobody')])
})

test('a port that is taken is told, exit code 2', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? String(address.port) : ''
  const { code, err } = await simulate('--port', port)
  server.close()
  expect([code, err]).toEqual([2, `simulator: cannot listen on 127.0.0.1:${port}; choose another port\n`])
})
