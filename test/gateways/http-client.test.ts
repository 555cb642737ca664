import { createHash } from 'node:crypto'
import { getEventListeners } from 'node:events'
import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { GatewayError } from '../../src/gateways/gateway-error.ts'
import { type HttpClient, type HttpClientOptions, httpClient } from '../../src/gateways/http-client.ts'
import { Secret } from '../../src/option-types.ts'
import { type FakeAnswer, refusedUrl, type SeenRequest, startFakeServer } from './fake-server.ts'
import { hostile } from './hostile-answers.ts'

const Anything = z.unknown()
const never = new AbortController().signal
const endings: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

async function serve(answer: (request: SeenRequest) => FakeAnswer) {
  const server = await startFakeServer(answer)
  endings.push(() => server.close())
  return server
}

function open(baseUrl: string, extras: Partial<HttpClientOptions> = {}): HttpClient {
  const client = httpClient({ gateway: 'waha-1', baseUrl, connections: 4, timeoutMs: 5_000, secrets: [], ...extras })
  endings.push(() => client.close())
  return client
}

async function failure(sending: Promise<unknown>): Promise<GatewayError> {
  const error = await sending.then(
    (value) => new Error(`resolved with ${inspect(value)}`),
    (reason: unknown) => reason,
  )
  if (error instanceof GatewayError) return error
  throw error
}

describe('a request', () => {
  test('carries the headers of the client and its own, and its query, under the prefix of url', async () => {
    const server = await serve(() => ({ json: { ok: true } }))
    const client = open(`${server.url}/waha-1/`, {
      headers: () => ({ 'x-api-key': 'k' }),
      userAgent: 'whatsapp-exporter/1.2.3',
    })
    const query = { all: 'true', 'a b': '&=' }
    await client.send({ path: '/api/sessions', query, headers: { 'x-device-id': 'd' }, schema: Anything }, never)
    expect(server.requests[0]).toMatchObject({
      method: 'GET',
      url: '/waha-1/api/sessions?all=true&a+b=%26%3D',
      headers: {
        'x-api-key': 'k',
        'x-device-id': 'd',
        'user-agent': 'whatsapp-exporter/1.2.3',
        accept: 'application/json',
      },
    })
  })

  test('with a body is sent as JSON', async () => {
    const server = await serve(() => ({ status: 201, json: { status: 'STARTING' } }))
    const schema = z.object({ status: z.string() })
    const reply = await open(server.url).send({ method: 'POST', path: '/start', body: { name: 'é' }, schema }, never)
    expect([reply.status, reply.body]).toEqual([201, { status: 'STARTING' }])
    expect(server.requests[0]).toMatchObject({ body: '{"name":"é"}', headers: { 'content-type': 'application/json' } })
  })

  test('takes the start of its reply from the clock that it was given', async () => {
    const server = await serve(() => ({ json: {} }))
    const reply = await open(server.url, { now: () => 1_767_225_600_000 }).send({ path: '/', schema: Anything }, never)
    expect(reply.atMs).toBe(1_767_225_600_000)
    expect(reply.durationMs).toBeGreaterThan(0)
  })

  test('measures the gateway, not the wait for a socket', async () => {
    const holds: (() => void)[] = []
    const server = await serve(() => (response) => {
      holds.push(() => response.end('{}'))
      if (holds.length === 1) setTimeout(() => holds[0]?.(), 100)
      else response.end('{}')
    })
    const client = open(server.url, { connections: 1 })
    const [slow, queued] = await Promise.all([
      client.send({ path: '/slow', schema: Anything }, never),
      client.send({ path: '/queued', schema: Anything }, never),
    ])
    expect(queued.durationMs).toBeLessThan(slow.durationMs)
    expect(queued.atMs).toBeGreaterThan(slow.atMs)
  })

  test('uses no more sockets than it may', async () => {
    const ports = new Set<number | undefined>()
    const server = await serve(() => (response, socket) => {
      ports.add(socket.remotePort)
      response.end('{}')
    })
    const client = open(server.url, { connections: 3 })
    await Promise.all(Array.from({ length: 40 }, () => client.send({ path: '/', schema: Anything }, never)))
    expect(server.requests).toHaveLength(40)
    expect(ports.size).toBeLessThanOrEqual(3)
  })

  test('that meets a kept-alive connection in the moment it dies is sent again, once', async () => {
    let answered = 0
    const server = await serve(() => (response, socket) => {
      answered += 1
      if (answered === 2) socket.destroy()
      else response.end('{}')
    })
    const client = open(server.url, { connections: 1 })
    await client.send({ path: '/', schema: Anything }, never)
    await client.send({ path: '/', schema: Anything }, never)
    expect(server.requests).toHaveLength(3)
  })

  test('that changes something is never sent again', async () => {
    const server = await serve(hostile.reset())
    const error = await failure(open(server.url).send({ method: 'POST', path: '/', schema: Anything }, never))
    expect(error.code).toBe('unreachable')
    expect(server.requests).toHaveLength(1)
  })

  test('leaves one listener on the signal of its caller, however many came, and none once it is closed', async () => {
    const server = await serve(() => ({ json: {} }))
    const client = open(server.url)
    const { signal } = new AbortController()
    await client.send({ path: '/', schema: Anything }, signal)
    await failure(client.send({ path: '/', schema: z.string() }, signal))
    await failure(client.send({ path: '/', schema: Anything, timeoutMs: 1, maxBytes: 1 }, signal))
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    await client.close()
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })
})

