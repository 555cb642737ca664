import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pLimit from 'p-limit'
import { z } from 'zod'
import type { Selection } from '../health/maintenance.ts'
import type { Log } from '../log.ts'
import { type Tracing, traced } from '../tracing/span.ts'
import type { Analytics } from './analytics.ts'
import { incidentDocument } from './document/post-mortem.ts'
import { TEMPLATES, type Template } from './document/report.ts'
import type { ReportLook } from './document/writing.ts'
import type { ReportsOptions } from './options.ts'
import type { PdfRenderer } from './pdf.ts'
import { parsePeriod } from './period.ts'
import { filesOf, makeFiles, replaced } from './report-folder.ts'
import { incidentJson } from './report-json.ts'
import { REPORT_FORMATS, type ReportFormat } from './report-order.ts'
import { reportSpan } from './spans.ts'
import { LANGUAGES, type Language } from './words/words.ts'

/** What somebody wants to have made now. */
export interface ReportWish {
  /** As parsePeriod reads it; of a post-mortem without meaning. */
  readonly period: string
  /** IANA name. */
  readonly timeZone: string
  readonly select: Selection
  /** `incident` is the post-mortem of one incident. */
  readonly template: Template | 'incident'
  /** Id of that incident, else null. */
  readonly incident: string | null
  readonly formats: readonly ReportFormat[]
  /** Null: as the configuration has it. */
  readonly language: Language | null
  readonly paper: 'a4' | 'letter' | null
}

/** A report that somebody asked for. `period` is the name of the period then: `2026-03`. */
export interface RequestedReport extends ReportWish {
  readonly id: string
  readonly state: 'waiting' | 'making' | 'ready' | 'failed'
  /** Why it failed. */
  readonly detail: string
  readonly requestedMs: number
  readonly requestedBy: string
  /** When it was made or given up; null before. */
  readonly doneMs: number | null
  /** When its files are removed. */
  readonly expiresMs: number
  readonly files: readonly RequestedFile[]
}

/** A file of a requested report. */
export interface RequestedFile {
  /** `monthly-2026-03.pdf`, `accounts.csv`. */
  readonly name: string
  readonly format: ReportFormat
  readonly sizeBytes: number
}

/** Too many reports wait already; one may be asked for again later. */
export class RequestsFullError extends Error {
  override readonly name = 'RequestsFullError'
}

/** Nothing can be kept in the folder of reports. */
export class ReportsFolderError extends Error {
  override readonly name = 'ReportsFolderError'
}

/** Reports on request: made one after the other beside the checks, and kept as long as others. */
export interface RequestedReports {
  /**
   * Takes a wish up and begins with it as soon as there is a place. Rejects with PeriodError for a period that means
   * nothing, with RequestsFullError where too many wait, and with ReportsFolderError.
   */
  request(wish: ReportWish, by: string): Promise<RequestedReport>
  /** Newest first. */
  list(): Promise<readonly RequestedReport[]>
  /** Null where there is none. */
  get(id: string): Promise<RequestedReport | null>
  /** Null where there is no such report or file. */
  file(id: string, name: string): Promise<{ name: string; type: string; content: Uint8Array } | null>
  /** Removes what was asked for before. @returns how many */
  expire(beforeMs: number): Promise<number>
  /** Settles when nothing is being made. */
  idle(): Promise<void>
}

export interface RequestedReportsParts {
  /** Asked again and again: a reload may change it. */
  options(): Pick<ReportsOptions, 'directory' | 'keep'>
  readonly analytics: Pick<Analytics, 'analysis' | 'incidentAnalysis'>
  pdf(): PdfRenderer
  /** How reports look by the configuration; throws where it cannot be had. */
  look(): ReportLook
  readonly log: Log
  /** What fails is told with the report, to the one who asked: it is nothing that was due. */
  readonly events: { begun(): void }
  /** Absent where nothing is traced. */
  readonly tracing?: Tracing | undefined
  now(): number
  /** Ends what is under way. */
  readonly signal: AbortSignal
  /** Longest time that making one report may take. @default 15 min */
  readonly limitMs?: number
}

/** No schedule can have this name. */
const FOLDER = '_requested'
const FACTS_FILE = 'request.json'
const AT_ONCE = 2
const MOST_WAITING = 8
/** Beyond these the oldest go, so that a script that asks every minute does not fill the disk. */
const MOST_KEPT = 200
const LONGEST_MAKING_MS = 15 * 60_000
/** How long a report waits for analyses of others. */
const BUSY_PAUSE_MS = 2_000
const ID = /^[0-9a-f]{16}$/

