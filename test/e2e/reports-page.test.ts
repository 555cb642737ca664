import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'puppeteer-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApi } from '../../src/api/app.ts'
import { ApiOptions } from '../../src/api/options.ts'
import { silentLog } from '../../src/log.ts'
import { ReportsOptions } from '../../src/reports/options.ts'
import { createReporting } from '../../src/reports/reporting.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import { fakeReports } from '../api/fake-reports.ts'
import { fakeParts, serve, withApi } from '../api/fakes.ts'
import { sampleFleet } from '../reports/sample-fleet.ts'
import { type SmtpSink, smtpSink } from '../reports/smtp-sink.ts'
import { inPage, openPage, seriousFaults, startBrowser, textBecomes, textOf } from './browser.ts'

/** Friday, 10 April 2026. */
const NOW = Date.parse('2026-04-10T09:30:00Z')
const DAY = 86_400_000
const PAGE = '#page=reports'
const FIRST = '.reports .report-lines li:first-child'
const PASSWORD_OF_BOTH = '$2b$04$NM7Owx.5N8UpU13Gqdl4XeybsoDmwpry0z86D/GBnEhLI5/52A4P2'

const directory = mkdtempSync(join(tmpdir(), 'reports-page-'))
let browser: Browser
let sink: SmtpSink
beforeAll(async () => {
  browser = await startBrowser()
  sink = await smtpSink()
})
afterAll(async () => {
  await browser.close()
  await sink.close()
  rmSync(directory, { recursive: true })
})

/** The API with real reports about a made-up fleet, at a moment. */
async function startAt(startMs: number) {
  const sinceMs = performance.now()
  const now = () => Math.floor(startMs + performance.now() - sinceMs)
  const fleet = sampleFleet(6)
  const store = sqliteStore({ path: join(directory, 'exporter.db') }, silentLog)
  const options = ReportsOptions.parse({
    directory: join(directory, 'reports'),
    smtp: { host: '127.0.0.1', port: sink.port, requireTls: false, from: 'reports@example.org' },
    subscriptions: { allowedDomains: ['example.org'] },
  })
  const reports = createReporting({
    options: () => options,
    analytics: {
      analysis: ({ period, timeZone }, _signal, into) => fleet.analysis(period, timeZone, into),
      incidentAnalysis: async (id) => (id === 'inc-1' ? fleet.incident() : null),
    },
    store,
    externalUrl: () => 'https://exporter.example',
    searchPath: process.env['PATH'] ?? '',
    log: silentLog,
    events: { begun() {}, failed() {}, mailed() {} },
    now,
    random: () => 0.5,
  })
  reports.start()
  await reports.idle()
  const served = await serve(createApi(fakeParts({ reports, now })))
  return {
    url: served.url,
    reports,
    async stop() {
      await served.close()
      await reports.stop()
      await store.close()
    },
  }
}

const openReports = (url: string, prepare?: (page: Page) => Promise<void>) =>
  openPage(browser, `${url}/${PAGE}`, prepare, '#reports')
const field = (name: string) => `.report-form [name=${name}]`
const submit = (page: Page) => page.locator('.report-form .submit button').click()
const status = '.report-form .submit .notice'

/** The first bytes of what a link downloads, with the rights of the page. */
const downloaded = (page: Page, selector: string) =>
  inPage(
    page,
    `fetch(document.querySelector('${selector}').href).then((answer) => answer.text()).then((text) => text.slice(0, 200))`,
  )

