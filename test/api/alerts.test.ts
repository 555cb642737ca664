import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createApi } from '../../src/api/app.ts'
import { silentLog } from '../../src/log.ts'
import type { Notifications } from '../../src/notifications/notifications.ts'
import { AlertingOptions } from '../../src/notifications/options.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { type FakeTwilio, startFakeTwilio } from '../notifications/fake-twilio.ts'
import { fakeParts, NOW_MS, read, type Served, serve, stillNotifications } from './fakes.ts'

const SID = `AC${'0'.repeat(32)}`
const Alerts = z.object({
  alerts: z.array(z.looseObject({ receiver: z.string(), status: z.string(), key: z.string().nullable() })),
  nextCursor: z.string().optional(),
})

let store: Store
let twilio: FakeTwilio
let parts: Notifications
let served: Served
let ending: AbortController
beforeEach(async () => {
  store = sqliteStore({ path: ':memory:' }, silentLog)
  twilio = await startFakeTwilio({ sid: SID, token: 'token' })
  const alerting = AlertingOptions.parse({
    sms: [
      {
        name: 'night',
        provider: 'twilio',
        apiUrl: twilio.url,
        accountSid: SID,
        authToken: 'token',
        from: '+15005550006',
        to: ['+4915112345678'],
      },
    ],
  })
  parts = stillNotifications(store, { alerting: () => alerting })
  ending = new AbortController()
  const { audit, textMessages, maintenance } = parts
  served = await serve(createApi(fakeParts({ store, audit, textMessages, maintenance, signal: ending.signal })))
})
afterEach(async () => {
  ending.abort()
  await served.close()
  await twilio.close()
  await store.close()
})

