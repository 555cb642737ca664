import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { ApiOptions, isLoopback } from '../../src/api/options.ts'

const HASH = `$2b$10$${'a'.repeat(53)}`

test('an absent section listens on the loopback, without limits and authentication', () => {
  expect(ApiOptions.parse(undefined)).toEqual({
    listen: { host: '127.0.0.1', port: 19292 },
    hosts: [],
    bearerTokens: [],
    trustProxy: [],
    drain: 10_000,
  })
})

for (const [listen, address] of Object.entries({
  ':9000': { host: '', port: 9000 },
  '[::1]:0': { host: '::1', port: 0 },
  'localhost:65535': { host: 'localhost', port: 65_535 },
  '0.0.0.0:80': { host: '0.0.0.0', port: 80 },
})) {
  test(`listen takes ${listen}`, () => expect(ApiOptions.parse({ listen }).listen).toEqual(address))
}

test('only addresses of this machine are loopback', () => {
  const loopback = (host: string) => isLoopback({ host, port: 1 })
  expect(['127.0.0.1', '127.1.2.3', '::1', 'localhost'].every(loopback)).toBe(true)
  expect(['', '0.0.0.0', '::', '10.0.0.1', '127.evil.example'].some(loopback)).toBe(false)
})

for (const [name, { input, path, rule }] of Object.entries({
  'a port alone': { input: { listen: '19292' }, path: 'listen', rule: /must be host:port/ },
  'a port too high': { input: { listen: ':65536' }, path: 'listen', rule: /must be host:port/ },
  'an IPv6 address without brackets': { input: { listen: '::1:80' }, path: 'listen', rule: /must be host:port/ },
  'an unknown key': { input: { lisen: ':1' }, path: '', rule: /lisen/ },
  'a plain password': {
    input: { basicAuth: { users: { a: { hash: 'secret', role: 'read' } } } },
    path: 'basicAuth.users.a.hash',
    rule: /must be a bcrypt hash/,
  },
  'a plain password without a role': {
    input: { basicAuth: { users: { a: 'secret' } } },
    path: 'basicAuth.users.a',
    rule: /must be a bcrypt hash/,
  },
  'no user': { input: { basicAuth: { users: {} } }, path: 'basicAuth.users', rule: /at least one user/ },
  'two tokens in one entry': {
    input: { bearerTokens: [{ name: 'p', token: 'x'.repeat(16), sha256: 'a'.repeat(64) }] },
    path: 'bearerTokens.0',
    rule: /exactly one/,
  },
  'a short token': {
    input: { bearerTokens: [{ name: 'p', token: 'short' }] },
    path: 'bearerTokens.0',
    rule: /shorter than 16/,
  },
  'one name for two tokens': {
    input: {
      bearerTokens: [
        { name: 'p', token: 'x'.repeat(16) },
        { name: 'p', token: 'y'.repeat(16) },
      ],
    },
    path: 'bearerTokens.1.name',
    rule: /used by another token/,
  },
  'allowed names without a client CA': {
    input: { tls: { certFile: 'a', keyFile: 'b', clientAllowedSans: ['x'] } },
    path: 'tls.clientAllowedSans',
    rule: /needs clientCaFile/,
  },
  'an old TLS version': {
    input: { tls: { certFile: 'a', keyFile: 'b', minVersion: '1.1' } },
    path: 'tls.minVersion',
    rule: /1\.2/,
  },
  'a proxy by name': {
    input: { trustProxy: ['proxy.example'] },
    path: 'trustProxy.0',
    rule: /IP address or a network/,
  },
})) {
  test(`${name} is refused`, () => {
    const result = ApiOptions.safeParse(input)
    expect(result.success).toBe(false)
    expect(result.error?.issues.map((issue) => [issue.path.join('.'), issue.message])).toEqual([
      [path, expect.stringMatching(rule)],
    ])
  })
}

test('a bcrypt hash that would cost seconds is refused', () => {
  const parsed = ApiOptions.safeParse({ basicAuth: { users: { a: HASH.replace('$10$', '$31$') } } })
  expect(JSON.stringify(parsed.error?.issues)).toContain('bcrypt cost from 4 to 14')
})

test('hashes and tokens are secrets, which nothing prints', () => {
  const parsed = ApiOptions.parse({
    basicAuth: { users: { alice: HASH } },
    bearerTokens: [
      { name: 'p', token: 'canary-0123456789' },
      { name: 'q', sha256: 'AB'.repeat(32) },
    ],
  })
  const printed = inspect(parsed, { depth: 9 }) + JSON.stringify(parsed)
  for (const secret of ['canary', 'aaaaaa', 'abab']) expect(printed).not.toContain(secret)
  expect(parsed.basicAuth?.users['alice']?.role).toBe('operate')
  expect(parsed.bearerTokens[0]?.role).toBe('read')
  expect(parsed.bearerTokens[1]?.sha256?.reveal()).toBe('ab'.repeat(32))
})
