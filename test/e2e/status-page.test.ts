import type { Browser } from 'puppeteer-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApi } from '../../src/api/app.ts'
import { changeFeed } from '../../src/api/change-feed.ts'
import { ApiOptions } from '../../src/api/options.ts'
import type { ApiParts } from '../../src/api/parts.ts'
import {
  account,
  fakeMonitor,
  fakeParts,
  fleetOf,
  gatewayView,
  incident,
  NOW_MS,
  serve,
  transition,
  view,
  withApi,
} from '../api/fakes.ts'
import { startWorld } from '../service/world.ts'
import { inPage, openPage, seriousFaults, startBrowser, textBecomes, textOf } from './browser.ts'

const ROWS = '#accounts tbody tr'
const EVIL = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
/** alice:secret-password and rita:secret-password, at the lowest cost. */
const USERS = {
  alice: { hash: '$2b$04$NM7Owx.5N8UpU13Gqdl4XeybsoDmwpry0z86D/GBnEhLI5/52A4P2', role: 'operate' },
  rita: { hash: '$2b$04$NM7Owx.5N8UpU13Gqdl4XeybsoDmwpry0z86D/GBnEhLI5/52A4P2', role: 'read' },
}

let browser: Browser
beforeAll(async () => {
  browser = await startBrowser()
})
afterAll(() => browser.close())

const rowOf = (key: string) => `#accounts tr:has([data-key="${key}"])`

describe('the status page in a browser, on a simulated fleet', () => {
  test('shows a fault within two check cycles, tells of it, and shows that it is over', async (context) => {
    const world = await startWorld(context, {
      simulator: { gateways: [{ name: 'waha-1', dialect: 'waha', accounts: 6 }] },
      config: { recovery: { mode: 'off' } },
    })
    const { page, faults, foreign } = await openPage(browser, world.url)
    await textBecomes(page, '#live', /^Live$/)
    await textBecomes(page, '.tile.healthy .number', /^6$/)
    await page.evaluate('window.wasNeverReloaded = true')
    const [key = ''] = [...world.service.monitor.fleet.accounts()].map((one) => one.account.key)

    const checksBefore = (await world.account(key)).counters.checks
    world.fault(key, 'disconnected')
    await textBecomes(page, rowOf(key), /warning|unhealthy/)
    const checks = (await world.account(key)).counters.checks - checksBefore
    // The check under way when the plug was pulled does not count.
    expect(checks).toBeLessThanOrEqual(3)

    await textBecomes(page, rowOf(key), /unhealthy/)
    await textBecomes(page, '.incidents .cards', /./)
    await textBecomes(page, '#toasts', /is down/)
    await textBecomes(page, '.notices', /is down/)
    expect(await inPage(page, 'document.title')).toBe('(1) WhatsApp fleet')

    world.heal(key)
    await textBecomes(page, rowOf(key), /^healthy/)
    await textBecomes(page, '.notices', /is back/)
    await textBecomes(page, '.incidents', /None\./)
    expect(await inPage(page, 'window.wasNeverReloaded')).toBe('true')
    expect(faults).toEqual([])
    expect(foreign).toEqual([])
  })

  test('checks and restarts an account from its drawer, with a question first', async (context) => {
    const world = await startWorld(context, {
      simulator: { gateways: [{ name: 'waha-1', dialect: 'waha', accounts: 2 }] },
      config: { recovery: { mode: 'off' } },
    })
    const [key = ''] = [...world.service.monitor.fleet.accounts()].map((one) => one.account.key)
    const { page, faults } = await openPage(browser, `${world.url}/#account=${encodeURIComponent(key)}`)
    await textBecomes(page, '#account-title + .sub', new RegExp(`^${key}$`))
    await page.locator('#account .controls button.primary').click()
    await textBecomes(page, '#account .notice.good', /^Checked: Healthy: connected/)
    await page.locator('#account .controls button ::-p-text(Restart)').click()
    await textBecomes(page, '#confirm', /Restart .+\? .*It is healthy now/)
    await page.locator('#confirm button ::-p-text(Cancel)').click()
    expect(await world.recoveries(key)).toEqual([])

    await page.locator('#account details.maintenance summary').click()
    await page.locator('#account input[name=reason]').fill('New phone')
    await page.locator('#account .maintenance form button').click()
    await textBecomes(page, '#account .notice', /Maintenance until .* New phone/)
    await page.locator('#account .notice button ::-p-text(End it now)').click()
    await textBecomes(page, '#account .notice.good', /Maintenance has ended/)
    expect(faults).toEqual([])
  })
})

