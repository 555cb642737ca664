import { createHash, createHmac } from 'node:crypto'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { NOBODY } from '../../src/api/access/principal.ts'
import { SHARD_PASS_HEADER, shardPass } from '../../src/api/access/shard-pass.ts'
import { createApi } from '../../src/api/app.ts'
import { FleetStatusDocument } from '../../src/api/documents/fleet-status.ts'
import { ApiOptions } from '../../src/api/options.ts'
import type { ApiParts } from '../../src/api/parts.ts'
import { gatewaysRoute } from '../../src/api/routes/gateways.ts'
import { healthCheckRoute } from '../../src/api/routes/health-check.ts'
import { createPeers, SHARD_ONLY_HEADER } from '../../src/api/shards/peers.ts'
import { Secret } from '../../src/option-types.ts'
import { until } from '../service/until.ts'
import { account, fakeMonitor, fakeParts, read, type Served, serve, view } from './fakes.ts'

const OPERATOR = 'operator-token-0123456789'
const READER = 'reader-token-0123456789'
const EVENT_KEY = 'event-key'
const PDF = Buffer.from([0x25, 0x50, 0x44, 0x46, 0x00, 0xff, 0xfe, 0x80])
const keysAt = [
  ['waha-1/here', 'waha-1/both'],
  ['waha-2/there', 'waha-2/both'],
] as const

interface Two {
  readonly rateLimit?: { readonly interval: string; readonly burst: number }
  /** Whether they prove to each other that they are exporters of the fleet. @default true */
  readonly proves?: boolean
}

