import { z } from 'zod'
import { duration, filePath, httpSignIn, labels, secret, secretFile, serviceUrl, timeZone } from '../option-types.ts'

/** The severities that our rules give, highest first; `none` is that of the watchdog, which always fires. */
export const SEVERITIES = ['critical', 'warning', 'info', 'none'] as const

/** Option type: a secret that is itself an http address, such as a Slack webhook. */
function secretUrl() {
  return secret().refine((value) => /^https?:\/\/./.test(value.reveal()) && URL.canParse(value.reveal()), {
    error: 'is not a URL. Write it with a scheme, for example https://hooks.example.org/…',
  })
}

/** What every receiver says: its name and what it takes. */
const receiver = {
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be a name of lower-case letters, digits, dots, dashes and underscores')
    .describe('Name of the receiver, unique among all receivers.'),
  severities: z
    .array(z.enum(SEVERITIES))
    .min(1)
    .describe("Severities that it takes: critical, warning, info; none is the watchdog, for a dead man's switch.")
    .default(['critical', 'warning']),
  labels: labels().describe('It takes only alerts that carry all of these operator labels. Empty: any.').default({}),
  repeatInterval: duration({ min: '1m', max: '5d' })
    .describe('How soon it hears again of what has not changed. Absent: as alerting.repeatInterval says.')
    .optional(),
  sendResolved: z.boolean().describe('Whether it also hears when an alert is over.').default(true),
  activeIn: z
    .array(z.string())
    .describe('Names of time intervals in which it is told; outside it stays quiet. Empty: always.')
    .default([]),
  muteIn: z.array(z.string()).describe('Names of time intervals in which it stays quiet.').default([]),
}

/** The fault of a pair of which exactly one must be set; null where that is so. */
function pairFault(names: readonly [string, string], values: readonly [unknown, unknown]): string | null {
  const [first, second] = values
  if ((first === undefined) !== (second === undefined)) return null
  return first === undefined ? `needs ${names.join(' or ')}. Set one` : `has both ${names.join(' and ')}. Keep one`
}

const slackReceiver = z
  .strictObject({
    ...receiver,
    webhookUrl: secretUrl().describe('Slack webhook address. It is a secret: take it from the environment.').optional(),
    webhookUrlFile: filePath().describe('File that holds the Slack webhook address; Alertmanager reads it.').optional(),
    channel: z.string().min(1).describe('Channel, where the webhook may choose one, for example #whatsapp.').optional(),
  })
  .superRefine((slack, context) => {
    const fault = pairFault(['webhookUrl', 'webhookUrlFile'], [slack.webhookUrl, slack.webhookUrlFile])
    if (fault !== null) context.addIssue({ code: 'custom', message: fault })
  })
export type SlackReceiver = z.infer<typeof slackReceiver>

const smarthost = z
  .string()
  .regex(/^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$/, 'must be host:port, for example smtp.example.org:587')

const smtp = z
  .strictObject({
    smarthost: smarthost.describe('Mail server as host:port, for example smtp.example.org:587.'),
    from: z.email().describe('Sender address of the messages.'),
    username: z.string().min(1).describe('User name at the mail server. Absent: no sign-in.').optional(),
    password: secret().describe('Password of that user. Take it from the environment.').optional(),
    passwordFile: filePath().describe('File that holds the password.').optional(),
    requireTls: z.boolean().describe('Whether to refuse a mail server that offers no TLS.').default(true),
  })
  .superRefine((options, context) => {
    const refuse = (message: string) => context.addIssue({ code: 'custom', message })
    const pair: readonly [unknown, unknown] = [options.password, options.passwordFile]
    const fault = pairFault(['password', 'passwordFile'], pair)
    if (options.username !== undefined && fault !== null) refuse(fault)
    if (options.username === undefined && pair.some((value) => value !== undefined)) {
      refuse('has a password without a username. Set username')
    }
  })
export type SmtpOptions = z.infer<typeof smtp>

