import { afterEach, describe, expect, test } from 'vitest'
import type { RestartReceipt } from '../../src/gateways/gateway.ts'
import { GatewayError } from '../../src/gateways/gateway-error.ts'
import { type FakeAnswer, type SeenRequest, startFakeServer } from './fake-server.ts'
import { accountOf, openForTest } from './gateway-contract.ts'

const SECRET = 'THIS/IS+MY canary'
const never = new AbortController().signal
const endings: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const DEVICE = {
  status: 'success',
  response: { wid: { server: 'c.us', user: '971505760056' }, pushname: 'Sales', phoneNumber: '971505760056' },
}
const INACTIVE: FakeAnswer = {
  status: 404,
  json: { response: null, status: 'Disconnected', message: 'não está ativa' },
}

/** A WPPConnect server with the session s1; each action's answer can be changed. */
async function wppconnect(actions: Record<string, FakeAnswer> = {}, secretKey = SECRET) {
  const server = {
    token: 'canary-token-1',
    actions: {
      'status-session': { json: { status: 'CONNECTED', qrcode: null } },
      'host-device': { json: DEVICE },
      'check-connection-session': { json: { status: true, message: 'Connected' } },
      'close-session': { json: { status: true, message: 'Session successfully closed' } },
      'start-session': { json: { status: 'CLOSED', qrcode: null } },
      ...actions,
    } as Record<string, FakeAnswer>,
    sessions: { response: ['s1', 's2'] } as unknown,
  }
  const answer = ({ method, url, headers }: SeenRequest): FakeAnswer => {
    const [, , first = '', second = '', third = ''] = url.split('/').map(decodeURIComponent)
    if (method === 'POST' && third === 'generate-token') {
      if (second !== SECRET) return { status: 400, json: { response: false, message: 'The SECRET_KEY is incorrect' } }
      return { status: 201, json: { status: 'success', session: first, token: server.token } }
    }
    if (second === 'show-all-sessions') {
      if (first !== SECRET) return { status: 400, json: { response: false, message: 'The token is incorrect' } }
      return { json: server.sessions }
    }
    if (headers.authorization !== `Bearer ${server.token}`) {
      return { status: 401, json: { error: 'Check that the Session and Token are correct' } }
    }
    return server.actions[second] ?? { status: 404, text: `Cannot ${method} ${url}` }
  }
  const fake = await startFakeServer(answer)
  const gateway = openForTest({ driver: 'wppconnect', url: fake.url, auth: { secretKey } })
  endings.push(fake.close, gateway.close)
  const calls = () => fake.requests.map(({ method, url }) => `${method} ${url.split('/').slice(2).join('/')}`)
  const check = async (session = 's1') => (await gateway.check(accountOf(session), never)).reading
  const restart = async (): Promise<RestartReceipt> => {
    if (gateway.restart === undefined) throw new Error('wppconnect has lost its restart')
    return gateway.restart(accountOf('s1'), never)
  }
  return { server, fake, gateway, calls, check, restart }
}

const status = (word: string | null): Record<string, FakeAnswer> => ({ 'status-session': { json: { status: word } } })

