import { randomBytes } from 'node:crypto'
import pLimit from 'p-limit'
import type { Selection } from '../health/maintenance.ts'
import { type Tracing, traced } from '../tracing/span.ts'
import type { ReportsOptions } from './options.ts'
import { parsePeriod } from './period.ts'
import type { ReadyFile } from './report-folder.ts'
import { type RequestFacts, requestFolder } from './request-folder.ts'
import { makeRequested, type RequestMakerParts } from './request-maker.ts'
import type { ReportWish, RequestedReport } from './requested-report.ts'
import { reportSpan } from './spans.ts'

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
  file(id: string, name: string): Promise<ReadyFile | null>
  /** Removes what was asked for before. @returns how many */
  expire(beforeMs: number): Promise<number>
  /** Settles when nothing is being made. */
  idle(): Promise<void>
}

export interface RequestedReportsParts extends RequestMakerParts {
  /** Asked again and again: a reload may change it. */
  options(): Pick<ReportsOptions, 'directory' | 'keep'>
  /** What fails is told with the report, to the one who asked: it is nothing that was due. */
  readonly events: { begun(): void }
  /** Absent where nothing is traced. */
  readonly tracing?: Tracing | undefined
  /** Ends what is under way. */
  readonly signal: AbortSignal
  /** Longest time that making one report may take. @default 15 min */
  readonly limitMs?: number
}

const AT_ONCE = 2
const MOST_WAITING = 8
/** Beyond these the oldest go, so that a script that asks every minute does not fill the disk. */
const MOST_KEPT = 200
const LONGEST_MAKING_MS = 15 * 60_000

export function createRequestedReports(parts: RequestedReportsParts): RequestedReports {
  const { log, events, signal, limitMs = LONGEST_MAKING_MS } = parts
  const folder = requestFolder(() => parts.options().directory)
  const places = pLimit(AT_ONCE)
  const underWay = new Map<string, RequestFacts>()
  const startedMs = parts.now()
  let last: Promise<unknown> = Promise.resolve()

  async function make(facts: RequestFacts): Promise<void> {
    const { id } = facts
    events.begun()
    const making: RequestFacts = { ...facts, state: 'making' }
    underWay.set(id, making)
    const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)])
    try {
      await folder.put(making)
      await traced(parts.tracing, 'report', reportSpan('on request', facts.period), () =>
        makeRequested(facts, folder.folderOf(id), parts, limit),
      )
      await folder.put({ ...facts, state: 'ready', doneMs: parts.now(), files: [...(await folder.filesOf(id))] })
      log.info({ report: id, by: facts.requestedBy }, 'A report was made on request.')
    } catch (error) {
      const detail = limit.aborted ? endedBy(signal) : messageOf(error)
      log.warn({ report: id, error: detail }, 'A report that was asked for could not be made.')
      const failed: RequestFacts = { ...facts, state: 'failed', detail: detail.slice(0, 500), doneMs: parts.now() }
      await folder
        .put(failed)
        .catch((reason: unknown) =>
          log.warn({ report: id, error: String(reason) }, 'That a report failed could not be written down.'),
        )
    } finally {
      underWay.delete(id)
    }
  }

  function endedBy(ending: AbortSignal): string {
    if (ending.aborted) return 'The exporter ended meanwhile. Ask for it again.'
    return `It was not ready within ${limitMs / 60_000} minutes. Ask for a shorter period or fewer accounts.`
  }

  /** What a process before this one did not finish nobody finishes, whatever its file says. */
  function present(facts: RequestFacts): RequestFacts {
    const known = underWay.get(facts.id)
    if (known !== undefined) return known
    if (facts.state === 'ready' || facts.state === 'failed' || facts.requestedMs >= startedMs) return facts
    return { ...facts, state: 'failed', detail: 'The exporter ended while it was being made. Ask for it again.' }
  }

  function documentOf(facts: RequestFacts): RequestedReport {
    return { ...facts, expiresMs: facts.requestedMs + parts.options().keep }
  }

  async function remove(facts: readonly RequestFacts[]): Promise<number> {
    const idle = facts.filter(({ id }) => !underWay.has(id))
    for (const { id } of idle) await folder.remove(id)
    return idle.length
  }

  return {
    async request(wish, by) {
      const period = wish.template === 'incident' ? '' : parsePeriod(wish.period, wish.timeZone, parts.now()).name
      if (underWay.size >= AT_ONCE + MOST_WAITING)
        throw new RequestsFullError(`${MOST_WAITING} reports wait to be made already. Ask again in a minute.`)
      const facts: RequestFacts = {
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
        await folder.open(facts.id)
        await folder.put(facts)
      } catch (error) {
        underWay.delete(facts.id)
        throw new ReportsFolderError(
          `The folder of reports, ${parts.options().directory}, cannot be used (${messageOf(error)}). Correct reports.directory, and reload.`,
          { cause: error },
        )
      }
      const made = places(() => make(facts))
        .then(async () => remove((await folder.all()).slice(MOST_KEPT)))
        .catch((error: unknown) => log.warn({ error: messageOf(error) }, 'Older reports could not be removed.'))
      // Without the results: each would hold the one before.
      last = Promise.all([last, made]).then(() => {})
      return documentOf(facts)
    },
    async list() {
      return (await folder.all()).map((facts) => documentOf(present(facts)))
    },
    async get(id) {
      const facts = await folder.get(id)
      return facts === null ? null : documentOf(present(facts))
    },
    async file(id, name) {
      const facts = await folder.get(id)
      return facts !== null && present(facts).state === 'ready' ? await folder.file(id, name) : null
    },
    async expire(beforeMs) {
      return remove((await folder.all()).filter(({ requestedMs }) => requestedMs < beforeMs))
    },
    async idle() {
      await last
    },
  }
}

function selectionFacts({ accounts, gateways, labels }: Selection): RequestFacts['select'] {
  return {
    ...(accounts === undefined ? {} : { accounts: [...accounts] }),
    ...(gateways === undefined ? {} : { gateways: [...gateways] }),
    ...(labels === undefined ? {} : { labels: { ...labels } }),
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
