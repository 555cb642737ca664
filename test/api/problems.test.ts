import { connect } from 'node:net'
import { expect, test } from 'vitest'
import type { Log } from '../../src/log.ts'
import { silentLog } from '../../src/log.ts'
import { fakeMonitor, fakeParts, fleetOf, smallFleet, withApi } from './fakes.ts'

const JSON_BODY = { 'content-type': 'application/json' }

for (const [name, { path, init, status, detail }] of Object.entries({
  'a path that does not exist': { path: '/api/nothing', init: {}, status: 404, detail: /no \/api\/nothing here/ },
  'a method that a path does not know': {
    path: '/api/gateways',
    init: { method: 'DELETE' },
    status: 405,
    detail: /use GET or HEAD/,
  },
  'an unknown query key': {
    path: '/api/incidents?limt=3',
    init: {},
    status: 400,
    detail: /query\.limt: unknown key\. Did you mean "limit"\?/,
  },
  'a query on a path that has none': { path: '/config?x=1', init: {}, status: 400, detail: /None is known here/ },
  'a query key given twice': {
    path: '/api/incidents?limit=3&limit=4',
    init: {},
    status: 400,
    detail: /given more than once/,
  },
  'a limit out of range': {
    path: '/api/incidents?limit=1001',
    init: {},
    status: 400,
    detail: /whole number from 1 to 1000/,
  },
  'a range that ends before it begins': {
    path: '/api/recoveries?from=10&to=5',
    init: {},
    status: 400,
    detail: /later than from/,
  },
  'a cursor of another list': {
    path: '/api/health/status?cursor=eA',
    init: {},
    status: 400,
    detail: /not from a page of this list/,
  },
  'a body that is no JSON': {
    path: '/api/health/check',
    init: { method: 'POST', headers: JSON_BODY, body: '{"a' },
    status: 400,
    detail: /is not JSON/,
  },
  'a body with an unknown key': {
    path: '/api/health/check',
    init: { method: 'POST', headers: JSON_BODY, body: '{"account":["a"]}' },
    status: 400,
    detail: /body\.account: unknown key\. Did you mean "accounts"\?/,
  },
  'a body of another type': {
    path: '/api/health/check',
    init: { method: 'POST', headers: { 'content-type': 'application/xml' }, body: '<a/>' },
    status: 415,
    detail: /application\/json/,
  },
  'a compressed body': {
    path: '/api/health/check',
    init: { method: 'POST', headers: { ...JSON_BODY, 'content-encoding': 'gzip' }, body: 'x' },
    status: 415,
    detail: /Content-Encoding/,
  },
  'a body over the limit': {
    path: '/api/health/check',
    init: { method: 'POST', headers: JSON_BODY, body: ' '.repeat(1_048_577) },
    status: 413,
    detail: /1048576 bytes/,
  },
  'a path that cannot be decoded': { path: '/api/health/%ff', init: {}, status: 400, detail: /broken/ },
})) {
  test(`${name} is a ${status} problem document`, () =>
    withApi({}, async ({ url }) => {
      const answer = await fetch(url + path, init)
      expect(answer.status).toBe(status)
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
      expect(await answer.json()).toMatchObject({
        type: expect.stringMatching(/^urn:whatsapp-exporter:problem:/),
        title: expect.any(String),
        status,
        detail: expect.stringMatching(detail),
      })
    }))
}

test('every fault of a request is told at once', () =>
  withApi({}, async ({ url }) => {
    const answer = await fetch(`${url}/api/incidents?limit=0&open=maybe&form=1`)
    expect(await answer.json()).toMatchObject({
      faults: [
        { path: 'query.open' },
        { path: 'query.limit' },
        { path: 'query.form', rule: expect.stringContaining('"from"') },
      ],
    })
  }))

test('405 names the methods', () =>
  withApi({}, async ({ url }) => {
    expect((await fetch(`${url}/-/reload`)).headers.get('allow')).toBe('POST')
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).headers.get('allow')).toBe('GET, HEAD')
  }))

test('HEAD answers like GET, without the body', () =>
  withApi({}, async ({ url }) => {
    for (const path of ['/', '/metrics', '/api/health/status']) {
      const head = await fetch(url + path, { method: 'HEAD' })
      const get = await fetch(url + path)
      expect(head.status).toBe(200)
      expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'))
      expect(await head.text()).toBe('')
    }
  }))

test('a fault of ours is a bare 500, and the log has the rest', async () => {
  const logged: object[] = []
  const log: Log = { ...silentLog, error: (facts) => logged.push(facts) }
  const fleet = fleetOf(smallFleet())
  const monitor = fakeMonitor([], {
    fleet: {
      ...fleet,
      gateways: () => {
        throw new Error('canary: /etc/secret line 3')
      },
    },
  })
  await withApi({ log, monitor }, async ({ url }) => {
    const answer = await fetch(`${url}/api/gateways`)
    expect(answer.status).toBe(500)
    expect(await answer.text()).not.toContain('canary')
    expect(logged).toMatchObject([{ err: { message: 'canary: /etc/secret line 3' }, path: '/api/gateways' }])
  })
})

test('long and strange ids come back shortened, never as they are', () =>
  withApi({}, async ({ url }) => {
    const long = await fetch(`${url}/api/health/${'x'.repeat(500)}`)
    expect((await long.text()).length).toBeLessThan(600)
    expect((await fetch(`${url}/api/health/${'x'.repeat(600)}`)).status).toBe(400)
    expect((await fetch(`${url}/api/health/__proto__`)).status).toBe(404)
    expect((await fetch(`${url}/api/health/%00`)).status).toBe(404)
  }))

test('a client that sends half a body and leaves does no harm', () =>
  withApi(fakeParts(), async ({ url, port }) => {
    const socket = connect(port, '127.0.0.1')
    socket.write(
      'POST /api/health/check HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"a',
    )
    await new Promise((resolve) => setImmediate(resolve))
    socket.destroy()
    expect((await fetch(`${url}/-/healthy`)).status).toBe(200)
  }))