describe('wppconnect: states', () => {
  test.each<[string, Record<string, FakeAnswer>, string, string | null]>([
    ['CONNECTED with a live page is connected', {}, 'connected', null],
    ['CONNECTED without a page is disconnected', { 'host-device': INACTIVE }, 'disconnected', 'network'],
    [
      'CONNECTED where host-device is broken and the probe is true is connected',
      { 'host-device': { status: 500, json: { status: 'error' } } },
      'connected',
      null,
    ],
    [
      'CONNECTED where host-device is broken and the probe is false is disconnected',
      {
        'host-device': { status: 500, json: { status: 'error' } },
        'check-connection-session': { json: { status: false, message: 'Disconnected' } },
      },
      'disconnected',
      'network',
    ],
    [
      'CONNECTED where host-device does not exist is left to the probe',
      { 'host-device': { status: 404, text: 'Cannot GET /api/s1/host-device' } },
      'connected',
      null,
    ],
    ['INITIALIZING is connecting', status('INITIALIZING'), 'connecting', null],
    ['QRCODE waits for a person', status('QRCODE'), 'awaiting_auth', null],
    ['PHONECODE waits for a person', status('PHONECODE'), 'awaiting_auth', null],
    ['CLOSED is stopped', status('CLOSED'), 'stopped', null],
    ['no status is stopped', status(null), 'stopped', null],
  ])('%s', async (_name, actions, state, reason) => {
    const { check } = await wppconnect(actions)
    expect(await check()).toMatchObject({ state, reason })
  })

  test('an unknown word is unknown and counted', async () => {
    const { check, gateway } = await wppconnect(status('TELEPORTING'))
    expect(await check()).toMatchObject({ state: 'unknown', unmapped: true, native: 'TELEPORTING' })
    expect(gateway.unknownWords).toEqual(['status TELEPORTING'])
  })

  test.each([
    ['of now', DEVICE],
    ['with a serialized id', { response: { id: '971505760056@c.us', pushname: 'Sales' } }],
  ])('phone and name come with a device %s', async (_name, json) => {
    const { check } = await wppconnect({ 'host-device': { json } })
    expect((await check()).evidence).toEqual({ phone: '971505760056', name: 'Sales' })
  })

  test('a device of another shape is still a proof', async () => {
    const { check } = await wppconnect({ 'host-device': { json: { response: 'iPhone' } } })
    expect(await check()).toMatchObject({ state: 'connected', evidence: {} })
  })

  test('only a claimed CONNECTED is probed', async () => {
    const { check, calls } = await wppconnect(status('CLOSED'))
    await check()
    expect(calls().slice(1)).toEqual(['GET s1/status-session'])
  })
})

describe('wppconnect: tokens', () => {
  test('one is made per session and kept', async () => {
    const { check, calls } = await wppconnect()
    await check()
    await check()
    await check('s2')
    expect(calls().filter((call) => call.endsWith('generate-token'))).toHaveLength(2)
  })

  test('one that is refused is made anew once, and the check succeeds', async () => {
    const { check, server, calls } = await wppconnect()
    await check()
    server.token = 'canary-token-2'
    expect(await check()).toMatchObject({ state: 'connected' })
    expect(calls().filter((call) => call.endsWith('generate-token'))).toHaveLength(2)
  })

  test('a server that refuses its own tokens is unauthorized, after two tries', async () => {
    const refusal: FakeAnswer = { status: 401, json: { error: 'Check that the Session and Token are correct' } }
    const { check, calls, server } = await wppconnect()
    await check()
    server.actions['status-session'] = refusal
    const before = calls().length
    await expect(check()).rejects.toMatchObject({ code: 'unauthorized' })
    expect(
      calls()
        .slice(before)
        .map((call) => call.replace(/%.*%20canary/, 'KEY')),
    ).toEqual(['GET s1/status-session', 'POST s1/THISKEY/generate-token', 'GET s1/status-session'])
  })

  test.each(['check', 'listAccounts'] as const)(
    'a wrong secret key is unauthorized, and not shown: %s',
    async (method) => {
      const { gateway } = await wppconnect({}, 'wrong-canary/key')
      const read = method === 'check' ? gateway.check(accountOf('s1'), never) : gateway.listAccounts?.(never)
      const error = await Promise.resolve(read).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(GatewayError)
      expect(error).toMatchObject({ code: 'unauthorized' })
      expect(String(error)).toContain('refused the secret key (400). Set gateways[].auth.secretKey.')
      expect(String(error)).not.toContain('canary')
    },
  )

  test('no reply to generate-token brings a token into a message', async () => {
    for (const json of [{ full: 7, token: 9 }, { status: 'canary' }, { token: '' }]) {
      const fake = await startFakeServer(() => ({ json }))
      const gateway = openForTest({ driver: 'wppconnect', url: fake.url, auth: { secretKey: SECRET } })
      endings.push(fake.close, gateway.close)
      await expect(gateway.check(accountOf('s1'), never)).rejects.toMatchObject({ code: 'bad_reply' })
    }
  })

  test('an old server that sends only the full token is understood', async () => {
    const fake = await startFakeServer(({ url, headers }) => {
      if (url.endsWith('generate-token')) return { json: { full: 's1:$2b$10$abc' } }
      return headers.authorization === 'Bearer $2b$10$abc' ? { json: { status: 'QRCODE' } } : { status: 401 }
    })
    const gateway = openForTest({ driver: 'wppconnect', url: fake.url, auth: { secretKey: SECRET } })
    endings.push(fake.close, gateway.close)
    expect((await gateway.check(accountOf('s1'), never)).reading.state).toBe('awaiting_auth')
  })
})