test('a report is made, a person subscribes, receives it, and unsubscribes by the link', async () => {
  const friday = await startAt(NOW)
  const { page, faults, foreign } = await openReports(friday.url)
  await textBecomes(page, '.reports .empty', /None yet/)
  await page.locator(field('template')).fill('executive')
  await page.locator(field('period')).fill('range')
  await page.locator(field('from')).fill('2026-03-01')
  await page.locator(field('to')).fill('2026-03-15')
  await page.locator(field('timeZone')).fill('Europe/Berlin')
  await page.locator(field('gateway')).fill('waha-1')
  await page.locator(field('language')).fill('de')
  await page.locator(`${field('format')}[value=csv]`).click()
  await submit(page)
  await textBecomes(page, status, /is being made/)
  await textBecomes(
    page,
    FIRST,
    /Executive summary 2026-03-01\.\.2026-03-15.*waha-1, Europe\/Berlin.*ready.*PDF.*CSV \(8 tables\)/,
  )
  expect(await downloaded(page, `${FIRST} a`)).toMatch(/^%PDF-/)
  await page.locator(`${FIRST} summary`).click()
  expect(await downloaded(page, `${FIRST} details a`)).toContain('account')

  await page.locator(field('template')).fill('incident')
  await page.waitForSelector(field('incident'))
  await submit(page)
  await textBecomes(page, FIRST, /Post-mortem.*incident inc-1.*ready.*PDF/)

  await page.locator('.report-form .segments button:nth-child(2)').click()
  await textBecomes(page, '#domains', /An address at example\.org/)
  await page.locator(field('schedule')).fill('weekly')
  await page.locator(field('recipient')).fill('eve@evil.example')
  await submit(page)
  await textBecomes(page, `${status}.bad`, /must be an address at example\.org/)
  await page.locator(field('recipient')).fill('anna@example.org')
  await submit(page)
  await textBecomes(page, '.subscriptions li', /anna@example\.org.*Monthly report, waha-1.*Mondays at 06:00/)
  expect(faults.filter((fault) => !fault.includes('400'))).toEqual([])
  expect(foreign).toEqual([])
  await friday.stop()
  expect(sink.mails).toHaveLength(0)

  const monday = await startAt(NOW + 4 * DAY)
  const [{ mail, to } = { mail: null, to: '' }] = sink.mails
  expect(to).toBe('anna@example.org')
  expect(mail?.attachments.map(({ filename }) => filename)).toContain('monthly-2026-W15.pdf')
  expect(mail?.headers.get('list')).toMatchObject({
    'unsubscribe-post': { name: 'List-Unsubscribe=One-Click' },
  })
  // Its address is that of a proxy, which is not here.
  const link = /\/api\/reports\/unsubscribe\/\S+/.exec(mail?.text ?? '')?.[0] ?? ''
  const recipient = await openPage(browser, `${monday.url}${link}`, undefined, 'form button')
  expect(await textOf(recipient.page, 'main')).toContain('Soll anna@example.org diesen Bericht nicht mehr erhalten?')
  expect(await seriousFaults(recipient.page)).toBe('')
  await Promise.all([recipient.page.waitForNavigation(), recipient.page.locator('form button').click()])
  await textBecomes(recipient.page, 'main', /Erledigt: anna@example\.org erhält diesen Bericht nicht mehr/)
  expect(recipient.faults).toEqual([])
  expect((await monday.reports.subscriptions.all()).map(({ endedBy }) => endedBy)).toEqual(['recipient'])
  await monday.stop()

  const later = await startAt(NOW + 11 * DAY)
  expect(sink.mails).toHaveLength(1)
  const again = await openReports(later.url)
  await textBecomes(again.page, FIRST, /Subscription 2026-W15.*1 of 1 mails sent.*ready/)
  await textBecomes(again.page, '.subscriptions', /Nobody is subscribed/)
  await later.stop()
})

