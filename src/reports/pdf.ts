import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import pLimit from 'p-limit'
import puppeteer, { type Browser, type Page } from 'puppeteer-core'
import type { Log } from '../log.ts'
import { destinationPages, withFixedDates } from './pdf-bytes.ts'
import { finishing, forPaperOnly, lightened, measurable, PRINT_SCREEN, wantsPageNumbers } from './print-page.ts'

/** Makes PDFs. At most two at once; further ones wait. */
export interface PdfRenderer {
  /**
   * Prints a document with bookmarks, tags and its fonts. The same document and date give the same bytes.
   * @param page HTML that needs nothing from outside; `data-page-of` elements get the page number of their heading. While
   * it is still being written the browser starts
   * @param dateMs creation date that the file states, Unix milliseconds
   * @throws PdfError, or what the page rejects with
   */
  render(page: string | Promise<string>, dateMs: number, signal: AbortSignal): Promise<Uint8Array>
}

export interface PdfOptions {
  /** Path of a Chromium or chromium-headless-shell; null looks for one in `searchPath`. */
  readonly browser: string | null
  /** Folders as in $PATH. */
  readonly searchPath: string
  /** `required` refuses to print without Chromium's sandbox; `auto` does without where the machine forbids it. */
  readonly sandbox: 'auto' | 'required'
  /** Longest time for one PDF, waiting for a place left out. */
  readonly timeoutMs: number
  readonly log: Log
}

/** Why a PDF could not be made. */
export class PdfError extends Error {
  override readonly name = 'PdfError'
  readonly code: 'no_browser' | 'launch' | 'timeout' | 'crash' | 'aborted'

  constructor(code: PdfError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

const AT_ONCE = 2
const ATTEMPTS = 2

/** The lightest first: it starts in a quarter of the time of a whole Chromium. */
const BROWSERS = [
  'chromium-headless-shell',
  'chrome-headless-shell',
  'headless_shell',
  'chromium',
  'chromium-browser',
  'google-chrome-stable',
  'google-chrome',
]

/** No page of ours needs the network; this is what is left if one would ask for it. */
const OFFLINE = [
  '--host-resolver-rules=MAP * ~NOTFOUND',
  '--proxy-server=127.0.0.1:9',
  '--proxy-bypass-list=<-loopback>',
]
const LEAN = ['--disable-gpu', '--disable-dev-shm-usage', '--disable-extensions', '--font-render-hinting=none']

/** Makes a renderer; a browser is started for each PDF and ended after it, because idle it would hold 100 MB. */
export function createPdfRenderer(options: PdfOptions): PdfRenderer {
  const places = pLimit(AT_ONCE)
  return {
    render: (asked, dateMs, signal) =>
      new Promise((resolve, reject) => {
        const page = Promise.resolve(asked)
        // It is awaited when there is a place.
        page.catch(() => {})
        const giveUp = () => reject(aborted(signal.reason))
        if (signal.aborted) return giveUp()
        // Whoever gives up is not kept waiting for a place.
        signal.addEventListener('abort', giveUp, { once: true })
        // The place is free when the browser is gone; whoever waits for the PDF need not wait for that.
        void places(async () => {
          signal.removeEventListener('abort', giveUp)
          const { pdf, ended } = await renderWithRetry(page, dateMs, options, signal)
          resolve(pdf)
          await ended
        }).catch(reject)
      }),
  }
}

/** A PDF, and the end of the browser that made it; never rejects. */
interface Printed {
  readonly pdf: Uint8Array
  readonly ended: Promise<void>
}

async function renderWithRetry(
  page: Promise<string>,
  dateMs: number,
  options: PdfOptions,
  signal: AbortSignal,
): Promise<Printed> {
  const executable = await findBrowser(options)
  const limit = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)])
  const faults = new Set<unknown>()
  page.catch((error: unknown) => faults.add(error))
  for (let attempt = 1; ; attempt++) {
    try {
      return await renderOnce(page, dateMs, executable, options, limit)
    } catch (error) {
      if (signal.aborted) throw aborted(error)
      if (limit.aborted) {
        throw new PdfError(
          'timeout',
          `The PDF was not ready within ${options.timeoutMs / 1_000} s. Ask for fewer accounts, or raise reports.pdf.timeout.`,
          { cause: error },
        )
      }
      // No other browser would print a page that cannot be written.
      if (faults.has(error)) throw error
      if (attempt >= ATTEMPTS) throw error instanceof PdfError ? error : crashed(executable, error)
      options.log.warn({ error: messageOf(error) }, 'Chromium failed while it made a PDF; it is tried once more.')
    }
  }
}