const emailReceiver = z.strictObject({
  ...receiver,
  to: z.array(z.email()).min(1).describe('Addresses that receive the messages.'),
})
export type EmailReceiver = z.infer<typeof emailReceiver>

const e164 = z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be a number in E.164 form, for example "+4915112345678"')

const snsReceiver = z
  .strictObject({
    ...receiver,
    provider: z.literal('sns').describe('Who sends the SMS: sns (Amazon, straight from Alertmanager) or twilio.'),
    region: z.string().min(1).describe('AWS region, for example eu-central-1.'),
    phoneNumber: e164.describe('Number that receives the SMS, in E.164 form.').optional(),
    topicArn: z.string().startsWith('arn:').describe('SNS topic that receives the message instead.').optional(),
    roleArn: z.string().startsWith('arn:').describe('AWS role to assume.').optional(),
    accessKey: secret().describe('AWS access key. Absent: the default credential chain of AWS.').optional(),
    secretKey: secret().describe('AWS secret key. Take it from the environment.').optional(),
  })
  .superRefine((sns, context) => {
    const fault = pairFault(['phoneNumber', 'topicArn'], [sns.phoneNumber, sns.topicArn])
    if (fault !== null) context.addIssue({ code: 'custom', message: fault })
    if ((sns.accessKey === undefined) !== (sns.secretKey === undefined)) {
      context.addIssue({ code: 'custom', message: 'needs accessKey and secretKey together, or neither' })
    }
  })

const twilioReceiver = z
  .strictObject({
    ...receiver,
    provider: z.literal('twilio').describe('Who sends the SMS: sns (Amazon, straight from Alertmanager) or twilio.'),
    apiUrl: serviceUrl()
      .describe('Address of Twilio, or of a service that speaks its API.')
      .default('https://api.twilio.com'),
    accountSid: z
      .string()
      .regex(/^AC[0-9a-f]{32}$/, 'must be an account SID: AC and 32 hexadecimal digits')
      .describe('Account SID at Twilio.'),
    authToken: secret().describe('Auth token at Twilio. Take it from the environment.').optional(),
    authTokenFile: secretFile().describe('File that holds the auth token.').optional(),
    from: e164.describe('Number that sends, in E.164 form.'),
    to: z.array(e164).min(1).describe('Numbers that receive the SMS, in E.164 form.'),
  })
  .superRefine((twilio, context) => {
    const fault = pairFault(['authToken', 'authTokenFile'], [twilio.authToken, twilio.authTokenFile])
    if (fault !== null) context.addIssue({ code: 'custom', message: fault })
  })

export type TwilioReceiver = z.infer<typeof twilioReceiver>

const smsReceiver = z.discriminatedUnion('provider', [snsReceiver, twilioReceiver])
export type SmsReceiver = z.infer<typeof smsReceiver>

const webhookReceiver = z.strictObject({
  ...receiver,
  url: secretUrl().describe(
    'Address that receives the alerts as JSON. It counts as a secret, because such addresses often hold a token.',
  ),
  signIn: httpSignIn().describe('How Alertmanager signs in there.').optional(),
})
export type WebhookReceiver = z.infer<typeof webhookReceiver>

const clock = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'must be a time of day such as 08:30 or 24:00')
const DAYS = 'sunday|monday|tuesday|wednesday|thursday|friday|saturday'

/** Days of a time interval: one, a range within one year, or a day of every year. */
const dates = z
  .string()
  .regex(
    /^(?:\d{4}-)?\d\d-\d\d(?::(?:\d{4}-)?\d\d-\d\d)?$/,
    'must be a day or a range of days such as 2026-12-24, 2026-12-24:2026-12-31 or, every year, 12-25',
  )
  .superRefine((text, context) => {
    const [first = '', last = first] = text.split(':')
    const refuse = (message: string) => context.addIssue({ code: 'custom', message })
    if (first.length !== last.length) return refuse('names a year on one side only. Name it on both, or on none')
    if (![first, last].every(isDay)) return refuse('names a day that does not exist')
    if (first > last) return refuse('ends before it starts; write a range over New Year as two')
    if (first.slice(0, -6) !== last.slice(0, -6)) refuse('spans two years; write it as two ranges')
  })

