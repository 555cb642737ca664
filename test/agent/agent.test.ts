import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import express from 'express'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type AgentOptions,
  fromWhatsappWebJs,
  RestartRefused,
  type WatchedAccount,
  whatsappAgent,
} from '../../src/agent/agent.ts'
import { FakeClient, word } from './fake-whatsapp-web-js.ts'

const TOKEN = 'canary-0123456789'
const CONNECTED: WatchedAccount = { read: () => ({ state: 'connected' }) }
const servers: Server[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

/** A bot's Express app that mounts the agent; gives a function that calls it. */
async function bot(options: Partial<AgentOptions>, mount = '/') {
  const app = express()
  app.use(mount, whatsappAgent({ token: TOKEN, accounts: {}, ...options }))
  app.get('/hello', (_request, response) => {
    response.send('hello of the bot')
  })
  return listen(createServer(app))
}

async function listen(server: Server) {
  servers.push(server.listen(0, '127.0.0.1'))
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return async (path: string, init: RequestInit = {}, token: string | null = TOKEN) => {
    const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers, ...init })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json')
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
  }
}

describe('reading', () => {
  test('the list is an array of what the http driver reads, without absent facts', async () => {
    const call = await bot({
      accounts: {
        'sales-01': {
          read: () => ({
            state: 'degraded',
            reason: 'timelock',
            phone: '971505760056',
            name: 'Sales',
            lastActivityAtMs: 1_767_225_600_000,
          }),
        },
        ops: CONNECTED,
      },
    })
    expect(await call('/accounts')).toMatchObject({
      status: 200,
      body: [
        {
          account: 'sales-01',
          state: 'degraded',
          reason: 'timelock',
          phone: '971505760056',
          name: 'Sales',
          lastActivityAt: '2026-01-01T00:00:00.000Z',
        },
        { account: 'ops', state: 'connected' },
      ],
    })
  })

  test.each([
    ['under a mount path', '/whatsapp', '/whatsapp/accounts/ops'],
    ['with a query', '/', '/accounts/ops?verbose=1'],
    ['with a trailing slash', '/', '/accounts/ops/'],
  ])('one account is found %s', async (_name, mount, path) => {
    const call = await bot({ accounts: { ops: CONNECTED } }, mount)
    expect(await call(path)).toMatchObject({ status: 200, body: { account: 'ops', state: 'connected' } })
  })

  test.each(['a/b', '+971 50', 'ümlaut', '%2F', 'restart'])('an account may be called %j', async (name) => {
    const call = await bot({ accounts: { [name]: CONNECTED } })
    expect((await call(`/accounts/${encodeURIComponent(name)}`)).body).toEqual({ account: name, state: 'connected' })
  })

  test.each(['nobody', '__proto__', 'constructor', '%E0%A4%A'])('%j is an unknown account', async (name) => {
    const call = await bot({ accounts: { ops: CONNECTED } })
    const reply = await call(`/accounts/${name}`)
    expect(reply.status).toBe(404)
    expect(reply.headers.get('content-type')).toContain('application/problem+json')
    expect(reply.body.title).toBe('Unknown account')
  })

  test('an account that is added later is seen at once, in a record, a Map or a function', async () => {
    const record: Record<string, WatchedAccount> = {}
    const map = new Map<string, WatchedAccount>()
    for (const accounts of [record, map, async () => record]) {
      const call = await bot({ accounts })
      delete record['late']
      map.delete('late')
      expect((await call('/accounts/late')).status).toBe(404)
      record['late'] = CONNECTED
      map.set('late', CONNECTED)
      expect((await call('/accounts/late')).status).toBe(200)
    }
  })

  test('an account that cannot be read is unknown, the others stay readable, and the bot is told', async () => {
    const told: string[] = []
    const call = await bot({
      accounts: {
        broken: {
          read: () => {
            throw new Error('secret of the bot')
          },
        },
        ops: CONNECTED,
      },
      onError: (account, error) => told.push(`${account}: ${error}`),
    })
    expect((await call('/accounts')).body).toEqual([
      { account: 'broken', state: 'unknown' },
      { account: 'ops', state: 'connected' },
    ])
    expect(told).toEqual(['broken: Error: secret of the bot'])
  })

  test('an account whose read never ends is unknown after two seconds, and the others stay readable', async () => {
    const call = await bot({ accounts: { hanging: { read: () => new Promise(() => {}) }, ops: CONNECTED } })
    expect((await call('/accounts')).body).toEqual([
      { account: 'hanging', state: 'unknown' },
      { account: 'ops', state: 'connected' },
    ])
  })

  test('a broken accounts function is a 500 that says nothing of the bot', async () => {
    const call = await bot({ accounts: () => Promise.reject(new Error('mongodb://user:pw@host')) })
    const reply = await call('/accounts')
    expect(reply.status).toBe(500)
    expect(JSON.stringify(reply.body)).not.toContain('mongodb')
  })

  test('other paths stay with the bot, without a token', async () => {
    const call = await bot({})
    expect((await call('/hello', {}, null)).body).toBe('hello of the bot')
  })

  test('the agent serves alone, without Express', async () => {
    const call = await listen(createServer(whatsappAgent({ token: TOKEN, accounts: { ops: CONNECTED } })))
    expect((await call('/accounts/ops')).status).toBe(200)
    expect((await call('/other')).status).toBe(404)
  })
})

