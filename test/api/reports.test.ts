import { afterEach, expect, test, vi } from 'vitest'
import { SILENT_CONNECTION_MS } from '../../src/api/answer-limit.ts'
import { createApi } from '../../src/api/app.ts'
import type { ApiParts } from '../../src/api/parts.ts'
import { REPORT_ID } from './fake-reports.ts'
import { fakeParts, NOW_MS, type Served, serve } from './fakes.ts'

let served: Served | null = null
afterEach(async () => {
  await served?.close()
})

async function get(path: string, reports: Partial<ApiParts['reports']> = {}): Promise<Response> {
  const parts = fakeParts()
  served = await serve(createApi({ ...parts, reports: { ...parts.reports, ...reports } }))
  return await fetch(`${served.url}${path}`)
}

test('the list names reports, files and deliveries, and hides who receives them', async () => {
  const response = await get('/api/reports', {
    list: async () => [
      {
        schedule: 'acme',
        period: '2026-03',
        dueMs: NOW_MS,
        state: 'sent',
        detail: '',
        files: ['acme-2026-03.pdf'],
        deliveries: [
          {
            recipient: 'anna@example.org',
            state: 'failed',
            attempts: 2,
            updatedMs: NOW_MS,
            detail: '550 no anna@example.org',
          },
        ],
      },
    ],
  })
  expect(response.status).toBe(200)
  const at = new Date(NOW_MS).toISOString()
  expect(await response.json()).toEqual({
    reports: [
      {
        schedule: 'acme',
        period: '2026-03',
        due: at,
        state: 'sent',
        detail: '',
        files: ['acme-2026-03.pdf'],
        deliveries: [
          {
            recipient: 'a***@example.org',
            state: 'failed',
            attempts: 2,
            updated: at,
            detail: '550 no a***@example.org',
          },
        ],
      },
    ],
    requested: [expect.objectContaining({ id: REPORT_ID, state: 'ready', href: `/api/reports/${REPORT_ID}` })],
  })
})

test('a file comes as an attachment with its type', async () => {
  const response = await get('/api/reports/acme/2026-03/acme-2026-03.pdf', {
    file: async (schedule, period, name) => ({
      name,
      type: 'application/pdf',
      content: Buffer.from(`${schedule} ${period}`),
    }),
  })
  expect(response.headers.get('content-type')).toBe('application/pdf')
  expect(response.headers.get('content-disposition')).toBe('attachment; filename="acme-2026-03.pdf"')
  expect(await response.text()).toBe('acme 2026-03')
})

test('a file that is not there is a 404', async () => {
  expect((await get('/api/reports/acme/2026-03/no.pdf')).status).toBe(404)
})

test('a document is made of what was asked for', async () => {
  const asked: unknown[] = []
  const response = await get(
    '/api/reports/document?period=2026-03&timeZone=Europe/Berlin&template=executive&format=html&gateway=waha-1&label=team=sales',
    {
      async document(query, template, format) {
        asked.push(query, template, format)
        return { name: 'x.html', type: 'text/html; charset=utf-8', content: Buffer.from('<p>') }
      },
    },
  )
  expect(response.status).toBe(200)
  expect(asked).toEqual([
    {
      period: '2026-03',
      timeZone: 'Europe/Berlin',
      selection: { gateways: ['waha-1'], labels: { team: 'sales' } },
      worst: 50,
    },
    'executive',
    'html',
  ])
})

test('a browser that is missing is a 503 that says what to install', async () => {
  const response = await get('/api/reports/document', {
    document: () => Promise.reject(Object.assign(new Error('No Chromium was found.'), { name: 'PdfError' })),
  })
  expect(response.status).toBe(503)
  expect(await response.text()).toContain('No Chromium was found.')
})

test('a document beyond those that are being made is a 503 that says when to ask again', async () => {
  const response = await get('/api/reports/document', {
    document: () => Promise.reject(Object.assign(new Error('6 are being made.'), { name: 'DocumentsFullError' })),
  })
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('60')
  expect(await response.json()).toMatchObject({ detail: '6 are being made.' })
})

test('a document that takes too long is given up while the client can be told', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const begun = Promise.withResolvers<AbortSignal>()
    const answer = get('/api/reports/document', {
      async document(_query, _template, _format, signal) {
        begun.resolve(signal)
        return await new Promise(() => {})
      },
    })
    const signal = await begun.promise
    vi.advanceTimersByTime(SILENT_CONNECTION_MS - 10_001)
    expect(signal.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect(signal.aborted).toBe(true)
    const response = await answer
    expect(response.status).toBe(504)
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining('POST /api/reports') })
  } finally {
    vi.useRealTimers()
  }
})

test('a store that is away is told', async () => {
  const away = () => Promise.reject(Object.assign(new Error('away'), { name: 'StoreError', code: 'unavailable' }))
  for (const path of ['/api/reports', '/api/reports/acme/2026-03/acme-2026-03.pdf']) {
    const response = await get(path, { list: away, file: away })
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('15')
    await served?.close()
  }
})
