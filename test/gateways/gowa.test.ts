import { afterEach, describe, expect, test } from 'vitest'
import type { Reading } from '../../src/accounts/observation.ts'
import { type FakeAnswer, type SeenRequest, startFakeServer } from './fake-server.ts'
import { accountOf, openForTest } from './gateway-contract.ts'

const never = new AbortController().signal
const endings: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const DEVICE = {
  id: 'bot-01',
  phone_number: '15550100001',
  display_name: 'Bot',
  state: 'logged_in',
  jid: '15550100001:12@s.whatsapp.net',
  created_at: '2026-01-01T00:00:00Z',
}

const listed = (...results: unknown[]) => ({ json: { status: 200, code: 'SUCCESS', message: 'List devices', results } })

async function open(answer: (request: SeenRequest) => FakeAnswer) {
  const server = await startFakeServer(answer)
  const gateway = openForTest({ driver: 'gowa', url: server.url, auth: { username: 'ops', password: 'pass' } })
  endings.push(
    () => server.close(),
    () => gateway.close(),
  )
  return { server, gateway }
}

describe('a device of GOWA', () => {
  const cases: Record<string, [object, Pick<Reading, 'state' | 'reason'>]> = {
    'that is logged_in is connected': [DEVICE, { state: 'connected', reason: null }],
    'that is connecting is connecting': [
      { ...DEVICE, state: 'connecting' },
      { state: 'connecting', reason: null },
    ],
    'that is connected has a socket and no login, so it awaits a human': [
      { ...DEVICE, state: 'connected' },
      { state: 'awaiting_auth', reason: 'logged_out' },
    ],
    'that is disconnected with a jid is disconnected': [
      { ...DEVICE, state: 'disconnected' },
      { state: 'disconnected', reason: 'network' },
    ],
    'that is disconnected with an empty jid awaits a human': [
      { ...DEVICE, state: 'disconnected', jid: '' },
      { state: 'awaiting_auth', reason: 'logged_out' },
    ],
    'that is disconnected without a jid awaits a human': [
      { id: 'bot-01', state: 'disconnected' },
      { state: 'awaiting_auth', reason: 'logged_out' },
    ],
    'in a state of next year is unknown': [
      { ...DEVICE, state: 'asleep' },
      { state: 'unknown', reason: 'other' },
    ],
  }
  for (const [name, [device, wanted]] of Object.entries(cases)) {
    test(name, async () => {
      const { gateway } = await open(() => listed(device))
      const one = await gateway.check(accountOf('bot-01'), never)
      expect(one.reading).toMatchObject(wanted)
      expect((await gateway.checkAll?.(never))?.readings.get('bot-01')).toEqual(one.reading)
      expect(gateway.unknownWords.length > 0).toBe(wanted.state === 'unknown')
    })
  }

  test('is read with Basic authentication and brings its phone and name', async () => {
    const { gateway, server } = await open(() => listed(DEVICE))
    const { reading } = await gateway.check(accountOf('bot-01'), never)
    expect(reading.evidence).toEqual({ phone: '15550100001', name: 'Bot' })
    expect(server.requests[0]).toMatchObject({ url: '/devices', headers: { authorization: 'Basic b3BzOnBhc3M=' } })
  })

  test('without a phone number of its own has that of its jid', async () => {
    const { gateway } = await open(() => listed({ ...DEVICE, phone_number: '', display_name: '' }))
    expect(await gateway.listAccounts?.(never)).toEqual([
      { account: 'bot-01', nativeId: 'bot-01', phone: '15550100001', name: null },
    ])
  })

  test('that is not in the list is not_found', async () => {
    const { gateway } = await open(() => listed(DEVICE))
    await expect(gateway.check(accountOf('gone'), never)).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('the list of GOWA', () => {
  test('with broken items gives the others and counts the broken ones', async () => {
    const { gateway } = await open(() => listed(null, { state: 'logged_in' }, DEVICE))
    expect([...((await gateway.checkAll?.(never))?.readings.keys() ?? [])]).toEqual(['bot-01'])
    expect(gateway.unknownWords).toHaveLength(2)
  })

  test('without devices may be null, as Go writes an empty list', async () => {
    const { gateway } = await open(() => ({ json: { status: 200, code: 'SUCCESS', results: null } }))
    expect((await gateway.checkAll?.(never))?.readings.size).toBe(0)
  })
})

describe('a restart at GOWA', () => {
  test('reconnects the device, named in the path and in X-Device-Id', async () => {
    const { gateway, server } = await open(() => ({ json: { status: 200, code: 'SUCCESS' } }))
    expect(await gateway.restart?.(accountOf('bot-01'), never)).toEqual({ accepted: true, detail: 'answered 200' })
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      url: '/devices/bot-01/reconnect',
      headers: { 'x-device-id': 'bot-01' },
    })
  })

  test('that finds the pairing gone needs a human, and so does the account until it is logged in again', async () => {
    let state = 'disconnected'
    const { gateway } = await open(({ method }) =>
      method === 'POST'
        ? { status: 500, json: { code: 'INTERNAL_SERVER_ERROR', message: 'not logged in (session deleted)' } }
        : listed({ ...DEVICE, state }),
    )
    const read = async () => (await gateway.check(accountOf('bot-01'), never)).reading.state
    expect(await read()).toBe('disconnected')
    expect(await gateway.restart?.(accountOf('bot-01'), never)).toMatchObject({ accepted: false, needsHuman: true })
    expect(await read()).toBe('awaiting_auth')
    state = 'logged_in'
    expect(await read()).toBe('connected')
    state = 'disconnected'
    expect(await read()).toBe('disconnected')
  })

  test.each([
    ['as a panic (500)', 500, { code: 'INTERNAL_SERVER_ERROR', message: 'device gone not found' }],
    ['by its middleware (404)', 404, { code: 'DEVICE_NOT_FOUND', message: 'device not found' }],
  ])('of a device that it does not know, told %s, is not_found', async (_how, status, json) => {
    const { gateway } = await open(() => ({ status, json }))
    await expect(gateway.restart?.(accountOf('gone'), never)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('that fails inside for another reason is not accepted and needs nobody', async () => {
    const { gateway } = await open(() => ({ status: 500, json: { message: 'websocket: bad handshake' } }))
    expect(await gateway.restart?.(accountOf('bot-01'), never)).toMatchObject({ accepted: false, needsHuman: false })
  })
})
