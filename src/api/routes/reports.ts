import { z } from 'zod'
import { Time, time } from '../documents/fields.ts'
import { findKeys } from '../find-account.ts'
import type { ApiParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { type Reply, type Route, route } from '../route.ts'
import { analysed, labelsOf, names, when } from './analytics.ts'

const State = z
  .enum(['waiting', 'claimed', 'sending', 'sent', 'failed', 'unsure'])
  .describe('`sent` is done; `unsure` is a mail of which nobody knows whether it arrived, and which is not sent again.')
const Reports = z
  .object({
    reports: z.array(
      z.object({
        schedule: z.string(),
        period: z.string().describe('`2026-W10`, `2026-03`.'),
        due: Time,
        state: State,
        detail: z.string().describe('Why it is not made, as far as it was tried.'),
        files: z.array(z.string()),
        deliveries: z.array(
          z.object({
            recipient: z.string().describe('Mail address, its first part hidden.'),
            state: State,
            attempts: z.number(),
            updated: Time,
            detail: z.string().describe('What the mail server said last.'),
          }),
        ),
      }),
    ),
  })
  .meta({ id: 'Reports' })

const WORST = 50
const SEND_WITHIN_MS = 300_000
const part = z.string().min(1).max(128)

/** GET /api/reports, its files, and a document on request. */
export function reportRoutes({ reports, monitor: { fleet } }: ApiParts): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/api/reports',
      access: 'read',
      id: 'reports',
      summary: 'Reports that schedules made, and who received them',
      success: { status: 200, description: 'Newest first, at most 100.', schema: Reports },
      async handle() {
        const runs = await reports.list()
        return {
          json: {
            reports: runs.map(({ dueMs, deliveries, detail, ...run }) => ({
              ...run,
              due: time(dueMs),
              detail: hidden(detail),
              files: [...run.files],
              deliveries: deliveries.map((one) => ({
                recipient: hidden(one.recipient),
                state: one.state,
                attempts: one.attempts,
                updated: time(one.updatedMs),
                detail: hidden(one.detail),
              })),
            })),
          },
        }
      },
    }),
    route({
      method: 'get',
      path: '/api/reports/document',
      access: 'read',
      id: 'reportDocument',
      summary: 'A report for people, made now',
      description: 'Takes seconds, for a large fleet longer. At most two PDFs are printed at once; further ones wait.',
      query: z.strictObject({
        ...when,
        template: z.enum(['weekly', 'monthly', 'executive']).default('monthly').describe('How much it tells.'),
        format: z.enum(['pdf', 'html']).default('pdf'),
        account: names.describe('Key, id or phone; may be repeated.'),
        gateway: names.describe('Name of a gateway; may be repeated.'),
        label: names.describe('`name=value`; may be repeated, and an account must carry them all.'),
      }),
      success: { status: 200, description: 'The document.', contentType: 'application/pdf' },
      problems: ['not-found', 'unavailable'],
      async handle({ query, raw }) {
        const { period, timeZone, template, format, account, gateway, label } = query
        const selection = {
          ...(account === undefined ? {} : { accounts: findKeys(fleet, account) }),
          ...(gateway === undefined ? {} : { gateways: gateway }),
          ...(label === undefined ? {} : { labels: labelsOf(label) }),
        }
        const asked = { period, timeZone, selection, worst: WORST }
        return fileReply(await analysed(printed(reports.document(asked, template, format, raw.signal))))
      },
    }),
    route({
      method: 'get',
      path: '/api/reports/{schedule}/{period}/{file}',
      access: 'read',
      id: 'reportFile',
      summary: 'One file of a report',
      params: z.strictObject({
        schedule: part.describe('Name of the schedule.'),
        period: part.describe('Name of the period, for example 2026-03.'),
        file: part.describe('Name of the file, as GET /api/reports has it.'),
      }),
      success: { status: 200, description: 'The file.', contentType: 'application/octet-stream' },
      problems: ['not-found'],
      async handle({ params: { schedule, period, file } }) {
        const found = await reports.file(schedule, period, file)
        if (found !== null) return fileReply(found)
        throw new Problem(
          'not-found',
          `No report has the file "${file}" of "${schedule}" and "${period}". GET /api/reports lists them.`,
        )
      },
    }),
  ]
}

type ReadyFile = NonNullable<Awaited<ReturnType<ApiParts['reports']['file']>>>

function fileReply({ name, type, content }: ReadyFile): Reply<never> {
  return {
    chunks: [Buffer.from(content.buffer, content.byteOffset, content.byteLength)],
    sizeBytes: content.byteLength,
    contentType: type,
    headers: { 'content-disposition': `attachment; filename="${name.replace(/[^A-Za-z0-9._-]/g, '_')}"` },
    release() {},
    sendWithinMs: SEND_WITHIN_MS,
  }
}

/** PdfError, known by its name, as a problem. */
async function printed<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'PdfError') throw error
    throw new Problem('unavailable', error.message, { cause: error })
  }
}

/** Hides whose mail addresses these are; the server stays, because that is where trouble is. */
function hidden(text: string): string {
  return text.replace(/([^\s@<>])[^\s@<>]*@/g, '$1***@')
}
