import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import axe from 'axe-core'
import puppeteer, { type Browser, type Page } from 'puppeteer-core'

const NAMES = ['chromium-headless-shell', 'chrome-headless-shell', 'chromium', 'chromium-browser', 'google-chrome']

/** Starts the machine's Chromium without a window. It reaches the loopback only. */
export function startBrowser(): Promise<Browser> {
  return puppeteer.launch({
    executablePath: chromium(),
    args: [
      // The tests often run as root, where Chromium's sandbox cannot start.
      '--no-sandbox',
      '--disable-background-networking',
      '--disable-dev-shm-usage',
      '--hide-scrollbars',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
  })
}

function chromium(): string {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const name of NAMES) {
      const path = join(folder, name)
      try {
        accessSync(path, constants.X_OK)
        return path
      } catch {
        // Not here.
      }
    }
  }
  throw new Error('No Chromium is in the PATH. Install one: apt install chromium-headless-shell')
}

/** A page, and what went wrong on it: errors, refused policies, failed and foreign requests. */
export interface WatchedPage {
  readonly page: Page
  readonly faults: readonly string[]
  /** Requests to other origins than `url`. */
  readonly foreign: readonly string[]
}

/** Opens the page and waits until it shows accounts, or what else `ready` selects. */
export async function openPage(
  browser: Browser,
  url: string,
  prepare?: (page: Page) => Promise<void>,
  ready = '#accounts tbody tr',
): Promise<WatchedPage> {
  const context = await browser.createBrowserContext()
  const page = await context.newPage()
  const faults: string[] = []
  const foreign: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text())
  })
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('request', (request) => {
    // Chromium draws the buttons of its own date fields from data: addresses.
    if (request.url().startsWith('data:')) return
    if (new URL(request.url()).origin !== new URL(url).origin) foreign.push(request.url())
  })
  await page.setViewport({ width: 1360, height: 900 })
  await prepare?.(page)
  await page.goto(url)
  await page.waitForSelector(ready)
  return { page, faults, foreign }
}

/** What an expression is in the page, as text. */
export async function inPage(page: Page, expression: string): Promise<string> {
  return String(await page.evaluate(expression))
}

/** The text of the first element that matches, its white space evened; empty where none does. */
export function textOf(page: Page, selector: string): Promise<string> {
  return inPage(
    page,
    `(document.querySelector(${JSON.stringify(selector)})?.textContent ?? '').replaceAll(/\\s+/g, ' ').trim()`,
  )
}

/** Waits until the element's text is as asked; the error shows what it was. */
export async function textBecomes(page: Page, selector: string, wanted: RegExp): Promise<string> {
  const limitMs = Date.now() + 15_000
  let text = await textOf(page, selector)
  while (!wanted.test(text)) {
    if (Date.now() > limitMs) throw new Error(`${selector} never became ${wanted}; it is "${text.slice(0, 300)}"`)
    await new Promise((resolve) => setTimeout(resolve, 25))
    text = await textOf(page, selector)
  }
  return text
}

/** What axe finds that is serious or critical, as `rule: elements`. */
export async function seriousFaults(page: Page): Promise<string> {
  await page.evaluate(axe.source)
  return inPage(
    page,
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => id + ': ' + nodes.map(({ target, any }) => target + ' ' + (any[0]?.message ?? '')).join(', ')).join('; '))`,
  )
}
