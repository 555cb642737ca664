import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { faultText } from '../../src/config/fault.ts'
import { parseConfig } from '../../src/config/load.ts'
import { effectiveYaml } from '../../src/config/redact.ts'

const CANARY = 's3cr3t-canary'
const BCRYPT = `$2b$10$${'abcdefghijklmnopqrstuv'}${'s3cr3tcanaryABCDEFGHIJKLMNOPQRS'}`
const folder = mkdtempSync(join(tmpdir(), 'config-secrets-'))
writeFileSync(join(folder, 'key'), `${CANARY}-file-0123456789\n`)
afterAll(() => rmSync(folder, { recursive: true }))

/** Secrets in every place that takes one, in place, by variable and by file. */
const FULL = `gateways:
  - { name: waha, driver: waha, url: "http://h:3000/x", auth: { apiKey: "\${KEY}" } }
  - { name: evo, driver: evolution, url: "http://h:3001", auth: { apiKeyFile: key } }
  - { name: gowa, driver: gowa, url: "http://h:3002", auth: { username: u, password: ${CANARY} } }
  - { name: bot, driver: http, url: "http://h:3003", auth: { bearerToken: ${CANARY} }, accounts: [{ account: a }] }
  - { name: meta, driver: cloud-api, wabaId: "1", auth: { accessToken: ${CANARY} } }
api:
  basicAuth: { users: { bob: "${BCRYPT}", eve: { hash: "${BCRYPT}", role: read } } }
  bearerTokens:
    - { name: a, token: ${CANARY}-0123456789 }
    - { name: b, tokenFile: key }
    - { name: c, sha256: ${'5ec4e7ca'.repeat(8)} }
checks: { uplink: ["http://user:${CANARY}@h:3000/x?token=${CANARY}&page=1"] }
prometheus: { signIn: { username: u, password: ${CANARY} }, scrapeSignIn: { bearerToken: ${CANARY} }, remoteWrite: [{ url: "http://h", signIn: { bearerToken: ${CANARY} } }] }
alerting:
  slack: [{ name: s, webhookUrl: "https://hooks.example.org/${CANARY}" }]
  smtp: { smarthost: "h:25", from: a@example.org, username: u, password: ${CANARY} }
  email: [{ name: e, to: [a@example.org] }]
  sms: [{ name: m, provider: sns, region: r, phoneNumber: "+4915112345678", accessKey: ${CANARY}, secretKey: ${CANARY} }]
  webhook: [{ name: w, url: "https://h/${CANARY}", signIn: { bearerToken: ${CANARY} } }]
  auditSignIn: { bearerToken: ${CANARY} }
privacy: { phone: hashed, key: ${CANARY}-0123456789 }
`

/** Whatever may stand in for the canary: parts of it would do harm too. */
const LEAK = /s3cr3t|5ec4e7ca/

function loadFull() {
  const loaded = parseConfig(FULL, folder, { KEY: `${CANARY}-variable` })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults))
  return loaded
}

test('the configuration in effect shows no secret', () => {
  const { source } = loadFull()
  expect(effectiveYaml(source)).not.toMatch(LEAK)
})

test('the configuration in effect shows the rest as written, with the defaults filled in', () => {
  const effective = parse(effectiveYaml(loadFull().source))
  expect(effective.gateways[0]).toMatchObject({
    name: 'waha',
    url: 'http://h:3000/x',
    auth: { apiKey: '<secret>' },
    discover: true,
    connections: 64,
  })
  expect(effective.gateways[1].auth).toEqual({ apiKeyFile: 'key' })
  expect(effective.api.basicAuth.users).toEqual({ bob: '<secret>', eve: { hash: '<secret>', role: 'read' } })
  expect(effective.checks).toEqual({
    interval: '15s',
    timeout: '5s',
    concurrency: 256,
    startGroup: 16,
    uplink: ['http://<secret>@h:3000/x?token=<secret>&page=1'],
  })
  expect(effective.alerting.slack[0].severities).toEqual(['critical', 'warning'])
})

test('a variable stays a variable: nothing of the environment is shown', () => {
  const text = `gateways: [{ name: a, driver: waha, url: "http://\${HOST}:3000", labels: { team: "\${TEAM}" } }]`
  const loaded = parseConfig(text, folder, { HOST: 'internal-host', TEAM: 'internal-team' })
  const shown = loaded.ok ? effectiveYaml(loaded.source) : ''
  expect(shown).toContain(`http://\${HOST}:3000`)
  expect(shown).not.toContain('internal')
})

test('the parsed configuration hides its secrets from JSON and inspection, and warnings hold none', () => {
  const { config, warnings } = loadFull()
  const rest = { ...config, checks: { ...config.checks, uplink: [] } }
  expect(JSON.stringify(rest)).not.toMatch(LEAK)
  expect(inspect(rest, { depth: 20 })).not.toMatch(LEAK)
  expect(warnings.map((warning) => faultText('c', warning)).join('\n')).not.toMatch(LEAK)
})

describe('no fault repeats a secret', () => {
  test.each([
    ['every section is broken', FULL.replaceAll(/\b(name|url|username|region|role): /g, '$1x: ')],
    [
      'secrets under misspelt names',
      FULL.replaceAll('apiKey:', 'apiKye:').replaceAll('password:', 'pasword:').replaceAll('token:', 'tokn:'),
    ],
    ['secrets of the wrong type', FULL.replaceAll(CANARY, `[${CANARY}]`)],
    [
      'secrets where lists belong',
      `${FULL}reports: { schedules: ${CANARY} }\ntracing: { authorization: { ${CANARY}: 1 } }`,
    ],
    ['an address that is none', FULL.replaceAll('"http://', '"htp://').replaceAll('https://', 'ftp://')],
    ['a secret that is an unknown alias', FULL.replace(`password: ${CANARY}`, `password: *${CANARY}`)],
    ['a secret that is a tag', FULL.replace(`password: ${CANARY}`, `password: !${CANARY}`)],
    ['a secret that breaks the syntax', FULL.replace(`password: ${CANARY}`, `password: "a" ${CANARY}`)],
    ['a secret with a colon', FULL.replace(`password: ${CANARY}`, `password: x: ${CANARY}: y`)],
    ['a password where a hash belongs', FULL.replaceAll(BCRYPT, CANARY).replace(`sha256: `, `sha256: x${CANARY}`)],
    ['a file cut in half', FULL.slice(0, FULL.indexOf('api:') - 9)],
  ])('%s', (_name, text) => {
    const loaded = parseConfig(text, folder, { KEY: `${CANARY}-variable` })
    const faults = loaded.ok ? [] : [...loaded.faults, ...loaded.warnings]
    const told = faults.map((fault) => faultText('c', fault))
    expect(told.length).toBeGreaterThan(0)
    expect(told.filter((line) => LEAK.test(line))).toEqual([])
    expect(JSON.stringify(faults)).not.toMatch(LEAK)
  })
})

test('a dollar before the braces keeps them', () => {
  const text = `gateways: [{ name: a, driver: waha, url: "http://h", labels: { team: "$$\{X}-\${X}" } }]`
  const loaded = parseConfig(text, folder, { X: 'sales' })
  expect(loaded.ok && loaded.config.gateways[0]?.labels).toEqual({ team: `\${X}-sales` })
})
