import { expect, test } from 'vitest'
import { simulatedGateway } from './simulated.ts'

async function wppconnect() {
  const gateway = await simulatedGateway({ name: 'wpp', dialect: 'wppconnect', accounts: ['s1', 's2'] }, {})
  const { token } = (await gateway.post('/api/s1/demo-key/generate-token')).body
  const bearer = { authorization: `Bearer ${token}` }
  return {
    ...gateway,
    token,
    read: (call: string) => gateway.get(`/api/s1/${call}`, undefined, bearer),
    act: (call: string) => gateway.post(`/api/s1/${call}`, { webhook: null, waitQrCode: false }, bearer),
  }
}

test('makes a token per session from the secret', async () => {
  const { post, get, token } = await wppconnect()
  expect(await post('/api/s1/demo-key/generate-token')).toMatchObject({
    status: 201,
    body: { status: 'success', session: 's1', token, full: `s1:${token}` },
  })
  expect(token).toMatch(/^\$2b\$10\$[^/+]+$/)
  expect((await post('/api/s1/wrong/generate-token')).status).toBe(400)
  expect((await get('/api/s2/status-session', undefined, { authorization: `Bearer ${token}` })).status).toBe(401)
  expect((await get('/api/s1/status-session')).status).toBe(401)
  expect((await get(`/api/s1:${encodeURIComponent(token)}/status-session`)).status).toBe(200)
})

test('lists names only', async () => {
  const { get } = await wppconnect()
  expect((await get('/api/demo-key/show-all-sessions')).body).toEqual({ response: ['s1', 's2'] })
  expect((await get('/api/wrong/show-all-sessions')).status).toBe(400)
})

test('shows a healthy session in all three probes', async () => {
  const { read } = await wppconnect()
  expect((await read('status-session')).body).toMatchObject({ status: 'CONNECTED', qrcode: null, version: '2.10.4' })
  expect((await read('check-connection-session')).body).toEqual({ status: true, message: 'Connected' })
  expect(await read('host-device')).toMatchObject({ status: 200, body: { response: { pushname: expect.any(String) } } })
})

test('keeps saying CONNECTED when the link drops; only host-device tells', async () => {
  const { read, control } = await wppconnect()
  control.inject({ account: 's1', fault: 'disconnected' })
  expect((await read('status-session')).body.status).toBe('CONNECTED')
  expect((await read('check-connection-session')).body.status).toBe(true)
  expect(await read('host-device')).toMatchObject({ status: 404, body: { response: null, status: 'Disconnected' } })
})

test.each([
  ['qr', 'QRCODE'],
  ['logged_out', 'QRCODE'],
  ['stuck_connecting', 'INITIALIZING'],
  ['stopped', 'CLOSED'],
  ['gone', 'CLOSED'],
] as const)('shows %s as %s', async (fault, status) => {
  const { read, control } = await wppconnect()
  control.inject({ account: 's1', fault })
  expect((await read('status-session')).body.status).toBe(status)
  expect((await read('check-connection-session')).body).toEqual({ status: false, message: 'Disconnected' })
})

test('start is a no-op on a session that is not closed; close and start repair', async () => {
  const { read, act, control, pass } = await wppconnect()
  control.inject({ account: 's1', fault: 'disconnected' })
  expect((await act('start-session')).body.status).toBe('CONNECTED')
  pass(60)
  expect((await read('host-device')).status).toBe(404)
  expect((await act('close-session')).body.status).toBe(true)
  expect((await read('status-session')).body.status).toBe('CLOSED')
  expect((await act('start-session')).body.status).toBe('INITIALIZING')
  pass(3)
  expect((await read('host-device')).status).toBe(200)
})

test('counts a call of /unhealthy, which would kill the real one', async () => {
  const { get, control } = await wppconnect()
  await get('/unhealthy')
  expect(control.requests()).toContainEqual({ gateway: 'wpp', endpoint: 'GET /unhealthy', count: 1 })
})
