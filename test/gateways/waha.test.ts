import { afterEach, describe, expect, test } from 'vitest'
import type { Reading } from '../../src/accounts/observation.ts'
import { type FakeAnswer, type SeenRequest, startFakeServer } from './fake-server.ts'
import { accountOf, openForTest } from './gateway-contract.ts'

const never = new AbortController().signal
const endings: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const ME = { id: '15550100001@c.us', lid: '1@lid', pushName: 'Sales' }
const WORKING = { name: 'sales-01', status: 'WORKING', me: ME, timestamps: { activity: 1_767_225_600_000 } }

async function open(answer: (request: SeenRequest) => FakeAnswer, now?: () => number) {
  const server = await startFakeServer(answer)
  const entry = { driver: 'waha', url: server.url, auth: { apiKey: 'the-key' } }
  const gateway = openForTest(entry, now === undefined ? {} : { now })
  endings.push(
    () => server.close(),
    () => gateway.close(),
  )
  return { server, gateway }
}

const callsOf = (server: { requests: readonly SeenRequest[] }) =>
  server.requests.map(({ method, url }) => `${method} ${url}`)

describe('a session of WAHA', () => {
  type Wanted = Pick<Reading, 'state' | 'reason'> & { unmapped?: true }
  const cases: Record<string, [object, Wanted]> = {
    'that is WORKING with an identity is connected': [WORKING, { state: 'connected', reason: null }],
    'that is WORKING on a server that sends no identity at all is connected': [
      { name: 'sales-01', status: 'WORKING' },
      { state: 'connected', reason: null },
    ],
    'that is WORKING with me null is degraded, stale': [
      { ...WORKING, me: null },
      { state: 'degraded', reason: 'stale' },
    ],
    'that is WORKING with an empty me is degraded, stale': [
      { ...WORKING, me: {} },
      { state: 'degraded', reason: 'stale' },
    ],
    'that may not start chats is degraded, timelock': [
      { ...WORKING, me: { ...ME, reachoutTimelock: { isActive: true, enforcementType: 'DEFAULT' } } },
      { state: 'degraded', reason: 'timelock' },
    ],
    'whose timelock is over is connected': [
      { ...WORKING, me: { ...ME, reachoutTimelock: { isActive: false } } },
      { state: 'connected', reason: null },
    ],
    'that has used up its messages is degraded, capped': [
      { ...WORKING, me: { ...ME, messageCapping: { cappingStatus: 'CAPPED', totalQuota: 10, usedQuota: 10 } } },
      { state: 'degraded', reason: 'capped' },
    ],
    'that was warned of its cap is still connected': [
      { ...WORKING, me: { ...ME, messageCapping: { cappingStatus: 'SECOND_WARNING' } } },
      { state: 'connected', reason: null },
    ],
    'that is STARTING is connecting': [
      { name: 'sales-01', status: 'STARTING' },
      { state: 'connecting', reason: null },
    ],
    'that shows a QR code awaits a human': [
      { name: 'sales-01', status: 'SCAN_QR_CODE', me: null },
      { state: 'awaiting_auth', reason: 'logged_out' },
    ],
    'that needs a passkey awaits a human': [
      { name: 'sales-01', status: 'PASSKEY_REQUIRED' },
      { state: 'awaiting_auth', reason: 'other' },
    ],
    'that needs a passkey confirmed awaits a human': [
      { name: 'sales-01', status: 'PASSKEY_CONFIRMATION_REQUIRED' },
      { state: 'awaiting_auth', reason: 'other' },
    ],
    'that is STOPPED is stopped': [
      { name: 'sales-01', status: 'STOPPED', me: null, timestamps: { activity: null } },
      { state: 'stopped', reason: null },
    ],
    'that FAILED with its identity is disconnected': [
      { ...WORKING, status: 'FAILED' },
      { state: 'disconnected', reason: 'other' },
    ],
    'that FAILED without identity awaits a human': [
      { ...WORKING, status: 'FAILED', me: null },
      { state: 'awaiting_auth', reason: 'logged_out' },
    ],
    'that FAILED while its engine says UNPAIRED awaits a human': [
      { ...WORKING, status: 'FAILED', engine: { engine: 'WEBJS', state: 'UNPAIRED' } },
      { state: 'awaiting_auth', reason: 'logged_out' },
    ],
    'that FAILED while its engine says TOS_BLOCK is blocked': [
      { ...WORKING, status: 'FAILED', engine: { engine: 'WEBJS', state: 'TOS_BLOCK' } },
      { state: 'blocked', reason: 'banned' },
    ],
    'that FAILED while its engine is outdated says so, because a restart cannot help': [
      { ...WORKING, status: 'FAILED', engine: { engine: 'WEBJS', state: 'DEPRECATED_VERSION' } },
      { state: 'disconnected', reason: 'outdated_client' },
    ],
    'that FAILED while its engine dials is disconnected': [
      { ...WORKING, status: 'FAILED', engine: { engine: 'WEBJS', state: 'OPENING' } },
      { state: 'disconnected', reason: 'other' },
    ],
    'with a status of next year is unknown and counted': [
      { ...WORKING, status: 'HIBERNATING' },
      { state: 'unknown', reason: 'other', unmapped: true },
    ],
    'with the name of an object’s own method as status is unknown': [
      { ...WORKING, status: 'constructor' },
      { state: 'unknown', reason: 'other', unmapped: true },
    ],
    'whose evidence has another shape is read all the same': [
      { ...WORKING, timestamps: 'yesterday', engine: 'NOWEB', presence: 7 },
      { state: 'connected', reason: null },
    ],
  }
  for (const [name, [session, wanted]] of Object.entries(cases)) {
    test(name, async () => {
      const { gateway } = await open(({ url }) => ({ json: url.startsWith('/api/sessions?') ? [session] : session }))
      const one = await gateway.check(accountOf('sales-01'), never)
      const all = await gateway.checkAll?.(never)
      expect(one.reading).toMatchObject(wanted)
      expect(all?.readings.get('sales-01')).toEqual(one.reading)
      expect(gateway.unknownWords.length > 0).toBe(wanted.unmapped === true)
    })
  }

  test('brings its phone, name and last activity', async () => {
    const { gateway, server } = await open(() => ({ json: WORKING }))
    const { reading } = await gateway.check(accountOf('sales-01'), never)
    expect(reading.evidence).toEqual({ phone: '15550100001', name: 'Sales', lastActivityAtMs: 1_767_225_600_000 })
    expect(reading.native).toBe('WORKING')
    expect(server.requests[0]).toMatchObject({ url: '/api/sessions/sales-01', headers: { 'x-api-key': 'the-key' } })
  })

  test('that WAHA does not know is not_found', async () => {
    const { gateway, server } = await open(() => ({
      status: 404,
      json: { statusCode: 404, message: 'Session not found' },
    }))
    await expect(gateway.check(accountOf('gone'), never)).rejects.toMatchObject({ code: 'not_found' })
    expect(callsOf(server)).toEqual(['GET /api/sessions/gone'])
  })
})