describe('the status page in a browser', () => {
  test.each([
    ['light', 1360],
    ['dark', 1360],
    ['light', 390],
  ])('has no serious fault of accessibility (%s, %d px)', (scheme, width) =>
    withApi({}, async ({ url }) => {
      const { page } = await openPage(browser, url, async (one) => {
        await one.setViewport({ width, height: 860 })
        await one.emulateMediaFeatures([
          { name: 'prefers-color-scheme', value: scheme },
          { name: 'prefers-reduced-motion', value: 'reduce' },
        ])
      })
      await textBecomes(page, '.notices', /is down/)
      expect(await seriousFaults(page)).toBe('')
      await page.locator(`${rowOf('waha-1/sales-02')} button`).click()
      await textBecomes(page, '#account', /State history disconnected|State history .*disconnected/)
      expect(await seriousFaults(page)).toBe('')
      await page.locator('#account .controls button ::-p-text(Restart)').click()
      await textBecomes(page, '#confirm', /Restart/)
      expect(await seriousFaults(page)).toBe('')
    }),
  )

  test('would be told of a serious fault of accessibility', () =>
    withApi({}, async ({ url }) => {
      const { page } = await openPage(browser, url)
      await page.evaluate(
        'document.querySelector("#search").closest("label").replaceWith(document.querySelector("#search"))',
      )
      await page.evaluate('document.querySelector("#search").removeAttribute("placeholder")')
      expect(await seriousFaults(page)).toMatch(/^label: #search/)
    }))

  test('fits a phone without scrolling sideways', () =>
    withApi({}, async ({ url }) => {
      const { page } = await openPage(browser, url, (one) => one.setViewport({ width: 360, height: 740 }))
      expect(Number(await inPage(page, 'document.documentElement.scrollWidth'))).toBeLessThanOrEqual(360)
      await page.locator(`${rowOf('waha-1/sales-02')} button`).click()
      await textBecomes(page, '#account', /Repairs/)
      expect(Number(await inPage(page, 'document.querySelector("#account").scrollWidth'))).toBeLessThanOrEqual(360)
    }))

  test('can be used with the keyboard alone', () =>
    withApi({}, async ({ url }) => {
      const { page } = await openPage(browser, url)
      await page.keyboard.press('/')
      await page.keyboard.type('sales-02')
      await textBecomes(page, '#accounts .panel-head', /1 account match/)
      await page.keyboard.press('ArrowDown')
      expect(await inPage(page, 'document.activeElement.dataset.key')).toBe('waha-1/sales-02')
      await page.keyboard.press('Enter')
      await textBecomes(page, '#account', /Trend/)
      expect(await inPage(page, 'document.querySelector("#account").contains(document.activeElement)')).toBe('true')
      await page.keyboard.press('Escape')
      await page.waitForSelector('#account:not([open])')
      expect(await inPage(page, 'document.activeElement.dataset.key')).toBe('waha-1/sales-02')
      // The dialog tells of its end a moment after it is gone.
      await page.waitForFunction("location.hash === '#q=sales-02'")
      await page.keyboard.press('ArrowUp')
      expect(await inPage(page, 'document.activeElement.id')).toBe('search')
    }))

  test('pages, searches and filters ten thousand accounts, fifty rows at a time', () => {
    const views = Array.from({ length: 10_000 }, (_, index) =>
      view(
        account({ account: `bot-${String(index).padStart(5, '0')}`, phone: null, name: null }),
        index % 100 === 0 ? { status: 'unhealthy', state: 'disconnected' } : {},
      ),
    )
    const byKey = new Map(views.map((one) => [one.account.key, one]))
    const fleet = { ...fleetOf(views), get: (key: string) => byKey.get(key) }
    return withApi({ monitor: fakeMonitor(views, { fleet }) }, async ({ url }) => {
      const { page } = await openPage(browser, url)
      await textBecomes(page, '.tile.healthy .number', /^9\s?900$/)
      expect(await inPage(page, `document.querySelectorAll('${ROWS}').length`)).toBe('50')
      await page.locator('.pager button:last-child').click()
      await textBecomes(page, '.pager span', /^51 – 100 of 10\s?000$/)
      await page.locator('.tile.unhealthy').click()
      await textBecomes(page, '.pager span', /^1 – 50 of 100$/)
      await page.locator('#search').fill('bot-00500')
      await textBecomes(page, '#accounts .panel-head', /1 account match/)
      expect(await textOf(page, ROWS)).toContain('waha-1/bot-00500')
      expect(await inPage(page, 'location.hash')).toBe('#status=unhealthy&q=bot-00500')
      await page.locator('#accounts .toolbar button.quiet').click()
      await textBecomes(page, '.pager span', /^1 – 50 of 10\s?000$/)
    })
  })

  test('names a shard that is silent, and shows its accounts as the store last knew them', async () => {
    const gone = account({ key: 'waha-1/gone', account: 'gone', nativeId: 'gone' })
    const stale = {
      ...view(gone, { status: 'unknown', state: 'connected', lastCheckMs: NOW_MS - 60_000 }),
      lastKnown: true as const,
    }
    const shards: ApiParts['shards'] = {
      ordinal: 0,
      total: 3,
      ownerOf: (key) => (key === gone.key ? 1 : 0),
      peers: { ask: async () => ({ silent: 'cannot be reached: ECONNREFUSED' }) },
      lastKnown: async (ordinal) => (ordinal === 1 ? [stale] : []),
    }
    await withApi({ shards }, async ({ url }) => {
      const { page, faults } = await openPage(browser, url)
      const alarms = await textBecomes(page, '.alarms', /Shard 2/)
      expect(alarms).toMatch(
        /^Shard 1 cannot be reached: ECONNREFUSED\. Its account is shown as the store last knew it at .+ ?Shard 2 cannot be reached: ECONNREFUSED\. Its accounts are not on this page\.$/,
      )
      expect(await textOf(page, rowOf(gone.key))).toMatch(/^unknown/)
      await page.locator(rowOf(gone.key)).click()
      await textBecomes(page, '#account', /the exporter that watches it does not answer/)
      expect(faults).toEqual([])
      expect(await seriousFaults(page)).toBe('')
    })
  })

  test('shows what comes from outside as text', async () => {
    const of = account({ account: EVIL, name: EVIL, phone: EVIL, labels: { team: EVIL } })
    const bad = view(
      of,
      { status: 'unhealthy', native: EVIL, incident: incident({ key: of.key, account: EVIL, gateway: EVIL }) },
      { maintenance: { id: EVIL, select: {}, startMs: 0, endMs: NOW_MS, author: EVIL, reason: EVIL } },
    )
    const gateways = [
      gatewayView({ name: EVIL, driver: EVIL, up: false, lastError: { code: 'bad_reply', message: EVIL, atMs: 0 } }),
    ]
    await withApi({ monitor: fakeMonitor([bad], { fleet: fleetOf([bad], gateways) }) }, async ({ url }) => {
      const { page, faults } = await openPage(browser, url)
      await page.locator('#accounts tbody button').click()
      await textBecomes(page, '#account', /Repairs/)
      expect(await textOf(page, '#account-title')).toBe(EVIL)
      expect(await inPage(page, 'document.title')).toBe('(1) WhatsApp fleet')
      expect(
        await inPage(page, `document.querySelectorAll('main img, #drawer img, body script:not([src])').length`),
      ).toBe('0')
      expect(faults).toEqual([])
    })
  })

  test('tells of an alert that comes while it is open, and of its end', () =>
    withApi({}, async ({ url }) => {
      const { page, faults } = await openPage(browser, url)
      await textBecomes(page, '#live', /^Live$/)
      const tell = (status: 'firing' | 'resolved', endsAt: string) =>
        fetch(`${url}/api/alerts`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            version: '4',
            receiver: 'exporter-audit',
            groupKey: '{}:{alertname="WhatsAppAccountBlocked"}',
            groupLabels: { alertname: 'WhatsAppAccountBlocked' },
            status,
            alerts: [
              {
                status,
                labels: {
                  alertname: 'WhatsAppAccountBlocked',
                  severity: 'critical',
                  gateway: 'waha-1',
                  account: 'sales-02',
                },
                annotations: { summary: 'WhatsApp has blocked sales-02.' },
                startsAt: new Date(NOW_MS - 60_000).toISOString(),
                endsAt,
                fingerprint: '0123456789abcdef',
              },
            ],
          }),
        })
      expect((await tell('firing', '0001-01-01T00:00:00Z')).status).toBe(200)
      await textBecomes(page, '.notices', /Alert: WhatsApp has blocked sales-02\. WhatsAppAccountBlocked, critical/)
      await textBecomes(page, '#toasts', /Alert: WhatsApp has blocked sales-02/)
      expect((await tell('resolved', new Date(NOW_MS).toISOString())).status).toBe(200)
      const notices = await textBecomes(page, '.notices', /Resolved: WhatsApp has blocked sales-02/)
      expect(notices).not.toContain('Alert:')
      expect(faults).toEqual([])
    }))

  test('comes back after the connection was lost, with what happened meanwhile', async () => {
    const changes = changeFeed(0)
    const parts = fakeParts({ changes })
    const first = await serve(createApi(parts))
    const { page } = await openPage(browser, first.url)
    await textBecomes(page, '#live', /^Live$/)
    await first.close()
    await textBecomes(page, '#live', /^Reconnecting/)
    changes.publish({
      atMs: NOW_MS,
      transitions: [transition],
      incidents: [incident({ id: 'inc-2', account: 'meanwhile' })],
      recoveries: [],
    })
    const second = await serve(createApi(parts), first.port)
    try {
      await textBecomes(page, '#live', /^Live$/)
      await textBecomes(page, '.notices', /meanwhile is down/)
    } finally {
      await second.close()
    }
  })

  test.each([
    ['alice', true],
    ['rita', false],
  ] as const)('asks for a password; %s may restart: %s', (name, mayRestart) => {
    const options = ApiOptions.parse({ listen: '127.0.0.1:0', basicAuth: { users: USERS } })
    const monitor = fakeMonitor()
    return withApi({ options, monitor }, async ({ url }) => {
      const { page, faults } = await openPage(browser, url, (one) =>
        one.authenticate({ username: name, password: 'secret-password' }),
      )
      await textBecomes(page, '#live', /^Live$/)
      expect(await textOf(page, '.user')).toContain(name)
      await page.locator(`${rowOf('waha-1/sales-02')} button`).click()
      if (!mayRestart) {
        await textBecomes(page, '#account', /rita has the role read/)
        expect(await inPage(page, `document.querySelectorAll('#account .controls').length`)).toBe('0')
        return
      }
      await page.locator('#account .controls button ::-p-text(Restart)').click()
      await page.locator('#confirm button.danger').click()
      await textBecomes(page, '#account .notice', /restart is under way/)
      expect(monitor.recovered).toEqual([{ key: 'waha-1/sales-02', by: 'alice' }])
      expect(faults.filter((fault) => !fault.includes('401'))).toEqual([])
    })
  })
})