describe('waiting', () => {
  test('for a socket counts in the limit, and a request that waited too long is not sent', async () => {
    const server = await serve(hostile.hang())
    const client = open(server.url, { connections: 1, timeoutMs: 200 })
    const errors = await Promise.all(
      ['/first', '/second', '/third'].map((path) => failure(client.send({ path, schema: Anything }, never))),
    )
    expect(errors.map(({ code }) => code)).toEqual(['timeout', 'timeout', 'timeout'])
    await server.quiet()
    expect(server.requests.map(({ url }) => url)).toEqual(['/first'])
  })

  test('in a long queue ends at once when the port refuses', async () => {
    const client = open(await refusedUrl(), { connections: 2 })
    const sendings = Array.from({ length: 50 }, () => failure(client.send({ path: '/', schema: Anything }, never)))
    const codes = new Set((await Promise.all(sendings)).map(({ code, refused }) => `${code} ${refused}`))
    expect(codes).toEqual(new Set(['unreachable true']))
  })

  test('is over for every request when the caller gives up, the queued ones too', async () => {
    const server = await serve(hostile.hang())
    const client = open(server.url, { connections: 1 })
    const caller = new AbortController()
    const sendings = ['/a', '/b', '/c'].map((path) => failure(client.send({ path, schema: Anything }, caller.signal)))
    caller.abort()
    expect((await Promise.all(sendings)).map(({ code }) => code)).toEqual(['aborted', 'aborted', 'aborted'])
  })
})

describe('Retry-After', () => {
  test('silences the client until it has passed, and no longer', async () => {
    let nowMs = 1_767_225_600_000
    let status = 429
    const server = await serve(() => ({ status, headers: { 'retry-after': '30' }, json: {} }))
    const client = open(server.url, { now: () => nowMs })
    const ask = () => client.send({ path: '/', schema: Anything }, never)
    await failure(ask())
    status = 200
    nowMs += 29_000
    const held = await failure(ask())
    expect([held.code, held.retryAfterMs]).toEqual(['rate_limited', 1_000])
    nowMs += 1_000
    expect((await ask()).status).toBe(200)
    expect(server.requests).toHaveLength(2)
  })

  test('is forgotten when the clock is set back, so that a wrong clock cannot silence us for days', async () => {
    let nowMs = 1_767_225_600_000
    let status = 429
    const server = await serve(() => ({ status, headers: { 'retry-after': '30' }, json: {} }))
    const client = open(server.url, { now: () => nowMs })
    await failure(client.send({ path: '/', schema: Anything }, never))
    status = 200
    nowMs -= 86_400_000
    expect((await client.send({ path: '/', schema: Anything }, never)).status).toBe(200)
  })

  test.each([
    ['seconds', '120', 120_000],
    ['a date', 'Thu, 01 Jan 2026 00:02:00 GMT', 120_000],
    ['a day, which is cut to ten minutes', '86400', 600_000],
    ['a date in the past', 'Thu, 01 Jan 2015 00:00:00 GMT', 0],
    ['nonsense', 'soon', undefined],
  ])('as %s is understood', async (_name, header, waitMs) => {
    const server = await serve(hostile.status(429, { 'retry-after': header }))
    const client = open(server.url, { now: () => Date.UTC(2026, 0, 1) })
    expect((await failure(client.send({ path: '/', schema: Anything }, never))).retryAfterMs).toBe(waitMs)
  })

  test('that is absent silences nothing', async () => {
    const server = await serve(hostile.status(429))
    const client = open(server.url)
    await failure(client.send({ path: '/', schema: Anything }, never))
    await failure(client.send({ path: '/', schema: Anything }, never))
    expect(server.requests).toHaveLength(2)
  })
})