const words = z.array(z.string()).optional()
const Facts = z.object({
  id: z.string().regex(ID),
  period: z.string(),
  timeZone: z.string(),
  select: z.object({ accounts: words, gateways: words, labels: z.record(z.string(), z.string()).optional() }),
  template: z.enum([...TEMPLATES, 'incident']).catch('monthly'),
  incident: z.string().nullable(),
  formats: z.array(z.enum(REPORT_FORMATS)).catch([]),
  language: z.enum(LANGUAGES).nullable().catch(null),
  paper: z.enum(['a4', 'letter']).nullable().catch(null),
  state: z.enum(['waiting', 'making', 'ready', 'failed']).catch('failed'),
  detail: z.string(),
  requestedMs: z.number(),
  requestedBy: z.string(),
  doneMs: z.number().nullable(),
  files: z.array(z.object({ name: z.string(), format: z.enum(REPORT_FORMATS), sizeBytes: z.number() })),
})
type Facts = z.output<typeof Facts>

export function createRequestedReports(parts: RequestedReportsParts): RequestedReports {
  const { analytics, log, events, signal, limitMs = LONGEST_MAKING_MS } = parts
  const places = pLimit(AT_ONCE)
  const underWay = new Map<string, Facts>()
  /** What does not change any more, so that a list of many reports reads no file twice. */
  const settled = new Map<string, Facts>()
  const startedMs = parts.now()
  let last: Promise<unknown> = Promise.resolve()

  const root = () => join(parts.options().directory, FOLDER)
  const folderOf = (id: string) => join(root(), id)

  async function put(facts: Facts): Promise<void> {
    await replaced(join(folderOf(facts.id), FACTS_FILE), JSON.stringify(facts))
  }

  async function make(facts: Facts): Promise<void> {
    events.begun()
    const making: Facts = { ...facts, state: 'making' }
    underWay.set(facts.id, making)
    const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)])
    try {
      await put(making)
      const { template } = facts
      await traced(parts.tracing, 'report', reportSpan('on request', facts.period), () =>
        template === 'incident' ? makePostMortem(facts, limit) : makePeriod(facts, template, limit),
      )
      await put({ ...facts, state: 'ready', doneMs: parts.now(), files: await madeFiles(facts.id) })
      log.info({ report: facts.id, by: facts.requestedBy }, 'A report was made on request.')
    } catch (error) {
      const detail = limit.aborted ? endedBy(signal) : messageOf(error)
      log.warn({ report: facts.id, error: detail }, 'A report that was asked for could not be made.')
      const failed: Facts = { ...facts, state: 'failed', detail: detail.slice(0, 500), doneMs: parts.now() }
      await put(failed).catch((reason: unknown) =>
        log.warn({ report: facts.id, error: String(reason) }, 'That a report failed could not be written down.'),
      )
    } finally {
      underWay.delete(facts.id)
    }
  }

  function endedBy(ending: AbortSignal): string {
    if (ending.aborted) return 'The exporter ended meanwhile. Ask for it again.'
    return `It was not ready within ${limitMs / 60_000} minutes. Ask for a shorter period or fewer accounts.`
  }

  async function makePeriod(facts: Facts, template: Template, limit: AbortSignal): Promise<void> {
    const { id, period: text, timeZone, select, formats } = facts
    const period = parsePeriod(text, timeZone, parts.now())
    const order = { fileName: template, timeZone, select, template, formats }
    const from = { analytics, pdf: parts.pdf(), look: lookFor(facts), log }
    await whenNotBusy(limit, () => makeFiles(order, period, folderOf(id), from, limit))
  }

  async function makePostMortem({ id, incident, timeZone, ...facts }: Facts, limit: AbortSignal): Promise<void> {
    const analysis = incident === null ? null : await analytics.incidentAnalysis(incident, timeZone)
    if (analysis === null) throw new Error(`There is no incident with the id "${incident}" any more.`)
    const base = join(folderOf(id), 'incident')
    const page = incidentDocument(analysis, lookFor(facts))
    if (facts.formats.includes('json')) await replaced(`${base}.json`, incidentJson(analysis))
    if (facts.formats.includes('html')) await replaced(`${base}.html`, page)
    if (facts.formats.includes('pdf'))
      await replaced(`${base}.pdf`, await parts.pdf().render(page, analysis.asOfMs, limit))
  }

  function lookFor({ language, paper }: Pick<Facts, 'language' | 'paper'>): ReportLook {
    const look = parts.look()
    const spoken = language === null || language === look.language ? look : { ...look, language, locale: null }
    return paper === null ? spoken : { ...spoken, paper }
  }

  /** What a process before this one did not finish nobody finishes, whatever its file says. */
  function presentFacts(facts: Facts): Facts {
    const present = underWay.get(facts.id)
    if (present !== undefined) return present
    if (facts.state === 'ready' || facts.state === 'failed' || facts.requestedMs >= startedMs) return facts
    return { ...facts, state: 'failed', detail: 'The exporter ended while it was being made. Ask for it again.' }
  }

  async function read(id: string): Promise<Facts | null> {
    if (!ID.test(id)) return null
    const known = settled.get(id)
    if (known !== undefined) return known
    const text = await readFile(join(folderOf(id), FACTS_FILE), 'utf8').catch(() => null)
    if (text === null) return null
    const written = Facts.safeParse(parsed(text))
    if (!written.success) return null
    if (written.data.state === 'ready' || written.data.state === 'failed') settled.set(id, written.data)
    return presentFacts(written.data)
  }

  async function readAll(): Promise<readonly Facts[]> {
    const names = await readdir(root()).catch(() => [])
    const found = await Promise.all(names.map(read))
    return found
      .filter((facts) => facts !== null)
      .toSorted((a, b) => b.requestedMs - a.requestedMs || (a.id < b.id ? -1 : 1))
  }

  async function madeFiles(id: string): Promise<Facts['files']> {
    return (await filesOf(folderOf(id))).flatMap(({ name, sizeBytes }) => {
      const format = REPORT_FORMATS.find((known) => name.endsWith(`.${known}`))
      return format === undefined || name === FACTS_FILE ? [] : [{ name: baseName(name), format, sizeBytes }]
    })
  }

  function documentOf(facts: Facts): RequestedReport {
    return { ...facts, expiresMs: facts.requestedMs + parts.options().keep }
  }

  async function remove(facts: readonly Facts[]): Promise<number> {
    const idle = facts.filter(({ id }) => !underWay.has(id))
    for (const { id } of idle) {
      await rm(folderOf(id), { recursive: true, force: true })
      settled.delete(id)
    }
    return idle.length
  }

  return {
    async request(wish, by) {
      const period = wish.template === 'incident' ? '' : parsePeriod(wish.period, wish.timeZone, parts.now()).name
      if (underWay.size >= AT_ONCE + MOST_WAITING)
        throw new RequestsFullError(`${MOST_WAITING} reports wait to be made already. Ask again in a minute.`)
      const facts: Facts = {
        ...wish,
        select: selectionFacts(wish.select),
        formats: [...new Set(wish.formats)],
        id: randomBytes(8).toString('hex'),
        period,
        state: 'waiting',
        detail: '',
        requestedMs: parts.now(),
        requestedBy: by,
        doneMs: null,
        files: [],
      }
      underWay.set(facts.id, facts)
      try {
        await mkdir(folderOf(facts.id), { recursive: true, mode: 0o700 })
        await put(facts)
      } catch (error) {
        underWay.delete(facts.id)
        throw new ReportsFolderError(
          `The folder of reports, ${parts.options().directory}, cannot be used (${messageOf(error)}). Correct reports.directory, and reload.`,
          { cause: error },
        )
      }
      const made = places(() => make(facts))
        .then(async () => remove((await readAll()).slice(MOST_KEPT)))
        .catch((error: unknown) => log.warn({ error: messageOf(error) }, 'Older reports could not be removed.'))
      // Without the results: each would hold the one before.
      last = Promise.all([last, made]).then(() => {})
      return documentOf(facts)
    },
    async list() {
      return (await readAll()).map(documentOf)
    },
    async get(id) {
      const facts = await read(id)
      return facts === null ? null : documentOf(facts)
    },
    async file(id, name) {
      const facts = await read(id)
      if (facts?.state !== 'ready' || name === FACTS_FILE) return null
      const file = (await filesOf(folderOf(id))).find((one) => baseName(one.name) === name)
      return file === undefined ? null : { name, type: file.type, content: await readFile(file.path) }
    },
    async expire(beforeMs) {
      return remove((await readAll()).filter(({ requestedMs }) => requestedMs < beforeMs))
    },
    async idle() {
      await last
    },
  }
}

/** Tries again while the analyses of others take all places. */
async function whenNotBusy<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'AnalyticsBusyError') throw error
    }
    await pause(BUSY_PAUSE_MS, undefined, { signal })
  }
}

function selectionFacts({ accounts, gateways, labels }: Selection): Facts['select'] {
  return {
    ...(accounts === undefined ? {} : { accounts: [...accounts] }),
    ...(gateways === undefined ? {} : { gateways: [...gateways] }),
    ...(labels === undefined ? {} : { labels: { ...labels } }),
  }
}

function baseName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
