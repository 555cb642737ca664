import { z } from 'zod'
import { labels } from '../../option-types.ts'
import type { RequestedReport } from '../../reports/requested-report.ts'
import type { ReportSubscription } from '../../store/store.ts'
import { Time, time, timeOrNull } from './fields.ts'

export const FormatField = z.enum(['pdf', 'csv', 'json', 'html'])
export const TemplateField = z.enum(['weekly', 'monthly', 'executive'])
export const LanguageField = z.enum(['en', 'de'])
export const PaperField = z.enum(['a4', 'letter'])

const names = z.array(z.string().min(1).max(512)).min(1).max(1000)

/** Which accounts a report is about, as a request or an answer has it. */
export const SelectionFields = {
  accounts: names.optional().describe('Keys, ids or phones. Absent: every account.'),
  gateways: names.optional().describe('Names of gateways. Absent: every gateway.'),
  labels: labels().optional().describe('Labels that an account must carry, all of them.'),
}

export const RequestedReportDocument = z
  .object({
    id: z.string(),
    href: z.string().describe('GET tells how far it is.'),
    state: z.enum(['waiting', 'making', 'ready', 'failed']),
    detail: z.string().describe('Why it failed.'),
    period: z.string().describe('`2026-W10`, `2026-03`; empty of a post-mortem.'),
    timeZone: z.string(),
    ...SelectionFields,
    template: z.enum([...TemplateField.options, 'incident']),
    incident: z.string().nullable().describe('Id of the incident of a post-mortem.'),
    formats: z.array(FormatField),
    language: LanguageField.nullable().describe('null: as the configuration has it.'),
    paper: PaperField.nullable().describe('null: as the configuration has it.'),
    requestedAt: Time,
    requestedBy: z.string(),
    doneAt: Time.nullable(),
    expiresAt: Time.describe('When its files are removed.'),
    files: z.array(z.object({ name: z.string(), format: FormatField, sizeBytes: z.number(), href: z.string() })),
  })
  .meta({ id: 'RequestedReport', description: 'A report that somebody asked for.' })

/** A requested report as the API tells it. */
export function requestedReportDocument(report: RequestedReport): z.output<typeof RequestedReportDocument> {
  const { id, select, requestedMs, doneMs, expiresMs, files, formats, ...rest } = report
  const href = `/api/reports/${id}`
  return {
    id,
    href,
    state: rest.state,
    detail: rest.detail,
    period: rest.period,
    timeZone: rest.timeZone,
    ...selectionDocument(select),
    template: rest.template,
    incident: rest.incident,
    formats: [...formats],
    language: rest.language,
    paper: rest.paper,
    requestedAt: time(requestedMs),
    requestedBy: rest.requestedBy,
    doneAt: timeOrNull(doneMs),
    expiresAt: time(expiresMs),
    files: files.map(({ name, format, sizeBytes }) => ({
      name,
      format,
      sizeBytes,
      href: `${href}/files/${encodeURIComponent(name)}`,
    })),
  }
}

const PROGRESS: readonly RequestedReport['state'][] = ['failed', 'waiting', 'making', 'ready']

/**
 * Each report once, newest first. Exporters that share the folder of reports all list what is in it, and of one that is
 * being made only its maker knows how far it is: the others may take it for failed.
 */
export function eachOnce<T extends Pick<z.output<typeof RequestedReportDocument>, 'id' | 'state' | 'requestedAt'>>(
  reports: readonly T[],
): T[] {
  const best = new Map<string, T>()
  for (const report of reports) {
    const known = best.get(report.id)
    if (known === undefined || PROGRESS.indexOf(report.state) > PROGRESS.indexOf(known.state))
      best.set(report.id, report)
  }
  return [...best.values()].sort((a, b) => (a.requestedAt < b.requestedAt ? 1 : -1))
}

const DeliveryStateField = z
  .enum(['waiting', 'claimed', 'sending', 'sent', 'failed', 'unsure'])
  .describe('`sent` is done; `unsure` is a mail of which nobody knows whether it arrived, and which is not sent again.')
/** GET /api/reports. */
export const ReportsDocument = z
  .object({
    reports: z.array(
      z.object({
        schedule: z.string(),
        period: z.string().describe('`2026-W10`, `2026-03`.'),
        due: Time,
        state: DeliveryStateField,
        detail: z.string().describe('Why it is not made, as far as it was tried.'),
        files: z.array(z.string()),
        deliveries: z.array(
          z.object({
            recipient: z.string().describe('Mail address, its first part hidden.'),
            state: DeliveryStateField,
            attempts: z.number(),
            updated: Time,
            detail: z.string().describe('What the mail server said last.'),
          }),
        ),
      }),
    ),
    requested: z.array(RequestedReportDocument).describe('Reports that somebody asked for, newest first.'),
  })
  .meta({ id: 'Reports' })

export const SubscriptionDocument = z
  .object({
    id: z.string(),
    recipient: z.string().describe('Mail address; its first part is hidden from the role read.'),
    schedule: z.enum(['weekly', 'monthly', 'cron']),
    at: z.string().optional().describe('Time of day of a weekly or monthly one.'),
    cron: z.string().optional(),
    covers: z.string().optional().describe('The period of a report that a cron expression asks for.'),
    timeZone: z.string(),
    ...SelectionFields,
    template: z.string(),
    formats: z.array(z.string()),
    language: z.string().nullable(),
    createdAt: Time,
    createdBy: z.string(),
    endedAt: Time.nullable(),
    endedBy: z.string().nullable().describe('`recipient`: by the link in a mail.'),
  })
  .meta({ id: 'ReportSubscription', description: 'A report that somebody has sent to an address.' })

/** A subscription as the API tells it. @param show how the address is shown */
export function subscriptionDocument(
  subscription: ReportSubscription,
  show: (address: string) => string,
): z.output<typeof SubscriptionDocument> {
  const { id, recipient, timing, timeZone, select, template, formats, language } = subscription
  return {
    id,
    recipient: show(recipient),
    schedule: timing.kind,
    ...(timing.kind === 'cron' ? { cron: timing.cron, covers: timing.covers } : { at: timeOfDay(timing.minuteOfDay) }),
    timeZone,
    ...selectionDocument(select),
    template,
    formats: [...formats],
    language,
    createdAt: time(subscription.createdMs),
    createdBy: subscription.createdBy,
    endedAt: timeOrNull(subscription.endedMs),
    endedBy: subscription.endedBy,
  }
}

function timeOfDay(minutes: number): string {
  const pad = (value: number) => String(value).padStart(2, '0')
  return `${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`
}

function selectionDocument({ accounts, gateways, labels: wanted }: ReportSubscription['select']) {
  return {
    ...(accounts === undefined ? {} : { accounts: [...accounts] }),
    ...(gateways === undefined ? {} : { gateways: [...gateways] }),
    ...(wanted === undefined ? {} : { labels: { ...wanted } }),
  }
}
