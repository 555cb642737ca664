import { z } from 'zod'
import { hiddenAddresses } from '../../accounts/hidden-addresses.ts'
import { beforeTheCut } from '../answer-limit.ts'
import { time } from '../documents/fields.ts'
import { eachOnce, ReportsDocument, requestedReportDocument } from '../documents/report.ts'
import type { ApiParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { fileReply, reported } from '../report-file.ts'
import { type Route, route } from '../route.ts'
import { documentOf } from '../shards/answers.ts'
import { fleetKeys } from '../shards/find-keys.ts'
import { othersOf } from '../shards/shards.ts'
import { readStore } from '../store-read.ts'
import { analysed, labelsOf, names, when } from './analytics.ts'
import { requestedReportRoutes } from './requested-reports.ts'

const WORST = 50
const BESIDE = 'Ask for fewer accounts, or have it made beside other work: POST /api/reports.'
const part = z.string().min(1).max(128)

/** GET /api/reports, reports on request, and the files of all. */
export function reportRoutes(parts: ApiParts): readonly Route[] {
  const { reports } = parts
  return [
    route({
      method: 'get',
      path: '/api/reports',
      access: 'read',
      id: 'reports',
      summary: 'Reports that schedules made and who received them, and reports that somebody asked for',
      success: { status: 200, description: 'Newest first, at most 100.', schema: ReportsDocument },
      problems: ['unavailable'],
      async handle({ raw }) {
        const [runs, requested, elsewhere] = await Promise.all([
          readStore(reports.list()),
          reports.requested.list(),
          othersOf(parts.shards, raw)?.askAll({ method: 'GET', path: '/api/reports' }),
        ])
        const theirs = (elsewhere ?? []).flatMap(({ answer }) => {
          const read = documentOf(answer, ReportsDocument)
          return 'document' in read ? read.document.requested : []
        })
        return {
          json: {
            reports: runs.map(({ dueMs, deliveries, detail, ...run }) => ({
              ...run,
              due: time(dueMs),
              detail: hiddenAddresses(detail),
              files: [...run.files],
              deliveries: deliveries.map((one) => ({
                recipient: hiddenAddresses(one.recipient),
                state: one.state,
                attempts: one.attempts,
                updated: time(one.updatedMs),
                detail: hiddenAddresses(one.detail),
              })),
            })),
            requested: eachOnce([...requested.map(requestedReportDocument), ...theirs]),
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
      description:
        'Takes seconds, for a large fleet longer. At most six are made at once, of which two are printed; beyond that 503. What takes longer than 80 s is given up with 504: `POST /api/reports` has the time.',
      query: z.strictObject({
        ...when,
        template: z.enum(['weekly', 'monthly', 'executive']).default('monthly').describe('How much it tells.'),
        format: z.enum(['pdf', 'html']).default('pdf'),
        account: names.describe('Key, id or phone; may be repeated.'),
        gateway: names.describe('Name of a gateway; may be repeated.'),
        label: names.describe('`name=value`; may be repeated, and an account must carry them all.'),
      }),
      success: { status: 200, description: 'The document.', contentType: 'application/pdf' },
      problems: ['not-found', 'unavailable', 'timeout'],
      async handle({ query, raw }) {
        const { period, timeZone, template, format, account, gateway, label } = query
        const selection = {
          ...(account === undefined ? {} : { accounts: await fleetKeys(parts, account, raw) }),
          ...(gateway === undefined ? {} : { gateways: gateway }),
          ...(label === undefined ? {} : { labels: labelsOf(label) }),
        }
        const asked = { period, timeZone, selection, worst: WORST }
        const made = beforeTheCut(raw.signal, BESIDE, (signal) => reports.document(asked, template, format, signal))
        return fileReply(await analysed(reported(made)))
      },
    }),
    ...requestedReportRoutes(parts),
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
      problems: ['not-found', 'unavailable'],
      async handle({ params: { schedule, period, file } }) {
        const found = await readStore(reports.file(schedule, period, file))
        if (found !== null) return fileReply(found)
        throw new Problem(
          'not-found',
          `No report has the file "${file}" of "${schedule}" and "${period}". GET /api/reports lists them.`,
        )
      },
    }),
  ]
}
