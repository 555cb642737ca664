import { afterEach, describe, expect, test } from 'vitest'
import type { Reading } from '../../src/accounts/observation.ts'
import { type FakeAnswer, type SeenRequest, startFakeServer } from './fake-server.ts'
import { accountOf, openForTest } from './gateway-contract.ts'

const never = new AbortController().signal
const endings: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

async function open(answer: (request: SeenRequest) => FakeAnswer, options: Record<string, unknown> = {}) {
  const server = await startFakeServer(answer)
  const gateway = openForTest({ driver: 'http', url: server.url, discover: true, ...options })
  endings.push(
    () => server.close(),
    () => gateway.close(),
  )
  return { server, gateway }
}

async function read(json: unknown, options?: Record<string, unknown>) {
  const { gateway } = await open(() => ({ json }), options)
  const { reading } = await gateway.check(accountOf('sales-01'), never)
  return { reading, unknownWords: gateway.unknownWords }
}

describe('a reply of a bot', () => {
  const cases: Record<string, [unknown, Partial<Reading>]> = {
    'in our words is taken as it is': [
      { account: 'sales-01', state: 'blocked', reason: 'banned' },
      { state: 'blocked', reason: 'banned', native: 'blocked' },
    ],
    'with a reason beside connected has none': [
      { state: 'connected', reason: 'other' },
      { state: 'connected', reason: null },
    ],
    'with a WAState is translated': [{ state: 'UNPAIRED_IDLE' }, { state: 'awaiting_auth', reason: 'qr_timeout' }],
    'with a WAState of null, after a disconnect, is disconnected': [
      { state: null },
      { state: 'disconnected', reason: 'network', native: 'null' },
    ],
    'with the connection of Baileys is translated': [
      { state: { connection: 'close', statusCode: 403 } },
      { state: 'blocked', reason: 'banned', native: 'close 403' },
    ],
    'with the connection of Baileys and the code as text is translated': [
      { state: { connection: 'close', statusCode: '428' } },
      { state: 'disconnected', reason: 'network' },
    ],
    'with the connection of Baileys and no code is translated': [
      { state: { connection: 'open', statusCode: null } },
      { state: 'connected', reason: null },
    ],
    'with the bare word of Baileys is translated': [{ state: 'open' }, { state: 'connected', reason: null }],
    'with a reason of its own beside a code has that reason': [
      { state: { connection: 'close', statusCode: 428 }, reason: 'bad_session' },
      { state: 'disconnected', reason: 'bad_session' },
    ],
  }
  test.each(Object.entries(cases))('%s', async (_name, [json, wanted]) => {
    const { reading, unknownWords } = await read(json)
    expect(reading).toMatchObject(wanted)
    expect(unknownWords).toEqual([])
  })

  const unknown: Record<string, [unknown, string]> = {
    'with another word': [{ state: 'fine' }, 'state fine'],
    'with a code that nobody knows': [{ state: { connection: 'close', statusCode: 499 } }, 'state close 499'],
    'with an object of another kind': [{ state: { up: true } }, 'state no connection'],
    'with true': [{ state: true }, 'state true'],
  }
  test.each(Object.entries(unknown))('%s is unknown, and counted', async (_name, [json, word]) => {
    const { reading, unknownWords } = await read(json)
    expect(reading).toMatchObject({ state: 'unknown', unmapped: true })
    expect(unknownWords).toEqual([word])
  })

  test('with an unknown reason keeps its state, and the word is counted', async () => {
    const { reading, unknownWords } = await read({ state: 'disconnected', reason: 'full moon' })
    expect(reading).toMatchObject({ state: 'disconnected', reason: 'other' })
    expect(reading.unmapped).toBeUndefined()
    expect(unknownWords).toEqual(['reason full moon'])
  })

  test('without a state is bad_reply, and the message names the place', async () => {
    const { gateway } = await open(() => ({ json: { account: 'sales-01' } }))
    await expect(gateway.check(accountOf('sales-01'), never)).rejects.toMatchObject({
      code: 'bad_reply',
      message: expect.stringContaining('has nothing at /state (map.state)'),
    })
  })

  const times: Record<string, [unknown, number | undefined]> = {
    'ISO 8601': ['2026-01-01T00:00:00.000Z', 1_767_225_600_000],
    'ISO 8601 with an offset': ['2026-01-01T01:00:00+01:00', 1_767_225_600_000],
    'Unix seconds': [1_767_225_600, 1_767_225_600_000],
    'Unix milliseconds': [1_767_225_600_000, 1_767_225_600_000],
    nonsense: ['yesterday', undefined],
    nothing: [null, undefined],
  }
  test.each(Object.entries(times))('may tell its last activity in %s', async (_name, [lastActivityAt, wanted]) => {
    expect((await read({ state: 'connected', lastActivityAt })).reading.evidence.lastActivityAtMs).toBe(wanted)
  })

  test.each([
    ['+971 50 576-0056', '971505760056'],
    [971505760056, '971505760056'],
    ['971505760056@c.us', '971505760056'],
    ['1@lid', undefined],
    ['none', undefined],
  ])('may write its phone as %s', async (phone, wanted) => {
    expect((await read({ state: 'connected', phone })).reading.evidence.phone).toBe(wanted)
  })
})