describe('a message', () => {
  const messages: Record<string, [(request: SeenRequest) => FakeAnswer, string]> = {
    'for refused credentials names the option': [
      hostile.status(401),
      'waha-1: GET URL/api/sessions refused the credentials (401). Set gateways[].auth.apiKey.',
    ],
    'for another form names the first place and the rule': [
      hostile.json({ sessions: [{ name: 7 }] }),
      'waha-1: GET URL/api/sessions answered in a form that is not known: sessions.0.name: Invalid input: expected string, received number. Check driver and the gateway\'s version: {"sessions":[{"name":7}]}.',
    ],
    'for a redirect names the host and nothing else of the address': [
      hostile.status(307, { location: 'https://login.example/?token=abc' }),
      'waha-1: GET URL/api/sessions redirects to login.example (307), which is not followed. Set gateways[].url to the final address.',
    ],
    'for a long reply shows 80 characters': [
      hostile.text('z'.repeat(500)),
      `waha-1: GET URL/api/sessions answered 200 with something else than JSON. Check url: ${'z'.repeat(80)}….`,
    ],
    'for a binary reply shows no control characters': [
      hostile.text('\u001b[31mred\u0000\u202e\r\nnext'),
      'waha-1: GET URL/api/sessions answered 200 with something else than JSON. Check url: [31mred next.',
    ],
  }
  for (const [name, [answer, message]] of Object.entries(messages)) {
    test(name, async () => {
      const server = await serve(answer)
      const schema = z.object({ sessions: z.array(z.object({ name: z.string() })) })
      const client = open(server.url, { authOption: 'auth.apiKey' })
      const error = await failure(client.send({ path: '/api/sessions', query: { key: 'hidden' }, schema }, never))
      expect(error.message.replaceAll(server.url, 'URL')).toBe(message)
    })
  }

  test('for https at a port that speaks plain HTTP points to the scheme', async () => {
    const server = await serve(() => ({ json: {} }))
    const client = open(server.url.replace('http:', 'https:'))
    const error = await failure(client.send({ path: '/', schema: Anything }, never))
    expect([error.code, error.message]).toEqual([
      'bad_reply',
      expect.stringContaining('Check the scheme and port of url'),
    ])
  })

  test('masks configured secrets, credentials of the reply, and those in the address', async () => {
    const token = createHash('sha256').update('an instance token that nobody configured').digest('hex')
    const server = await serve((request) => ({
      status: 500,
      text: `{"token":"${token}","x":"${request.headers['authorization']}"}`,
    }))
    const client = open(server.url.replace('//', '//ops:pass-canary@'), {
      headers: () => ({ authorization: 'Bearer s3cr3t-canary' }),
      secrets: [new Secret('s3cr3t-canary')],
    })
    const shown = inspect(await failure(client.send({ path: '/s3cr3t-canary/x', schema: Anything }, never)), {
      depth: 9,
    })
    expect(shown).toContain('<secret>')
    for (const hidden of ['s3cr3t-canary', 'pass-canary', token]) expect(shown).not.toContain(hidden)
  })

  test('masks a secret that the driver learned after the client was made', async () => {
    const secrets: Secret[] = []
    const server = await serve(() => ({ status: 500, text: 'no session for learned-later' }))
    const client = open(server.url, { secrets })
    secrets.push(new Secret('learned-later'))
    expect((await failure(client.send({ path: '/', schema: Anything }, never))).message).not.toContain('learned-later')
  })
})

describe('a driver', () => {
  test('may read a vendor’s error body before the general rules do', async () => {
    const server = await serve(hostile.json({ error: { code: 190 } }, 400))
    const client = open(server.url, {
      classify: ({ status, body }) =>
        status === 400 && JSON.stringify(body).includes('190')
          ? { code: 'unauthorized', what: 'says that the token has expired (190)' }
          : undefined,
    })
    const error = await failure(client.send({ path: '/me', schema: Anything }, never))
    expect([error.code, error.message]).toEqual([
      'unauthorized',
      `waha-1: GET ${server.url}/me says that the token has expired (190).`,
    ])
  })

  test('may take a body that is no JSON, or none', async () => {
    const server = await serve((request) => ({ text: request.url === '/empty' ? '' : 'OK' }))
    const client = open(server.url)
    expect((await client.send({ path: '/ping', schema: z.string(), anyBody: true }, never)).body).toBe('OK')
    expect((await client.send({ path: '/empty', schema: z.string(), anyBody: true }, never)).body).toBe('')
  })

  test('may accept other statuses', async () => {
    const server = await serve(hostile.json({ message: 'session deleted' }, 500))
    const reply = await open(server.url).send(
      { path: '/', schema: Anything, accept: (status) => status === 500 },
      never,
    )
    expect([reply.status, reply.body]).toEqual([500, { message: 'session deleted' }])
  })

  test('that makes a header which HTTP forbids gets an error, not a crash', async () => {
    const server = await serve(() => ({ json: {} }))
    const client = open(server.url, { headers: () => ({ 'x-api-key': 'two\r\nlines' }) })
    expect((await failure(client.send({ path: '/', schema: Anything }, never))).code).toBe('bad_reply')
    expect(server.requests).toHaveLength(0)
  })
})
