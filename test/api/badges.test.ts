import { describe, expect, test } from 'vitest'
import { account, bucket, fakeMonitor, fakeStore, NOW_MS, view, withApi } from './fakes.ts'

const EVIL = `<script>alert("x")</script>' onload='y`

describe('badges', () => {
  test.each([
    ['/badge/sales-01/status.svg', 'sales-01: healthy', '#15803d'],
    ['/badge/sales-02/status.svg', 'sales-02: unhealthy', '#b91c1c'],
    ['/badge/evo%2Fshared/status.svg', 'shared: unknown', '#57606a'],
    ['/badge/sales-01/status.svg?label=Sales+bot', 'Sales bot: healthy', '#15803d'],
    ['/badge/sales-01/uptime.svg', 'uptime 30d: 95.00 %', '#b91c1c'],
    ['/badge/sales-01/uptime.svg?period=24h', 'uptime 24h: 95.00 %', '#b91c1c'],
  ])('%s says "%s"', (path, text, colour) =>
    withApi({}, async ({ url }) => {
      const answer = await fetch(url + path)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toBe('image/svg+xml; charset=utf-8')
      const svg = await answer.text()
      expect(svg).toContain(`<title>${text}</title>`)
      expect(svg).toContain(`fill="${colour}"`)
    }),
  )

  test('the availability is rounded down and green where the objective is met', () => {
    const store = fakeStore({ history: async () => [{ ...bucket, observedMs: 1_000_000, downtimeMs: 4 }] })
    return withApi({ store }, async ({ url }) => {
      const svg = await (await fetch(`${url}/badge/sales-01/uptime.svg`)).text()
      expect(svg).toContain('uptime 30d: 99.99 %')
      expect(svg).toContain('#15803d')
    })
  })

  test('nothing recorded is not an uptime of zero', () =>
    withApi({ store: fakeStore({ history: async () => [] }) }, async ({ url }) => {
      expect(await (await fetch(`${url}/badge/sales-01/uptime.svg`)).text()).toContain('no data')
    }))

  test('a fault during maintenance is not shown as one', () => {
    const maintenance = { id: 'm', select: {}, startMs: 0, endMs: NOW_MS + 1, author: 'a', reason: 'r' }
    const monitor = fakeMonitor([view(account(), { status: 'unhealthy' }, { maintenance })])
    return withApi({ monitor }, async ({ url }) => {
      expect(await (await fetch(`${url}/badge/sales-01/status.svg`)).text()).toContain('sales-01: maintenance')
    })
  })

  test('an account that nobody knows is a problem document, not a picture', () =>
    withApi({}, async ({ url }) => {
      for (const path of ['/badge/nobody/status.svg', '/badge/nobody/uptime.svg', '/badge/sales-01/other.svg']) {
        const answer = await fetch(url + path)
        expect(answer.status).toBe(404)
        expect(answer.headers.get('content-type')).toBe('application/problem+json')
      }
    }))

  test('names and labels from outside are text', () => {
    const monitor = fakeMonitor([view(account({ account: EVIL }))])
    return withApi({ monitor }, async ({ url }) => {
      const paths = [
        `/badge/${encodeURIComponent(EVIL)}/status.svg`,
        `/badge/971505760056/status.svg?label=${encodeURIComponent(EVIL)}`,
      ]
      for (const path of paths) {
        const svg = await (await fetch(url + path)).text()
        expect(svg).toContain('&lt;script&gt;')
        expect(svg).not.toMatch(/<script|' onload/)
      }
    })
  })

  test('a browser may keep a badge for a moment, and is not sent the same one again', () =>
    withApi({}, async ({ url }) => {
      const first = await fetch(`${url}/badge/sales-01/status.svg`)
      expect(first.headers.get('cache-control')).toBe('private, max-age=15')
      expect(first.headers.get('cross-origin-resource-policy')).toBe('cross-origin')
      const etag = first.headers.get('etag') ?? ''
      const again = await fetch(`${url}/badge/sales-01/status.svg`, {
        headers: { 'if-none-match': `"old", W/${etag}` },
      })
      expect(again.status).toBe(304)
      expect(await again.text()).toBe('')
      const other = await fetch(`${url}/badge/sales-02/status.svg`, { headers: { 'if-none-match': etag } })
      expect(other.status).toBe(200)
    }))
})