function isDay(text: string): boolean {
  const full = text.length === 5 ? `2024-${text}` : text
  const time = Date.parse(`${full}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(full)
}

const timeInterval = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be a name of lower-case letters, digits, dots, dashes and underscores')
    .describe('Name of the interval, for activeIn and muteIn of the receivers.'),
  timeZone: timeZone().describe('IANA time zone of the times.').default('UTC'),
  weekdays: z
    .array(
      z
        .string()
        .regex(new RegExp(`^(?:${DAYS})(?::(?:${DAYS}))?$`), 'must be a weekday or a range such as monday:friday'),
    )
    .describe('Weekdays or ranges of them, for example monday:friday. Empty: every day.')
    .default([]),
  dates: z
    .array(dates)
    .describe(
      'Days, for example holidays: 2026-12-24, a range 2026-12-24:2026-12-31, or every year 12-25. Empty: every day.',
    )
    .default([]),
  times: z
    .array(
      z
        .strictObject({
          start: clock.describe('First minute, for example 08:00.'),
          end: clock.describe('Minute after the last, for example 18:00.'),
        })
        .refine(({ start, end }) => start < end, {
          error: 'must end after it starts; write a night as two ranges, 22:00 to 24:00 and 00:00 to 06:00',
        }),
    )
    .describe('Times of day. Empty: the whole day.')
    .default([]),
})
export type TimeInterval = z.infer<typeof timeInterval>

/** Section `alerting`: who is told what. `whatsapp-exporter render` makes alertmanager.yml from it. */
export const AlertingOptions = z
  .strictObject({
    url: serviceUrl()
      .describe('Address of Alertmanager as Prometheus and the exporter reach it.')
      .default('http://127.0.0.1:9093'),
    externalUrl: serviceUrl()
      .describe('Address of Alertmanager as people reach it, for links. The same as url where absent.')
      .optional(),
    groupBy: z
      .array(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'must be a label name'))
      .describe(
        'Operator labels that split messages, besides alert name and gateway. The label tenant is added where your fleet has it.',
      )
      .default([]),
    groupWait: duration({ min: '0s', max: '1h' })
      .describe('How long the first message of a group waits for more alerts.')
      .prefault('30s'),
    groupInterval: duration({ min: '1s', max: '1d' })
      .describe('Shortest time between two messages about the same group.')
      .prefault('5m'),
    repeatInterval: duration({ min: '1m', max: '5d' })
      .describe('How soon a message is repeated while nothing has changed.')
      .prefault('4h'),
    smtp: smtp.describe('Mail server for the e-mail receivers.').optional(),
    slack: z.array(slackReceiver).describe('Slack receivers.').prefault([]),
    email: z.array(emailReceiver).describe('E-mail receivers.').default([]),
    sms: z.array(smsReceiver).describe('SMS receivers.').prefault([]),
    webhook: z
      .array(webhookReceiver)
      .describe('Receivers that are told by HTTP POST, in the webhook format of Alertmanager.')
      .prefault([]),
    timeIntervals: z.array(timeInterval).describe('Named times in which receivers are told or stay quiet.').default([]),
    auditSignIn: httpSignIn()
      .describe(
        'How Alertmanager signs in at the exporter to record what it sent; needed when the API asks for a sign-in.',
      )
      .optional(),
    auditCaFile: filePath()
      .describe('Certificate authority with which Alertmanager verifies the exporter, when the API speaks TLS.')
      .optional(),
  })
  .superRefine((alerting, context) => {
    if (alerting.email.length > 0 && alerting.smtp === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['smtp'],
        message: 'is required by the e-mail receivers. Name the mail server there',
      })
    }
  })
  .describe('Alertmanager and the receivers of alerts.')
  .prefault({})
export type AlertingOptions = z.output<typeof AlertingOptions>
