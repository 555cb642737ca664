import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createApi } from '../../src/api/app.ts'
import { openApiDocument } from '../../src/api/openapi.ts'
import { pageAssets } from '../../src/api/page/assets.ts'
import { PROBLEMS } from '../../src/api/problem.ts'
import { apiRoutes } from '../../src/api/routes.ts'
import { Secret } from '../../src/option-types.ts'
import { notificationOf, textMessageOf } from '../store/audit-contract.ts'
import { REPORT_ID } from './fake-reports.ts'
import { fakeParts, fakeStore, NOW_MS, read, stillNotifications, withApi } from './fakes.ts'

const routes = apiRoutes(fakeParts())
const described = routes.map(({ method, path }) => `${method.toUpperCase()} ${path}`).toSorted()

const Operation = z.object({
  operationId: z.string(),
  parameters: z.array(z.object({ in: z.string(), name: z.string() })).default([]),
  responses: z.record(z.string(), z.object({ content: z.record(z.string(), z.object({ schema: z.unknown() })) })),
})
const Document = z.object({
  openapi: z.literal('3.1.0'),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
})
// As a client reads it: through JSON.
const document = Document.parse(JSON.parse(JSON.stringify(openApiDocument(routes, '0.1.0'))))

test('the document describes the routes of the app, and no others', () => {
  const mounted = createApi(fakeParts()).router.stack.flatMap(({ route }) => {
    if (route === undefined) return []
    const methods = new Set(route.stack.map((layer) => layer.method).filter((method) => method !== undefined))
    return [...methods].map((method) => `${method.toUpperCase()} ${route.path.replaceAll(/:(\w+)/g, '{$1}')}`)
  })
  const documented = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect(mounted.toSorted()).toEqual(described)
  expect(documented.toSorted()).toEqual(described)
})

test('every operation has its own id, and a parameter for every name in its path', () => {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.values(item).map((operation) => ({ path, operation })),
  )
  expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length)
  for (const { path, operation } of operations) {
    const names = operation.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name)
    expect(names).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
  }
})

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
ajv.addSchema({ $id: 'http://document.invalid/openapi', ...document })

/** Errors of a value against the schema that the document gives for an answer. */
function faultsOf(value: unknown, method: string, path: string, status: number, contentType: string): unknown {
  const pointer = ['paths', path, method, 'responses', String(status), 'content', contentType, 'schema']
    .map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/')
  const validate = ajv.compile({ $ref: `http://document.invalid/openapi#/${pointer}` })
  return validate(value) ? [] : validate.errors
}

const ALERTMANAGER_MESSAGE = {
  version: '4',
  receiver: 'exporter-audit',
  groupKey: '{}:{alertname="WhatsAppAccountBlocked"}',
  groupLabels: { alertname: 'WhatsAppAccountBlocked' },
  status: 'firing',
  truncatedAlerts: 0,
  alerts: [
    {
      status: 'firing',
      labels: { alertname: 'WhatsAppAccountBlocked', severity: 'critical', gateway: 'waha-1', account: 'sales-02' },
      annotations: { summary: 'WhatsApp has blocked an account.' },
      startsAt: '2026-03-01T03:10:00.123456789Z',
      endsAt: '0001-01-01T00:00:00Z',
      fingerprint: '0123456789abcdef',
    },
  ],
}
const postOf = (body: object): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const { maintenance } = stillNotifications(fakeStore(), {
  configuredMaintenance: () => [
    {
      kind: 'once',
      startMs: NOW_MS - 120_000,
      endMs: NOW_MS + 3_600_000,
      select: { gateways: ['waha-1'] },
      author: 'alice',
      reason: 'Upgrade',
    },
  ],
})

