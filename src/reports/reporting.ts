import { readFile } from 'node:fs/promises'
import type { Log } from '../log.ts'
import type { Delivery, DeliveryState } from '../store/deliveries.ts'
import type { Store } from '../store/store.ts'
import { type Tracing, traced } from '../tracing/span.ts'
import type { Analytics, AnalyticsQuery } from './analytics.ts'
import { createDelivery, type DeliveryEvents, FILES } from './delivery.ts'
import { reportDocument, type Template } from './document/report.ts'
import type { ReportLook } from './document/writing.ts'
import { lookOf } from './look.ts'
import { openMailSession, type SmtpServer } from './mail.ts'
import { adoptOldDeliveries } from './old-delivery-file.ts'
import type { ReportsOptions } from './options.ts'
import { createPdfRenderer, type PdfRenderer } from './pdf.ts'
import { expireReports, filesOf, makeReport, type ReadyFile, reportFolder, reportMail } from './report-folder.ts'
import { configuredOrder, type ReportOrder } from './report-order.ts'
import { createRequestedReports, type RequestedReports } from './requested-reports.ts'
import { reportSpan, tracedRenderer, tracedSession } from './spans.ts'
import { createSubscriptions, type Subscriptions, type SubscriptionsParts } from './subscriptions.ts'
import { ASKED_FOR_MS, startTimetable, type Timetable } from './timetable.ts'

export interface ReportingParts {
  /** Asked again and again: a reload may change it. */
  options(): ReportsOptions
  readonly analytics: Pick<Analytics, 'analysis' | 'incidentAnalysis'>
  /** Where subscriptions live, and what was made and sent: exporters that share it send each mail once. */
  readonly store: SubscriptionsParts['store'] & Pick<Store, 'deliveries'>
  /** Under which people reach the exporter, for links in mails; null where nobody said so. */
  externalUrl(): string | null
  /** Number of this exporter where each reports about its own part of the fleet; absent where one speaks for all. */
  readonly ordinal?: number | undefined
  /** Folders as in $PATH, in which a browser is looked for. */
  readonly searchPath: string
  readonly log: Log
  readonly events: DeliveryEvents
  /** Absent where nothing is traced. */
  readonly tracing?: Tracing | undefined
  now(): number
  random(): number
}

/** A report that a schedule made or is about to make. */
export interface ReportRun {
  readonly schedule: string
  readonly period: string
  readonly dueMs: number
  /** How far the making of its files is. */
  readonly state: DeliveryState
  readonly detail: string
  /** Names by which `file` gives them. */
  readonly files: readonly string[]
  readonly deliveries: readonly Pick<Delivery, 'recipient' | 'state' | 'attempts' | 'updatedMs' | 'detail'>[]
}

/** Too many documents are being made at once; one may be asked for again in a minute. */
class DocumentsFullError extends Error {
  override readonly name = 'DocumentsFullError'
}

