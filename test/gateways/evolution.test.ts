import { afterEach, describe, expect, test } from 'vitest'
import type { RestartReceipt } from '../../src/gateways/gateway.ts'
import { type FakeAnswer, type SeenRequest, startFakeServer } from './fake-server.ts'
import { accountOf, openForTest } from './gateway-contract.ts'

const KEY = 'canary-key'
const never = new AbortController().signal
const endings: (() => Promise<void>)[] = []
let nowMs = 0

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

interface Row {
  connectionStatus?: string
  ownerJid?: string | null
  disconnectionReasonCode?: number | null
  integration?: string
  _count?: { Message: number }
}

/** An Evolution server with one instance whose live state and row the test turns. */
async function evolution(start: { live?: string | null; row?: Row; version?: 1 | 2; loaded?: boolean } = {}) {
  nowMs = 1_000_000
  const server = {
    live: start.live ?? 'open',
    loaded: start.loaded ?? true,
    row: { connectionStatus: 'open', ownerJid: '5511999990000@s.whatsapp.net', ...start.row } as Row,
    fails: false,
    listFails: false,
    restart: { instance: { instanceName: 'bot-01', state: 'open' } } as unknown,
    connect: { count: 0 } as unknown,
  }
  const version = start.version ?? 2
  const answer = ({ method, url, headers }: SeenRequest): FakeAnswer => {
    const path = url.split('?')[0]
    if (headers['apikey'] !== KEY) return { status: 401, json: { status: 401, error: 'Unauthorized' } }
    if (server.fails) return { status: 500, json: { status: 500 } }
    if (path === '/instance/fetchInstances') {
      if (server.listFails) return { status: 500, json: { status: 500 } }
      const v1 = { instanceName: 'bot-01', status: server.live, owner: server.row.ownerJid, apikey: 'canary-instance' }
      return { json: [version === 2 ? { name: 'bot-01', token: 'canary-instance', ...server.row } : { instance: v1 }] }
    }
    if (path === '/instance/connectionState/bot-01') {
      return { json: { instance: { instanceName: 'bot-01', ...(server.loaded ? { state: server.live } : {}) } } }
    }
    if (path === '/instance/restart/bot-01' && method === (version === 2 ? 'POST' : 'PUT')) {
      return { json: server.restart }
    }
    if (path === '/instance/connect/bot-01' && method === 'GET') return { json: server.connect }
    return {
      status: 404,
      json: { status: 404, error: 'Not Found', response: { message: [`Cannot ${method} ${path}`] } },
    }
  }
  const fake = await startFakeServer(answer)
  const gateway = openForTest({ driver: 'evolution', url: fake.url, auth: { apiKey: KEY } }, { now: () => nowMs })
  endings.push(fake.close, gateway.close)
  const calls = () => fake.requests.map(({ method, url }) => `${method} ${url}`)
  const check = async () => (await gateway.check(accountOf('bot-01'), never)).reading
  const restart = async (): Promise<RestartReceipt> => {
    if (gateway.restart === undefined) throw new Error('evolution has lost its restart')
    return gateway.restart(accountOf('bot-01'), never)
  }
  const list = async () => gateway.listAccounts?.(never)
  return { server, gateway, calls, check, restart, list }
}

