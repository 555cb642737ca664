import { silentLog } from '../../src/log.ts'
import { Secret } from '../../src/option-types.ts'
import { createDelivery, type DeliverySchedule, type MailOutcome } from '../../src/reports/delivery.ts'
import { openMailSession, type SmtpServer } from '../../src/reports/mail.ts'
import type { DeliveryLedger } from '../../src/store/deliveries.ts'

const SCHEDULE: DeliverySchedule = {
  name: 'acme',
  period: 'weekly',
  timeZone: 'UTC',
  minuteOfDay: 6 * 60,
  recipients: ['anna@example.org', 'bob@example.org'],
}
const never = new AbortController().signal

/** Deliveries with a real ledger and a real connection to a mail server, and files that are only pretended. */
export function deliveryRig(parts: {
  readonly ledger: DeliveryLedger
  readonly port: number
  readonly password?: string | undefined
  readonly nowMs: number
  readonly schedules?: readonly DeliverySchedule[] | undefined
  /** Longest time that one message may take. */
  readonly limitMs?: number | undefined
}) {
  const seen = {
    nowMs: parts.nowMs,
    made: [] as string[],
    begun: 0,
    failed: 0,
    mailed: [] as MailOutcome[],
    /** What making fails with, next time and after. */
    failures: [] as Error[],
    /** Whether the files are on another machine, until they are made here. */
    isElsewhere: false,
    late: [] as boolean[],
    /** What the log says. */
    lines: [] as string[],
  }
  const write = (facts: object, text: string) => void seen.lines.push(`${JSON.stringify(facts)} ${text}`)
  const server: SmtpServer = {
    host: '127.0.0.1',
    port: parts.port,
    secure: false,
    requireTls: false,
    user: parts.password === undefined ? null : 'exporter',
    password: parts.password === undefined ? null : new Secret(parts.password),
    from: 'reports@example.org',
    bounceAddress: 'bounces@example.org',
    timeoutMs: 5_000,
    limitMs: parts.limitMs ?? 10_000,
  }
  const round = createDelivery({
    schedules: () => parts.schedules ?? [SCHEDULE],
    ledger: parts.ledger,
    async make({ period }) {
      const failure = seen.failures.shift()
      if (failure !== undefined) throw failure
      seen.made.push(period.name)
      seen.isElsewhere = false
    },
    async mail({ schedule, period, dueMs }, recipient, isLate) {
      if (seen.isElsewhere) return null
      seen.late.push(isLate)
      return {
        to: recipient,
        subject: `Report ${period}`,
        text: 'The report is attached.\n',
        attachments: [{ name: 'sla.pdf', type: 'application/pdf', content: Buffer.alloc(300_000, 'x') }],
        messageId: `${schedule}.${period}.${recipient.replace('@', '.')}@reports`,
        dateMs: dueMs,
      }
    },
    openSession: (signal) => openMailSession(server, signal),
    now: () => seen.nowMs,
    random: () => 0.5,
    log: { ...silentLog, info: write, warn: write, error: write },
    events: {
      begun: () => {
        seen.begun += 1
      },
      failed: () => {
        seen.failed += 1
      },
      mailed: (outcome) => void seen.mailed.push(outcome),
    },
  })
  return { seen, round: () => round(never), roundUntil: round }
}