/** Reports on a schedule, made and mailed, and reports on request. */
export interface Reporting {
  readonly requested: RequestedReports
  readonly subscriptions: Subscriptions
  /** Begins with the schedules. Idempotent. */
  start(): void
  /** Newest first, at most 100. */
  list(): Promise<readonly ReportRun[]>
  /** Null where there is no such report or file. */
  file(schedule: string, period: string, name: string): Promise<ReadyFile | null>
  /**
   * A document for people, made now. Rejects like `Analytics.analysis`, with PdfError, and with an error named
   * DocumentsFullError where six are being made.
   * Its look is that of the configuration.
   */
  document(query: AnalyticsQuery, template: Template, format: 'html' | 'pdf', signal: AbortSignal): Promise<ReadyFile>
  /** Takes over the schedules of a reload. */
  apply(): void
  /** Settles when nothing is being made or sent. */
  idle(): Promise<void>
  /** Ends what is under way. Idempotent. */
  stop(): Promise<void>
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const MOST_LISTED = 100
/** Each holds its page while it waits to be printed. */
const MOST_DOCUMENTS = 6
/** One message of at most 20 MB takes so long at half a megabit per second. */
const LONGEST_MAILING_MS = 5 * 60_000

/**
 * Makes and mails reports. Without a schedule and a subscription nothing is opened, and every five minutes is looked for one.
 * Nothing here ever holds up a check: reports are made one after the other, and printed in another process.
 */
export function createReporting(parts: ReportingParts): Reporting {
  const { log, events } = parts
  const ledger = parts.store.deliveries
  const ending = new AbortController()
  let timetable: Timetable | null = null
  let round: ReturnType<typeof delivery> | null = null
  let isOldFileRead = false
  let toldOldFileMs = Number.NEGATIVE_INFINITY
  let renderer: { readonly key: string; readonly pdf: PdfRenderer } | null = null
  let expiredMs = 0
  let known = ''
  let documents = 0
  let isStarted = false
  let last: Promise<unknown> = Promise.resolve()

  /** Made again only when its options change: it counts the browsers that run. */
  function pdf(): PdfRenderer {
    const { browser, sandbox, timeout } = parts.options().pdf
    const key = JSON.stringify([browser, sandbox, timeout])
    if (renderer?.key !== key) {
      const { searchPath } = parts
      renderer = {
        key,
        pdf: tracedRenderer(
          createPdfRenderer({ browser: browser ?? null, searchPath, sandbox, timeoutMs: timeout, log }),
          parts.tracing,
        ),
      }
    }
    return renderer.pdf
  }

  const subscriptions = createSubscriptions({ ...parts, changed: () => apply() })
  const requested = createRequestedReports({
    ...parts,
    pdf: () => pdf(),
    look: () => lookOf(parts.options()),
    signal: ending.signal,
  })

  /** All that is to be made again and again. */
  function orders(): readonly ReportOrder[] {
    return [...parts.options().schedules.map(configuredOrder), ...subscriptions.orders()]
  }

  function lookFor(order: ReportOrder | undefined): ReportLook {
    const look = lookOf(parts.options())
    const language = order?.language ?? look.language
    return language === look.language ? look : { ...look, language, locale: null }
  }

  /** Mail servers drop one of two mails with the same id: another exporter with the same schedules needs its own. */
  function origin(): string {
    const address = parts.externalUrl()
    const known = address !== null && URL.canParse(address) ? new URL(address).hostname : ''
    const host = known === '' ? 'whatsapp-exporter' : known.replace(/[^A-Za-z0-9.-]/g, '-')
    return parts.ordinal === undefined ? host : `shard-${parts.ordinal}.${host}`
  }

  function delivery() {
    const orderOf = (name: string) => orders().find(({ schedule }) => schedule.name === name)
    const folderOf = (schedule: string, period: string) => reportFolder(parts.options().directory, schedule, period)
    return createDelivery({
      schedules: () => orders().map(({ schedule, recipients }) => ({ ...schedule, recipients })),
      ledger,
      async make({ schedule: name, period }, signal) {
        const order = orderOf(name)
        if (order === undefined) throw new Error(`"${name}" is no longer a schedule or a subscription`)
        const sources = { analytics: parts.analytics, pdf: pdf(), look: lookFor(order), log }
        await traced(parts.tracing, 'report', reportSpan(name, period.name), () =>
          makeReport(order, period, folderOf(name, period.name), sources, signal),
        )
      },
      mail(report, recipient, isLate) {
        const order = orderOf(report.schedule)
        // Somebody has just unsubscribed.
        if (order === undefined) return Promise.resolve(null)
        const { subscription } = order
        return reportMail(
          report,
          folderOf(report.schedule, report.period),
          recipient,
          isLate ? report.dueMs : null,
          order.timeZone,
          lookFor(order),
          subscription === null ? undefined : { endUrl: subscriptions.endUrl(subscription) },
          origin(),
        )
      },
      openSession(signal) {
        const server = serverOf(parts.options())
        if (server === null) return null
        return openMailSession(server, signal).then((session) => tracedSession(session, parts.tracing))
      },
      now: () => parts.now(),
      random: () => parts.random(),
      log,
      events,
    })
  }

  function wake(): void {
    if (ending.signal.aborted) return
    // Without the results: each would hold the one before.
    last = Promise.all([last, lookAfter()]).then(() => {})
  }

  async function lookAfter(): Promise<void> {
    // While the store is away, those who are known go on.
    await subscriptions
      .refresh()
      .catch((error: unknown) => log.debug({ error: String(error) }, 'The subscriptions could not be read.'))
    if (round !== null && (await isRecordWhole())) await round(ending.signal)
    await expire().catch((error: unknown) => log.warn({ error: String(error) }, 'Old reports could not be removed.'))
  }

  /** What an earlier version sent must be known before anything is sent. */
  async function isRecordWhole(): Promise<boolean> {
    if (isOldFileRead) return true
    const { directory } = parts.options()
    try {
      await adoptOldDeliveries(directory, ledger, log)
      isOldFileRead = true
    } catch (error) {
      if (parts.now() - toldOldFileMs >= HOUR_MS) {
        toldOldFileMs = parts.now()
        events.failed()
      }
      log.error(
        { directory, error: String(error) },
        'The record of sent reports that an earlier version left cannot be moved into the store, so no report is sent. It is tried again within five minutes.',
      )
    }
    return isOldFileRead
  }

  async function expire(): Promise<void> {
    const nowMs = parts.now()
    if (nowMs - expiredMs < DAY_MS || ending.signal.aborted) return
    expiredMs = nowMs
    const { directory, keep } = parts.options()
    const removed = (await requested.expire(nowMs - keep)) + (await expireReports(directory, nowMs - keep))
    // Whatever is forgotten while it can be asked for would be made and sent again.
    await ledger.forget(nowMs - Math.max(keep, ASKED_FOR_MS))
    if (removed > 0) log.info({ reports: removed }, 'Old reports were removed.')
  }

  function apply(): void {
    const schedules = orders().map(({ schedule }) => schedule)
    const now = JSON.stringify(schedules)
    if (!isStarted || now === known || ending.signal.aborted) return
    known = now
    void timetable?.stop()
    // Also without a schedule: what was asked for expires, and another exporter may subscribe somebody.
    timetable = startTimetable(schedules, wake)
    if (schedules.length > 0) round ??= delivery()
    wake()
  }

  const documentFor: Reporting['document'] = async (query, template, format, signal) => {
    const analysis = await parts.analytics.analysis(query, signal)
    const page = reportDocument(analysis, template, lookOf(parts.options()))
    const name = `${template}-${analysis.period.name}.${format}`
    if (format === 'html') return { name, type: 'text/html; charset=utf-8', content: Buffer.from(await page) }
    return { name, type: 'application/pdf', content: await pdf().render(page, analysis.asOfMs, signal) }
  }

  async function runOf(deliveries: readonly Delivery[]): Promise<ReportRun | null> {
    const files = deliveries.find(({ recipient }) => recipient === FILES)
    if (files === undefined) return null
    const { schedule, period, dueMs, state, detail, updatedMs } = files
    // Still remembered, but its files have expired.
    if (updatedMs < parts.now() - parts.options().keep) return null
    const found = await filesOf(reportFolder(parts.options().directory, schedule, period))
    return {
      schedule,
      period,
      dueMs,
      state,
      detail,
      files: found.map(({ name }) => baseName(name)),
      deliveries: deliveries.filter(({ recipient }) => recipient !== FILES),
    }
  }

  /** What is begun may begin more. */
  async function allDone(): Promise<void> {
    for (let seen: unknown = null; seen !== last; ) {
      seen = last
      await last
    }
    await requested.idle()
  }

  return {
    requested,
    subscriptions,
    start() {
      isStarted = true
      apply()
    },
    async list() {
      const byReport = new Map<string, Delivery[]>()
      for (const delivery of await ledger.latest(MOST_LISTED)) {
        const name = `${delivery.schedule}\n${delivery.period}`
        byReport.set(name, [...(byReport.get(name) ?? []), delivery])
      }
      const runs = await Promise.all([...byReport.values()].map(runOf))
      return runs.filter((run) => run !== null)
    },
    async file(schedule, period, name) {
      // Only what the ledger knows: a path from outside never reaches the file system.
      if ((await ledger.get({ schedule, period, recipient: FILES })) === null) return null
      const files = await filesOf(reportFolder(parts.options().directory, schedule, period))
      const file = files.find((one) => baseName(one.name) === name)
      return file === undefined ? null : { name, type: file.type, content: await readFile(file.path) }
    },
    async document(...asked) {
      if (documents >= MOST_DOCUMENTS)
        throw new DocumentsFullError(`${documents} reports are being made already. Ask again in a minute.`)
      documents += 1
      try {
        return await documentFor(...asked)
      } finally {
        documents -= 1
      }
    },
    apply,
    idle: allDone,
    async stop() {
      ending.abort()
      await timetable?.stop()
      await allDone()
    },
  }
}

function baseName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

function serverOf({ smtp }: ReportsOptions): SmtpServer | null {
  if (smtp === undefined) return null
  const { host, port, secure, requireTls, from, bounceAddress, timeout } = smtp
  return {
    host,
    port,
    secure,
    requireTls,
    from,
    bounceAddress: bounceAddress ?? null,
    user: smtp.username ?? null,
    password: smtp.password ?? smtp.passwordFile ?? null,
    timeoutMs: timeout,
    limitMs: LONGEST_MAILING_MS,
  }
}