describe('wppconnect: listing', () => {
  test.each<[string, unknown]>([
    ['of now', { response: ['s1', 's2'] }],
    ['of objects', { response: [{ session: 's1' }, { session: 's2' }] }],
    ['of old servers, a bare array', ['s1', 's2']],
  ])('names come from a list %s', async (_name, sessions) => {
    const { gateway, server } = await wppconnect()
    server.sessions = sessions
    expect(await gateway.listAccounts?.(never)).toEqual([
      { account: 's1', nativeId: 's1', phone: null, name: null },
      { account: 's2', nativeId: 's2', phone: null, name: null },
    ])
  })

  test('a broken name is left out and counted', async () => {
    const { gateway, server } = await wppconnect()
    server.sessions = { response: ['s1', '', 7, null] }
    expect(await gateway.listAccounts?.(never)).toHaveLength(1)
    expect(gateway.unknownWords).toHaveLength(3)
  })

  test('names alone carry no state, so there is no checkAll', async () => {
    expect((await wppconnect()).gateway.checkAll).toBeUndefined()
  })
})

describe('wppconnect: restarting', () => {
  const changing = (calls: string[]) => calls.filter((call) => /close-session|start-session/.test(call))
  const BOTH = ['POST s1/close-session', 'POST s1/start-session']

  test.each<[string, Record<string, FakeAnswer>, string[], Partial<RestartReceipt>]>([
    ['CONNECTED is closed and started', {}, BOTH, { accepted: true }],
    ['INITIALIZING is closed and started', status('INITIALIZING'), BOTH, { accepted: true }],
    ['CLOSED is only started', status('CLOSED'), ['POST s1/start-session'], { accepted: true }],
    ['QRCODE is left alone', status('QRCODE'), [], { accepted: false, needsHuman: true }],
    ['PHONECODE is left alone', status('PHONECODE'), [], { accepted: false, needsHuman: true }],
    [
      'a close that fails on a dead browser does not stop the start',
      { 'close-session': { status: 500, json: { status: false, message: 'Error closing session' } } },
      BOTH,
      { accepted: true },
    ],
    [
      'a start that fails is not accepted',
      { 'start-session': { status: 500, json: { status: 'error' } } },
      BOTH,
      { accepted: false, needsHuman: false },
    ],
    [
      'a start that shows a QR code needs a person',
      { 'start-session': { json: { status: 'QRCODE', qrcode: 'iVBOR' } } },
      BOTH,
      { accepted: false, needsHuman: true },
    ],
  ])('%s', async (_name, actions, wanted, receipt) => {
    const { restart, calls } = await wppconnect(actions)
    expect(await restart()).toMatchObject(receipt)
    expect(changing(calls())).toEqual(wanted)
  })

  test('the start has an empty body, because any field would replace the stored webhook', async () => {
    const { restart, fake } = await wppconnect()
    await restart()
    expect(fake.requests.find(({ url }) => url.endsWith('start-session'))?.body).toBe('{}')
  })

  test('/unhealthy, which kills the server, is never called', async () => {
    const { restart, check, gateway, calls } = await wppconnect({ 'host-device': INACTIVE })
    await Promise.all([check(), restart(), gateway.listAccounts?.(never)])
    expect(calls().join()).not.toContain('unhealthy')
  })
})
