import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { type GatewayExchange, reportingClient } from '../../src/gateways/exchange-report.ts'
import { httpClient } from '../../src/gateways/http-client.ts'
import { Secret } from '../../src/option-types.ts'
import { type FakeServer, startFakeServer } from './fake-server.ts'

const secrets = [new Secret('canary')]
let server: FakeServer
beforeAll(async () => {
  server = await startFakeServer(({ url }) => {
    if (url.endsWith('/fine')) return { json: { ok: true } }
    if (url.endsWith('/refused')) return { status: 401, json: {} }
    return (_response, socket) => socket.destroy()
  })
})
afterAll(() => server.close())

async function exchangesOf(path: string, more: { method?: 'POST'; query?: Record<string, string> } = {}) {
  const told: GatewayExchange[] = []
  const about = { gateway: 'waha-1', baseUrl: `${server.url}/base/`, secrets }
  const client = reportingClient(
    httpClient({ ...about, connections: 1, timeoutMs: 2_000 }),
    about,
    (exchange) => void told.push(exchange),
  )
  const { signal } = new AbortController()
  await client.send({ path, schema: z.object({}), ...more }, signal).catch(() => {})
  await client.close()
  return told
}

test.each([
  ['a reply', '/fine', {}, { method: 'GET', status: 200, code: null }],
  ['a refusal', '/refused', { method: 'POST' }, { method: 'POST', status: 401, code: 'unauthorized' }],
  ['no reply', '/gone', {}, { method: 'GET', status: null, code: 'unreachable' }],
] as const)('%s is told once, with its whole address', async (_name, path, more, expected) => {
  expect(await exchangesOf(path, more)).toEqual([
    { gateway: 'waha-1', url: `${server.url}/base${path}`, durationMs: expect.any(Number), ...expected },
  ])
})

test('no secret is told, neither of the path nor of the query', async () => {
  const [told] = await exchangesOf('/api/canary/fine', { query: { token: 'another-one', page: '2' } })
  expect(told?.url).toBe(`${server.url}/base/api/<secret>/fine?token=<secret>&page=2`)
})