describe('the list of WAHA', () => {
  test('asks for stopped sessions too, in one request for the whole gateway', async () => {
    const { gateway, server } = await open(() => ({ json: [WORKING, { name: 'ops', status: 'STOPPED' }] }))
    const fleet = await gateway.checkAll?.(never)
    expect([...(fleet?.readings.keys() ?? [])]).toEqual(['sales-01', 'ops'])
    expect(callsOf(server)).toEqual(['GET /api/sessions?all=true'])
  })

  test('gives names and phones to discovery', async () => {
    const { gateway } = await open(() => ({ json: [WORKING, { name: 'ops', status: 'STOPPED', me: null }] }))
    expect(await gateway.listAccounts?.(never)).toEqual([
      { account: 'sales-01', nativeId: 'sales-01', phone: '15550100001', name: 'Sales' },
      { account: 'ops', nativeId: 'ops', phone: null, name: null },
    ])
  })

  test('with one broken item gives the others and counts the broken one', async () => {
    const { gateway } = await open(() => ({
      json: [null, { name: '', status: 'WORKING' }, { status: 'WORKING' }, WORKING],
    }))
    expect([...((await gateway.checkAll?.(never))?.readings.keys() ?? [])]).toEqual(['sales-01'])
    expect(gateway.unknownWords).toHaveLength(3)
  })

  test('of a gateway without sessions is empty, not a fault', async () => {
    const { gateway } = await open(() => ({ json: [] }))
    expect((await gateway.checkAll?.(never))?.readings.size).toBe(0)
  })
})

