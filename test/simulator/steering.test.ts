import { expect, test } from 'vitest'
import { simulated } from './simulated.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

async function steered() {
  const world = await simulated({
    gateways: [
      { name: 'waha-1', dialect: 'waha', accounts: ['a', 'both'] },
      { name: 'linda', dialect: 'http', accounts: ['b', 'both', 'with/slash'] },
    ],
  })
  const inject = (order: unknown, headers: Record<string, string> = JSON_TYPE) =>
    world.request('POST', '/sim/api/faults', {
      headers,
      body: typeof order === 'string' ? order : JSON.stringify(order),
    })
  return { ...world, inject }
}

test('lists accounts and gateways', async () => {
  const { request } = await steered()
  const { accounts } = (await request('GET', '/sim/api/accounts')).body
  expect(accounts).toHaveLength(5)
  expect(accounts[0]).toMatchObject({ key: 'waha-1/a', phase: 'connected', fault: null, restartRequests: 0 })
  expect((await request('GET', '/sim/api/accounts?gateway=linda')).body.accounts).toHaveLength(3)
  expect((await request('GET', '/sim/api/gateways')).body.gateways).toMatchObject([
    { gateway: 'waha-1', dialect: 'waha', accounts: 2, fault: null },
    { gateway: 'linda', dialect: 'http', accounts: 3, fault: null },
  ])
})

test('injects a fault into an account and heals it', async () => {
  const { request, inject, startMs } = await steered()
  const order = { account: 'waha-1/a', fault: 'disconnected', restart: 'lies', forSeconds: 60 }
  expect(await inject(order)).toMatchObject({
    status: 201,
    body: { account: 'waha-1/a', fault: 'disconnected', restart: 'lies', startMs, endMs: null, cause: 'api' },
  })
  expect((await request('GET', '/sim/api/accounts')).body.accounts[0]).toMatchObject({
    phase: 'disconnected',
    fault: 'disconnected',
    faultEndMs: startMs + 60_000,
  })
  expect((await request('DELETE', '/sim/api/faults/waha-1/a')).status).toBe(204)
  expect((await request('GET', '/sim/api/accounts')).body.accounts[0]).toMatchObject({
    phase: 'connected',
    fault: null,
  })
  expect((await request('GET', '/sim/api/faults')).body.faults).toMatchObject([{ endMs: startMs }])
})

test('injects a fault into a gateway and heals it', async () => {
  const { request, inject } = await steered()
  await inject({ gateway: 'linda', fault: 'server_error' })
  expect((await request('GET', '/linda/accounts')).status).toBe(500)
  expect((await request('GET', '/waha-1/ping')).status).toBe(200)
  await request('DELETE', '/sim/api/faults/linda')
  expect((await request('GET', '/linda/accounts')).status).toBe(401)
})

test('heals an account whose id holds a slash', async () => {
  const { request, inject } = await steered()
  expect((await inject({ gateway: 'linda', account: 'with/slash', fault: 'qr' })).status).toBe(201)
  expect((await request('DELETE', '/sim/api/faults/linda/with%2Fslash')).status).toBe(204)
})

test.each([
  ['an unknown account', { account: 'nope', fault: 'qr' }, 404, 'account "nope" is not in the simulated fleet'],
  ['an id behind two gateways', { account: 'both', fault: 'qr' }, 404, 'is behind 2 gateways; write gateway/account'],
  ['an unknown gateway', { gateway: 'nope', fault: 'hang' }, 404, 'there are waha-1, linda'],
  ['a fault of the other kind', { gateway: 'linda', fault: 'banned' }, 400, 'is a fault of accounts'],
  ['an unknown fault', { account: 'a', fault: 'fire' }, 400, 'fault: '],
  ['an unknown field', { account: 'a', fault: 'qr', colour: 'red' }, 400, 'colour'],
  ['a time that is no time', { account: 'a', fault: 'qr', forSeconds: -1 }, 400, 'forSeconds: '],
  ['no target', { fault: 'qr' }, 400, 'names neither'],
  ['a body that is no JSON', '{', 400, 'the body is not JSON'],
])('refuses %s with a problem document', async (_name, order, status, detail) => {
  const { inject } = await steered()
  const reply = await inject(order)
  expect(reply).toMatchObject({ status, body: { type: 'about:blank', status } })
  expect(reply.body.detail).toContain(detail)
  expect(reply.headers.get('content-type')).toBe('application/problem+json')
})

test('refuses a body that a foreign page could send', async () => {
  const { inject } = await steered()
  expect((await inject({ account: 'a', fault: 'qr' }, { 'content-type': 'text/plain' })).status).toBe(415)
})

test('refuses a body of more than a megabyte', async () => {
  const { inject } = await steered()
  expect((await inject(`"${'x'.repeat(1_100_000)}"`)).status).toBe(413)
})

test.each([
  ['DELETE', '/sim/api/faults/nope', 404],
  ['DELETE', '/sim/api/faults/linda/nope', 404],
  ['DELETE', '/sim/api/faults/linda/%zz', 400],
  ['GET', '/sim/api/faults/linda', 405],
  ['GET', '/sim/api/nothing', 404],
  ['GET', '/nothing', 404],
])('%s %s is %i', async (method, path, status) => {
  const { request } = await steered()
  expect(await request(method, path)).toMatchObject({ status, body: { status } })
})

test('counts requests per gateway and endpoint, and forgets them on demand', async () => {
  const { request } = await steered()
  const key = { headers: { 'x-api-key': 'demo-key' } }
  await request('GET', '/waha-1/api/sessions?all=true', key)
  await request('GET', '/waha-1/api/sessions/a', key)
  await request('GET', '/waha-1/api/sessions/both', key)
  await request('POST', '/waha-1/api/sessions/a/restart', key)
  expect((await request('GET', '/sim/api/requests?gateway=waha-1')).body.requests).toEqual([
    { gateway: 'waha-1', endpoint: 'GET /api/sessions', count: 1 },
    { gateway: 'waha-1', endpoint: 'GET /api/sessions/{session}', count: 2 },
    { gateway: 'waha-1', endpoint: 'POST /api/sessions/{session}/restart', count: 1 },
  ])
  expect((await request('GET', '/sim/api/requests?gateway=linda')).body.requests).toEqual([])
  expect((await request('DELETE', '/sim/api/requests')).status).toBe(204)
  expect((await request('GET', '/sim/api/requests')).body.requests).toEqual([])
})

test('shows a page that loads nothing from elsewhere, and sends the front door there', async () => {
  const { request } = await steered()
  const page = await request('GET', '/sim')
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(page.body).toContain('<title>Simulated fleet</title>')
  expect(page.body).not.toMatch(/https?:\/\//)
  expect((await request('GET', '/')).headers.get('location')).toBe('/sim')
})
