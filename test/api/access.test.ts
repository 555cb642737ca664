import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { hashSync } from 'bcryptjs'
import { expect, test } from 'vitest'
import { passwordCheck } from '../../src/api/access/password.ts'
import { rateLimit } from '../../src/api/access/rate-limit.ts'
import { forgery, isLocalHost } from '../../src/api/access/same-origin.ts'
import { createApi } from '../../src/api/app.ts'
import { ApiOptions } from '../../src/api/options.ts'
import { fakeMonitor, fakeParts, type Served, serve, withApi } from './fakes.ts'

const PASSWORD = 'correct horse'
const READ_TOKEN = 'read-token-0123456789'
const OPERATE_TOKEN = 'operate-token-0123456789'
const HASH = hashSync(PASSWORD, 4)

const options = ApiOptions.parse({
  basicAuth: { users: { alice: HASH, rita: { hash: HASH, role: 'read' } } },
  bearerTokens: [
    { name: 'prometheus', token: READ_TOKEN },
    { name: 'robot', role: 'operate', sha256: createHash('sha256').update(OPERATE_TOKEN).digest('hex') },
  ],
})

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

const WHO = {
  nobody: undefined,
  'a wrong password': basic('alice', 'wrong'),
  'an unknown user': basic('mallory', PASSWORD),
  'a wrong token': 'Bearer nonsense',
  'another scheme': 'Digest username=alice',
  'credentials without a colon': `Basic ${Buffer.from('alice').toString('base64')}`,
  'a reader by password': basic('rita', PASSWORD),
  'a reader by token': `Bearer ${READ_TOKEN}`,
  'an operator by password': basic('alice', PASSWORD),
  'an operator by digest of a token': `bearer ${OPERATE_TOKEN}`,
}

for (const [who, authorization] of Object.entries(WHO)) {
  const reads = /reader|operator/.test(who) ? 200 : 401
  const operates = who.includes('operator') ? 202 : who.includes('reader') ? 403 : 401
  test(`${who} gets ${reads} for reading and ${operates} for a repair`, () =>
    withApi({ options }, async ({ url }) => {
      const headers = authorization === undefined ? {} : { authorization }
      for (const path of ['/', '/metrics', '/config', '/api/health/status', '/api/openapi.json']) {
        expect([path, (await fetch(url + path, { headers })).status]).toEqual([path, reads])
      }
      const missing = await fetch(`${url}/no/such/path`, { headers })
      expect(missing.status).toBe(reads === 200 ? 404 : 401)
      const repair = await fetch(`${url}/api/accounts/sales-02/recover`, { method: 'POST', headers })
      expect(repair.status).toBe(operates)
      const reload = await fetch(`${url}/-/reload`, { method: 'POST', headers })
      expect(reload.status).toBe(operates === 202 ? 200 : operates)
      for (const open of ['/-/healthy', '/-/ready']) expect((await fetch(url + open, { headers })).status).toBe(200)
    }))
}

test('a refusal names the schemes and not what was wrong', () =>
  withApi({ options }, async ({ url }) => {
    const wrong = await fetch(url, { headers: { authorization: basic('alice', 'wrong') } })
    const unknown = await fetch(url, { headers: { authorization: basic('mallory', 'wrong') } })
    expect(wrong.headers.get('www-authenticate')).toBe(
      'Basic realm="whatsapp-exporter", charset="UTF-8", Bearer realm="whatsapp-exporter"',
    )
    expect(await wrong.text()).toBe(await unknown.text())
  }))

test('a reload changes who may enter, without a restart', async () => {
  let current = ApiOptions.parse({})
  const parts = {
    ...fakeParts(),
    get options() {
      return current
    },
  }
  const served = await serve(createApi(parts))
  try {
    expect((await fetch(`${served.url}/config`)).status).toBe(200)
    current = options
    expect((await fetch(`${served.url}/config`)).status).toBe(401)
    const headers = { authorization: `Bearer ${READ_TOKEN}` }
    expect((await fetch(`${served.url}/config`, { headers })).status).toBe(200)
  } finally {
    await served.close()
  }
})