async function renderOnce(
  writing: Promise<string>,
  dateMs: number,
  executable: string,
  options: PdfOptions,
  limit: AbortSignal,
): Promise<Printed> {
  limit.throwIfAborted()
  const browser = await orAborted(launch(executable, options, limit), limit)
  const kill = () => browser.process()?.kill('SIGKILL')
  limit.addEventListener('abort', kill, { once: true })
  const end = async () => {
    await browser.close().catch(() => kill())
    limit.removeEventListener('abort', kill)
  }
  try {
    if (limit.aborted) kill()
    // The one that every browser starts with: a further one takes time.
    const tab = (await browser.pages())[0] ?? (await browser.newPage())
    await tab.setJavaScriptEnabled(false)
    await tab.setOfflineMode(true)
    const page = await orAborted(writing, limit)
    const finished = forPaperOnly(lightened(page))
    // The limit of the whole rendering ends these by ending the browser.
    const load = (text: string) => tab.setContent(text, { waitUntil: 'load', timeout: 0 })
    if (wantsPageNumbers(page)) {
      // First without tags and with nothing painted, which is much faster, only to learn on which page each heading stands.
      await load(measurable(finished))
      await tab.evaluate(finishing(destinationPages(await print(tab, false))))
    } else await load(finished)
    const pdf = withFixedDates(await print(tab, true), dateMs)
    return { pdf, ended: end() }
  } catch (error) {
    await end()
    throw error
  }
}

async function print(tab: Page, tagged: boolean): Promise<Uint8Array> {
  return await tab.pdf({ preferCSSPageSize: true, printBackground: true, tagged, outline: tagged, timeout: 0 })
}

/** The work, or the limit's reason as soon as it aborts: a browser that hangs while it starts never answers. */
async function orAborted<T>(work: Promise<T>, limit: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(limit.reason)
  limit.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    limit.removeEventListener('abort', abort)
    work.catch(() => {})
  }
}

async function launch(executable: string, options: PdfOptions, limit: AbortSignal): Promise<Browser> {
  const start = (flags: readonly string[]) =>
    puppeteer.launch({
      executablePath: executable,
      args: [...OFFLINE, ...LEAN, ...flags],
      pipe: true,
      headless: 'shell',
      defaultViewport: PRINT_SCREEN,
      timeout: options.timeoutMs,
      // Ends the process, also one that never answered.
      signal: limit,
      // We end it ourselves; puppeteer's handlers would end the whole exporter.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    })
  // Chromium refuses to sandbox when it is root, so there is no need to try.
  const isRoot = process.getuid?.() === 0
  if (options.sandbox === 'required' || !isRoot) {
    try {
      return await start([])
    } catch (error) {
      if (options.sandbox === 'required') {
        throw new PdfError(
          'launch',
          `${executable} does not start with its sandbox: ${messageOf(error)}. Run the exporter as a user other than root and allow user namespaces, or set reports.pdf.sandbox: auto.`,
          { cause: error },
        )
      }
      if (!/sandbox/i.test(messageOf(error))) throw crashed(executable, error)
      options.log.debug({}, 'Chromium finds no usable sandbox here; it prints our own page without one.')
    }
  }
  try {
    // A zygote forks sandboxed processes; without a sandbox it only costs a start of its own.
    return await start(['--no-sandbox', '--no-zygote'])
  } catch (error) {
    throw crashed(executable, error)
  }
}

async function findBrowser({ browser, searchPath }: PdfOptions): Promise<string> {
  const candidates =
    browser !== null
      ? [browser]
      : BROWSERS.flatMap((name) =>
          searchPath
            .split(delimiter)
            .filter(Boolean)
            .map((folder) => join(folder, name)),
        )
  for (const path of candidates) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  throw new PdfError(
    'no_browser',
    browser === null
      ? 'No Chromium was found, which prints the PDF. Install one (Debian: apt install chromium-headless-shell), or set reports.pdf.browser to its path.'
      : `reports.pdf.browser names ${browser}, which is not there or may not be run. Correct the path.`,
  )
}

function crashed(executable: string, error: unknown): PdfError {
  return new PdfError(
    'crash',
    `${executable} failed while it made a PDF: ${messageOf(error)}. Try "${executable} --version" as the same user.`,
    { cause: error },
  )
}

function aborted(cause: unknown): PdfError {
  return new PdfError('aborted', 'The PDF was given up, because the program ends or nobody waits for it.', { cause })
}

/** The first line; Chromium's own diagnostics follow in the others. */
function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]?.slice(0, 300) ?? ''
}