/** Two exporters that know each other, each with a gateway of its own; everybody must sign in. */
async function two({ rateLimit, proves = true }: Two = {}) {
  const options = ApiOptions.parse({
    listen: '127.0.0.1:0',
    bearerTokens: [
      { name: 'alice', role: 'operate', token: OPERATOR },
      { name: 'bob', role: 'read', token: READER },
    ],
    ...(rateLimit === undefined ? {} : { rateLimit }),
  })
  const ending = new AbortController()
  const urls: string[] = []
  const asked: string[][] = [[], []]
  const monitors = keysAt.map((keys) =>
    fakeMonitor(
      keys.map((key) => {
        const [gateway = '', id = ''] = key.split('/')
        return view(account({ key, gateway, account: id, nativeId: id }))
      }),
    ),
  )
  const served: Served[] = []
  for (const [ordinal, monitor] of monitors.entries()) {
    const shards: ApiParts['shards'] = {
      ordinal,
      total: 2,
      ownerOf: (key) => (key.startsWith('waha-1/') ? 0 : 1),
      peers: createPeers({
        total: 2,
        urlOf: (other) => urls[other] ?? '',
        monotonicMs: () => performance.now(),
        ...(proves ? { passFor: (authorization) => shardPass(options, authorization) } : {}),
        signal: ending.signal,
      }),
      lastKnown: async () => [],
    }
    const { reports } = fakeParts()
    const app = createApi(
      fakeParts({
        monitor,
        reports: {
          ...reports,
          file: async (_schedule, _period, name) =>
            ordinal === 1 && name === 'acme.pdf' ? { name, type: 'application/pdf', content: PDF } : null,
        },
        shards,
        signal: ending.signal,
        gatewayEvents: () => ({ driver: 'waha', secret: new Secret(EVENT_KEY), verifyToken: null }),
        log: {
          debug(facts) {
            asked[ordinal]?.push(z.object({ method: z.string(), path: z.string() }).parse(facts).path)
          },
          info() {},
          warn() {},
          error() {},
        },
        options,
      }),
    )
    const one = await serve(app)
    served.push(one)
    urls.push(one.url)
  }
  onTestFinished(async () => {
    ending.abort()
    for (const one of served) await one.close()
  })
  const request = (ordinal: number, path: string, token: string | null, init: RequestInit = {}) =>
    fetch(`${urls[ordinal]}${path}`, {
      ...init,
      headers: { ...init.headers, ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
    })
  return { monitors, asked, request }
}

const BARE = {
  params: {},
  search: new URLSearchParams(),
  body: Buffer.alloc(0),
  header: () => undefined,
  principal: NOBODY,
  signal: new AbortController().signal,
}
const RECOVER = `/api/accounts/${encodeURIComponent('waha-2/there')}/recover`

test('an order for an account of another shard is carried out there, in the name of who gave it', async () => {
  const { monitors, request } = await two()
  const answer = await request(0, RECOVER, OPERATOR, { method: 'POST' })
  expect([answer.status, await answer.json()]).toEqual([
    202,
    { attempt: expect.objectContaining({ key: 'waha-2/there' }) },
  ])
  expect(monitors.map(({ recovered }) => recovered)).toEqual([[], [{ key: 'waha-2/there', by: 'alice' }]])
})

test.each([
  ['somebody who may only read', READER, 403],
  ['nobody', null, 401],
])('an order of %s goes nowhere', async (_who, token, status) => {
  const { monitors, asked, request } = await two()
  expect((await request(0, RECOVER, token, { method: 'POST' })).status).toBe(status)
  expect(monitors.flatMap(({ recovered }) => recovered)).toEqual([])
  expect(asked[1]).toEqual([])
})

test('an id that two shards know is ambiguous, whichever is asked', async () => {
  const { monitors, request } = await two()
  for (const ordinal of [0, 1]) {
    const answer = await request(ordinal, '/api/accounts/both/recover', OPERATOR, { method: 'POST' })
    const { candidates } = await read(answer, z.object({ candidates: z.array(z.string()) }))
    expect([answer.status, candidates.toSorted()]).toEqual([409, ['waha-1/both', 'waha-2/both']])
  }
  expect(monitors.flatMap(({ recovered }) => recovered)).toEqual([])
})

test('a body that comes with a question makes no shard look silent', async () => {
  const { request } = await two()
  const path = `/api/health/${encodeURIComponent('waha-2/there')}`
  const { hostname, port } = new URL((await request(0, path, READER)).url)
  const status = await new Promise((resolve, reject) => {
    // The fetch of browsers and of Node.js sends none.
    const headers = { authorization: `Bearer ${READER}`, 'content-type': 'application/json', 'content-length': 2 }
    const asked = httpRequest({ hostname, port, path, headers, method: 'GET' }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    asked.once('error', reject)
    asked.end('{}')
  })
  expect(status).toBe(200)
})

test('gateways are told with the shards whose view of them is missing', async () => {
  const { request } = await two()
  const told = async () => await (await request(0, '/api/gateways', READER)).json()
  expect(await told()).toMatchObject({ silentShards: [] })
  const shards = { ordinal: 0, total: 2, ownerOf: () => 0, lastKnown: async () => [] }
  const nowhere = { ...shards, peers: { ask: async () => ({ silent: 'cannot be reached' }) } }
  const reply = await gatewaysRoute(fakeParts({ monitor: fakeMonitor([]), shards: nowhere })).serve(BARE)
  expect(reply).toMatchObject({ json: { silentShards: [1] } })
})

test('a shard that hangs costs a check of all no results of the others', async () => {
  const ending = new AbortController()
  const hanging = createServer(() => {})
  await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    ending.abort()
    hanging.closeAllConnections()
    hanging.close()
  })
  // A TCP server's address is an object.
  const { port } = hanging.address() as AddressInfo
  const peers = createPeers({
    total: 2,
    urlOf: () => `http://127.0.0.1:${port}`,
    monotonicMs: () => performance.now(),
    signal: ending.signal,
  })
  const shards = { ordinal: 0, total: 2, ownerOf: () => 0, peers, lastKnown: async () => [] }
  const reply = await healthCheckRoute(fakeParts({ monitor: fakeMonitor([view(account())]), shards }), 1_000).serve(
    BARE,
  )
  if (!('pieces' in reply)) throw new Error('results come in pieces')
  expect(JSON.parse([...reply.pieces].join(''))).toMatchObject({ results: [expect.anything()], silentShards: [1] })
})

test('who asks for one shard alone gets its part, and nobody else is asked', async () => {
  const { asked, request } = await two()
  const answer = await request(0, '/api/health/status', READER, { headers: { [SHARD_ONLY_HEADER]: '1' } })
  expect(answer.headers.get('x-whatsapp-exporter-shard')).toBe('0/2')
  expect(await read(answer, FleetStatusDocument)).toMatchObject({ summary: { accounts: 2 } })
  expect(asked[1]).toEqual([])
})

test('a report that another shard made is handed out, byte for byte', async () => {
  const { request } = await two()
  const answer = await request(0, '/api/reports/acme/2026-03/acme.pdf', READER)
  expect(answer.headers.get('content-type')).toBe('application/pdf')
  expect(answer.headers.get('content-disposition')).toBe('attachment; filename="acme.pdf"')
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(PDF)
  expect((await request(0, '/api/reports/acme/2026-03/none.pdf', READER)).status).toBe(404)
})

