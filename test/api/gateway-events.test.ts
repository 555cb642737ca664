import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import type { GatewayEventSource } from '../../src/api/parts.ts'
import { Secret } from '../../src/option-types.ts'
import { account, fakeMonitor, view, withApi } from './fakes.ts'

const KEY = 'event-key'
const mac = (algorithm: string, body: string) => createHmac(algorithm, KEY).update(body).digest('hex')

const views = [
  view(account()),
  view(account({ account: 'hidden', nativeId: '971505760057' })),
  view(account({ account: 'meta-1', gateway: 'meta', nativeId: '1029' })),
  view(account({ account: 'meta-2', gateway: 'meta', nativeId: '1030' })),
  view(account({ account: 'bot', gateway: 'evo' })),
]

const drivers: Readonly<Record<string, string>> = {
  'waha-1': 'waha',
  meta: 'cloud-api',
  evo: 'evolution',
  gowa: 'gowa',
  wpp: 'wppconnect',
}
const sourceOf = (name: string): GatewayEventSource | undefined => {
  const driver = drivers[name]
  return driver === undefined ? undefined : { driver, secret: new Secret(KEY), verifyToken: new Secret('verify-me') }
}

interface Event {
  readonly gateway: string
  readonly body: object | string
  readonly headers?: (body: string) => Record<string, string>
}

async function post(url: string, { gateway, body, headers }: Event): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return fetch(`${url}/api/gateways/${gateway}/events`, {
    method: 'POST',
    body: text,
    headers: { 'content-type': 'application/json', ...headers?.(text) },
  })
}

const waha = (body: string) => ({ 'x-webhook-hmac': mac('sha512', body), 'x-webhook-hmac-algorithm': 'sha512' })
const hub = (body: string) => ({ 'x-hub-signature-256': `sha256=${mac('sha256', body)}` })
const change = (field: string) => ({ entry: [{ id: '1', changes: [{ field, value: {} }] }] })

const BELIEVED: Record<string, Event & { checks: string[] }> = {
  'a status of a WAHA session checks its account': {
    gateway: 'waha-1',
    body: { event: 'session.status', session: 'sales-01', payload: { status: 'FAILED' } },
    headers: waha,
    checks: ['waha-1/sales-01'],
  },
  'a session is found by the name that the gateway knows, where privacy shows another': {
    gateway: 'waha-1',
    body: { event: 'state.change', session: '971505760057' },
    headers: waha,
    checks: ['waha-1/hidden'],
  },
  'a message of a WAHA session checks nothing': {
    gateway: 'waha-1',
    body: { event: 'message', session: 'sales-01' },
    headers: waha,
    checks: [],
  },
  'a session that nobody watches checks nothing': {
    gateway: 'waha-1',
    body: { event: 'session.status', session: 'other' },
    headers: waha,
    checks: [],
  },
  'a quality update of Meta checks every number of the gateway': {
    gateway: 'meta',
    body: change('phone_number_quality_update'),
    headers: hub,
    checks: ['meta/meta-1', 'meta/meta-2'],
  },
  'a message of Meta checks nothing': { gateway: 'meta', body: change('messages'), headers: hub, checks: [] },
  'a connection update of Evolution checks its instance': {
    gateway: 'evo',
    body: { event: 'connection.update', instance: 'bot', data: { state: 'close' }, apikey: KEY },
    checks: ['evo/bot'],
  },
  'the same in capitals does too': {
    gateway: 'evo',
    body: { event: 'CONNECTION_UPDATE', instance: 'bot', apikey: KEY },
    checks: ['evo/bot'],
  },
}

for (const [name, { checks, ...event }] of Object.entries(BELIEVED)) {
  test(name, async () => {
    const monitor = fakeMonitor(views)
    await withApi({ monitor, gatewayEvents: sourceOf }, async ({ url }) => {
      const answer = await post(url, event)
      expect(answer.status).toBe(202)
      expect(await answer.json()).toEqual({ accounts: checks.length })
      expect(monitor.checked).toEqual(checks.length === 0 ? [] : [checks])
    })
  })
}

