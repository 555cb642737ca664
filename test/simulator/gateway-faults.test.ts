import { expect, test } from 'vitest'
import { simulatedGateway } from './simulated.ts'

const KEY = { 'x-api-key': 'demo-key' }
const waha = () => simulatedGateway({ name: 'waha', dialect: 'waha', accounts: ['bot-01'] }, KEY)
const LIST = '/api/sessions?all=true'

test.each([
  ['server_error', 500, { statusCode: 500, message: 'Internal server error' }],
  ['unauthorized', 401, { statusCode: 401, message: 'Unauthorized' }],
  ['rate_limited', 429, { statusCode: 429, message: 'Too Many Requests' }],
  ['html', 200, '<!doctype html><title>Login</title>'],
  ['empty', 200, ''],
  ['truncated', 200, '[{"name":"bot-01","sta'],
  ['redirect', 302, ''],
] as const)('%s answers %i', async (fault, status, body) => {
  const { get, control } = await waha()
  control.inject({ gateway: 'waha', fault })
  expect(await get(LIST)).toMatchObject({ status, body })
})

test('rate_limited says when to come back', async () => {
  const { get, control } = await waha()
  control.inject({ gateway: 'waha', fault: 'rate_limited' })
  expect((await get(LIST)).headers.get('retry-after')).toBe('30')
})

test('the Cloud API is rate limited by a Graph error', async () => {
  const { get, control } = await simulatedGateway({ name: 'c', dialect: 'cloud-api', accounts: 1 }, {})
  control.inject({ gateway: 'c', fault: 'rate_limited' })
  expect(await get('/v23.0/1')).toMatchObject({ status: 400, body: { error: { code: 80007 } } })
})

test('oversized sends more than 30 MiB', async () => {
  const { url, control } = await waha()
  control.inject({ gateway: 'waha', fault: 'oversized' })
  const response = await fetch(`${url}/waha${LIST}`, { headers: KEY })
  expect(Number(response.headers.get('content-length'))).toBeGreaterThan(30 * 1024 * 1024)
  await response.body?.cancel()
})

test('refuse resets the connection', async () => {
  const { get, control } = await waha()
  control.inject({ gateway: 'waha', fault: 'refuse' })
  await expect(get(LIST)).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } })
})

test('hang never answers, and the request is counted', async () => {
  const { url, control } = await waha()
  control.inject({ gateway: 'waha', fault: 'hang' })
  const patience = new AbortController()
  const hanging = fetch(`${url}/waha${LIST}`, { headers: KEY, signal: patience.signal })
  const failed = expect(hanging).rejects.toThrow('abort')
  await expect.poll(() => control.requests()).toEqual([{ gateway: 'waha', endpoint: 'GET (faulty gateway)', count: 1 }])
  patience.abort()
  await failed
})

test('slow answers later than it is told to wait', async () => {
  const { get, control } = await waha()
  control.inject({ gateway: 'waha', fault: 'slow', delayMs: 60 })
  const startMs = performance.now()
  expect((await get(LIST)).status).toBe(200)
  // Timers may fire a millisecond early.
  expect(performance.now() - startMs).toBeGreaterThan(58)
})

test('a slow account is slow by itself, not in the list', async () => {
  const { get, control } = await waha()
  control.inject({ account: 'bot-01', fault: 'slow', delayMs: 60 })
  const startMs = performance.now()
  await get('/api/sessions/bot-01')
  expect(performance.now() - startMs).toBeGreaterThan(58)
})

test('a gateway fault ends by its time and leaves the accounts as they were', async () => {
  const { get, control, pass, startMs } = await waha()
  control.inject({ gateway: 'waha', fault: 'server_error', forSeconds: 60 })
  pass(59)
  expect((await get(LIST)).status).toBe(500)
  pass(1)
  expect((await get(LIST)).body[0].status).toBe('WORKING')
  expect(control.injected()).toMatchObject([{ account: null, gateway: 'waha', startMs, endMs: startMs + 60_000 }])
})

test('latency delays every reply, within its limits', async () => {
  const { get } = await simulatedGateway({ name: 'waha', dialect: 'waha', accounts: 1 }, KEY, {
    latencyMs: { min: 30, max: 40 },
  })
  const startMs = performance.now()
  await get(LIST)
  expect(performance.now() - startMs).toBeGreaterThan(28)
})