test('a repair carries the name of the user', async () => {
  const monitor = fakeMonitor()
  await withApi({ options, monitor }, async ({ url }) => {
    const headers = { authorization: basic('alice', PASSWORD) }
    await fetch(`${url}/api/accounts/sales-02/recover`, { method: 'POST', headers })
    expect(monitor.recovered).toEqual([{ key: 'waha-1/sales-02', by: 'alice' }])
  })
})

test('a password is compared once for many at the same time, and never confuses user and hash', async () => {
  const check = passwordCheck()
  const other = hashSync('other', 4)
  const many = await Promise.all(Array.from({ length: 50 }, () => check.matches('alice', PASSWORD, HASH)))
  expect(new Set(many)).toEqual(new Set([true]))
  expect(await check.matches('alice', PASSWORD, other)).toBe(false)
  expect(await check.matches('alice', 'other', other)).toBe(true)
})

test('more wrong passwords at once than may wait are turned away', async () => {
  const check = passwordCheck()
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => check.matches('alice', `no ${index}`, HASH)),
  )
  expect(answers.filter((answer) => answer === undefined)).toHaveLength(4)
  expect(answers.filter((answer) => answer === false)).toHaveLength(16)
})

test('what bcrypt would cut from a long password is not ignored', async () => {
  const long = 'x'.repeat(72)
  const check = passwordCheck()
  expect(await check.matches('alice', long, hashSync(long, 4))).toBe(true)
  expect(await check.matches('alice', `${long}y`, hashSync(long, 4))).toBe(false)
})

test('a client gets its burst, then one request per interval, and never more than its burst again', () => {
  let nowMs = 1_000_000
  const limit = rateLimit({ intervalMs: 100, burst: 3 }, () => nowMs)
  expect([limit.take('a'), limit.take('a'), limit.take('a')]).toEqual([0, 0, 0])
  expect(limit.take('a')).toBe(100)
  expect(limit.take('b')).toBe(0)
  nowMs += 100
  expect([limit.take('a'), limit.take('a')]).toEqual([0, 100])
  nowMs += 3_600_000
  expect([limit.take('a'), limit.take('a'), limit.take('a'), limit.take('a')]).toEqual([0, 0, 0, 100])
  nowMs -= 3_600_000
  expect(limit.take('a')).toBeLessThanOrEqual(300)
})

test('addresses of one IPv6 customer share a bucket, and a mapped IPv4 address is the IPv4 address', () => {
  const limit = rateLimit({ intervalMs: 100, burst: 1 }, () => 0)
  expect(limit.take('2001:db8:1:2::1')).toBe(0)
  expect(limit.take('2001:db8:1:2:ffff::9')).toBe(100)
  expect(limit.take('2001:db8:1:3::1')).toBe(0)
  expect(limit.take('::ffff:10.0.0.1')).toBe(0)
  expect(limit.take('10.0.0.1')).toBe(100)
})

test('a client over its limit gets 429 with the time to wait, but the probes of a supervisor never do', () =>
  withApi({ options: ApiOptions.parse({ rateLimit: { interval: '90s', burst: 2 } }) }, async ({ url }) => {
    expect((await fetch(`${url}/config`)).status).toBe(200)
    expect((await fetch(`${url}/config`)).status).toBe(200)
    const refused = await fetch(`${url}/config`)
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('90')
    expect((await fetch(`${url}/-/ready`)).status).toBe(200)
  }))

test('X-Forwarded-For makes another client only when a trusted proxy sends it', async () => {
  const limited = { rateLimit: { interval: '90s', burst: 1 } }
  const statuses = async ({ url }: Served) => {
    const first = await fetch(`${url}/config`, { headers: { 'x-forwarded-for': '192.0.2.1' } })
    const second = await fetch(`${url}/config`, { headers: { 'x-forwarded-for': '192.0.2.2' } })
    return [first.status, second.status]
  }
  await withApi({ options: ApiOptions.parse(limited) }, async (served) => {
    expect(await statuses(served)).toEqual([200, 429])
  })
  await withApi({ options: ApiOptions.parse({ ...limited, trustProxy: ['127.0.0.0/8'] }) }, async (served) => {
    expect(await statuses(served)).toEqual([200, 200])
  })
})