const session = { event: 'session.status', session: 'sales-01' }
const REFUSED: Record<string, Event & { status: number }> = {
  'an event without a signature': { gateway: 'waha-1', body: session, status: 401 },
  'an event with the signature of another body': {
    gateway: 'waha-1',
    body: session,
    headers: () => waha('{}'),
    status: 401,
  },
  "an event signed in another vendor's way": { gateway: 'waha-1', body: session, headers: hub, status: 401 },
  'an Evolution event with another key': { gateway: 'evo', body: { ...session, apikey: 'wrong' }, status: 401 },
  'an Evolution event whose key is no text': { gateway: 'evo', body: { ...session, apikey: [KEY] }, status: 401 },
  'a SHA-1 signature': {
    gateway: 'meta',
    body: {},
    headers: (body) => ({ 'x-hub-signature-256': `sha1=${mac('sha1', body)}` }),
    status: 401,
  },
  'an event of a gateway that is not there': { gateway: 'nobody', body: session, headers: waha, status: 404 },
  'a signed body that is no object': { gateway: 'waha-1', body: '[1]', headers: waha, status: 400 },
  'a signed body that is no JSON': { gateway: 'waha-1', body: '{', headers: waha, status: 400 },
  'a body over the limit': { gateway: 'waha-1', body: `{"a":"${'x'.repeat(1_100_000)}"}`, headers: waha, status: 413 },
}

for (const [name, { status, ...event }] of Object.entries(REFUSED)) {
  test(`${name} is refused with ${status} and checks nothing`, async () => {
    const monitor = fakeMonitor(views)
    await withApi({ monitor, gatewayEvents: sourceOf }, async ({ url }) => {
      const answer = await post(url, event)
      expect(answer.status).toBe(status)
      expect(await answer.text()).not.toContain(KEY)
      expect(monitor.checked).toEqual([])
    })
  })
}

test('a gateway without a secret has its events refused, with what to set', () =>
  withApi({ gatewayEvents: () => ({ driver: 'waha', secret: null, verifyToken: null }) }, async ({ url }) => {
    const answer = await post(url, { gateway: 'waha-1', body: session, headers: waha })
    expect(answer.status).toBe(401)
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining('gateways[].events.secret') })
  }))

test('an event that comes again is taken and not acted upon, until it is forgotten', async () => {
  const monitor = fakeMonitor(views)
  let nowMs = 0
  await withApi({ monitor, gatewayEvents: sourceOf, now: () => nowMs }, async ({ url }) => {
    const event = { gateway: 'waha-1', body: session, headers: waha }
    const counts: unknown[] = []
    for (const at of [0, 1000, 599_999, 600_000]) {
      nowMs = at
      counts.push(await (await post(url, event)).json())
    }
    expect(counts).toEqual([{ accounts: 1 }, { accounts: 0 }, { accounts: 0 }, { accounts: 1 }])
  })
})

test('a flood of events is checked together, not one by one', async () => {
  const release = Promise.withResolvers<void>()
  const checked: (readonly string[] | 'all')[] = []
  const second = Promise.withResolvers<void>()
  const monitor = fakeMonitor(views, {
    async checkNow(keys) {
      checked.push(keys)
      if (checked.length === 2) second.resolve()
      await release.promise
      return []
    },
  })
  await withApi({ monitor, gatewayEvents: sourceOf }, async ({ url }) => {
    for (let id = 0; id < 20; id++) {
      await post(url, { gateway: 'waha-1', body: { ...session, id }, headers: waha })
      await post(url, { gateway: 'evo', body: { event: 'connection.update', instance: 'bot', id, apikey: KEY } })
    }
    expect(checked).toEqual([['waha-1/sales-01']])
    release.resolve()
    await second.promise
    expect(checked[1]).toEqual(['evo/bot', 'waha-1/sales-01'])
  })
})

test("Meta's handshake gives back the challenge for the right token only", () =>
  withApi({ gatewayEvents: sourceOf }, async ({ url }) => {
    const ask = (token: string, challenge: string) =>
      fetch(
        `${url}/api/gateways/meta/events?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=${encodeURIComponent(challenge)}`,
      )
    const right = await ask('verify-me', '1158201444')
    expect([right.status, await right.text(), right.headers.get('content-type')]).toEqual([
      200,
      '1158201444',
      'text/plain; charset=utf-8',
    ])
    expect((await ask('wrong', '1158201444')).status).toBe(401)
    expect((await ask('verify-me', '<script>')).status).toBe(400)
  }))
