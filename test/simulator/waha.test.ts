import { describe, expect, test } from 'vitest'
import type { AccountFault } from '../../src/simulator/fault.ts'
import { simulatedGateway } from './simulated.ts'

const KEY = { 'x-api-key': 'demo-key' }
const waha = (options: { version?: string } = {}) =>
  simulatedGateway({ name: 'waha', dialect: 'waha', accounts: ['bot-01', 'bot-02'], ...options }, KEY)

describe('WAHA of 2024.9 and later', () => {
  test('lists sessions with status, identity and activity', async () => {
    const { get, startMs } = await waha()
    const { status, body } = await get('/api/sessions?all=true')
    expect(status).toBe(200)
    expect(body).toHaveLength(2)
    expect(body[0]).toMatchObject({ name: 'bot-01', status: 'WORKING', presence: 'online' })
    expect(body[0].me.id).toMatch(/^1\d{3}55501\d\d@c\.us$/)
    expect(body[0].timestamps.activity).toBeLessThanOrEqual(startMs)
    expect(body[0]).not.toHaveProperty('engine')
  })

  test('refuses a wrong and a missing key, but answers /ping', async () => {
    const { get } = await waha()
    const refusal = { message: 'Unauthorized', statusCode: 401 }
    expect(await get('/api/sessions', undefined, { 'x-api-key': 'wrong' })).toMatchObject({
      status: 401,
      body: refusal,
    })
    expect(await get('/api/sessions', undefined, {})).toMatchObject({ status: 401, body: refusal })
    expect(await get('/ping', undefined, {})).toMatchObject({ status: 200, body: { message: 'pong' } })
  })

  test('takes the key as a query parameter too', async () => {
    const { get } = await waha()
    expect((await get('/api/sessions?x-api-key=demo-key', undefined, {})).status).toBe(200)
  })

  test('leaves stopped sessions out of the list without all=true', async () => {
    const { get, post } = await waha()
    await post('/api/sessions/bot-01/stop')
    expect((await get('/api/sessions')).body).toHaveLength(1)
    const all = (await get('/api/sessions?all=true')).body
    expect(all[0]).toMatchObject({ name: 'bot-01', status: 'STOPPED', me: null })
  })

  test('shows the engine on a single session and 404 for an unknown one', async () => {
    const { get } = await waha()
    expect((await get('/api/sessions/bot-01')).body.engine).toMatchObject({ engine: 'WEBJS', state: 'CONNECTED' })
    expect(await get('/api/sessions/nope')).toMatchObject({
      status: 404,
      body: { statusCode: 404, message: 'Session not found' },
    })
  })

  const shown: Record<AccountFault, object | null> = {
    disconnected: { status: 'FAILED', me: { pushName: expect.any(String) } },
    stuck_connecting: { status: 'STARTING' },
    qr: { status: 'SCAN_QR_CODE', me: null },
    logged_out: { status: 'FAILED', me: null },
    banned: { status: 'FAILED', me: null },
    temp_banned: { status: 'FAILED' },
    conflict: { status: 'FAILED', engine: { state: 'CONFLICT' } },
    outdated_client: { status: 'FAILED', engine: { state: 'DEPRECATED_VERSION' } },
    zombie: { status: 'WORKING' },
    no_identity: { status: 'WORKING', me: null },
    not_loaded: { status: 'STARTING' },
    gone: null,
    flapping: { status: 'FAILED' },
    slow: { status: 'WORKING' },
    stopped: { status: 'STOPPED' },
    restricted: { status: 'WORKING', me: { reachoutTimelock: { isActive: true } } },
    capped: { status: 'WORKING', me: { messageCapping: { cappingStatus: 'CAPPED' } } },
    low_quality: { status: 'WORKING' },
    check_error: null,
    check_hang: { status: 'WORKING' },
  }
  const single = Object.entries(shown).filter(([fault, want]) => want !== null && fault !== 'check_hang')
  test.each(single)('shows %s the way WAHA would', async (fault, want) => {
    const { get, control } = await waha()
    control.inject({ account: 'bot-01', fault: fault as AccountFault, delayMs: 1 })
    expect((await get('/api/sessions/bot-01')).body).toMatchObject(want ?? {})
  })

  test('a session that is gone is neither listed nor found', async () => {
    const { get, control } = await waha()
    control.inject({ account: 'bot-01', fault: 'gone' })
    expect((await get('/api/sessions?all=true')).body).toHaveLength(1)
    expect((await get('/api/sessions/bot-01')).status).toBe(404)
  })

  test('an account that cannot be checked is a broken item in the list and 500 by itself', async () => {
    const { get, control } = await waha()
    control.inject({ account: 'bot-01', fault: 'check_error' })
    expect((await get('/api/sessions?all=true')).body[0]).toEqual({ name: 'bot-01', status: null })
    expect((await get('/api/sessions/bot-01')).status).toBe(500)
  })

  test('restart answers 201 and repairs a lost connection after a while', async () => {
    const { get, post, control, pass } = await waha()
    control.inject({ account: 'bot-01', fault: 'disconnected' })
    const restart = await post('/api/sessions/bot-01/restart')
    expect(restart).toMatchObject({ status: 201, body: { name: 'bot-01', status: 'STARTING' } })
    pass(2)
    expect((await get('/api/sessions/bot-01')).body.status).toBe('STARTING')
    pass(1)
    expect((await get('/api/sessions/bot-01')).body.status).toBe('WORKING')
  })

  test('restart starts a stopped session; start leaves a running one alone', async () => {
    const { get, post, pass } = await waha()
    await post('/api/sessions/bot-01/stop')
    await post('/api/sessions/bot-01/restart')
    pass(3)
    expect((await get('/api/sessions/bot-01')).body.status).toBe('WORKING')
    expect(await post('/api/sessions/bot-01/start')).toMatchObject({ status: 201, body: { status: 'WORKING' } })
  })

  test('logout leaves a session that waits for a QR code', async () => {
    const { get, post, control } = await waha()
    await post('/api/sessions/bot-01/logout')
    expect((await get('/api/sessions/bot-01')).body).toMatchObject({ status: 'SCAN_QR_CODE', me: null })
    expect(control.injected()).toMatchObject([{ account: 'waha/bot-01', fault: 'qr', cause: 'request' }])
  })

  test('a zombie still works by its status, but its activity stands still and engine calls fail', async () => {
    const { get, control, pass } = await waha()
    control.inject({ account: 'bot-01', fault: 'zombie' })
    const before = (await get('/api/sessions?all=true')).body
    pass(600)
    const after = (await get('/api/sessions?all=true')).body
    expect(after[0].status).toBe('WORKING')
    expect(after[0].timestamps.activity).toBe(before[0].timestamps.activity)
    expect(after[1].timestamps.activity).toBeGreaterThan(before[1].timestamps.activity)
    expect((await get('/api/bot-01/profile')).status).toBe(400)
  })
})

