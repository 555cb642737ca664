import { z } from 'zod'
import { duration, filePath, httpSignIn, secret, secretFile, serviceUrl, timeZone } from '../option-types.ts'
import { remoteWrites } from './remote-write.ts'

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
    runbooksUrl: serviceUrl()
      .describe(
        'Address of the folder that holds the runbooks, for the links in alerts. Absent: /docs/alerts of the exporter itself.',
      )
      .optional(),
    scrapeInterval: duration({ min: '1s', max: '2m' })
      .describe('Time between two scrapes of the exporter. Absent: the check interval, at least 5s and at most 1m.')
      .optional(),
    scrapeSignIn: httpSignIn()
      .describe('How Prometheus signs in at the exporter; needed when the API asks for a sign-in.')
      .optional(),
    scrapeCaFile: filePath()
      .describe('Certificate authority with which Prometheus verifies the exporter, when the API speaks TLS.')
      .optional(),
    remoteWrite: remoteWrites()
      .superRefine((targets, context) => {
        const names = targets.flatMap(({ name }) => name ?? [])
        if (new Set(names).size < names.length)
          context.addIssue({ code: 'custom', message: 'has two entries of one name. Rename one of them' })
      })
      .describe('Where Prometheus sends every sample on: Mimir, Thanos, VictoriaMetrics and the like.')
      .default([]),
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
  at: z
    .string()
    .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 06:30')
    .describe('Time of day, in that zone, at which the report is made: on Monday, or on the first of the month.')
    .default('06:00'),
  template: z
    .enum(['weekly', 'monthly', 'executive'])
    .describe(
      'How much the pdf and html files tell: monthly all, weekly without the accounts one by one, executive one page. Absent: as the period.',
    )
    .optional(),
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

const brand = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(80)
      .describe('Whose report it is; on the cover and on every page.')
      .default('WhatsApp accounts'),
    colour: z
      .string()
      .regex(/^#[0-9a-fA-F]{6}$/, 'must be a colour such as #0f5e57')
      .describe('Colour of the cover and of headings.')
      .default('#0f5e57'),
    logoFile: filePath().describe('Logo on the cover: a PNG, JPEG, WebP or SVG file.').optional(),
  })
  .describe('Whose report it is: name, colour and logo.')
  .prefault({})

const pdf = z
  .strictObject({
    browser: filePath()
      .describe('Path of the Chromium or chromium-headless-shell that prints. Absent: the first one on the PATH.')
      .optional(),
    sandbox: z
      .enum(['auto', 'required'])
      .describe(
        'Whether Chromium may print without its sandbox where the machine forbids it (auto), or may not (required).',
      )
      .default('auto'),
    timeout: duration({ min: '5s', max: '30m' })
      .describe(
        'Longest time that printing one report may take. Of GET /api/reports/document, for which a connection waits, at most 80s.',
      )
      .prefault('2m'),
  })
  .describe('How PDFs are printed.')
  .prefault({})

const smtp = z
  .strictObject({
    host: z.string().min(1).describe('Mail server.'),
    port: z.int().min(1).max(65_535).describe('Its port.').default(587),
    secure: z.boolean().describe('Whether TLS begins with the first byte (port 465). Else STARTTLS.').default(false),
    requireTls: z.boolean().describe('Whether to refuse a mail server that offers no TLS.').default(true),
    from: z.email().describe('Sender address of the reports.'),
    bounceAddress: z
      .email()
      .describe('Address to which mail servers send what they cannot deliver (the envelope sender). Absent: as from.')
      .optional(),
    username: z.string().min(1).describe('User name at the mail server. Absent: no sign-in.').optional(),
    password: secret().describe('Password of that user. Take it from the environment.').optional(),
    passwordFile: secretFile().describe('File that holds the password.').optional(),
    timeout: duration({ min: '1s', max: '5m' }).describe('Longest silence of the mail server.').prefault('30s'),
  })
  .superRefine((options, context) => {
    const refuse = (message: string) => context.addIssue({ code: 'custom', message })
    const passwords = [options.password, options.passwordFile].filter((value) => value !== undefined).length
    if (passwords > 1) refuse('has both password and passwordFile. Keep one')
    if ((options.username !== undefined) !== passwords > 0)
      refuse('needs username together with password or passwordFile')
  })

const domain = z
  .string()
  .regex(
    /^(?=.{1,253}$)[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*$/,
    'must be a mail domain such as example.org',
  )
  .transform((text) => text.toLowerCase())

const subscriptions = z
  .strictObject({
    allowedDomains: z
      .array(domain)
      .describe(
        'Mail domains to which people may have reports sent. Absent: the domains of the recipients of the schedules. Empty: none.',
      )
      .optional(),
    most: z.int().min(0).max(1_000).describe('How many subscriptions there may be.').default(200),
    perHour: z.int().min(1).max(1_000).describe('How many may be added within an hour.').default(20),
    key: secret()
      .describe(
        'Signs the links with which recipients unsubscribe; at least 16 characters. Absent: made once, and kept in the folder of reports. Exporters that share a store need the same.',
      )
      .optional(),
    keyFile: secretFile().describe('File that holds that key.').optional(),
  })
  .superRefine(({ key, keyFile }, context) => {
    const refuse = (message: string) => context.addIssue({ code: 'custom', message })
    if (key !== undefined && keyFile !== undefined) refuse('has both key and keyFile. Keep one')
    if (((key ?? keyFile)?.reveal().length ?? 16) < 16)
      refuse('has a key shorter than 16 characters. Make one with: openssl rand -hex 32')
  })
  .describe('Reports that people have sent to an address through the API or the status page.')
  .prefault({})

/** Section `reports`: SLA reports on a schedule. */
export const ReportsOptions = z
  .strictObject({
    directory: z.string().min(1).describe('Folder where reports are kept.').default('.data/reports'),
    keep: duration({ min: '1d', max: '3650d' }).describe('How long made reports are kept.').prefault('400d'),
    brand,
    language: z.enum(['en', 'de']).describe('Language of pdf and html reports and of their mails.').default('en'),
    locale: z
      .string()
      .refine((tag) => {
        try {
          return Intl.getCanonicalLocales(tag).length === 1
        } catch {
          return false
        }
      }, 'is not a locale. Use a BCP 47 tag, for example en-US')
      .describe('How dates and numbers are written, for example en-US. Absent: as the language has it.')
      .optional(),
    paper: z.enum(['a4', 'letter']).describe('Paper of pdf reports.').default('a4'),
    pdf,
    smtp: smtp.describe('Mail server for the reports.').optional(),
    schedules: z.array(schedule).describe('Reports that are made on their own.').default([]),
    subscriptions,
  })
  .superRefine((reports, context) => {
    const names = reports.schedules.map(({ name }) => name)
    for (const [index, schedule] of reports.schedules.entries()) {
      if (names.indexOf(schedule.name) < index)
        context.addIssue({
          code: 'custom',
          path: ['schedules', index, 'name'],
          message: 'is used twice. Names of schedules are unique',
        })
    }
    if (reports.smtp === undefined && reports.schedules.some(({ recipients }) => recipients.length > 0))
      context.addIssue({
        code: 'custom',
        path: ['smtp'],
        message: 'is required by the recipients of the schedules. Name the mail server there',
      })
  })
  .describe('SLA reports.')
  .prefault({})
export type ReportsOptions = z.output<typeof ReportsOptions>
