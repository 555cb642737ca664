import { z } from 'zod'
import { timeZone } from '../../option-types.ts'
import {
  FormatField,
  LanguageField,
  PaperField,
  RequestedReportDocument,
  requestedReportDocument,
  SelectionFields,
  TemplateField,
} from '../documents/report.ts'
import { refuseUnknownGateways } from '../known-gateways.ts'
import type { ApiParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { faulty } from '../query-fields.ts'
import { fileReply, reported } from '../report-file.ts'
import { type Route, route } from '../route.ts'
import { fleetKeys } from '../shards/find-keys.ts'
import { analysed } from './analytics.ts'

const NewReport = z
  .strictObject({
    period: z
      .string()
      .min(1)
      .max(40)
      .optional()
      .describe('As GET /api/analytics/report has it; absent: `last-week`. Not of a post-mortem.'),
    timeZone: timeZone().default('UTC').describe('IANA time zone in which days begin.'),
    ...SelectionFields,
    template: z
      .enum([...TemplateField.options, 'incident'])
      .default('monthly')
      .describe('How much it tells; `incident` is the post-mortem of one incident.'),
    incident: z.string().min(1).max(64).optional().describe('Id of the incident of a post-mortem.'),
    formats: z.array(FormatField).min(1).max(4).default(['pdf']),
    language: LanguageField.optional().describe('Of pdf and html; absent: as the configuration has it.'),
    paper: PaperField.optional().describe('Of pdf; absent: as the configuration has it.'),
  })
  .meta({ id: 'NewReport' })

const answer = z.object({ report: RequestedReportDocument })
const id = z.string().min(1).max(64).describe('Id of a report that somebody asked for.')
const POLL_SECONDS = '2'

/** POST /api/reports, and what comes of it: GET /api/reports/{id}, /{id}.{format} and /{id}/files/{file}. */
export function requestedReportRoutes(parts: ApiParts): readonly Route[] {
  const { analytics, log } = parts
  const { requested } = parts.reports
  return [
    route({
      method: 'post',
      path: '/api/reports',
      access: 'operate',
      id: 'requestReport',
      summary: 'Make a report now, and keep it',
      description:
        'At most two are made at once and eight wait; beyond that 503. Files are kept as long as those of schedules (`reports.keep`), at most 200 reports.',
      body: NewReport,
      success: {
        status: 202,
        description: 'Taken up. Its `href`, also in the header Location, tells how far it is.',
        schema: answer,
      },
      problems: ['not-found', 'unavailable'],
      async handle({ body, raw }) {
        const { period, accounts, gateways, labels, template, incident = null, formats } = body
        if (template === 'incident') await refuseUnfitPostMortem(body)
        else if (incident !== null) throw faulty('body.incident', 'is of the template incident only')
        refuseUnknownGateways(parts.monitor.fleet, gateways ?? [])
        const wish = {
          period: period ?? 'last-week',
          timeZone: body.timeZone,
          select: {
            ...(accounts === undefined ? {} : { accounts: await fleetKeys(parts, accounts, raw) }),
            ...(gateways === undefined ? {} : { gateways }),
            ...(labels === undefined ? {} : { labels }),
          },
          template,
          incident,
          formats,
          language: body.language ?? null,
          paper: body.paper ?? null,
        }
        const by = raw.principal.name
        const report = await analysed(reported(requested.request(wish, by)), 'body.period')
        log.info({ report: report.id, by, template, period: report.period }, 'A report was asked for.')
        return {
          json: { report: requestedReportDocument(report) },
          headers: { location: `/api/reports/${report.id}` },
        }
      },
    }),
    route({
      method: 'get',
      path: '/api/reports/{id}.{format}',
      access: 'read',
      id: 'requestedReportFile',
      summary: 'A report that was asked for, in one format',
      description: 'Of csv the table of the accounts; `files` of the report names all tables.',
      params: z.strictObject({ id, format: FormatField }),
      success: { status: 200, description: 'The file.', contentType: 'application/octet-stream' },
      problems: ['not-found', 'unavailable'],
      async handle({ params: { id: wanted, format } }) {
        const report = await readyReport(wanted)
        const ofFormat = report.files.filter((file) => file.format === format)
        const file = ofFormat.find(({ name }) => name === 'accounts.csv') ?? ofFormat[0]
        const found = file === undefined ? null : await requested.file(wanted, file.name)
        if (found !== null) return fileReply(found)
        throw new Problem('not-found', `Report ${wanted} was made as ${report.formats.join(', ')}, not as ${format}.`)
      },
    }),
    route({
      method: 'get',
      path: '/api/reports/{id}/files/{file}',
      access: 'read',
      id: 'requestedReportPart',
      summary: 'One file of a report that was asked for',
      params: z.strictObject({ id, file: z.string().min(1).max(256).describe('A name in its `files`.') }),
      success: { status: 200, description: 'The file.', contentType: 'application/octet-stream' },
      problems: ['not-found', 'unavailable'],
      async handle({ params: { id: wanted, file } }) {
        await readyReport(wanted)
        const found = await requested.file(wanted, file)
        if (found !== null) return fileReply(found)
        throw new Problem('not-found', `Report ${wanted} has no file "${file}". GET /api/reports/${wanted} lists them.`)
      },
    }),
    route({
      method: 'get',
      path: '/api/reports/{id}',
      access: 'read',
      id: 'requestedReport',
      summary: 'How far a report is that was asked for',
      params: z.strictObject({ id }),
      success: { status: 200, description: 'The report and its files.', schema: answer },
      problems: ['not-found'],
      async handle({ params }) {
        const report = await requested.get(params.id)
        if (report === null) throw unknownReport(params.id)
        return { json: { report: requestedReportDocument(report) } }
      },
    }),
  ]

  async function refuseUnfitPostMortem(body: z.output<typeof NewReport>): Promise<void> {
    const { incident, formats, period, accounts, gateways, labels, timeZone: zone } = body
    if (incident === undefined) throw faulty('body.incident', 'is required by the template incident')
    if (period !== undefined) throw faulty('body.period', 'has no meaning in a post-mortem; leave it out')
    if (accounts !== undefined || gateways !== undefined || labels !== undefined)
      throw faulty('body', 'selects accounts, but a post-mortem is about one incident; leave the selection out')
    if (formats.includes('csv')) throw faulty('body.formats', 'has csv, which a post-mortem is not made as')
    const found = await analysed(analytics.incident(incident, zone))
    if (found === null)
      throw new Problem('not-found', `No incident has the id "${incident}". GET /api/incidents lists them.`)
  }

  async function readyReport(wanted: string) {
    const report = await requested.get(wanted)
    if (report === null) throw unknownReport(wanted)
    if (report.state === 'ready') return report
    if (report.state === 'failed')
      throw new Problem('not-found', `Report ${wanted} could not be made: ${report.detail}`)
    throw new Problem('unavailable', `Report ${wanted} is not ready yet: ${report.state}.`, {
      headers: { 'retry-after': POLL_SECONDS },
    })
  }
}

function unknownReport(id: string): Problem {
  return new Problem('not-found', `No report has the id "${id}": it may have expired. GET /api/reports lists them.`)
}