test('an event of a gateway reaches the shard that watches its account, once', async () => {
  const { monitors, asked, request } = await two()
  const body = JSON.stringify({ event: 'session.status', session: 'there' })
  const signature = createHmac('sha512', EVENT_KEY).update(body).digest('hex')
  const answer = await request(0, '/api/gateways/waha-2/events', null, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', 'x-webhook-hmac': signature },
  })
  expect([answer.status, await answer.json()]).toEqual([202, { accounts: 0 }])
  await until('the check over there', () => monitors[1]?.checked.length === 1)
  expect(monitors.map(({ checked }) => checked)).toEqual([[], [['waha-2/there']]])
  await until('both requests to be logged', () => asked.flat().length === 2)
  expect(asked).toEqual([['/api/gateways/waha-2/events'], ['/api/gateways/waha-2/events']])
})

test('an event that nobody signed is not passed on', async () => {
  const { monitors, asked, request } = await two()
  const answer = await request(0, '/api/gateways/waha-2/events', null, {
    method: 'POST',
    body: JSON.stringify({ event: 'session.status', session: 'there' }),
    headers: { 'content-type': 'application/json' },
  })
  expect(answer.status).toBe(401)
  expect([monitors.flatMap(({ checked }) => checked), asked[1]]).toEqual([[], []])
})

const STATUS = '/api/health/status'
const LIMIT = { interval: '1h', burst: 4 }

test('what exporters ask each other does not use up the rate limit of people at the same address', async () => {
  const { request } = await two({ rateLimit: LIMIT })
  for (let count = 0; count < LIMIT.burst; count++) {
    const { shards } = await read(await request(0, STATUS, READER), FleetStatusDocument)
    expect(shards?.map(({ answers }) => answers)).toEqual([true, true])
  }
  expect((await request(0, STATUS, READER)).status).toBe(429)
  // Nothing was taken there.
  for (let count = 0; count < LIMIT.burst; count++) {
    expect((await request(1, '/api/gateways', READER, { headers: { [SHARD_ONLY_HEADER]: '1' } })).status).toBe(200)
  }
  expect((await request(1, STATUS, READER)).status).toBe(429)
})

test.each([
  ['made up', 'f'.repeat(64)],
  ['of no hexadecimal digits', 'é'.repeat(64)],
  [
    'of another caller',
    shardPass(ApiOptions.parse({ bearerTokens: [{ name: 'bob', token: READER }] }), 'Bearer x') ?? '',
  ],
])('a pass that is %s spares nobody the rate limit', async (_what, pass) => {
  const { request } = await two({ rateLimit: { ...LIMIT, burst: 1 } })
  const headers = { [SHARD_ONLY_HEADER]: '1', [SHARD_PASS_HEADER]: encodeURIComponent(pass).slice(0, 64) }
  const statuses = [await request(0, STATUS, READER, { headers }), await request(0, STATUS, READER, { headers })]
  expect(statuses.map(({ status }) => status)).toEqual([200, 429])
})

test('exporters with the same users and tokens give the same pass, in whatever order and form they are written', () => {
  const token = { name: 'bob', token: READER }
  const digest = { name: 'bob', sha256: createHash('sha256').update(READER).digest('hex') }
  const alice = { name: 'alice', role: 'operate', token: OPERATOR }
  const pass = (...bearerTokens: readonly object[]) => shardPass(ApiOptions.parse({ bearerTokens }), 'Bearer x')
  expect(pass(token, alice)).toMatch(/^[0-9a-f]{64}$/)
  expect(pass(alice, digest)).toBe(pass(token, alice))
  expect(pass(token)).not.toBe(pass(token, alice))
  // Without users and tokens there is no key.
  expect(pass()).toBeNull()
})

test('a shard that refuses because it is asked too much is not told to be silent', async () => {
  const { request } = await two({ rateLimit: { ...LIMIT, burst: 2 }, proves: false })
  // Uses up what the other one takes from this address.
  for (let count = 0; count < 2; count++) await request(1, STATUS, READER, { headers: { [SHARD_ONLY_HEADER]: '1' } })
  const answer = await request(0, STATUS, READER)
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, expect.stringMatching(/^\d+$/)])
  // Its order is refused for the same reason, in its own words.
  expect((await request(0, RECOVER, OPERATOR, { method: 'POST' })).status).toBe(429)
})
