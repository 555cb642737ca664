import { expect, test } from 'vitest'
import { simulatedGateway } from './simulated.ts'

const basic = { authorization: `Basic ${btoa('exporter:demo-key')}` }
const gowa = (accounts: string[] = ['bot-01', 'bot-02']) =>
  simulatedGateway({ name: 'gowa', dialect: 'gowa', accounts }, basic)

test('lists devices; logged_in is the good state', async () => {
  const { get } = await gowa()
  const { body } = await get('/devices')
  expect(body).toMatchObject({ status: 200, code: 'SUCCESS' })
  expect(body.results[0]).toMatchObject({
    id: 'bot-01',
    state: 'logged_in',
    jid: expect.stringMatching(/@s\.whatsapp\.net$/),
  })
})

test('asks for Basic credentials, except at /health', async () => {
  const { get } = await gowa()
  const refused = await get('/devices', undefined, {})
  expect(refused.status).toBe(401)
  expect(refused.headers.get('www-authenticate')).toMatch(/^Basic /)
  expect(await get('/health', undefined, {})).toMatchObject({ status: 200, body: 'OK' })
})

test.each([
  ['disconnected', 'disconnected', true],
  ['qr', 'connected', false],
  ['logged_out', 'disconnected', false],
  ['no_identity', 'connected', false],
  ['stuck_connecting', 'disconnected', true],
] as const)('shows %s as state %s', async (fault, state, hasJid) => {
  const { get, control } = await gowa()
  control.inject({ account: 'bot-01', fault })
  const [device] = (await get('/devices')).body.results
  expect(device.state).toBe(state)
  expect(device.jid !== '').toBe(hasJid)
})

test('tells the status of one device, by path and by header', async () => {
  const { get } = await gowa()
  const results = { device_id: 'bot-01', is_connected: true, is_logged_in: true }
  expect((await get('/devices/bot-01/status')).body.results).toEqual(results)
  expect((await get('/app/status', undefined, { ...basic, 'x-device-id': 'bot-01' })).body.results).toEqual(results)
  expect((await get('/app/status?device_id=bot-01')).body.results).toEqual(results)
})

test('needs a device id where there are several devices', async () => {
  const several = await gowa()
  expect(await several.get('/app/status')).toMatchObject({ status: 400, body: { code: 'DEVICE_ID_REQUIRED' } })
  const one = await gowa(['only'])
  expect((await one.get('/app/status')).body.results.device_id).toBe('only')
})

test('an unknown device is 500 on the status path and 404 elsewhere', async () => {
  const { get, post } = await gowa()
  expect(await get('/devices/nope/status')).toMatchObject({
    status: 500,
    body: { code: 'INTERNAL_SERVER_ERROR', message: 'device nope not found' },
  })
  expect(await post('/devices/nope/reconnect')).toMatchObject({ status: 404, body: { code: 'DEVICE_NOT_FOUND' } })
})

test('reconnect repairs a lost connection and answers 500 for a deleted session', async () => {
  const { get, post, control, pass } = await gowa()
  control.inject({ account: 'bot-01', fault: 'disconnected' })
  expect((await post('/devices/bot-01/reconnect')).status).toBe(200)
  pass(3)
  expect((await get('/devices')).body.results[0].state).toBe('logged_in')
  control.inject({ account: 'bot-02', fault: 'logged_out' })
  expect(await post('/devices/bot-02/reconnect')).toMatchObject({
    status: 500,
    body: { message: 'not logged in (session deleted)' },
  })
})
