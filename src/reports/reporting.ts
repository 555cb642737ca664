import type { Log } from '../log.ts'
import type { Analytics } from './analytics.ts'
import { createDelivery, type DeliveryEvents } from './delivery.ts'
import { openDeliveryLedger } from './delivery-ledger.ts'
import { lookOf } from './look.ts'
import { openMailSession, type SmtpServer } from './mail.ts'
import type { ReportsOptions } from './options.ts'
import { createPdfRenderer, type PdfRenderer } from './pdf.ts'
import { expireReports, makeReport, reportFolder, reportMail } from './report-folder.ts'
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

/** Reports on a schedule, made and mailed. */
export interface Reporting {
  /** Takes over the schedules of a reload. */
  apply(): void
  /** Settles when nothing is being made or sent. */
  idle(): Promise<void>
  /** Ends what is under way. Idempotent. */
  stop(): Promise<void>
}

const DAY_MS = 86_400_000

/**
 * Starts to make and mail reports. Without a schedule nothing is opened and nothing runs.
 * Nothing here ever holds up a check: reports are made one after the other, and printed in another process.
 */
export function startReporting(parts: ReportingParts): Reporting {
  const { log, events } = parts
  const ending = new AbortController()
  let timetable: Timetable | null = null
  let delivering: ReturnType<typeof delivery> | null = null
  let renderer: { readonly key: string; readonly pdf: PdfRenderer } | null = null
  let expiredMs = 0
  let known = ''
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
    if (now === known || ending.signal.aborted) return
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

  apply()
  return {
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