describe('WAHA before 2024.9', () => {
  test('knows no calls of a single session', async () => {
    const { get, post } = await waha({ version: '2024.8.3' })
    expect(await get('/api/sessions/bot-01')).toMatchObject({
      status: 404,
      body: { message: 'Cannot GET /api/sessions/bot-01', statusCode: 404 },
    })
    expect((await post('/api/sessions/bot-01/restart')).status).toBe(404)
  })

  test('restarts by stop and start with the name in the body', async () => {
    const { get, post, control, pass } = await waha({ version: '2024.8.3' })
    control.inject({ account: 'bot-01', fault: 'disconnected' })
    expect((await post('/api/sessions/start', { name: 'bot-01' })).status).toBe(422)
    expect((await post('/api/sessions/stop', { name: 'bot-01' })).status).toBe(201)
    expect((await get('/api/sessions')).body).toHaveLength(1)
    expect((await post('/api/sessions/start', { name: 'bot-01' })).status).toBe(201)
    pass(3)
    expect((await get('/api/sessions')).body[0]).toMatchObject({ name: 'bot-01', status: 'WORKING' })
  })

  test('tells its version', async () => {
    const { get } = await waha({ version: '2024.8.3' })
    expect((await get('/api/server/version')).body).toMatchObject({ version: '2024.8.3', engine: 'WEBJS' })
  })
})
