import { readFile } from 'node:fs/promises'
import type { Log } from '../log.ts'
import type { Analytics, AnalyticsQuery } from './analytics.ts'
import { createDelivery, type DeliveryEvents } from './delivery.ts'
import { type Delivery, type DeliveryState, FILES, openDeliveryLedger } from './delivery-ledger.ts'
import { reportDocument, type Template } from './document/report.ts'
import { lookOf } from './look.ts'
import { openMailSession, type SmtpServer } from './mail.ts'
import type { ReportsOptions } from './options.ts'
import { createPdfRenderer, type PdfRenderer } from './pdf.ts'
import { expireReports, filesOf, makeReport, reportFolder, reportMail } from './report-folder.ts'
import { type Schedule, startTimetable, type Timetable } from './timetable.ts'

export interface ReportingParts {
  /** Asked again and again: a reload may change it. */
  options(): ReportsOptions
  readonly analytics: Pick<Analytics, 'analysis'>
  /** Folders as in $PATH, in which a browser is looked for. */
  readonly searchPath: string
  readonly log: Log
  readonly events: DeliveryEvents
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

/** A file that somebody may have. */
export interface ReadyFile {
  readonly name: string
  readonly type: string
  readonly content: Uint8Array
}

/** Reports on a schedule, made and mailed, and reports on request. */
export interface Reporting {
  /** Begins with the schedules. Idempotent. */
  start(): void
  /** Newest first, at most 100. */
  list(): Promise<readonly ReportRun[]>
  /** Null where there is no such report or file. */
  file(schedule: string, period: string, name: string): Promise<ReadyFile | null>
  /**
   * A document for people, made now. Rejects like `Analytics.analysis`, and with PdfError.
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

const DAY_MS = 86_400_000
const MOST_LISTED = 100

/**
 * Makes and mails reports. Without a schedule nothing is opened and nothing runs.
 * Nothing here ever holds up a check: reports are made one after the other, and printed in another process.
 */
export function createReporting(parts: ReportingParts): Reporting {
  const { log, events } = parts
  const ending = new AbortController()
  let timetable: Timetable | null = null
  let delivering: ReturnType<typeof delivery> | null = null
  let renderer: { readonly key: string; readonly pdf: PdfRenderer } | null = null
  let expiredMs = 0
  let known = ''
  let isStarted = false
  let last: Promise<void> = Promise.resolve()

  /** Made again only when its options change: it counts the browsers that run. */
  function pdf(): PdfRenderer {
    const { browser, sandbox, timeout } = parts.options().pdf
    const key = JSON.stringify([browser, sandbox, timeout])
    if (renderer?.key !== key) {
      const { searchPath } = parts
      renderer = {
        key,
        pdf: createPdfRenderer({ browser: browser ?? null, searchPath, sandbox, timeoutMs: timeout, log }),
      }
    }
    return renderer.pdf
  }

  function delivery() {
    const ledger = openDeliveryLedger(parts.options().directory)
    const scheduleOf = (name: string) => parts.options().schedules.find((schedule) => schedule.name === name)
    const folderOf = (schedule: string, period: string) => reportFolder(parts.options().directory, schedule, period)
    const round = createDelivery({
      schedules: () =>
        parts.options().schedules.map((schedule) => ({ ...timeOf(schedule), recipients: schedule.recipients })),
      ledger,
      async make({ schedule: name, period }, signal) {
        const schedule = scheduleOf(name)
        if (schedule === undefined) throw new Error(`reports.schedules no longer has "${name}"`)
        const look = lookOf(parts.options())
        await makeReport(
          schedule,
          period,
          folderOf(name, period.name),
          { analytics: parts.analytics, pdf: pdf(), look, log },
          signal,
        )
      },
      mail: (report, recipient, isLate) =>
        reportMail(
          report,
          folderOf(report.schedule, report.period),
          recipient,
          isLate ? report.dueMs : null,
          scheduleOf(report.schedule)?.timeZone ?? 'UTC',
          lookOf(parts.options()),
        ),
      openSession(signal) {
        const server = serverOf(parts.options())
        return server === null ? null : openMailSession(server, signal)
      },
      now: () => parts.now(),
      random: () => parts.random(),
      log,
      events,
    })
    return { ledger, round }
  }

  function wake(): void {
    if (ending.signal.aborted || delivering === null) return
    const { round, ledger } = delivering
    last = round(ending.signal)
      .then(async () => {
        if (parts.now() - expiredMs < DAY_MS || ending.signal.aborted) return
        expiredMs = parts.now()
        const { directory, keep } = parts.options()
        const removed = await expireReports(directory, parts.now() - keep)
        ledger.forget(parts.now() - keep)
        if (removed > 0) log.info({ reports: removed }, 'Old reports were removed.')
      })
      .catch((error: unknown) => log.warn({ error: String(error) }, 'Old reports could not be removed.'))
  }

  function apply(): void {
    const { schedules } = parts.options()
    const now = JSON.stringify(schedules)
    if (!isStarted || now === known || ending.signal.aborted) return
    known = now
    void timetable?.stop()
    timetable = null
    if (schedules.length === 0) return
    try {
      delivering ??= delivery()
    } catch (error) {
      known = ''
      events.failed()
      log.error(
        { directory: parts.options().directory, error: String(error) },
        'The folder of reports cannot be used, so no report is made. Correct reports.directory, and reload.',
      )
      return
    }
    timetable = startTimetable(schedules.map(timeOf), wake)
    wake()
  }

  async function runOf(deliveries: readonly Delivery[]): Promise<ReportRun | null> {
    const files = deliveries.find(({ recipient }) => recipient === FILES)
    if (files === undefined) return null
    const { schedule, period, dueMs, state, detail } = files
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

  return {
    start() {
      isStarted = true
      apply()
    },
    async list() {
      const byReport = new Map<string, Delivery[]>()
      for (const delivery of delivering?.ledger.latest(MOST_LISTED) ?? []) {
        const name = `${delivery.schedule}\n${delivery.period}`
        byReport.set(name, [...(byReport.get(name) ?? []), delivery])
      }
      const runs = await Promise.all([...byReport.values()].map(runOf))
      return runs.filter((run) => run !== null)
    },
    async file(schedule, period, name) {
      // Only what the ledger knows: a path from outside never reaches the file system.
      if (delivering?.ledger.get({ schedule, period, recipient: FILES }) === null || delivering === null) return null
      const files = await filesOf(reportFolder(parts.options().directory, schedule, period))
      const file = files.find((one) => baseName(one.name) === name)
      return file === undefined ? null : { name, type: file.type, content: await readFile(file.path) }
    },
    async document(query, template, format, signal) {
      const analysis = await parts.analytics.analysis(query, signal)
      const page = await reportDocument(analysis, template, lookOf(parts.options()))
      const name = `${template}-${analysis.period.name}.${format}`
      if (format === 'html') return { name, type: 'text/html; charset=utf-8', content: Buffer.from(page) }
      return { name, type: 'application/pdf', content: await pdf().render(page, analysis.asOfMs, signal) }
    },
    apply,
    idle: () => last,
    async stop() {
      ending.abort()
      await timetable?.stop()
      await last
      delivering?.ledger.close()
    },
  }
}

function baseName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

function timeOf({ name, period, timeZone, at }: ReportsOptions['schedules'][number]): Schedule {
  const [hours = 0, minutes = 0] = at.split(':').map(Number)
  return { name, period, timeZone, minuteOfDay: hours * 60 + minutes }
}

function serverOf({ smtp }: ReportsOptions): SmtpServer | null {
  if (smtp === undefined) return null
  const { host, port, secure, requireTls, from, timeout } = smtp
  return {
    host,
    port,
    secure,
    requireTls,
    from,
    user: smtp.username ?? null,
    password: smtp.password ?? smtp.passwordFile ?? null,
    timeoutMs: timeout,
  }
}
