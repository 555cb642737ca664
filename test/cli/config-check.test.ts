import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { run } from '../../src/cli/config-check.ts'
import { recordingIo } from './transcript.ts'

const folder = mkdtempSync(join(tmpdir(), 'config-check-'))
afterAll(() => rmSync(folder, { recursive: true }))
const { signal } = new AbortController()

const GOOD = `gateways:
  - { name: one, driver: waha, url: "http://a:3000", auth: { apiKey: "\${KEY}" } }
  - { name: two, driver: http, url: "http://b:8080", accounts: [{ account: sales-01 }] }
alerting: { webhook: [{ name: tickets, url: "\${HOOK}" }] }
`
const ENVIRONMENT = { KEY: 'canary-key', HOOK: 'https://tickets.example.org/canary' }

async function transcript(args: readonly string[], text: string, env: Record<string, string> = ENVIRONMENT) {
  writeFileSync(join(folder, 'config.yml'), text)
  const io = recordingIo(folder, env)
  const code = await run(args, io, signal)
  return { code, ...io.said }
}

test('a good file: one sentence, exit code 0', async () => {
  expect(await transcript([], GOOD)).toEqual({
    code: 0,
    out: 'config.yml is good: 2 gateways, 1 of them with discovery, 1 account by hand, a check every 15 s, 1 receiver of alerts.\n',
    err: '',
  })
})

test('a good file with a database of accounts names it, without its address', async () => {
  const database = `discovery: { mongodb: { uri: "\${KEY}", database: bot, collection: sessions, gateway: two } }\n`
  const { code, out } = await transcript([], `${GOOD}${database}`, { ...ENVIRONMENT, KEY: 'mongodb://canary@db' })
  expect([code, out]).toEqual([
    0,
    'config.yml is good: 2 gateways, 1 of them with discovery, 1 account by hand, accounts from MongoDB (bot.sessions), a check every 15 s, 1 receiver of alerts.\n',
  ])
})

test('a faulty file: every fault on its line, exit code 2', async () => {
  const text = GOOD.replace('"http://a:3000"', 'localhost:3000')
    .replace('driver: http', 'driver: htp')
    .concat('chekcs: {}\n')
  expect(await transcript([], text)).toEqual({
    code: 2,
    out: '',
    err: [
      'config.yml:2:32 gateways[0].url: "localhost:3000" is not a URL. Write it with a scheme, for example http://localhost:3000',
      'config.yml:3:18 gateways[1].driver: "htp" must be one of http, waha, evolution, wppconnect, gowa, cloud-api. Did you mean "http"?',
      'config.yml:5:1 chekcs: unknown option. Did you mean "checks"?',
      'config.yml has 3 faults.',
      '',
    ].join('\n'),
  })
})

test('a warning goes to stderr and leaves the exit code 0', async () => {
  const { code, err } = await transcript([], GOOD.replace(`"\${KEY}"`, 'plain-text'))
  expect([code, err]).toEqual([
    0,
    'warning: config.yml:2:62 gateways[0].auth.apiKey: is a secret in plain text. Use an environment variable or the File form of the option\n',
  ])
})

test('a file that is not there: the next step, exit code 2', async () => {
  const io = recordingIo(folder)
  expect(await run(['--config', 'none.yml'], io, signal)).toBe(2)
  expect(io.said.err).toBe(
    'none.yml: does not exist. Copy config.example.yml to it, or name another file\nnone.yml has 1 fault.\n',
  )
})

test('hundreds of faults do not fill the screen', async () => {
  const gateways = Array.from({ length: 200 }, (_, index) => `  - { name: g${index}, driver: waha, url: nope }`)
  const { err } = await transcript([], `gateways:\n${gateways.join('\n')}\n`)
  const lines = err
    .trimEnd()
    .split('\n')
    .filter((line) => !line.startsWith('warning'))
  expect(lines.length).toBe(52)
  expect(lines.slice(-2)).toEqual(['… and 150 more faults.', 'config.yml has 200 faults.'])
})

test('--json gives programs the same', async () => {
  const { code, out, err } = await transcript(['--json'], GOOD.replace('"http://a:3000"', 'localhost:3000'))
  expect([code, err]).toEqual([2, ''])
  expect(JSON.parse(out)).toEqual({
    file: 'config.yml',
    ok: false,
    faults: [
      {
        path: 'gateways[0].url',
        line: 2,
        column: 32,
        value: '"localhost:3000"',
        rule: 'is not a URL',
        hint: 'Write it with a scheme, for example http://localhost:3000',
      },
    ],
    warnings: [],
  })
})

test('--show prints what is in effect, without secrets', async () => {
  const { code, out } = await transcript(['--show'], GOOD)
  expect(code).toBe(0)
  expect(out).toContain('unhealthyAfter: 3')
  expect(out).not.toContain('canary')
})

test.each([
  [['--confg', 'x'], "error: unknown option '--confg'\n(Did you mean --config?)\n"],
  [['extra'], 'error: too many arguments. Expected 0 arguments but got 1: extra.\n'],
])('wrong use %j is told, exit code 2', async (args, message) => {
  expect(await transcript(args, GOOD)).toEqual({ code: 2, out: '', err: message })
})

test('--help goes to stdout, exit code 0', async () => {
  const { code, out } = await transcript(['--help'], GOOD)
  expect(code).toBe(0)
  expect(out).toContain('Usage: whatsapp-exporter config check')
})