describe('evolution: checking', () => {
  test('an open instance takes one request', async () => {
    const { check, calls } = await evolution()
    expect(await check()).toMatchObject({ state: 'connected', native: 'open' })
    expect(calls()).toEqual(['GET /instance/connectionState/bot-01'])
  })

  test('has no checkAll, because the list is not live', async () => {
    const { gateway } = await evolution()
    expect(gateway.checkAll).toBeUndefined()
  })

  test('a close asks the list once a minute for its cause', async () => {
    const { check, calls, server } = await evolution({ live: 'close' })
    const lists = () => calls().filter((call) => call.includes('fetchInstances')).length
    expect(await check()).toMatchObject({ state: 'disconnected' })
    nowMs += 15_000
    await check()
    expect(lists()).toBe(1)
    server.row = { ...server.row, connectionStatus: 'close', disconnectionReasonCode: 401 }
    nowMs += 45_000
    expect(await check()).toMatchObject({ state: 'awaiting_auth', reason: 'logged_out' })
    expect(lists()).toBe(2)
    nowMs += 60_000
    expect(await check()).toMatchObject({ state: 'awaiting_auth', reason: 'logged_out' })
    expect(lists()).toBe(2)
    expect(calls()).toContain('GET /instance/fetchInstances?instanceName=bot-01')
  })

  test('a close that the discovery has just explained asks nothing', async () => {
    const { check, calls, list } = await evolution({
      live: 'close',
      row: { connectionStatus: 'close', disconnectionReasonCode: 403 },
    })
    await list()
    expect(await check()).toMatchObject({ state: 'blocked', reason: 'banned' })
    expect(calls()).toEqual(['GET /instance/fetchInstances', 'GET /instance/connectionState/bot-01'])
  })

  test('a list that fails does not spoil the live state', async () => {
    const { check, server } = await evolution({ live: 'close' })
    server.listFails = true
    expect(await check()).toMatchObject({ state: 'disconnected', native: 'close' })
  })

  test('a failing fleet asks for four causes at once and no more', async () => {
    let lists = 0
    const waiting = Promise.withResolvers<void>()
    const fake = await startFakeServer(({ url }) => {
      if (!url.includes('fetchInstances')) return { json: { instance: { state: 'close' } } }
      lists += 1
      return (response) => void waiting.promise.then(() => response.end('[]'))
    })
    const gateway = openForTest({ driver: 'evolution', url: fake.url, auth: { apiKey: KEY } })
    endings.push(fake.close, gateway.close)
    let settled = 0
    const checks = Array.from({ length: 20 }, async (_, index) => {
      await gateway.check(accountOf(`bot-${index}`), never)
      settled += 1
      if (settled === 16) waiting.resolve()
    })
    await Promise.all(checks)
    expect(lists).toBe(4)
  })

  test('an instance that is not in memory is unknown, not a crash', async () => {
    const { check } = await evolution({ loaded: false })
    expect(await check()).toMatchObject({ state: 'unknown', native: 'not loaded' })
  })

  test('messages that come between two lists are activity', async () => {
    const { check, list, server } = await evolution({ row: { _count: { Message: 10 } } })
    await list()
    expect((await check()).evidence).not.toHaveProperty('lastActivityAtMs')
    nowMs += 60_000
    server.row = { ...server.row, _count: { Message: 11 } }
    await list()
    const seenMs = nowMs
    nowMs += 60_000
    await list()
    expect((await check()).evidence).toMatchObject({ lastActivityAtMs: seenMs, phone: '5511999990000' })
  })

  test('an open that the database contradicts for long is stale', async () => {
    const { check, list } = await evolution({ row: { connectionStatus: 'close', disconnectionReasonCode: 401 } })
    await list()
    expect(await check()).toMatchObject({ state: 'connected' })
    nowMs += 60_000
    await list()
    expect(await check()).toMatchObject({ state: 'degraded', reason: 'stale', native: 'open (list: close)' })
  })

  test('an open after an outage is not contradicted by a list that was read in between', async () => {
    const { server, check, list } = await evolution()
    expect(await check()).toMatchObject({ state: 'connected' })
    server.fails = true
    nowMs += 60_000
    await expect(check()).rejects.toMatchObject({ code: 'server_error' })
    server.fails = false
    server.row = { ...server.row, connectionStatus: 'close', disconnectionReasonCode: 401 }
    await list()
    nowMs += 6_000
    server.row = { ...server.row, connectionStatus: 'open' }
    expect(await check()).toMatchObject({ state: 'connected', native: 'open' })
  })

  test('an unknown word is counted', async () => {
    const { check, gateway } = await evolution({ live: 'pairing' })
    expect(await check()).toMatchObject({ state: 'unknown', unmapped: true })
    expect(gateway.unknownWords).toEqual(['state pairing'])
  })
})

describe('evolution: listing', () => {
  test.each([1, 2] as const)('v%i gives name and phone, and no token', async (version) => {
    const { list } = await evolution({ version })
    const accounts = await list()
    expect(accounts).toEqual([{ account: 'bot-01', nativeId: 'bot-01', phone: '5511999990000', name: null }])
    expect(JSON.stringify(accounts)).not.toContain('canary')
  })

  test('a broken entry is left out and counted', async () => {
    const fake = await startFakeServer(() => ({ json: [{ name: 'bot-01' }, { token: 'canary' }, null] }))
    const gateway = openForTest({ driver: 'evolution', url: fake.url, auth: { apiKey: KEY } })
    endings.push(fake.close, gateway.close)
    expect(await gateway.listAccounts?.(never)).toHaveLength(1)
    expect(gateway.unknownWords).toHaveLength(2)
    expect(gateway.unknownWords.join()).not.toContain('canary')
  })
})

