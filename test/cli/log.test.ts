import { describe, expect, test } from 'vitest'
import { createLog } from '../../src/cli/log.ts'
import { Secret } from '../../src/option-types.ts'

function recorded(environment = {}, isTTY = false) {
  const lines: string[] = []
  const log = createLog({ isTTY, write: (text) => lines.push(text) }, environment)
  return { log, lines }
}

test('a line is one JSON object with level, time and text', () => {
  const { log, lines } = recorded()
  log.info({ account: 'sales-01', attempts: 2 }, 'incident opened')
  expect(lines.length).toBe(1)
  const line = JSON.parse(lines[0] ?? '')
  expect(line).toEqual({
    level: 'info',
    time: expect.any(String),
    account: 'sales-01',
    attempts: 2,
    msg: 'incident opened',
  })
  expect(new Date(line.time).toISOString()).toBe(line.time)
})

test.each([
  ['debug', ['debug', 'info', 'warn', 'error']],
  ['info', ['info', 'warn', 'error']],
  ['WARN', ['warn', 'error']],
  ['error', ['error']],
])('LOG_LEVEL=%s says %j', (level, said) => {
  const { log, lines } = recorded({ LOG_LEVEL: level })
  for (const name of ['debug', 'info', 'warn', 'error'] as const) log[name]({}, 'x')
  expect(lines.map((line) => JSON.parse(line).level)).toEqual(said)
})

test('a LOG_LEVEL that is none is told and info is used', () => {
  const { log, lines } = recorded({ LOG_LEVEL: 'loud' })
  log.debug({}, 'x')
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['LOG_LEVEL is not a level; info is used'])
})

test('on a terminal a line is text', () => {
  const { log, lines } = recorded({}, true)
  log.warn({ account: 'sales-01', detail: 'two words', waitMs: 5 }, 'restart refused')
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d WARN {2}restart refused account=sales-01 detail="two words" waitMs=5\n$/)
})

test('LOG_FORMAT decides over the terminal', () => {
  const { log, lines } = recorded({ LOG_FORMAT: 'json' }, true)
  log.info({}, 'x')
  expect(JSON.parse(lines[0] ?? '').msg).toBe('x')
})

test('a name with control characters forges no line and steers no terminal', () => {
  const { log, lines } = recorded({}, true)
  log.info({ name: 'a\n12:00:00 ERROR all is lost\u001b[2J\u009b' }, 'b\nc\u001b[31m')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
  expect(lines.join('').slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
})

describe('secrets', () => {
  const CANARY = 's3cr3t-canary'
  const cause = Object.assign(new Error(`connect to https://u:${CANARY}@h failed`), {
    code: 'ECONNREFUSED',
    password: CANARY,
  })
  const circular: Record<string, unknown> = { token: CANARY }
  circular['self'] = circular
  const facts: readonly (readonly [string, object, string])[] = [
    ['a Secret', { value: new Secret(CANARY) }, 'x'],
    [
      'a secret-like name',
      { apiKey: CANARY, Authorization: `Bearer ${CANARY}`, password: CANARY, accessToken: CANARY },
      'x',
    ],
    ['a name deep down', { request: { headers: { 'x-api-key': CANARY, cookie: CANARY } } }, 'x'],
    ['a list', { list: [{ token: CANARY }] }, 'x'],
    ['a Map', { map: new Map([['token', CANARY]]) }, 'x'],
    [
      'the user part of an address',
      { url: `mongodb://u:${CANARY}@h/db` },
      `store at mongodb://u:${CANARY}@h/db is down`,
    ],
    ['a query of an address', { url: `http://h/x?token=${CANARY}` }, 'x'],
    ['a URL object', { url: new URL(`http://u:${CANARY}@h/`) }, 'x'],
    ['an error and its cause', { err: new Error(`gateway https://u:${CANARY}@h`, { cause }) }, 'x'],
    ['an error alone', cause, 'x'],
    ['an object that holds itself', circular, 'x'],
  ]
  test.each(facts)('%s is hidden', (_name, fact, text) => {
    for (const terminal of [false, true]) {
      const { log, lines } = recorded({}, terminal)
      log.error(fact, text)
      expect(lines.length).toBe(1)
      expect(lines[0]).not.toContain(CANARY)
    }
  })
})

test('an error keeps its message, code, stack and cause', () => {
  const { log, lines } = recorded()
  log.error({ err: Object.assign(new TypeError('bad', { cause: new Error('worse') }), { code: 'E1' }) }, 'x')
  expect(JSON.parse(lines[0] ?? '').err).toMatchObject({
    type: 'TypeError',
    message: 'bad',
    code: 'E1',
    stack: expect.stringContaining('log.test.ts'),
    cause: { message: 'worse' },
  })
})