describe('the token', () => {
  test.each([
    ['no header', null],
    ['another token', 'canary-0123456780'],
    ['a longer token', `${TOKEN}x`],
  ])('%s is refused, and nothing is read', async (_name, token) => {
    let reads = 0
    const accounts = { ops: { read: () => ({ state: 'connected' as const, phone: String(reads++) }) } }
    const call = await bot({ accounts })
    for (const [path, method] of [
      ['/accounts', 'GET'],
      ['/accounts/ops', 'GET'],
      ['/accounts/ops/restart', 'POST'],
    ] as const) {
      const reply = await call(path, { method, headers: token === null ? {} : { authorization: `Bearer ${token}` } })
      expect(reply.status).toBe(401)
      expect(reply.headers.get('www-authenticate')).toContain('Bearer')
      expect(JSON.stringify(reply.body)).not.toContain(TOKEN)
    }
    expect(reads).toBe(0)
  })

  test('null on purpose lets everybody in', async () => {
    const call = await bot({ token: null, accounts: { ops: CONNECTED } })
    expect((await call('/accounts/ops', {}, null)).status).toBe(200)
  })

  test.each(['', 'short', 'has a blank in it 123', undefined])('%j is no token', (token) => {
    // @ts-expect-error a JavaScript bot may forget the token: undefined must not open the door
    const build = () => whatsappAgent({ token, accounts: {} })
    expect(build).toThrow('token must have at least 16 characters')
  })
})

describe('a restart', () => {
  const restart = { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` } }

  test.each<[string, WatchedAccount['restart'], number, string]>([
    ['that works is 200', async () => {}, 200, '"restart":"done"'],
    [
      'that would harm is 409',
      () => Promise.reject(new RestartRefused('A QR code is on show.')),
      409,
      'A QR code is on show.',
    ],
    [
      'that fails is 502 with the message',
      () => Promise.reject(new Error('no Chrome here')),
      502,
      'ops did not start again: no Chrome here',
    ],
    [
      'that throws is 502 too',
      () => {
        throw new Error('no Chrome here')
      },
      502,
      'no Chrome here',
    ],
  ])('%s', async (_name, begin, status, text) => {
    const call = await bot({ accounts: { ops: { ...CONNECTED, ...(begin ? { restart: begin } : {}) } } })
    const reply = await call('/accounts/ops/restart', restart)
    expect(reply.status).toBe(status)
    expect(JSON.stringify(reply.body)).toContain(text)
  })

  test('of an account without one is 501, of an unknown one 404, by GET 405', async () => {
    const call = await bot({ accounts: { ops: CONNECTED } })
    expect((await call('/accounts/ops/restart', restart)).status).toBe(501)
    expect((await call('/accounts/nobody/restart', restart)).status).toBe(404)
    const got = await call('/accounts/ops/restart')
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST'])
    expect((await call('/accounts/ops', restart)).headers.get('allow')).toBe('GET, HEAD')
  })

  test('that takes longer than the exporter waits is 202, and its later failure reaches the bot', async () => {
    const told = Promise.withResolvers<string>()
    const work = Promise.withResolvers<void>()
    const call = await bot({
      accounts: { ops: { ...CONNECTED, restart: () => work.promise } },
      restartReplyLimitMs: 5,
      onError: (account, error) => told.resolve(`${account}: ${error}`),
    })
    expect(await call('/accounts/ops/restart', restart)).toMatchObject({
      status: 202,
      body: { account: 'ops', restart: 'started' },
    })
    work.reject(new Error('Chrome died late'))
    expect(await told.promise).toBe('ops: Error: Chrome died late')
  })

  test('of a whatsapp-web.js client brings it back, as the next read shows', async () => {
    const client = new FakeClient()
    const call = await bot({ accounts: { ops: fromWhatsappWebJs(client) } })
    client.becomeReady()
    client.state = async () => word(null)
    expect((await call('/accounts/ops')).body.state).toBe('disconnected')
    client.onInitialize = async () => {
      client.state = async () => word('CONNECTED')
      client.becomeReady()
    }
    expect((await call('/accounts/ops/restart', restart)).status).toBe(200)
    expect((await call('/accounts/ops')).body).toMatchObject({ state: 'connected', phone: '971505760056' })
  })
})