describe('evolution: restarting', () => {
  const changing = (calls: string[]) => calls.filter((call) => /restart|connect\//.test(call))

  test.each<[string, Parameters<typeof evolution>[0], string[], Partial<RestartReceipt>]>([
    ['open is restarted', {}, ['POST /instance/restart/bot-01'], { accepted: true }],
    ['connecting is restarted', { live: 'connecting' }, ['POST /instance/restart/bot-01'], { accepted: true }],
    [
      'close is connected, because restart does nothing there',
      { live: 'close' },
      ['GET /instance/connect/bot-01'],
      { accepted: true },
    ],
    [
      'logged out is left alone',
      { live: 'close', row: { connectionStatus: 'close', disconnectionReasonCode: 401 } },
      [],
      { accepted: false, needsHuman: true },
    ],
    [
      'temporarily banned is left alone',
      { live: 'close', row: { connectionStatus: 'close', disconnectionReasonCode: 402 } },
      [],
      { accepted: false, needsHuman: true },
    ],
    [
      'banned (403) is left alone',
      { live: 'close', row: { connectionStatus: 'close', disconnectionReasonCode: 403 } },
      [],
      { accepted: false, needsHuman: true },
    ],
    [
      'banned (406) is left alone',
      { live: 'close', row: { connectionStatus: 'close', disconnectionReasonCode: 406 } },
      [],
      { accepted: false, needsHuman: true },
    ],
    [
      'a conflict is left alone',
      { live: 'close', row: { connectionStatus: 'close', disconnectionReasonCode: 440 } },
      [],
      { accepted: false, needsHuman: true },
    ],
    [
      'a QR code on show is left alone',
      { live: 'close', row: { connectionStatus: 'connecting' } },
      [],
      { accepted: false, needsHuman: true },
    ],
    ['an instance that is not in memory is left alone', { loaded: false }, [], { accepted: false, needsHuman: true }],
    [
      'v1 is restarted with PUT after POST is unknown there',
      { version: 1 },
      ['POST /instance/restart/bot-01', 'PUT /instance/restart/bot-01'],
      { accepted: true },
    ],
  ])('%s', async (_name, start, wanted, receipt) => {
    const { restart, calls } = await evolution(start)
    expect(await restart()).toMatchObject(receipt)
    expect(changing(calls())).toEqual(wanted)
  })

  test('v1 is known from its list, and then asked with PUT at once', async () => {
    const { restart, list, calls } = await evolution({ version: 1 })
    await list()
    expect(await restart()).toMatchObject({ accepted: true })
    expect(changing(calls())).toEqual(['PUT /instance/restart/bot-01'])
  })

  test('200 with error: true is not an accepted restart', async () => {
    const { restart, server } = await evolution()
    server.restart = { error: true, message: '[object Object]' }
    expect(await restart()).toEqual({
      accepted: false,
      detail: 'restart answered error: [object Object]',
      needsHuman: false,
    })
  })

  test.each([
    ['a picture', { base64: 'data:image/png;base64,xx', count: 1 }],
    ['a code', { code: '2@abc', count: 1 }],
    ['a pairing code', { pairingCode: 'ABCDEFGH', count: 1 }],
    ['a nested code', { instance: {}, qrcode: { base64: 'data:' } }],
  ])('a connect that answers with %s needs a person', async (_name, reply) => {
    const { restart, server } = await evolution({ live: 'close' })
    server.connect = reply
    expect(await restart()).toMatchObject({ accepted: false, needsHuman: true })
  })

  test('a Cloud API instance has no socket to restart', async () => {
    const { restart, list, calls } = await evolution({ row: { integration: 'WHATSAPP-BUSINESS' } })
    await list()
    expect(await restart()).toMatchObject({ accepted: false, needsHuman: true })
    expect(changing(calls())).toEqual([])
  })

  test('a close whose cause cannot be read is not touched', async () => {
    const { restart, server, calls } = await evolution({ live: 'close' })
    server.listFails = true
    await expect(restart()).rejects.toMatchObject({ code: 'server_error' })
    expect(changing(calls())).toEqual([])
  })

  test('an unknown instance is not_found, not "try the other verb"', async () => {
    const fake = await startFakeServer(({ method, url }) =>
      url.includes('connectionState')
        ? { json: { instance: { state: 'open' } } }
        : { status: 404, json: { response: { message: [`The "bot-01" instance does not exist (${method})`] } } },
    )
    const gateway = openForTest({ driver: 'evolution', url: fake.url, auth: { apiKey: KEY } })
    endings.push(fake.close, gateway.close)
    await expect(gateway.restart?.(accountOf('bot-01'), never)).rejects.toMatchObject({ code: 'not_found' })
    expect(fake.requests).toHaveLength(2)
  })
})