const HOST = 'exporter.example:19292'
for (const [name, { headers, refused }] of Object.entries({
  'a program that sends neither Origin nor Sec-Fetch-Site may post': { headers: {}, refused: false },
  'a page of the same origin may post': {
    headers: { origin: `http://${HOST}`, secFetchSite: 'same-origin' },
    refused: false,
  },
  'a person who types the address may post': { headers: { secFetchSite: 'none' }, refused: false },
  'a page of the public host may post': { headers: { origin: 'https://public.example' }, refused: false },
  'a page of another site may not post': { headers: { origin: 'https://evil.example' }, refused: true },
  'a page of another port may not post': { headers: { origin: 'http://exporter.example:8080' }, refused: true },
  'a sandboxed page may not post': { headers: { origin: 'null' }, refused: true },
  'a form of another site may not post': { headers: { secFetchSite: 'cross-site' }, refused: true },
  'a sister site may not post': { headers: { secFetchSite: 'same-site' }, refused: true },
})) {
  test(name, () => {
    const provenance = { origin: undefined, secFetchSite: undefined, ...headers, method: 'POST', host: HOST }
    expect(forgery(provenance, ['public.example']) !== null).toBe(refused)
    expect(forgery({ ...provenance, method: 'GET' }, [])).toBe(null)
  })
}

test('a forged request does nothing', async () => {
  const monitor = fakeMonitor()
  await withApi({ monitor }, async ({ url }) => {
    const path = `${url}/api/accounts/sales-02/recover`
    const forged = await fetch(path, { method: 'POST', headers: { origin: 'https://evil.example' } })
    expect(forged.status).toBe(403)
    const form = await fetch(path, { method: 'POST', body: new URLSearchParams({ a: 'b' }) })
    expect(form.status).toBe(415)
    const text = await fetch(path, { method: 'POST', body: '{}' })
    expect(text.status).toBe(415)
    expect(monitor.recovered).toEqual([])
    const own = await fetch(path, { method: 'POST', headers: { origin: url, 'sec-fetch-site': 'same-origin' } })
    expect(own.status).toBe(202)
  })
})

test('a page that rebinds its name to this machine is turned away where nobody must log in', async () => {
  expect(isLocalHost('evil.example', [])).toBe(false)
  expect(isLocalHost('localhost.evil.example', [])).toBe(false)
  for (const host of ['localhost:19292', '127.0.0.1', '[::1]:19292', 'Proxy.example', undefined]) {
    expect(isLocalHost(host, ['proxy.example'])).toBe(true)
  }
  await withApi({}, async ({ port }) => {
    expect(await statusAt(port, '/api/health/status', 'evil.example')).toBe(421)
    expect(await statusAt(port, '/-/ready', 'evil.example')).toBe(200)
  })
  await withApi({ options: ApiOptions.parse({ hosts: ['exporter.example'] }) }, async ({ port }) => {
    expect(await statusAt(port, '/api/health/status', 'exporter.example')).toBe(200)
  })
})

test('the host of externalUrl may be asked, and may post', () =>
  withApi({ options: ApiOptions.parse({ externalUrl: 'https://wa.example:8443/' }) }, async ({ port, url }) => {
    expect(await statusAt(port, '/api/health/status', 'wa.example:8443')).toBe(200)
    expect(await statusAt(port, '/api/health/status', 'wa.example')).toBe(421)
    const posted = (origin: string) =>
      fetch(`${url}/api/accounts/sales-02/recover`, { method: 'POST', headers: { origin } })
    expect((await posted('https://wa.example:8443')).status).toBe(202)
    expect((await posted('https://evil.example')).status).toBe(403)
  }))

test('every answer carries the security headers, errors too', () =>
  withApi({}, async ({ url }) => {
    for (const path of ['/', '/metrics', '/no/such/path', '/-/ready']) {
      const { headers } = await fetch(url + path)
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/)
      expect(headers.get('content-security-policy')).not.toContain('unsafe')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('referrer-policy')).toBe('same-origin')
      expect(headers.get('x-powered-by')).toBe(null)
      expect(headers.get('strict-transport-security')).toBe(null)
    }
  }))

/** fetch sets its own Host header, so this asks by hand. */
function statusAt(port: number, path: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ port, path, headers: { host } }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
      .on('error', reject)
      .end()
  })
}
