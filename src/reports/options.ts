import { z } from 'zod'
import { duration, filePath, httpSignIn, serviceUrl, timeZone } from '../option-types.ts'

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be a name of lower-case letters, digits, dots, dashes and underscores')

/** Section `prometheus`: where the series are, and how Prometheus reaches us. */
export const PrometheusOptions = z
  .strictObject({
    url: serviceUrl()
      .describe('Address of Prometheus as the exporter reaches it; reports and links are made from it.')
      .default('http://127.0.0.1:9090'),
    externalUrl: serviceUrl()
      .describe('Address of Prometheus as people reach it, for links. The same as url where absent.')
      .optional(),
    signIn: httpSignIn().describe('How the exporter signs in at Prometheus.').optional(),
    scrapeInterval: duration({ min: '1s', max: '2m' })
      .describe('Time between two scrapes of the exporter. Absent: the check interval, at least 5s and at most 1m.')
      .optional(),
    scrapeSignIn: httpSignIn()
      .describe('How Prometheus signs in at the exporter; needed when the API asks for a sign-in.')
      .optional(),
    scrapeCaFile: filePath()
      .describe('Certificate authority with which Prometheus verifies the exporter, when the API speaks TLS.')
      .optional(),
  })
  .describe('Prometheus: where its API is and how it scrapes the exporter.')
  .prefault({})
export type PrometheusOptions = z.output<typeof PrometheusOptions>

/** Section `grafana`: only for links. */
export const GrafanaOptions = z
  .strictObject({
    url: serviceUrl().describe('Address of Grafana as people reach it, for links.').optional(),
  })
  .describe('Grafana, for links.')
  .prefault({})
export type GrafanaOptions = z.output<typeof GrafanaOptions>

const schedule = z.strictObject({
  name: name.describe('Name of the schedule, unique among the schedules.'),
  period: z
    .enum(['weekly', 'monthly'])
    .describe('What one report covers: the last full week (Monday to Sunday) or month.'),
  timeZone: timeZone().describe('IANA time zone in which weeks and months begin.').default('UTC'),
  select: z
    .strictObject({
      accounts: z.array(z.string()).describe('Accounts by id, phone or gateway/account.').optional(),
      gateways: z.array(z.string()).describe('Gateways by name.').optional(),
      labels: z.record(z.string(), z.string()).describe('Labels that an account must carry.').optional(),
    })
    .describe('Which accounts the report is about. Empty: all.')
    .default({}),
  formats: z
    .array(z.enum(['pdf', 'csv', 'json', 'html']))
    .min(1)
    .describe('Files that are made: pdf, csv, json, html.')
    .default(['pdf', 'csv']),
  recipients: z
    .array(z.email())
    .describe('Mail addresses that receive the report. Empty: it is only kept.')
    .default([]),
})

/** Section `reports`: SLA reports on a schedule. */
export const ReportsOptions = z
  .strictObject({
    directory: z.string().min(1).describe('Folder where reports are kept.').default('.data/reports'),
    schedules: z.array(schedule).describe('Reports that are made on their own.').default([]),
  })
  .describe('SLA reports.')
  .prefault({})
export type ReportsOptions = z.output<typeof ReportsOptions>
