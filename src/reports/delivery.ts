import { setImmediate as yieldToChecks } from 'node:timers/promises'
import { hiddenAddresses } from '../accounts/hidden-addresses.ts'
import type { Log } from '../log.ts'
import type { Delivery, DeliveryLedger, FilesRecipient } from '../store/deliveries.ts'
import { deliveryClaims, type HeldDelivery } from './delivery-claims.ts'
import { type Mail, MailError, type MailSession } from './mail.ts'
import { type DueReport, dueReports, type Schedule } from './timetable.ts'

/** A schedule with those who receive its reports. */
export type DeliverySchedule = Schedule & { readonly recipients: readonly string[] }

/** How a mail ended: taken by the mail server, refused by it for good, given up after many attempts, or nobody knows. */
export const MAIL_OUTCOMES = ['sent', 'refused', 'given_up', 'unsure'] as const
export type MailOutcome = (typeof MAIL_OUTCOMES)[number]

/** What the exporter counts. */
export interface DeliveryEvents {
  /** A report's files are begun. */
  begun(): void
  /** A report was not made or not sent, or is an hour late for the first time. */
  failed(): void
  /** Nothing more is done about a mail. */
  mailed(outcome: MailOutcome): void
}

export interface DeliveryParts {
  /** Asked in every round: a reload may change them. What was taken up for a schedule that is gone stays as it is. */
  schedules(): readonly DeliverySchedule[]
  readonly ledger: DeliveryLedger
  /** Makes the files of a report and what its mails say. Done twice, it makes the same. */
  make(report: DueReport, signal: AbortSignal): Promise<void>
  /** The mail to one recipient, from the files that `make` left here; null where there are none. */
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

/** Stands for the making of the files among the recipients. */
export const FILES: FilesRecipient = ''

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const RETRY_FIRST_MS = MINUTE_MS
const RETRY_LONGEST_MS = HOUR_MS
/** With the waits in between about two days. */
const MOST_ATTEMPTS = 50
/** From so much delay on a mail says that it is late. */
const LATE_MS = HOUR_MS

/**
 * Makes what is due and mails it. Each report goes to each recipient at most once: a message that may or may not have
 * gone out when the process died is not sent again, but counted as a failure, because two different-looking SLA reports
 * do more harm than one that somebody has to ask for. Any number of exporters may do this with one ledger.
 * @returns a function that does all that is due now; it never rejects, and calls during a round lead to one more round
 */
export function createDelivery(parts: DeliveryParts): (signal: AbortSignal) => Promise<void> {
  const { ledger, log, events } = parts
  const dueOf = dueReports()
  const claims = deliveryClaims({ ledger, now: () => parts.now(), log })
  let running: Promise<void> | null = null
  let again = false
  let troubleSinceMs: number | null = null
  /** Reports that are due and surely taken up, so that the store is not asked again in every round. */
  let takenUp: ReadonlySet<string> = new Set()

  async function rounds(signal: AbortSignal): Promise<void> {
    do {
      again = false
      try {
        await round(signal)
        troubleSinceMs = null
      } catch (error) {
        tellTrouble(error)
      }
    } while (again && !signal.aborted)
  }

  /** The store is away. It has an alert of its own; after an hour, and each hour more, reports may be late because of it. */
  function tellTrouble(error: unknown): void {
    const nowMs = parts.now()
    troubleSinceMs ??= nowMs
    if (nowMs - troubleSinceMs >= LATE_MS) {
      troubleSinceMs = nowMs
      events.failed()
    }
    log.error(
      { error: messageOf(error) },
      'Reports could not be looked after; they are tried again within five minutes.',
    )
  }

  async function round(signal: AbortSignal): Promise<void> {
    await claims.writeOwed()
    const schedules = parts.schedules()
    const reports = new Map<string, DueReport>()
    for (const schedule of schedules) {
      const sinceMs = await ledger.since(schedule.name, parts.now())
      for (const report of dueOf(schedule, sinceMs, parts.now())) {
        const { dueMs, period } = report
        const name = nameOf(schedule.name, period.name)
        reports.set(name, report)
        if (takenUp.has(name)) continue
        await ledger.enlist({ schedule: schedule.name, period: period.name, dueMs }, schedule.recipients, parts.now())
      }
      // Looking five weeks back takes some milliseconds at first, and there may be hundreds of schedules.
      await yieldToChecks()
    }
    takenUp = new Set(reports.keys())
    const ours = new Set(schedules.map(({ name }) => name))
    const unfinished = async () => (await ledger.unfinished()).filter(({ schedule }) => ours.has(schedule))
    for (const delivery of await unfinished()) {
      const report = reports.get(nameOf(delivery.schedule, delivery.period))
      if (delivery.recipient === FILES && report !== undefined && !signal.aborted)
        await makeFiles(delivery, report, signal)
    }
    await sendAll(await unfinished(), reports, signal)
    await tellLate(await unfinished())
  }

  async function makeFiles(delivery: Delivery, report: DueReport, signal: AbortSignal): Promise<void> {
    const held = await claims.claim(delivery)
    if (typeof held === 'string') return
    events.begun()
    try {
      await parts.make(report, signal)
      await held.settle({ state: 'sent', detail: '' })
      log.info({ schedule: delivery.schedule, period: delivery.period }, 'A report was made.')
    } catch (error) {
      await postpone(delivery, held, error, { isEnding: signal.aborted, isHandedOver: false })
    }
  }

  async function sendAll(
    deliveries: readonly Delivery[],
    reports: ReadonlyMap<string, DueReport>,
    signal: AbortSignal,
  ): Promise<void> {
    const notMade = new Set(deliveries.filter(({ recipient }) => recipient === FILES).map(reportOf))
    const files = new Map<string, Delivery | null>()
    let session: MailSession | null = null
    try {
      for (const delivery of deliveries) {
        const name = reportOf(delivery)
        if (signal.aborted) return
        if (delivery.recipient === FILES || notMade.has(name)) continue
        const made = files.get(name) ?? (await ledger.get({ ...delivery, recipient: FILES }))
        files.set(name, made)
        if (made?.state !== 'sent') {
          if (made?.state === 'failed') await giveUp(delivery, made.detail)
          continue
        }
        const held = await claims.claim(delivery)
        if (held === 'doubtful') tellDoubt(delivery)
        if (typeof held === 'string') continue
        let isHandedOver = false
        try {
          const mail = await mailOf(delivery, reports.get(name), signal)
          session ??= await opened(signal)
          const reply = await session.send(mail, async () => {
            await held.sending()
            isHandedOver = true
          })
          await held.settle({ state: 'sent', detail: reply })
          events.mailed('sent')
          log.info(shown(delivery), 'A report was sent.')
        } catch (error) {
          // A fresh connection for the next one: after a refusal some servers expect more than RFC 5321 does.
          session?.close()
          session = null
          await postpone(delivery, held, error, { isEnding: signal.aborted, isHandedOver })
        }
      }
    } finally {
      session?.close()
    }
  }

  /** There will never be anything to send. That the report failed is told and counted once, with its files. */
  async function giveUp(delivery: Delivery, why: string): Promise<void> {
    const held = await claims.claim(delivery)
    if (typeof held === 'string') return
    await held.settle({ state: 'failed', detail: `The report was not made: ${why}` })
    events.mailed('given_up')
  }

  /** Another exporter may have made the files, and died: then they are made here, too. */
  async function mailOf(delivery: Delivery, report: DueReport | undefined, signal: AbortSignal): Promise<Mail> {
    const mail = async () => await parts.mail(delivery, delivery.recipient, parts.now() - delivery.dueMs > LATE_MS)
    const ready = await mail()
    if (ready !== null) return ready
    if (report !== undefined) {
      await parts.make(report, signal)
      const made = await mail()
      if (made !== null) return made
    }
    throw new Error('the files of the report are gone')
  }

  async function opened(signal: AbortSignal): Promise<MailSession> {
    const opening = parts.openSession(signal)
    if (opening === null)
      throw new MailError('No mail server is configured. Set reports.smtp.', { permanent: false, answered: false })
    return await opening
  }

  function tellDoubt(delivery: Delivery): void {
    events.failed()
    events.mailed('unsure')
    log.error(
      shown(delivery),
      'The connection or the process ended just when this report was handed over. Nobody knows whether it arrived, and it is not sent again: ask the recipient.',
    )
  }

  /** Tries again later, or gives up. What failed by our own end is tried as soon as we are back. */
  async function postpone(
    delivery: Delivery,
    held: HeldDelivery,
    error: unknown,
    { isEnding, isHandedOver }: { readonly isEnding: boolean; readonly isHandedOver: boolean },
  ): Promise<void> {
    const detail = messageOf(error)
    const { permanent, answered } = error instanceof MailError ? error : { permanent: false, answered: false }
    // The whole message was handed over, and the server's answer never came.
    if (isHandedOver && !answered) {
      await held.settle({ state: 'unsure', detail })
      tellDoubt(delivery)
      return
    }
    if (permanent || (!isEnding && held.attempt >= MOST_ATTEMPTS)) {
      await held.settle({ state: 'failed', detail })
      events.failed()
      if (delivery.recipient !== FILES) events.mailed(permanent ? 'refused' : 'given_up')
      log.error(
        { ...shown(delivery), error: hiddenAddresses(detail) },
        'A report is given up: it was not made or not sent.',
      )
      return
    }
    const waitMs = isEnding ? 0 : retryMs(held.attempt, parts.random())
    await held.settle({ state: 'waiting', notBeforeMs: parts.now() + waitMs, detail })
    log.warn(
      { ...shown(delivery), error: hiddenAddresses(detail), retryInSeconds: Math.round(waitMs / 1_000) },
      'A report failed and is tried again.',
    )
  }

  /** Once per delivery: a report that is an hour late is worth an alert, although it may still come. */
  async function tellLate(deliveries: readonly Delivery[]): Promise<void> {
    for (const delivery of deliveries) {
      const { attempts, dueMs, isToldLate } = delivery
      if (attempts === 0 || isToldLate || parts.now() - dueMs < LATE_MS) continue
      if (await ledger.tellLate(delivery)) events.failed()
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

function reportOf({ schedule, period }: Delivery): string {
  return nameOf(schedule, period)
}

function shown({ schedule, period, recipient }: Delivery): object {
  return recipient === FILES ? { schedule, period } : { schedule, period, recipient: hiddenAddresses(recipient) }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