describe('map', () => {
  const map = {
    items: '/data/numbers',
    account: '/id',
    state: '/link/status',
    phone: '/link/msisdn',
    lastActivityAt: '/a~1b',
    states: {
      UP: 'connected',
      DOWN: { state: 'disconnected', reason: 'network' },
      open: 'degraded',
      true: 'connected',
    },
  }

  test.each([
    ['UP', 'connected', null],
    ['DOWN', 'disconnected', 'network'],
    ['open', 'degraded', null],
    [true, 'connected', null],
    ['CONNECTED', 'connected', null],
  ])('reads %s of another shape as %s', async (status, state, reason) => {
    const json = { id: 'sales-01', link: { status, msisdn: '15550100001' }, 'a/b': 1_767_225_600 }
    const { reading } = await read(json, { map })
    expect(reading).toMatchObject({ state, reason })
    expect(reading.evidence).toEqual({ phone: '15550100001', lastActivityAtMs: 1_767_225_600_000 })
  })

  test('finds the list where it is', async () => {
    const numbers = [
      { id: 1, link: { status: 'UP' } },
      { id: 'ops', link: { status: 'DOWN' } },
    ]
    const { gateway } = await open(() => ({ json: { data: { numbers } } }), { map })
    const fleet = await gateway.checkAll?.(never)
    expect([...(fleet?.readings ?? [])].map(([id, { state }]) => [id, state])).toEqual([
      ['1', 'connected'],
      ['ops', 'disconnected'],
    ])
  })

  test('that points to no list is bad_reply, and the message names the place', async () => {
    const { gateway } = await open(() => ({ json: { data: {} } }), { map })
    await expect(gateway.checkAll?.(never)).rejects.toMatchObject({
      code: 'bad_reply',
      message: expect.stringContaining('has no array at /data/numbers (map.items)'),
    })
  })
})

describe('the list of a bot', () => {
  test('with broken items gives the others and counts the broken ones', async () => {
    const items = [{ state: 'connected' }, 7, { account: 'ok', state: 'connected' }]
    const { gateway } = await open(() => ({ json: items }))
    expect([...((await gateway.checkAll?.(never))?.readings.keys() ?? [])]).toEqual(['ok'])
    expect(gateway.unknownWords).toEqual([
      'list item 0 has no id at /account (map.account)',
      'list item 1 is not an object',
    ])
  })

  test('is not asked for where the accounts are written by hand', async () => {
    const { gateway } = await open(() => ({ json: [] }), { discover: false, accounts: [{ account: 'sales-01' }] })
    expect([gateway.listAccounts, gateway.checkAll]).toEqual([undefined, undefined])
  })
})

describe('a restart of a bot', () => {
  const paths = { list: '/v1/bots', state: '/v1/bots/{account}/state', restart: '/v1/bots/{account}/kick' }

  test('goes to the path of the configuration, with the credentials', async () => {
    const { gateway, server } = await open(() => ({ status: 202 }), { paths, auth: { bearerToken: 'the-token' } })
    expect(await gateway.restart?.(accountOf('a/b'), never)).toEqual({ accepted: true, detail: 'answered 202' })
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      url: '/v1/bots/a%2Fb/kick',
      headers: { authorization: 'Bearer the-token' },
    })
  })

  test.each([
    [409, { title: 'Restart refused', detail: 'pairing is under way' }, 'answered 409: pairing is under way'],
    [501, { message: 'not implemented' }, 'answered 501: not implemented'],
    [502, 'no JSON', 'answered 502'],
  ])('that answers %i is not accepted, and says why', async (status, json, detail) => {
    const { gateway } = await open(() => ({ status, json }))
    expect(await gateway.restart?.(accountOf('sales-01'), never)).toEqual({
      accepted: false,
      detail,
      needsHuman: false,
    })
  })

  test('does not exist where paths.restart is null', async () => {
    const { gateway } = await open(() => ({ json: [] }), { paths: { restart: null } })
    expect(gateway.restart).toBeUndefined()
  })
})