/** A request per operation that succeeds. */
const EXAMPLES: Record<string, { path: string; init?: RequestInit }> = {
  reports: { path: '/api/reports' },
  requestReport: { path: '/api/reports', init: postOf({ period: '2026-03', gateways: ['waha-1'] }) },
  requestedReport: { path: `/api/reports/${REPORT_ID}` },
  requestedReportFile: { path: `/api/reports/${REPORT_ID}.csv` },
  requestedReportPart: { path: `/api/reports/${REPORT_ID}/files/days.csv` },
  subscriptions: { path: '/api/reports/subscriptions' },
  subscribe: {
    path: '/api/reports/subscriptions',
    init: postOf({ recipient: 'anna@example.org', schedule: 'weekly' }),
  },
  unsubscribe: { path: '/api/reports/subscriptions/s1', init: { method: 'DELETE' } },
  unsubscribePage: { path: '/api/reports/unsubscribe/token' },
  unsubscribeByMail: {
    path: '/api/reports/unsubscribe/token',
    init: { method: 'POST', body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }) },
  },
  reportDocument: { path: '/api/reports/document?period=2026-03' },
  reportFile: { path: '/api/reports/acme/2026-03/data.bin' },
  statusPage: { path: '/' },
  statusPageFile: { path: `/page/${pageAssets().version}/main.js` },
  statusBadge: { path: '/badge/sales-01/status.svg' },
  uptimeBadge: { path: '/badge/sales-01/uptime.svg' },
  metrics: { path: '/metrics' },
  healthy: { path: '/-/healthy' },
  ready: { path: '/-/ready' },
  reload: { path: '/-/reload', init: { method: 'POST' } },
  config: { path: '/config' },
  checkNow: { path: '/api/health/check', init: { method: 'POST' } },
  fleetStatus: { path: '/api/health/status' },
  fleetFigures: { path: '/api/health/metrics' },
  findAccounts: { path: '/api/accounts?id=sales-01&id=nobody' },
  accountHealth: { path: '/api/health/sales-02' },
  accountTrends: { path: '/api/health/trends/sales-01' },
  incidents: { path: '/api/incidents' },
  incident: { path: '/api/incidents/inc-1' },
  recoveries: { path: '/api/recoveries' },
  recover: { path: '/api/accounts/sales-02/recover', init: { method: 'POST' } },
  transitions: { path: '/api/accounts/sales-01/transitions' },
  analyticsReport: { path: '/api/analytics/report?period=2026-02' },
  analyticsAccount: { path: '/api/analytics/accounts/sales-01?period=2026-02' },
  analyticsIncident: { path: '/api/analytics/incidents/inc-1' },
  gateways: { path: '/api/gateways' },
  gatewayEvent: {
    path: '/api/gateways/evo/events',
    init: { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"apikey":"key"}' },
  },
  gatewaySubscription: { path: '/api/gateways/evo/events?hub.mode=subscribe&hub.verify_token=key&hub.challenge=1' },
  events: { path: '/api/events' },
  alertStream: { path: '/api/alerts/stream' },
  alerts: { path: '/api/alerts?receiver=any' },
  recordAlerts: { path: '/api/alerts', init: postOf(ALERTMANAGER_MESSAGE) },
  maintenance: { path: '/api/maintenance' },
  planMaintenance: { path: '/api/maintenance', init: postOf({ duration: '1h', reason: 'Upgrade' }) },
  endMaintenance: { path: '/api/maintenance/config-1-2026-03-01T03:10:00.000Z', init: { method: 'DELETE' } },
  sendSms: { path: '/api/sms/pager', init: postOf(ALERTMANAGER_MESSAGE) },
  sms: { path: '/api/sms' },
  manualPage: { path: '/docs/alerting' },
  manualFolderPage: { path: '/docs/alerts/gateway-down.md' },
  openApi: { path: '/api/openapi.json' },
}

for (const route of routes) {
  test(`${route.method.toUpperCase()} ${route.path} answers as the document says`, () =>
    withApi(
      {
        gatewayEvents: () => ({ driver: 'evolution', secret: new Secret('key'), verifyToken: new Secret('key') }),
        store: fakeStore({
          notifications: async () => ({ items: [notificationOf('n1')] }),
          textMessages: async () => ({ items: [textMessageOf('t1')] }),
        }),
        maintenance,
        textMessages: {
          send: async () => ({ sent: 'all', messages: [textMessageOf('t1')] }),
          followUp: async () => {},
        },
      },
      async ({ url }) => {
        const example = EXAMPLES[route.id] ?? { path: '/no-example' }
        const answer = await fetch(url + example.path, example.init)
        expect(answer.status).toBe(route.success.status)
        const contentType = route.success.contentType ?? 'application/json'
        expect(answer.headers.get('content-type')).toContain(contentType)
        if (contentType === 'text/event-stream') return answer.body?.cancel()
        const value: unknown = contentType === 'application/json' ? await answer.json() : await answer.text()
        expect(
          route.id === 'openApi' ? [] : faultsOf(value, route.method, route.path, answer.status, contentType),
        ).toEqual([])
      },
    ))
}

test('an answer with a member too many or too few would be noticed', () => {
  const faults = (value: unknown) => faultsOf(value, 'get', '/api/gateways', 200, 'application/json')
  expect(faults({ gateways: [] })).toEqual([])
  expect(faults({ gateways: [], more: 1 })).not.toEqual([])
  expect(faults({ gateways: [{ name: 'waha-1' }] })).not.toEqual([])
})

test('a problem is what the document says', () =>
  withApi({}, async ({ url }) => {
    for (const path of ['/api/health/shared', '/api/health/nobody']) {
      const answer = await fetch(url + path)
      const faults = faultsOf(await answer.json(), 'get', '/api/health/{id}', answer.status, 'application/problem+json')
      expect(faults).toEqual([])
    }
  }))

test('the document that is served is this one', () =>
  withApi({}, async ({ url }) => {
    expect(await read(await fetch(`${url}/api/openapi.json`), Document)).toEqual(document)
  }))

const PAGE = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8')

test('docs/api.md describes every route with an example, and no other', () => {
  const sections = PAGE.split(/^### /m).slice(1)
  const headings = sections.flatMap(
    (text) => /^`((?:GET|POST|DELETE) [^`]+)`$/m.exec(text.split('\n')[0] ?? '')?.[1] ?? [],
  )
  expect(headings.toSorted()).toEqual(described)
  for (const text of sections.filter((section) => section.startsWith('`')))
    expect(text).toMatch(/^```(sh|json|text|yaml)$/m)
})

test('docs/api.md names every problem with its status, and no other', () => {
  const rows = [...PAGE.matchAll(/^\| `([a-z-]+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [code, Number(status)])
  expect(rows).toEqual(Object.entries(PROBLEMS).map(([code, { status }]) => [code, status]))
})

test('docs/api.md names every query key of every route', () => {
  for (const route of routes) {
    const section =
      PAGE.split(/^### /m).find((text) => text.startsWith(`\`${route.method.toUpperCase()} ${route.path}\``)) ?? ''
    for (const key of Object.keys(route.query?.shape ?? {}))
      expect([route.path, section.includes(`\`${key}\``)]).toEqual([route.path, true])
  }
})
