import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createAnalytics } from '../../src/reports/analytics.ts'
import type { Store } from '../../src/store/store.ts'
import { fakeParts, fakeStore, NOW_MS, read, smallFleet, withApi } from './fakes.ts'

const Problem = z.object({
  detail: z.string(),
  candidates: z.array(z.string()).optional(),
  faults: z.array(z.object({ path: z.string(), rule: z.string() })).default([]),
})
const analyticsOver = (store: Store) =>
  createAnalytics({
    accounts: () => smallFleet().map(({ account }) => ({ account, gone: false })),
    store,
    prometheus: () => ({ url: 'http://127.0.0.1:1' }),
    windows: () => [],
    defaultObjective: () => 0.995,
    now: () => NOW_MS,
  })

describe('the analytics refuse', () => {
  test.each([
    ['/report?period=then', 'query.period', 'is not a period'],
    ['/report?period=2026-02-30', 'query.period', 'is not a period'],
    ['/report?period=2026-03-02..2026-03-01', 'query.period', 'is empty'],
    ['/report?period=last-500-days', 'query.period', 'At most 400'],
    ['/report?timeZone=Mars/Olympus', 'query.timeZone', ''],
    ['/report?label=tenant', 'query.label', 'name=value'],
    ['/report?worst=1001', 'query.worst', 'from 0 to 1000'],
    ['/report?worst=-1', 'query.worst', 'from 0 to 1000'],
    ['/report?periods=today', 'query.periods', 'Did you mean "period"?'],
    ['/accounts/sales-01?period=then', 'query.period', 'is not a period'],
    ['/incidents/inc-1?timeZone=Mars', 'query.timeZone', ''],
  ])('%s', (path, at, rule) =>
    withApi({}, async ({ url }) => {
      const answer = await fetch(`${url}/api/analytics${path}`)
      expect(answer.status).toBe(400)
      const [fault] = (await read(answer, Problem)).faults
      expect(fault?.path).toBe(at)
      expect(fault?.rule).toContain(rule)
    }),
  )
})

describe('the analytics do not find', () => {
  test.each(['/report?account=nobody', '/accounts/nobody', '/incidents/inc-9'])('%s', (path) =>
    withApi({ store: fakeStore({ incidents: async () => ({ items: [] }) }) }, async ({ url }) => {
      const answer = await fetch(`${url}/api/analytics${path}`)
      expect(answer.status).toBe(404)
      expect((await read(answer, Problem)).detail).toMatch(/nobody|inc-9/)
    }),
  )

  test('one account where two have the id', () =>
    withApi({}, async ({ url }) => {
      const answer = await fetch(`${url}/api/analytics/accounts/shared`)
      expect(answer.status).toBe(409)
      expect((await read(answer, Problem)).candidates).toEqual(['waha-1/shared', 'evo/shared'])
    }))
})

describe('the analytics are not available', () => {
  const away = () => Promise.reject(Object.assign(new Error('away'), { name: 'StoreError', code: 'unavailable' }))

  test.each(['/report', '/accounts/sales-01', '/incidents/inc-1'])('%s while the store is away', (path) => {
    const store = fakeStore({ incidents: away, incident: away, history: away })
    return withApi({ store, analytics: analyticsOver(store) }, async ({ url }) => {
      const answer = await fetch(`${url}/api/analytics${path}`)
      expect(answer.status).toBe(503)
      expect(answer.headers.get('retry-after')).toBe('15')
      expect((await read(answer, Problem)).detail).toContain('The store cannot be read (unavailable)')
    })
  })

  test('while too many whole fleets wait, and tell when to come back', async () => {
    const { promise: open, resolve } = Promise.withResolvers<void>()
    const store = fakeStore({
      incidents: async () => {
        await open
        return { items: [] }
      },
    })
    await withApi({ store, analytics: analyticsOver(store) }, async ({ url }) => {
      // One is at work and four wait: the sixth is too many, and is the first that is answered.
      const asked = Array.from({ length: 6 }, () => fetch(`${url}/api/analytics/report?period=2026-02`))
      const refused = await Promise.race(asked)
      expect(refused.status).toBe(503)
      expect(refused.headers.get('retry-after')).toBe('60')
      expect((await read(refused, Problem)).detail).toContain('Too many reports')
      resolve()
      const statuses = (await Promise.all(asked)).map(({ status }) => status)
      expect(statuses.toSorted()).toEqual([200, 200, 200, 200, 200, 503])
    })
  })

  test('a document is refused like the figures it is made of', () =>
    withApi({ reports: fakeParts().reports }, async ({ url }) => {
      expect((await fetch(`${url}/api/reports/document?timeZone=Mars`)).status).toBe(400)
      expect((await fetch(`${url}/api/reports/document?template=incident`)).status).toBe(400)
      expect((await fetch(`${url}/api/reports/document?account=nobody`)).status).toBe(404)
    }))
})
