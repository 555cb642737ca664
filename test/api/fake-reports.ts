import type { ApiParts } from '../../src/api/parts.ts'
import type { RequestedReport } from '../../src/reports/requested-report.ts'
import type { ReportSubscription } from '../../src/store/store.ts'
import { subscriptionOf } from '../store/audit-contract.ts'
import { NOW_MS } from './now.ts'

export const REPORT_ID = '0123456789abcdef'

export function requestedReport(over: Partial<RequestedReport> = {}): RequestedReport {
  return {
    id: REPORT_ID,
    state: 'ready',
    detail: '',
    period: '2026-03',
    timeZone: 'Europe/Berlin',
    select: { gateways: ['waha-1'], labels: { team: 'sales' } },
    template: 'monthly',
    incident: null,
    formats: ['pdf', 'csv'],
    language: null,
    paper: null,
    requestedMs: NOW_MS - 60_000,
    requestedBy: 'alice',
    doneMs: NOW_MS - 58_000,
    expiresMs: NOW_MS + 400 * 86_400_000,
    files: [
      { name: 'accounts.csv', format: 'csv', sizeBytes: 5_000 },
      { name: 'days.csv', format: 'csv', sizeBytes: 20_000 },
      { name: 'monthly-2026-03.pdf', format: 'pdf', sizeBytes: 120_000 },
    ],
    ...over,
  }
}

/** Reports that are there already: a requested one and a subscription, whose link to unsubscribe has the token `token`. */
export function fakeReports(
  over: {
    readonly requested?: Partial<ApiParts['reports']['requested']>
    readonly subscriptions?: Partial<ApiParts['reports']['subscriptions']>
  } & Partial<Omit<ApiParts['reports'], 'requested' | 'subscriptions'>> = {},
): ApiParts['reports'] {
  const subscription: ReportSubscription = subscriptionOf('s1', { createdMs: NOW_MS })
  const { requested, subscriptions, ...rest } = over
  return {
    list: async () => [],
    file: async (_schedule, _period, name) =>
      name === 'data.bin' ? { name, type: 'application/octet-stream', content: Buffer.from('x') } : null,
    document: async () => ({ name: 'sla.pdf', type: 'application/pdf', content: Buffer.from('%PDF-') }),
    ...rest,
    requested: {
      request: async (wish, by) => requestedReport({ ...wish, requestedBy: by, state: 'waiting', files: [] }),
      list: async () => [requestedReport()],
      get: async (id) => (id === REPORT_ID ? requestedReport() : null),
      file: async (_id, name) => ({ name, type: 'application/octet-stream', content: Buffer.from(name) }),
      expire: async () => 0,
      idle: async () => {},
      ...requested,
    },
    subscriptions: {
      all: async () => [subscription],
      add: async (wanted, by) => subscriptionOf('s2', { ...wanted, createdBy: by }),
      end: async (id, by) => (id === 's1' ? { ...subscription, endedMs: NOW_MS, endedBy: by } : null),
      ofToken: async (token) => (token === 'token' ? subscription : null),
      endUrl: () => null,
      domains: () => ['example.org'],
      languageOf: ({ language }) => (language === 'de' ? 'de' : 'en'),
      orders: () => [],
      refresh: async () => {},
      ...subscriptions,
    },
  }
}
