import type { Log } from '../log.ts'
import { type Delivery, type DeliveryLedger, FILES } from './delivery-ledger.ts'
import { type Mail, MailError, type MailSession } from './mail.ts'
import { type DueReport, dueReports, type Schedule } from './timetable.ts'

/** A schedule with those who receive its reports. */
export interface DeliverySchedule extends Schedule {
  readonly recipients: readonly string[]
}

/** What the exporter counts. */
export interface DeliveryEvents {
  /** A report's files are begun. */
  begun(): void
  /** A report was not made or not sent, or is an hour late for the first time. */
  failed(): void
}

export interface DeliveryParts {
  /** Asked in every round: a reload may change them. */
  schedules(): readonly DeliverySchedule[]
  readonly ledger: DeliveryLedger
  /** Makes the files of a report and what its mails say. Done twice, it makes the same. */
  make(report: DueReport, signal: AbortSignal): Promise<void>
  /** The mail to one recipient, from the files that `make` left; null where the files are gone. */
  mail(
    report: Pick<Delivery, 'schedule' | 'period' | 'dueMs'>,
    recipient: string,
    isLate: boolean,
  ): Promise<Mail | null>
  /** Null where no mail server is configured. */
  openSession(signal: AbortSignal): Promise<MailSession> | null
  now(): number
  /** 0 to 1. */
  random(): number
  readonly log: Log
  readonly events: DeliveryEvents
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** Nobody needs longer for one report; after it the work of a process that died is taken over. */
const LEASE_MS = 15 * MINUTE_MS
const RETRY_FIRST_MS = MINUTE_MS
const RETRY_LONGEST_MS = HOUR_MS
/** With the waits in between about two days. */
const MOST_ATTEMPTS = 50
/** From so much delay on a mail says that it is late. */
const LATE_MS = HOUR_MS

/**
 * Makes what is due and mails it. Each report goes to each recipient at most once: a message that may or may not have
 * gone out when the process died is not sent again, but counted as a failure, because two different-looking SLA reports
 * do more harm than one that somebody has to ask for.
 * @returns a function that does all that is due now; it never rejects, and calls during a round lead to one more round
 */
export function createDelivery(parts: DeliveryParts): (signal: AbortSignal) => Promise<void> {
  const { ledger, log, events } = parts
  let running: Promise<void> | null = null
  let again = false
  const toldLate = new Set<string>()

  async function rounds(signal: AbortSignal): Promise<void> {
    do {
      again = false
      try {
        await round(signal)
      } catch (error) {
        events.failed()
        log.error(
          { error: messageOf(error) },
          'Reports could not be looked after; they are tried again in five minutes.',
        )
      }
    } while (again && !signal.aborted)
  }

  async function round(signal: AbortSignal): Promise<void> {
    const reports = new Map<string, DueReport>()
    for (const schedule of parts.schedules()) {
      const sinceMs = ledger.since(schedule.name, parts.now())
      for (const report of dueReports(schedule, sinceMs, parts.now())) {
        const { dueMs, period } = report
        reports.set(nameOf(schedule.name, period.name), report)
        ledger.enlist({ schedule: schedule.name, period: period.name, dueMs }, schedule.recipients, parts.now())
      }
    }
    for (const delivery of ledger.unfinished().filter(({ recipient }) => recipient === FILES)) {
      const report = reports.get(nameOf(delivery.schedule, delivery.period))
      if (report !== undefined && !signal.aborted) await makeFiles(delivery, report, signal)
    }
    await sendAll(signal)
    tellLate()
  }

  async function makeFiles(delivery: Delivery, report: DueReport, signal: AbortSignal): Promise<void> {
    if (!ledger.claim(delivery, parts.now(), LEASE_MS)) return
    events.begun()
    try {
      await parts.make(report, signal)
      ledger.mark(delivery, 'sent', parts.now())
      log.info({ schedule: delivery.schedule, period: delivery.period }, 'A report was made.')
    } catch (error) {
      postpone(delivery, error, signal.aborted)
    }
  }

  async function sendAll(signal: AbortSignal): Promise<void> {
    let session: MailSession | null = null
    try {
      for (const delivery of ledger.unfinished()) {
        if (signal.aborted) return
        if (delivery.recipient === FILES) continue
        if (ledger.get({ ...delivery, recipient: FILES })?.state !== 'sent') continue
        if (!claimed(delivery)) continue
        try {
          session ??= await opened(signal)
          await send(delivery, session)
        } catch (error) {
          // A fresh connection for the next one: after a refusal some servers expect more than RFC 5321 does.
          session?.close()
          session = null
          postpone(delivery, error, signal.aborted)
        }
      }
    } finally {
      session?.close()
    }
  }

  function claimed(delivery: Delivery): boolean {
    if (ledger.claim(delivery, parts.now(), LEASE_MS)) return true
    if (ledger.get(delivery)?.state === 'unsure') tellDoubt(delivery)
    return false
  }

  /** The whole message was handed over, and the server's answer never came. */
  function isInDoubt(delivery: Delivery, error: unknown): boolean {
    const isAnswered = error instanceof MailError && error.answered
    return ledger.get(delivery)?.state === 'sending' && !isAnswered
  }

  function tellDoubt(delivery: Delivery): void {
    events.failed()
    log.error(
      shown(delivery),
      'The connection or the process ended just when this report was handed over. Nobody knows whether it arrived, and it is not sent again: ask the recipient.',
    )
  }

  async function opened(signal: AbortSignal): Promise<MailSession> {
    const opening = parts.openSession(signal)
    if (opening === null)
      throw new MailError('No mail server is configured. Set reports.smtp.', { permanent: false, answered: false })
    return await opening
  }

  async function send(delivery: Delivery, session: MailSession): Promise<void> {
    const isLate = parts.now() - delivery.dueMs > LATE_MS
    const mail = await parts.mail(delivery, delivery.recipient, isLate)
    if (mail === null) throw new Error('the files of the report are gone')
    const reply = await session.send(mail, () => ledger.mark(delivery, 'sending', parts.now()))
    ledger.mark(delivery, 'sent', parts.now(), { detail: reply })
    log.info(shown(delivery), 'A report was sent.')
  }

  /** Tries again later, or gives up. What failed by our own end is tried as soon as we are back. */
  function postpone(delivery: Delivery, error: unknown, isEnding: boolean): void {
    const nowMs = parts.now()
    const attempts = ledger.get(delivery)?.attempts ?? 1
    const detail = messageOf(error)
    if (isInDoubt(delivery, error)) {
      ledger.mark(delivery, 'unsure', nowMs, { detail })
      tellDoubt(delivery)
      return
    }
    if ((error instanceof MailError && error.permanent) || (!isEnding && attempts >= MOST_ATTEMPTS)) {
      ledger.mark(delivery, 'failed', nowMs, { detail })
      events.failed()
      log.error({ ...shown(delivery), error: detail }, 'A report is given up: it was not made or not sent.')
      return
    }
    const waitMs = isEnding ? 0 : retryMs(attempts, parts.random())
    ledger.mark(delivery, 'waiting', nowMs, { notBeforeMs: nowMs + waitMs, detail })
    log.warn(
      { ...shown(delivery), error: detail, retryInSeconds: Math.round(waitMs / 1_000) },
      'A report failed and is tried again.',
    )
  }

  /** Once per report and process: a report that is an hour late is worth an alert, although it may still come. */
  function tellLate(): void {
    for (const delivery of ledger.unfinished()) {
      const name = `${nameOf(delivery.schedule, delivery.period)}\n${delivery.recipient}`
      if (delivery.attempts === 0 || parts.now() - delivery.dueMs < LATE_MS || toldLate.has(name)) continue
      toldLate.add(name)
      events.failed()
    }
  }

  return (signal) => {
    again = true
    running ??= rounds(signal).finally(() => {
      running = null
    })
    return running
  }
}

/** How long to wait after so many attempts: 1 min, 2 min, 4 min … at most an hour, spread by half. @param random 0 to 1 */
export function retryMs(attempts: number, random: number): number {
  return Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** Math.max(0, attempts - 1)) * (0.75 + random / 2)
}

function nameOf(schedule: string, period: string): string {
  return `${schedule}\n${period}`
}

function shown({ schedule, period, recipient }: Delivery): object {
  return recipient === FILES ? { schedule, period } : { schedule, period, recipient }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
