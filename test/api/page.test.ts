import { expect, test } from 'vitest'
import { account, fakeMonitor, fleetOf, gatewayView, incident, NOW_MS, smallFleet, view, withApi } from './fakes.ts'

const EVIL = `<script>alert("x")</script>' onmouseover='y`

async function pageOf(url: string, path = '/'): Promise<string> {
  const answer = await fetch(url + path)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
  return answer.text()
}

test('the page shows the numbers, the open incident, the gateways and the accounts, worst first', () =>
  withApi({}, async ({ url }) => {
    const page = await pageOf(url)
    expect(page).toContain('<title>(1) WhatsApp fleet</title>')
    expect(page).toContain('<meta http-equiv="refresh" content="10">')
    expect(page).toContain('href="/api/incidents/inc-1"')
    expect(page).toContain('href="http://127.0.0.1:9090"')
    expect(page).toContain('99.00 %')
    const rows = [...page.matchAll(/<th scope="row"><a href="\/api\/health\/([^"]+)"/g)].map(([, key]) => key)
    expect(rows).toEqual(['waha-1%2Fsales-02', 'evo%2Fshared', 'waha-1%2Fsales-01', 'waha-1%2Fshared'])
  }))

test('names from outside are text on the page, wherever they come from', async () => {
  const of = account({ account: EVIL, name: EVIL, phone: EVIL, labels: { team: EVIL } })
  const bad = view(
    of,
    { status: 'unhealthy', native: EVIL, incident: incident({ id: EVIL, key: of.key }) },
    { maintenance: { id: EVIL, select: {}, startMs: 0, endMs: NOW_MS, author: EVIL, reason: EVIL } },
  )
  const gateways = [
    gatewayView({ name: EVIL, driver: EVIL, up: false, lastError: { code: 'bad_reply', message: EVIL, atMs: 0 } }),
  ]
  const monitor = fakeMonitor([], { fleet: fleetOf([bad], gateways) })
  await withApi({ monitor, version: EVIL, links: { grafana: `http://g/"${EVIL}` } }, async ({ url }) => {
    const page = await pageOf(url, `/?q=${encodeURIComponent(EVIL)}`)
    expect(page).not.toContain('<script')
    expect(page).not.toContain(`' onmouseover`)
    expect(page).not.toContain(`g/"`)
    expect(page.match(/&lt;script&gt;/g)?.length).toBeGreaterThan(8)
  })
})

test('the page loads nothing, and its policy lets nothing load but its own style', () =>
  withApi({}, async ({ url }) => {
    const policy = (await fetch(url)).headers.get('content-security-policy')
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; form-action 'self'; frame-ancestors 'none'$/,
    )
    const page = await pageOf(url)
    expect(page).not.toMatch(/\b(src|srcset|style|onclick)=/)
    expect(page).not.toMatch(/<(script|link|img|iframe|object)/)
  }))

test('a search shows what matches', () =>
  withApi({}, async ({ url }) => {
    expect(await pageOf(url, '/?q=evo%2F')).toContain('evo/shared')
    expect(await pageOf(url, '/?q=evo%2F')).not.toContain('waha-1%2Fsales-01')
    expect(await pageOf(url, '/?q=nothing')).toContain('No account matches.')
  }))

test('a blind exporter says so, and why', () => {
  const fleet = fleetOf(smallFleet())
  const blind = { ...fleet, exporter: () => ({ ...fleet.exporter(), blind: true, advice: 'Set checks.uplink.' }) }
  return withApi({ monitor: fakeMonitor([], { fleet: blind }) }, async ({ url }) => {
    expect(await pageOf(url)).toContain('nothing is known of any account. Set checks.uplink.')
  })
})

test('a large fleet shows its worst accounts and says how many there are', () => {
  const many = Array.from({ length: 1000 }, (_, index) => view(account({ account: `a${index}` })))
  return withApi({ monitor: fakeMonitor([...many, ...smallFleet()]) }, async ({ url }) => {
    const page = await pageOf(url)
    expect(page).toContain('The 200 worst of 1004.')
    expect(page).toContain('waha-1%2Fsales-02')
  })
})
