import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { eachOnce } from '../../src/api/documents/report.ts'
import { ApiOptions } from '../../src/api/options.ts'
import { PeriodError } from '../../src/reports/period.ts'
import type { ReportWish } from '../../src/reports/requested-report.ts'
import { ReportsFolderError, RequestsFullError } from '../../src/reports/requested-reports.ts'
import { fakeReports, REPORT_ID, requestedReport } from './fake-reports.ts'
import { fakeStore, read, withApi } from './fakes.ts'

const Problem = z.object({
  detail: z.string(),
  faults: z.array(z.object({ path: z.string(), rule: z.string() })).default([]),
})
const post = (url: string, body: object, headers: Record<string, string> = {}) =>
  fetch(`${url}/api/reports`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
/** alice:secret-password and rita:secret-password, at the lowest cost. */
const HASH = '$2b$04$NM7Owx.5N8UpU13Gqdl4XeybsoDmwpry0z86D/GBnEhLI5/52A4P2'
const options = ApiOptions.parse({
  listen: '127.0.0.1:0',
  basicAuth: { users: { alice: HASH, rita: { hash: HASH, role: 'read' } } },
})
const as = (name: string) => ({ authorization: `Basic ${Buffer.from(`${name}:secret-password`).toString('base64')}` })

describe('POST /api/reports', () => {
  test('hands over what was asked for, and tells where to look', async () => {
    const asked: [ReportWish, string][] = []
    const reports = fakeReports({
      requested: {
        async request(wish, by) {
          asked.push([wish, by])
          return requestedReport({ state: 'waiting', files: [], doneMs: null })
        },
      },
    })
    await withApi({ reports, options }, async ({ url }) => {
      const answer = await post(
        url,
        {
          period: '2026-03-01..2026-03-15',
          timeZone: 'Europe/Berlin',
          accounts: ['sales-02'],
          gateways: ['waha-1'],
          labels: { team: 'sales' },
          template: 'executive',
          formats: ['pdf', 'json'],
          language: 'de',
          paper: 'letter',
        },
        as('alice'),
      )
      expect(answer.status).toBe(202)
      expect(answer.headers.get('location')).toBe(`/api/reports/${REPORT_ID}`)
      expect(await answer.json()).toMatchObject({ report: { id: REPORT_ID, state: 'waiting', files: [] } })
    })
    expect(asked).toEqual([
      [
        {
          period: '2026-03-01..2026-03-15',
          timeZone: 'Europe/Berlin',
          select: { accounts: ['waha-1/sales-02'], gateways: ['waha-1'], labels: { team: 'sales' } },
          template: 'executive',
          incident: null,
          formats: ['pdf', 'json'],
          language: 'de',
          paper: 'letter',
        },
        'alice',
      ],
    ])
  })

  test('needs the role operate', () =>
    withApi({ options }, async ({ url }) => {
      expect((await post(url, {}, as('rita'))).status).toBe(403)
      expect((await post(url, {})).status).toBe(401)
    }))

  test.each([
    ['a format that there is not', { formats: ['docx'] }, 'body.formats[0]', ''],
    ['a gateway that there is not', { gateways: ['waha-9'] }, 'body.gateways', 'Known: waha-1'],
    ['a time zone that there is not', { timeZone: 'Mars/Olympus' }, 'body.timeZone', ''],
    ['a key that there is not', { format: 'pdf' }, 'body.format', 'Did you mean "formats"?'],
    ['an incident without its template', { incident: 'inc-1' }, 'body.incident', 'of the template incident only'],
    ['a post-mortem without an incident', { template: 'incident' }, 'body.incident', 'is required'],
    ['a post-mortem of a period', { template: 'incident', incident: 'inc-1', period: '2026-03' }, 'body.period', ''],
    ['a post-mortem of accounts', { template: 'incident', incident: 'inc-1', gateways: ['waha-1'] }, 'body', ''],
    ['a post-mortem as csv', { template: 'incident', incident: 'inc-1', formats: ['csv'] }, 'body.formats', ''],
  ])('refuses %s', (_what, body, path, rule) =>
    withApi({}, async ({ url }) => {
      const answer = await post(url, body)
      expect(answer.status).toBe(400)
      const [fault] = (await read(answer, Problem)).faults
      expect(fault?.path).toBe(path)
      expect(fault?.rule).toContain(rule)
    }),
  )

  test.each([
    ['an account', { accounts: ['nobody'] }, 'nobody'],
    ['an incident', { template: 'incident', incident: 'inc-9' }, 'GET /api/incidents lists them'],
  ])('answers 404 for %s that there is not', (_what, body, told) =>
    withApi({}, async ({ url }) => {
      const answer = await post(url, body)
      expect(answer.status).toBe(404)
      expect((await read(answer, Problem)).detail).toContain(told)
    }),
  )

  test.each([
    ['a period that means nothing', new PeriodError('"then" is not a period.'), 400, null],
    ['too many that wait', new RequestsFullError('8 reports wait already.'), 503, '60'],
    ['a folder that cannot be used', new ReportsFolderError('/reports cannot be used.'), 503, null],
  ])('tells of %s', (_what, error, status, retryAfter) =>
    withApi({ reports: fakeReports({ requested: { request: () => Promise.reject(error) } }) }, async ({ url }) => {
      const answer = await post(url, { period: 'then' })
      expect(answer.status).toBe(status)
      expect(answer.headers.get('retry-after')).toBe(retryAfter)
      expect((await read(answer, Problem)).detail).toContain(error.message)
    }),
  )

  test('tells that the store is away', () =>
    withApi(
      {
        store: fakeStore({
          incident: () => Promise.reject(Object.assign(new Error('away'), { name: 'StoreError', code: 'unavailable' })),
        }),
      },
      async ({ url }) => {
        const answer = await post(url, { template: 'incident', incident: 'inc-1' })
        expect(answer.status).toBe(503)
        expect(answer.headers.get('retry-after')).toBe('15')
      },
    ))
})

describe('a report that was asked for', () => {
  test('names its files with their addresses, which work', () =>
    withApi({}, async ({ url }) => {
      const report = await read(
        await fetch(`${url}/api/reports/${REPORT_ID}`),
        z.object({ report: z.object({ files: z.array(z.object({ name: z.string(), href: z.string() })) }) }),
      )
      for (const { name, href } of report.report.files) {
        const file = await fetch(url + href)
        expect(file.headers.get('content-disposition')).toBe(`attachment; filename="${name}"`)
        expect(await file.text()).toBe(name)
      }
    }))

  test.each([
    ['pdf', 'monthly-2026-03.pdf'],
    ['csv', 'accounts.csv'],
  ])('comes as %s by its short address', (format, name) =>
    withApi({}, async ({ url }) => {
      expect(await (await fetch(`${url}/api/reports/${REPORT_ID}.${format}`)).text()).toBe(name)
    }),
  )

  test('was not made in every format', () =>
    withApi({}, async ({ url }) => {
      const answer = await fetch(`${url}/api/reports/${REPORT_ID}.json`)
      expect(answer.status).toBe(404)
      expect((await read(answer, Problem)).detail).toContain('was made as pdf, csv, not as json')
      expect((await fetch(`${url}/api/reports/${REPORT_ID}.docx`)).status).toBe(400)
    }))

  test.each([
    ['waiting', 503, '2'],
    ['making', 503, '2'],
    ['failed', 404, null],
  ] as const)('that is %s gives no file yet (%i)', (state, status, retryAfter) =>
    withApi(
      {
        reports: fakeReports({
          requested: { get: async () => requestedReport({ state, detail: 'no browser', files: [] }) },
        }),
      },
      async ({ url }) => {
        for (const path of [`${REPORT_ID}.pdf`, `${REPORT_ID}/files/accounts.csv`]) {
          const answer = await fetch(`${url}/api/reports/${path}`)
          expect(answer.status).toBe(status)
          expect(answer.headers.get('retry-after')).toBe(retryAfter)
          if (state === 'failed') expect((await read(answer, Problem)).detail).toContain('no browser')
        }
        expect((await fetch(`${url}/api/reports/${REPORT_ID}`)).status).toBe(200)
      },
    ),
  )

  test('that is not there is a 404 everywhere', () =>
    withApi({}, async ({ url }) => {
      for (const path of ['ffff', 'ffff.pdf', 'ffff/files/a.csv'])
        expect((await fetch(`${url}/api/reports/${path}`)).status).toBe(404)
    }))
})

test('a report in a folder that several exporters share is listed once, as far as its maker knows', () => {
  const at = (id: string, state: 'waiting' | 'making' | 'ready' | 'failed', requestedAt: string) => ({
    id,
    state,
    requestedAt,
  })
  expect(
    eachOnce([
      at('a', 'failed', '2026-04-01T00:00:00Z'),
      at('b', 'ready', '2026-04-02T00:00:00Z'),
      at('a', 'making', '2026-04-01T00:00:00Z'),
      at('b', 'failed', '2026-04-02T00:00:00Z'),
    ]),
  ).toEqual([at('b', 'ready', '2026-04-02T00:00:00Z'), at('a', 'making', '2026-04-01T00:00:00Z')])
})