describe('a restart at WAHA', () => {
  test('is not sent where the engine says what no restart repairs, which the list cannot say', async () => {
    let status = 'FAILED'
    const { gateway, server } = await open(({ url }) => {
      const session = { ...WORKING, status }
      if (url.startsWith('/api/sessions?')) return { json: [session] }
      return { json: { ...session, engine: { engine: 'WEBJS', state: 'CONFLICT' } } }
    })
    const listed = async () => (await gateway.checkAll?.(never))?.readings.get('sales-01')
    expect(await listed()).toMatchObject({ state: 'disconnected', reason: 'other' })
    expect(await gateway.restart?.(accountOf('sales-01'), never)).toEqual({
      accepted: false,
      detail: 'not sent: the engine says conflict, which no restart repairs',
      needsHuman: true,
    })
    expect(server.requests.every(({ method }) => method === 'GET')).toBe(true)
    expect(await listed()).toMatchObject({ state: 'degraded', reason: 'conflict' })
    status = 'WORKING'
    expect(await listed()).toMatchObject({ state: 'connected' })
    status = 'FAILED'
    expect(await listed()).toMatchObject({ state: 'disconnected', reason: 'other' })
  })

  test('is one look at the session and one call, answered with 201', async () => {
    const { gateway, server } = await open(() => ({ status: 201, json: { name: 'a/b', status: 'STARTING' } }))
    expect(await gateway.restart?.(accountOf('a/b'), never)).toEqual({
      accepted: true,
      detail: 'answered 201, status STARTING',
    })
    expect(callsOf(server)).toEqual(['GET /api/sessions/a%2Fb', 'POST /api/sessions/a%2Fb/restart'])
  })

  test('that answers 422 is not accepted', async () => {
    const { gateway } = await open(({ method }) =>
      method === 'GET' ? { json: WORKING } : { status: 422, json: { error: 'Session status is not as expected' } },
    )
    expect(await gateway.restart?.(accountOf('sales-01'), never)).toMatchObject({ accepted: false, needsHuman: false })
  })

  test('of an unknown session is not_found', async () => {
    const { gateway } = await open(() => ({ status: 404, json: { message: 'Session not found' } }))
    await expect(gateway.restart?.(accountOf('gone'), never)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('after which it FAILED again means that a human is needed, until it has worked again', async () => {
    let nowMs = 1_767_225_600_000
    let status = 'FAILED'
    const { gateway } = await open(
      ({ method }) => ({ status: method === 'POST' ? 201 : 200, json: { ...WORKING, status } }),
      () => nowMs++,
    )
    const read = async () => (await gateway.check(accountOf('sales-01'), never)).reading
    expect((await read()).state).toBe('disconnected')
    await gateway.restart?.(accountOf('sales-01'), never)
    status = 'STARTING'
    expect((await read()).state).toBe('connecting')
    status = 'FAILED'
    expect(await read()).toMatchObject({ state: 'awaiting_auth', reason: 'bad_session' })
    status = 'WORKING'
    expect((await read()).state).toBe('connected')
    status = 'FAILED'
    expect((await read()).state).toBe('disconnected')
  })
})

describe('a restart at WAHA that was refused', () => {
  test.each([401, 422, 429, 503])('with %i leaves the next FAILED restartable', async (status) => {
    const { gateway } = await open(({ method }) =>
      method === 'POST' ? { status, json: {} } : { json: { ...WORKING, status: 'FAILED' } },
    )
    await gateway.restart?.(accountOf('sales-01'), never).catch(() => {})
    expect((await gateway.check(accountOf('sales-01'), never)).reading.state).toBe('disconnected')
  })

  test('without an answer counts as a restart', async () => {
    let nowMs = 1_767_225_600_000
    const arrived = Promise.withResolvers<void>()
    const { gateway } = await open(
      ({ method }) => (method === 'POST' ? () => arrived.resolve() : { json: { ...WORKING, status: 'FAILED' } }),
      () => nowMs++,
    )
    const caller = new AbortController()
    const restarting = gateway.restart?.(accountOf('sales-01'), caller.signal)
    await arrived.promise
    caller.abort()
    await expect(restarting).rejects.toMatchObject({ code: 'aborted' })
    expect((await gateway.check(accountOf('sales-01'), never)).reading.state).toBe('awaiting_auth')
  })
})

describe('a WAHA before 2024.9', () => {
  /** Knows the old calls only. */
  const old = ({ method, url }: SeenRequest): FakeAnswer => {
    if (method === 'GET' && url.startsWith('/api/sessions?')) return { json: [WORKING] }
    if (method === 'POST' && url === '/api/sessions/stop')
      return { status: 201, json: { name: 'sales-01', status: 'STOPPED' } }
    if (method === 'POST' && url === '/api/sessions/start')
      return { status: 201, json: { name: 'sales-01', status: 'STARTING' } }
    return { status: 404, json: { statusCode: 404, message: `Cannot ${method} ${url}`, error: 'Not Found' } }
  }

  test('is read through its list, and remembered', async () => {
    const { gateway, server } = await open(old)
    await gateway.check(accountOf('sales-01'), never)
    const { reading } = await gateway.check(accountOf('sales-01'), never)
    expect(reading.state).toBe('connected')
    expect(callsOf(server)).toEqual([
      'GET /api/sessions/sales-01',
      'GET /api/sessions?all=true',
      'GET /api/sessions?all=true',
    ])
  })

  test('that does not list the session answers not_found', async () => {
    const { gateway } = await open(old)
    await expect(gateway.check(accountOf('gone'), never)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('is restarted by a stop and a start', async () => {
    const { gateway, server } = await open(old)
    expect(await gateway.restart?.(accountOf('sales-01'), never)).toMatchObject({ accepted: true })
    expect(callsOf(server).slice(1)).toEqual(['POST /api/sessions/stop', 'POST /api/sessions/start'])
    expect(server.requests.at(-1)?.body).toBe('{"name":"sales-01"}')
  })

  test('is asked the new calls again after an hour, because it may have been upgraded', async () => {
    let nowMs = 1_767_225_600_000
    const { gateway, server } = await open(old, () => nowMs)
    await gateway.check(accountOf('sales-01'), never)
    nowMs += 3_600_001
    await gateway.check(accountOf('sales-01'), never)
    expect(callsOf(server).filter((call) => call === 'GET /api/sessions/sales-01')).toHaveLength(2)
  })
})
