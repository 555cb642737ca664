import { describe, expect, test } from 'vitest'
import { ApiOptions } from '../../src/api/options.ts'
import { pageAssets } from '../../src/api/page/assets.ts'
import { withApi } from './fakes.ts'

const TOKENS = [
  { name: 'rita', role: 'read', token: 'read-only-token-1' },
  { name: 'alice', role: 'operate', token: 'operator-token-1' },
]

/** Addresses of files that a document or a module names. */
const loaded = (text: string) => [...text.matchAll(/(?:src|href)="(\/page\/[^"]+)"/g)].map(([, path = '']) => path)

describe('the status page', () => {
  test('names files that are all there, and may be kept for ever', () =>
    withApi({}, async ({ url }) => {
      const page = await (await fetch(url)).text()
      const paths = [...new Set(loaded(page))]
      expect(paths.length).toBe(5)
      for (const path of paths) {
        const answer = await fetch(url + path)
        expect(answer.status, path).toBe(200)
        expect(answer.headers.get('cache-control')).toBe('private, max-age=31536000, immutable')
        const again = await fetch(url + path, { headers: { 'if-none-match': answer.headers.get('etag') ?? '' } })
        expect(again.status).toBe(304)
      }
    }))

  test('has only modules whose imports are served too', () => {
    const waiting = ['main.js']
    const seen = new Set(waiting)
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      const asset = pageAssets().get(name)
      expect(asset, name).toBeDefined()
      expect(asset?.contentType).toBe('text/javascript; charset=utf-8')
      for (const [, path = ''] of asset?.text.matchAll(/\}\s*from\s*["']([^"']+)["']/g) ?? []) {
        expect(path).toMatch(/^\.\/[\w-]+\.js$/)
        const file = path.slice(2)
        if (!seen.has(file)) waiting.push(file)
        seen.add(file)
      }
    }
    expect(seen.size).toBeGreaterThan(15)
    expect(seen).toContain('lit-html.js')
  })

  test('lets nothing run or load but its own files', () =>
    withApi({}, async ({ url }) => {
      const answer = await fetch(url)
      expect(answer.headers.get('content-security-policy')).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html",
      )
      expect(answer.headers.get('cache-control')).toBe('no-store')
      const page = await answer.text()
      expect(page).not.toMatch(/<style|style=|\son\w+=|<script(?! (type="module" )?src="\/page\/)/)
    }))

  test.each([
    [undefined, 401],
    ['read-only-token-1', 200],
  ])('and its files are covered by the access rules (token %s: %d)', (token, status) => {
    const options = ApiOptions.parse({ listen: '127.0.0.1:0', bearerTokens: TOKENS })
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    return withApi({ options }, async ({ url }) => {
      for (const path of ['/', `/page/${pageAssets().version}/main.js`, '/api/events', '/badge/sales-01/status.svg']) {
        const answer = await fetch(url + path, { headers })
        expect(answer.status, path).toBe(status)
        await answer.body?.cancel()
      }
    })
  })

  test.each([
    ['read-only-token-1', 'data-user="rita" data-role="read" data-signed-in="true"'],
    ['operator-token-1', 'data-user="alice" data-role="operate" data-signed-in="true"'],
  ])('knows who looks at it (%s)', (token, facts) => {
    const options = ApiOptions.parse({ listen: '127.0.0.1:0', bearerTokens: TOKENS })
    return withApi({ options }, async ({ url }) => {
      expect(await (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).text()).toContain(facts)
    })
  })

  test('knows which parts of the API are there', () =>
    withApi({}, async ({ url }) => {
      expect(await (await fetch(url)).text()).toMatch(/data-features="[^"]*\balerts\b[^"]*\bmaintenance\b/)
    }))

  test('shows what comes from the configuration as text', () =>
    withApi({ version: '"><script>', links: { grafana: 'http://g/"><script>' } }, async ({ url }) => {
      const page = await (await fetch(url)).text()
      expect(page).not.toContain('"><script>')
      expect(page).toContain('&quot;&gt;&lt;script&gt;')
    }))

  test.each([
    '/page/old/main.js',
    `/page/${pageAssets().version}/no-such.js`,
    `/page/${pageAssets().version}/..%2Fshell.ts`,
  ])('has no file %s', (path) =>
    withApi({}, async ({ url }) => {
      expect((await fetch(url + path)).status).toBe(404)
    }),
  )
})