describe('the page of reports', () => {
  test.each([
    ['light', 1360],
    ['dark', 1360],
    ['light', 360],
  ])('has no serious fault of accessibility, and fits (%s, %d px)', (scheme, width) =>
    withApi({}, async ({ url }) => {
      const { page } = await openReports(url, async (one) => {
        await one.setViewport({ width, height: 860 })
        await one.emulateMediaFeatures([
          { name: 'prefers-color-scheme', value: scheme },
          { name: 'prefers-reduced-motion', value: 'reduce' },
        ])
      })
      await textBecomes(page, FIRST, /Monthly report 2026-03/)
      await textBecomes(page, '.subscriptions li', /anna@example\.org/)
      for (const [mode, chosen] of [
        ['1', 'incident'],
        ['1', 'range'],
        ['2', 'cron'],
      ] as const) {
        await page.locator(`.report-form .segments button:nth-child(${mode})`).click()
        const name = chosen === 'incident' ? 'template' : chosen === 'cron' ? 'schedule' : 'period'
        if (chosen === 'range') await page.locator(field('template')).fill('monthly')
        await page.locator(field(name)).fill(chosen)
        expect(await seriousFaults(page)).toBe('')
        expect(Number(await inPage(page, 'document.documentElement.scrollWidth'))).toBeLessThanOrEqual(width)
      }
    }),
  )

  test('can be used with the keyboard alone', () => {
    const asked: unknown[] = []
    const { requested } = fakeReports()
    const request: typeof requested.request = (wish, by) => {
      asked.push(wish)
      return requested.request(wish, by)
    }
    return withApi({ reports: fakeReports({ requested: { request } }) }, async ({ url }) => {
      const { page } = await openPage(browser, url)
      // From the address bar: the skip link, the links of the header, the theme.
      await inPage(page, `document.querySelector('.top nav a[href="/#page=reports"]').focus()`)
      await page.keyboard.press('Enter')
      await page.waitForSelector('#reports')
      expect(await inPage(page, 'document.title')).toContain('Reports')
      expect(await textOf(page, '.top nav [aria-current=page]')).toBe('Reports')
      const focused = `document.activeElement.name || document.activeElement.textContent.trim()`
      const order: string[] = []
      for (let steps = 0; steps < 60 && order.at(-1) !== 'Make the report'; steps++) {
        await page.keyboard.press('Tab')
        order.push(await inPage(page, focused))
      }
      const names = ['template', 'period', 'timeZone', 'gateway', 'labels', 'accounts', 'format', 'language', 'paper']
      expect(order.filter((name) => names.includes(name)).filter((name, at, all) => name !== all[at - 1])).toEqual(
        names,
      )
      await page.keyboard.press('Enter')
      await textBecomes(page, status, /is being made/)
      expect(asked).toMatchObject([{ template: 'monthly', period: 'last-month', formats: ['pdf'] }])
      await inPage(page, `document.querySelector('.top nav a[href="/#"]').focus()`)
      await page.keyboard.press('Enter')
      await page.waitForSelector('#accounts tbody tr')
      expect(await textOf(page, '.top nav [aria-current=page]')).toBe('Fleet')
    })
  })

  test('is reached from an account and from an incident, which are chosen then', () =>
    withApi({}, async ({ url }) => {
      const { page } = await openPage(browser, `${url}/#account=waha-1%2Fsales-02`)
      const chosen = (name: string) => inPage(page, `document.querySelector('${field(name)}')?.value`)
      await page.locator('#account .controls a ::-p-text(Report)').click()
      await page.waitForSelector(field('accounts'))
      expect(await chosen('accounts')).toBe('waha-1/sales-02')
      await page.goBack()
      await page.locator('#account .timeline a ::-p-text(Post-mortem)').click()
      await page.waitForSelector(field('incident'))
      expect([await chosen('template'), await chosen('incident')]).toEqual(['incident', 'inc-1'])
      await page.goto(`${url}/#page=reports&incident=older-than-the-list`)
      await expect.poll(() => chosen('incident')).toBe('older-than-the-list')
    }))

  test('the skip link leads to its list and changes no view', () =>
    withApi({}, async ({ url }) => {
      const { page } = await openReports(url)
      await inPage(page, `document.querySelector('#skip').focus()`)
      await page.keyboard.press('Enter')
      // The browser tells the page of the new address a moment later.
      await expect.poll(() => inPage(page, 'location.hash')).toBe(PAGE)
      expect(await inPage(page, 'document.activeElement.id')).toBe('reports')
    }))

  test('who may only read sees reports, but no form and no mail address', () => {
    const options = ApiOptions.parse({
      listen: '127.0.0.1:0',
      basicAuth: { users: { rita: { hash: PASSWORD_OF_BOTH, role: 'read' } } },
    })
    return withApi({ options }, async ({ url }) => {
      const { page, faults } = await openReports(url, (one) =>
        one.authenticate({ username: 'rita', password: 'secret-password' }),
      )
      await textBecomes(page, FIRST, /Monthly report 2026-03/)
      await textBecomes(page, '.subscriptions li', /a\*\*\*@example\.org/)
      expect(await textOf(page, '.reports-page')).toContain('rita has the role read')
      expect(await inPage(page, `document.querySelectorAll('.reports-page form, .subscriptions button').length`)).toBe(
        '0',
      )
      expect(await downloaded(page, `${FIRST} a`)).toBe('monthly-2026-03.pdf')
      expect(faults.filter((fault) => !fault.includes('401'))).toEqual([])
    })
  })

  test('says what is wrong where the store is away', () => {
    const away = () => Promise.reject(Object.assign(new Error('away'), { name: 'StoreError', code: 'unavailable' }))
    return withApi({ reports: fakeReports({ list: away, subscriptions: { all: away } }) }, async ({ url }) => {
      const { page } = await openReports(url)
      await textBecomes(page, '.subscriptions .notice', /store cannot be read/)
      await textBecomes(page, '.reports .notice', /store cannot be read/)
    })
  })
})
