import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { renderMarkdown } from '../../src/api/manual/markdown.ts'
import { manualOf } from '../../src/api/manual/pages.ts'
import { ApiOptions } from '../../src/api/options.ts'
import { isAlert } from '../../src/rules/rule.ts'
import { RULE_FILES, runbookName } from '../../src/rules/rule-files.ts'
import { withApi } from './fakes.ts'

const alerts = RULE_FILES.flatMap(({ groups }) => groups.flatMap(({ rules }) => rules.filter(isAlert)))
const rendered = (text: string, served: readonly string[] = []) =>
  renderMarkdown(text, (href) => served.includes(href)).body.text

describe('the documentation', () => {
  test('has the runbook of every alert, under the link that the alert carries', () =>
    withApi({}, async ({ url }) => {
      expect(alerts.length).toBeGreaterThan(30)
      for (const { alert } of alerts) {
        const answer = await fetch(`${url}/docs/alerts/${runbookName(alert)}.md`)
        expect([alert, answer.status]).toEqual([alert, 200])
        expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
        const page = await answer.text()
        expect(page).toContain(`<title>${alert}</title>`)
        expect(page).toContain('<h2 id="first-commands">First commands</h2>')
      }
    }))

  test('links only to pages and headings that are served', () =>
    withApi({}, async ({ url }) => {
      const pages = new Map<string, string>()
      const waiting = alerts.map(({ alert }) => `${url}/docs/alerts/${runbookName(alert)}.md`)
      for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
        if (pages.has(address)) continue
        const answer = await fetch(address)
        expect([address, answer.status]).toEqual([address, 200])
        pages.set(address, await answer.text())
        for (const target of linksOf(address, pages.get(address) ?? '')) waiting.push(target.split('#')[0] ?? '')
      }
      expect(pages.size).toBeGreaterThan(40)
      const anchors = [...pages].flatMap(([address, page]) => linksOf(address, page).filter((to) => to.includes('#')))
      expect(anchors.length).toBeGreaterThan(10)
      for (const target of anchors) {
        const [address = '', anchor] = target.split('#')
        expect([target, pages.get(address)?.includes(`id="${anchor}"`)]).toEqual([target, true])
      }
    }))

  test('lets nothing run, and loads only files that are there', () =>
    withApi({}, async ({ url }) => {
      const answer = await fetch(`${url}/docs/alerts/gateway-down`)
      expect(answer.headers.get('content-security-policy')).toBe(
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      )
      const page = await answer.text()
      expect(page).not.toMatch(/<script|<style|style=|\son\w+=/)
      const files = [...page.matchAll(/href="(\/page\/[^"]+)"/g)].map(([, path = '']) => path)
      expect(files).toHaveLength(3)
      for (const path of files) expect([path, (await fetch(url + path)).status]).toEqual([path, 200])
    }))

  test.each(['/docs/no-such-page', '/docs/alerts/..%2F..%2Fpackage.json', '/docs/alerts', '/docs/..%2FREADME.md'])(
    'serves no page under %s',
    (path) =>
      withApi({}, async ({ url }) => {
        expect((await fetch(url + path)).status).toBe(404)
      }),
  )

  test('needs the right to read where somebody must sign in', () => {
    const bearerTokens = [{ name: 'rita', role: 'read', token: 'read-only-token-1' }]
    return withApi({ options: ApiOptions.parse({ bearerTokens }) }, async ({ url }) => {
      expect((await fetch(`${url}/docs/alerting`)).status).toBe(401)
      const headers = { authorization: 'Bearer read-only-token-1' }
      expect((await fetch(`${url}/docs/alerting`, { headers })).status).toBe(200)
    })
  })

  test('that was left out has no pages, and harms nothing', () => {
    expect(manualOf(join(tmpdir(), 'there-is-no-such-folder')).page('alerting', '/')).toBeUndefined()
  })

  test('knows the pages of subfolders', () => {
    const folder = mkdtempSync(join(tmpdir(), 'manual-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'one.md'), '# One\n\nSee [two](two.md) and [three](three.md).')
    writeFileSync(join(folder, 'two.md'), '# Two')
    const page = manualOf(folder).page('one', '/style/')
    expect(page).toContain('See <a href="two.md">two</a> and three.')
    expect(page).toContain('href="/style/manual.css"')
  })
})

describe('Markdown', () => {
  test.each([
    [
      'raw HTML is shown as text',
      'a <img src=x onerror=alert(1)> b',
      '<p>a &lt;img src=x onerror=alert(1)&gt; b</p>\n',
    ],
    ['comments are left out', '<!-- generated: x -->\n\ntext', '<p>text</p>\n'],
    ['links that run script are text', '[x](javascript:alert(1))', '<p>x</p>\n'],
    ['links that leave the documentation are text', '[rules](../prometheus/rules)', '<p>rules</p>\n'],
    [
      'links to other hosts stay',
      '[x](https://a.test/?b="c")',
      '<p><a href="https://a.test/?b=&quot;c&quot;" rel="noreferrer">x</a></p>\n',
    ],
    ['pictures are their description', '![A page](images/a.png)', '<p><em>A page</em></p>\n'],
    [
      'headings have the anchors of GitHub',
      "## What `x` does, and doesn't",
      '<h2 id="what-x-does-and-doesnt">What <code>x</code> does, and doesn&#39;t</h2>\n',
    ],
  ])('%s', (_, text, wanted) => {
    expect(rendered(text)).toBe(wanted)
  })

  test('links to pages that are served stay, with their anchors', () => {
    expect(rendered('[x](../slo.md#levels)', ['../slo.md'])).toBe('<p><a href="../slo.md#levels">x</a></p>\n')
  })
})

/** Links inside the documentation, as a browser reads them. */
function linksOf(address: string, page: string): readonly string[] {
  return [...page.matchAll(/<a href="([^"]+)"/g)]
    .map(([, href = '']) => new URL(href, address))
    .filter(({ pathname, origin }) => origin === new URL(address).origin && pathname.startsWith('/docs/'))
    .map(({ href }) => href)
}
