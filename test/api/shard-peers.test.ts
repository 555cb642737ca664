import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { problemOf, replyOf } from '../../src/api/shards/answers.ts'
import { mergeGateways } from '../../src/api/shards/merge-gateways.ts'
import { createPeers, type PeerRequest, SHARD_HEADER, SHARD_ONLY_HEADER } from '../../src/api/shards/peers.ts'

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

/** An exporter that is asked, and the peers that ask it as shard 1 of 3; shard 2 is nowhere. */
async function asked(answer: (response: ServerResponse) => void) {
  const seen: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    seen.push(request.headers)
    answer(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A TCP server's address is an object.
  const { port } = server.address() as AddressInfo
  const ending = new AbortController()
  onTestFinished(() => {
    ending.abort()
    server.closeAllConnections()
    server.close()
  })
  const clock = { nowMs: 0 }
  const peers = createPeers({
    total: 3,
    urlOf: (ordinal) => `http://127.0.0.1:${ordinal === 1 ? port : 1}`,
    monotonicMs: () => clock.nowMs,
    tracing: { headers: () => ({ traceparent: TRACEPARENT }) },
    signal: ending.signal,
  })
  return { peers, seen, clock }
}

const question = (over: Partial<PeerRequest> = {}): PeerRequest => ({
  method: 'GET',
  path: '/api/gateways',
  headers: { authorization: 'Bearer of-the-caller' },
  limitMs: 5_000,
  signal: new AbortController().signal,
  ...over,
})

test('a question carries who asks, its trace, and that it goes no further', async () => {
  const { peers, seen } = await asked((response) => response.setHeader(SHARD_HEADER, '1/3').end('{}'))
  expect(await peers.ask(1, question())).toMatchObject({ status: 200, body: Buffer.from('{}') })
  expect(seen[0]).toMatchObject({
    authorization: 'Bearer of-the-caller',
    [SHARD_ONLY_HEADER]: '1',
    traceparent: TRACEPARENT,
  })
})

test.each([
  ['another part of the fleet', '2/3', 'answers as shard 2/3, not as 1/3: compare sharding on both'],
  ['a fleet with another number of parts', '1/4', 'answers as shard 1/4, not as 1/3: compare sharding on both'],
])('an answer of %s counts as silence', async (_what, place, why) => {
  const { peers } = await asked((response) => response.setHeader(SHARD_HEADER, place).end('{}'))
  expect(await peers.ask(1, question())).toEqual({ silent: why })
})

test('a standby, and whatever else says not which part it is of, counts as silence', async () => {
  const { peers } = await asked((response) => response.writeHead(503).end())
  expect(await peers.ask(1, question())).toEqual({
    silent: 'is not watching: what answers at its address (HTTP 503) starts, stands by, or is none',
  })
})

test('a redirection is not followed: the authorization goes to configured addresses only', async () => {
  const { peers, seen } = await asked((response) => response.writeHead(302, { location: '/elsewhere' }).end())
  expect(await peers.ask(1, question())).toMatchObject({ silent: expect.stringContaining('cannot be reached') })
  expect(seen).toHaveLength(1)
})

test('one that cannot be reached is left alone for 5 seconds, then asked again', async () => {
  let isStrange = true
  const { peers, seen, clock } = await asked((response) =>
    response.setHeader(SHARD_HEADER, isStrange ? '0/3' : '1/3').end('{}'),
  )
  await peers.ask(1, question())
  isStrange = false
  clock.nowMs = 4_999
  expect(await peers.ask(1, question())).toHaveProperty('silent')
  expect(seen).toHaveLength(1)
  clock.nowMs = 5_000
  expect(await peers.ask(1, question())).toHaveProperty('status', 200)
  expect(await peers.ask(2, question())).toEqual({ silent: expect.stringContaining('cannot be reached') })
})

test('one that is slow is silent for this question only', async () => {
  const waiting: ServerResponse[] = []
  const { peers, seen } = await asked((response) => void waiting.push(response))
  expect(await peers.ask(1, question({ limitMs: 50 }))).toEqual({ silent: 'did not answer within 0.05 s' })
  expect(await peers.ask(1, question({ limitMs: 50 }))).toHaveProperty('silent')
  expect(seen).toHaveLength(2)
})

const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
  status,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  header: (name: string) => headers[name],
})

test('a problem of another shard comes through with its members', () => {
  const type = 'urn:whatsapp-exporter:problem:refused'
  const problem = problemOf(
    answer(
      409,
      { type, title: '…', status: 409, detail: 'a/b is not restarted.', refusal: 'backoff' },
      { 'retry-after': '7' },
    ),
    1,
  )
  expect(problem).toMatchObject({
    code: 'refused',
    message: 'a/b is not restarted.',
    details: { members: { refusal: 'backoff' }, headers: { 'retry-after': '7' } },
  })
})

test.each([
  ['a page of a proxy', answer(502, '<html>')],
  ['a fault of its own', answer(500, { type: 'urn:whatsapp-exporter:problem:internal', detail: 'secret of its log' })],
])('%s comes through as unavailable, without its words', (_what, one) => {
  expect(() => replyOf(one, 2)).toThrow(`Shard 2 failed (HTTP ${one.status}); its log says why.`)
})

const gateway = {
  name: 'one',
  driver: 'http',
  url: 'http://h',
  labels: {},
  up: null,
  upSince: null,
  lastAnswerAt: null,
  lastError: null,
  accounts: 2,
  breakerOpen: false,
  canList: true,
  canRestart: true,
}

test('a gateway that one shard sees answering is up, with what is newest and all its accounts', () => {
  const down = {
    ...gateway,
    up: false,
    upSince: '2026-03-01T03:00:00.000Z',
    lastError: { code: 'timeout' as const, message: 'late', at: '2026-03-01T03:00:00.000Z' },
  }
  const up = {
    ...gateway,
    up: true,
    upSince: '2026-03-01T01:00:00.000Z',
    lastAnswerAt: '2026-03-01T03:01:00.000Z',
    breakerOpen: true,
  }
  expect(mergeGateways([[gateway], [down], [up]])).toEqual([{ ...up, accounts: 6, lastError: down.lastError }])
  expect(mergeGateways([[gateway], [down]])).toMatchObject([{ up: false, accounts: 4 }])
})