const webhook = (receiver: string, accounts: readonly string[], status: 'firing' | 'resolved' = 'firing') => ({
  version: '4',
  receiver,
  status,
  groupKey: '{}:{alertname="WhatsAppAccountBlocked"}',
  groupLabels: { alertname: 'WhatsAppAccountBlocked', gateway: 'waha-1' },
  truncatedAlerts: 0,
  alerts: accounts.map((account) => ({
    status,
    labels: { alertname: 'WhatsAppAccountBlocked', severity: 'critical', gateway: 'waha-1', account },
    annotations: { summary: 'WhatsApp has blocked an account.' },
    startsAt: '2026-03-01T03:10:00.123456789Z',
    endsAt: status === 'firing' ? '0001-01-01T00:00:00Z' : '2026-03-01T03:11:00Z',
    fingerprint: `f-${account}`,
    generatorURL: 'http://prometheus/graph',
  })),
})
const post = (path: string, body: unknown) =>
  fetch(served.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
const alerts = async (query = '') => (await read(await fetch(`${served.url}/api/alerts${query}`), Alerts)).alerts

describe('the audit', () => {
  test('records what Alertmanager posts, and the same again changes nothing', async () => {
    const first = await post('/api/alerts', webhook('exporter-audit', ['sales-01', 'sales-02']))
    expect([first.status, await first.json()]).toEqual([200, { changed: 2 }])
    const again = await post('/api/alerts', webhook('exporter-audit', ['sales-01', 'sales-02']))
    expect(await again.json()).toEqual({ changed: 0 })
    expect((await alerts()).toSorted((a, b) => (a.key ?? '').localeCompare(b.key ?? ''))).toMatchObject([
      { key: 'waha-1/sales-01', status: 'firing', startedAt: '2026-03-01T03:10:00.123Z', endedAt: null },
      { key: 'waha-1/sales-02', status: 'firing', group: { size: 2 } },
    ])
  })

  test('shows every alert once, or to whom it was told', async () => {
    for (const receiver of ['exporter-audit', 'on-call', 'email'])
      await post('/api/alerts', webhook(receiver, ['sales-01']))
    expect((await alerts()).map(({ receiver }) => receiver)).toEqual(['exporter-audit'])
    expect((await alerts('?receiver=any')).map(({ receiver }) => receiver).sort()).toEqual([
      'email',
      'exporter-audit',
      'on-call',
    ])
    expect(await alerts('?receiver=on-call')).toHaveLength(1)
  })

  test('filters and pages', async () => {
    await post('/api/alerts', webhook('exporter-audit', ['sales-01', 'sales-02', 'shared']))
    await post('/api/alerts', webhook('exporter-audit', ['sales-02'], 'resolved'))
    expect(await alerts('?status=resolved')).toMatchObject([
      { key: 'waha-1/sales-02', endedAt: '2026-03-01T03:11:00.000Z', endToldAt: new Date(NOW_MS).toISOString() },
    ])
    expect(await alerts('?account=sales-01&severity=critical&gateway=waha-1')).toHaveLength(1)
    expect(await alerts('?alertname=WhatsAppGatewayDown')).toEqual([])
    const first = await read(await fetch(`${served.url}/api/alerts?limit=2`), Alerts)
    const rest = await alerts(`?limit=2&cursor=${first.nextCursor}`)
    expect(new Set([...first.alerts, ...rest].map(({ key }) => key)).size).toBe(3)
  })

  test.each([
    ['no alerts', { ...webhook('x', []) }, 'body.alerts'],
    ['an alert without a fingerprint', { ...webhook('x', ['a']), alerts: [{ status: 'firing' }] }, 'body.alerts[0]'],
    ['no JSON object', 'text', 'body'],
  ])('refuses %s', async (_name, body, place) => {
    const answer = await post('/api/alerts', body)
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(place)])
  })

  test('has Alertmanager try again while the store is away', async () => {
    await store.close()
    const answer = await post('/api/alerts', webhook('exporter-audit', ['a']))
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '15'])
  })

  test('tells what is new to whoever listens, each alert once', async () => {
    const listening = await fetch(`${served.url}/api/alerts/stream`)
    const reader = (listening.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader()
    let heard = (await reader.read()).value ?? ''
    for (const receiver of ['on-call', 'exporter-audit']) await post('/api/alerts', webhook(receiver, ['sales-01']))
    await post('/api/alerts', webhook('exporter-audit', ['sales-01'], 'resolved'))
    while (!heard.includes('"resolved"')) heard += (await reader.read()).value ?? ''
    const events = [...heard.matchAll(/^event: alert\ndata: (.+)$/gm)].map(([, data = '']) => JSON.parse(data))
    expect(events.map(({ receiver, status }) => [receiver, status])).toEqual([
      ['exporter-audit', 'firing'],
      ['exporter-audit', 'resolved'],
    ])
    // The end of the service ends the stream.
    ending.abort()
    while (!(await reader.read()).done);
  })
})

describe('the SMS bridge', () => {
  test('sends, and lists what it sent with masked numbers', async () => {
    const answer = await post('/api/sms/night', webhook('night', ['sales-01']))
    expect(answer.status).toBe(200)
    expect(twilio.sent.map(({ To }) => To)).toEqual(['+4915112345678'])
    expect(await (await fetch(`${served.url}/api/sms?receiver=night&status=accepted`)).json()).toMatchObject({
      messages: [{ to: '***********678', text: 'CRITICAL AccountBlocked at waha-1: 1 firing (sales-01)', attempts: 1 }],
    })
  })

  test.each([
    ['is away for the moment', { status: 503, body: '' }, 503, 'unavailable'],
    ['refuses the number', { status: 400, body: '{"code":21211,"message":"Invalid"}' }, 422, 'undeliverable'],
  ])('tells Alertmanager that the service %s', async (_name, how, status, code) => {
    twilio.answer('+4915112345678', how)
    const answer = await post('/api/sms/night', webhook('night', ['sales-01']))
    expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(`problem:${code}`)])
  })

  test('knows only receivers of the configuration', async () => {
    const answer = await post('/api/sms/day', webhook('day', ['sales-01']))
    expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining('Render alertmanager.yml anew')])
  })
})
