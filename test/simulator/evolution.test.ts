import { describe, expect, test } from 'vitest'
import { simulatedGateway } from './simulated.ts'

const KEY = { apikey: 'demo-key' }
const evolution = (options: { version?: string } = {}) =>
  simulatedGateway({ name: 'evo', dialect: 'evolution', accounts: ['bot-01', 'bot-02'], ...options }, KEY)
const stateOf = (body: { instance: object }) => body.instance

describe('Evolution API v2', () => {
  test('lists flat rows, the token of each instance among them', async () => {
    const { get } = await evolution()
    const { body } = await get('/instance/fetchInstances')
    expect(body).toHaveLength(2)
    expect(body[0]).toMatchObject({
      name: 'bot-01',
      connectionStatus: 'open',
      integration: 'WHATSAPP-BAILEYS',
      disconnectionReasonCode: null,
      _count: { Message: expect.any(Number) },
    })
    expect(body[0].ownerJid).toMatch(/^\d+@s\.whatsapp\.net$/)
    expect(body[0].token).toMatch(/^[0-9a-f-]{36}$/)
    expect(body[0].id).not.toBe(body[0].token)
  })

  test('answers an unknown name with 404 even without a key', async () => {
    const { get } = await evolution()
    expect(await get('/instance/connectionState/nope', undefined, {})).toMatchObject({
      status: 404,
      body: { status: 404, error: 'Not Found', response: { message: ['The "nope" instance does not exist'] } },
    })
    expect(await get('/instance/connectionState/bot-01', undefined, {})).toMatchObject({
      status: 401,
      body: { status: 401, error: 'Unauthorized', response: { message: 'Unauthorized' } },
    })
  })

  test('takes the token of an instance for that instance only', async () => {
    const { get } = await evolution()
    const [first] = (await get('/instance/fetchInstances')).body
    const own = { apikey: first.token }
    expect((await get('/instance/connectionState/bot-01', undefined, own)).status).toBe(200)
    expect((await get('/instance/connectionState/bot-02', undefined, own)).status).toBe(401)
    expect((await get('/instance/fetchInstances', undefined, own)).body).toHaveLength(1)
  })

  test('knows restart as POST; PUT is an unknown path', async () => {
    const { post, put } = await evolution()
    expect((await post('/instance/restart/bot-01')).body).toEqual({
      instance: { instanceName: 'bot-01', state: 'open' },
    })
    expect(await put('/instance/restart/bot-01')).toMatchObject({
      status: 404,
      body: { response: { message: ['Cannot PUT /instance/restart/bot-01'] } },
    })
  })

  test('a restart on close answers 200 with an error and does nothing; connect repairs', async () => {
    const { get, post, control, pass } = await evolution()
    control.inject({ account: 'bot-01', fault: 'disconnected' })
    expect(await post('/instance/restart/bot-01')).toMatchObject({
      status: 200,
      body: { error: true, message: '[object Object]' },
    })
    pass(60)
    expect(stateOf((await get('/instance/connectionState/bot-01')).body)).toMatchObject({ state: 'close' })
    expect((await get('/instance/connect/bot-01')).body).toEqual({ count: 0 })
    pass(3)
    expect(stateOf((await get('/instance/connectionState/bot-01')).body)).toMatchObject({ state: 'open' })
    expect(control.accounts()[0]).toMatchObject({ restartRequests: 2 })
  })

  test('connect answers with a QR code where the pairing is lost', async () => {
    const { get, control } = await evolution()
    control.inject({ account: 'bot-01', fault: 'logged_out' })
    expect((await get('/instance/connect/bot-01')).body).toMatchObject({
      base64: expect.stringContaining('data:image/png'),
      count: 1,
    })
  })

  test('the list is stale during a connection loss and honest about a logout', async () => {
    const { get, control } = await evolution()
    control.inject({ account: 'bot-01', fault: 'disconnected' })
    control.inject({ account: 'bot-02', fault: 'logged_out' })
    const [lost, loggedOut] = (await get('/instance/fetchInstances')).body
    expect(lost).toMatchObject({ connectionStatus: 'open', disconnectionReasonCode: null })
    expect(loggedOut).toMatchObject({ connectionStatus: 'close', disconnectionReasonCode: 401, ownerJid: null })
  })

  const codes = { temp_banned: 402, banned: 403, conflict: 440 } as const
  test.each(Object.entries(codes))('shows %s as close with code %i', async (fault, code) => {
    const { get, control } = await evolution()
    control.inject({ account: 'bot-01', fault: fault as keyof typeof codes })
    expect(stateOf((await get('/instance/connectionState/bot-01')).body)).toMatchObject({ state: 'close' })
    expect((await get('/instance/fetchInstances')).body[0].disconnectionReasonCode).toBe(code)
  })

  test('a QR code shows as connecting without an owner', async () => {
    const { get, control } = await evolution()
    control.inject({ account: 'bot-01', fault: 'qr' })
    expect(stateOf((await get('/instance/connectionState/bot-01')).body)).toMatchObject({ state: 'connecting' })
    expect((await get('/instance/fetchInstances')).body[0]).toMatchObject({
      connectionStatus: 'connecting',
      ownerJid: null,
    })
  })

  test('an instance that is not in memory has no state', async () => {
    const { get, post, control } = await evolution()
    control.inject({ account: 'bot-01', fault: 'not_loaded' })
    expect((await get('/instance/connectionState/bot-01')).body).toEqual({ instance: { instanceName: 'bot-01' } })
    expect((await post('/instance/restart/bot-01')).body).toMatchObject({ error: true })
  })

  test('the messages of a zombie stand still', async () => {
    const { get, control, pass } = await evolution()
    control.inject({ account: 'bot-01', fault: 'zombie' })
    const counts = async () =>
      (await get('/instance/fetchInstances')).body.map((row: { _count: { Message: number } }) => row._count.Message)
    const [zombieBefore, healthyBefore] = await counts()
    pass(600)
    const [zombieAfter, healthyAfter] = await counts()
    expect(zombieAfter).toBe(zombieBefore)
    expect(healthyAfter).toBeGreaterThan(healthyBefore)
  })

  test('filters the list by name and answers 404 for an unknown one', async () => {
    const { get } = await evolution()
    expect((await get('/instance/fetchInstances?instanceName=bot-02')).body).toHaveLength(1)
    expect((await get('/instance/fetchInstances?instanceName=nope')).status).toBe(404)
  })

  test('tells its version without a key', async () => {
    const { get } = await evolution()
    expect((await get('/', undefined, {})).body).toMatchObject({ status: 200, version: '2.3.7' })
  })

  test('without a licence answers 503 everywhere but at its front page', async () => {
    const { get, control } = await evolution()
    control.inject({ gateway: 'evo', fault: 'license' })
    expect(await get('/instance/fetchInstances')).toMatchObject({ status: 503, body: { code: 'LICENSE_REQUIRED' } })
    expect((await get('/')).status).toBe(200)
  })

  test('logs out, refuses to log out twice, and deletes', async () => {
    const { get, del } = await evolution()
    expect((await del('/instance/logout/bot-01')).body).toMatchObject({ status: 'SUCCESS' })
    expect((await del('/instance/logout/bot-01')).status).toBe(400)
    await del('/instance/delete/bot-01')
    expect((await get('/instance/fetchInstances')).body).toHaveLength(1)
  })
})

describe('Evolution API v1', () => {
  test('wraps its list and restarts by PUT', async () => {
    const { get, post, put } = await evolution({ version: '1.8.2' })
    const { body } = await get('/instance/fetchInstances')
    expect(body[0].instance).toMatchObject({ instanceName: 'bot-01', status: 'open', apikey: expect.any(String) })
    expect((await put('/instance/restart/bot-01')).status).toBe(200)
    expect(await post('/instance/restart/bot-01')).toMatchObject({
      status: 404,
      body: { response: { message: ['Cannot POST /instance/restart/bot-01'] } },
    })
  })
})
