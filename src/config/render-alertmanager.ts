import type {
  EmailReceiver,
  SlackReceiver,
  SmsReceiver,
  SmtpOptions,
  WebhookReceiver,
} from '../notifications/options.ts'
import { AUDIT_RECEIVER } from './cross-checks.ts'
import { inhibitRules } from './inhibit-rules.ts'
import { clientSignIn, exporterUrl, promDuration, renderedYaml } from './rendered.ts'
import type { Config } from './schema.ts'
import { timeInterval } from './time-interval.ts'

/** The local inbox of the demo: it takes everything, as Slack messages and as e-mail. */
export interface Inbox {
  /** Address that takes Slack webhooks. */
  readonly slackUrl: string
  /** Mail server as `host:port`; absent where the inbox takes Slack messages only. */
  readonly smarthost?: string
}

export interface AlertmanagerRendering {
  /** Base address of the exporter as Alertmanager reaches it. Absent: from `api.listen`. */
  readonly exporterUrl?: string
  readonly inbox?: Inbox
}

/** Where the templates lie, beside alertmanager.yml. */
export const TEMPLATE_FOLDER = 'templates'

/** Larger messages are cut: the exporter refuses a body over 1 MiB, and an alert takes up to 3 KiB. */
const AUDITED_ALERTS = 300

const HEADLINE = '{{ template "whatsapp.headline" . }}'
const BOARD = '{{ template "whatsapp.board" . }}'

/** What every receiver of the operator says, whatever its kind. */
type Routing = Pick<
  SlackReceiver,
  'name' | 'severities' | 'labels' | 'activeIn' | 'muteIn' | 'repeatInterval' | 'sendResolved'
>

interface Receiver {
  readonly routing: Routing
  /** The `…_configs` of Alertmanager. */
  readonly integrations: Readonly<Record<string, readonly object[]>>
}

/**
 * The text of alertmanager.yml: who is told what, grouped by alert, gateway and tenant, and every message recorded at
 * the exporter. Its templates are those of alertmanager/templates, beside it in `TEMPLATE_FOLDER`. Needs Alertmanager
 * 0.25 or later.
 */
export function renderAlertmanager(config: Config, rendering: AlertmanagerRendering = {}): string {
  const { alerting } = config
  const receivers = [...operatorReceivers(config, rendering), ...inboxReceivers(rendering.inbox)]
  return renderedYaml({
    global: { resolve_timeout: '5m' },
    route: {
      // Every alert takes the audit route below, so this receiver never gets one twice.
      receiver: AUDIT_RECEIVER,
      group_by: groupLabels(config),
      group_wait: promDuration(alerting.groupWait),
      group_interval: promDuration(alerting.groupInterval),
      repeat_interval: promDuration(alerting.repeatInterval),
      routes: [{ receiver: AUDIT_RECEIVER, continue: true }, ...receivers.map(({ routing }) => route(routing))],
    },
    inhibit_rules: inhibitRules(config.sharding.total > 1),
    templates: [`${TEMPLATE_FOLDER}/*.tmpl`],
    receivers: [
      { name: AUDIT_RECEIVER, webhook_configs: [auditConfig(config, rendering, true)] },
      ...receivers.map(({ routing, integrations }) => ({
        name: routing.name,
        ...integrations,
        // What a receiver is told is told to the audit in the same breath, under the receiver's name.
        webhook_configs: [
          ...(integrations['webhook_configs'] ?? []),
          auditConfig(config, rendering, routing.sendResolved),
        ],
      })),
    ],
    ...(alerting.timeIntervals.length === 0 ? {} : { time_intervals: alerting.timeIntervals.map(timeInterval) }),
  })
}

function operatorReceivers(config: Config, rendering: AlertmanagerRendering): readonly Receiver[] {
  const { slack, email, sms, webhook, smtp } = config.alerting
  return [
    ...slack.map((receiver) => ({ routing: receiver, integrations: { slack_configs: [slackConfig(receiver)] } })),
    // The schema refuses e-mail receivers without a mail server.
    ...(smtp === undefined ? [] : email.map((receiver) => emailReceiver(receiver, smtp))),
    ...sms.map((receiver) => ({ routing: receiver, integrations: smsIntegration(receiver, config, rendering) })),
    ...webhook.map((receiver) => ({ routing: receiver, integrations: { webhook_configs: [webhookConfig(receiver)] } })),
  ]
}

function inboxReceivers(inbox: Inbox | undefined): readonly Receiver[] {
  if (inbox === undefined) return []
  const routing: Routing = {
    name: 'inbox',
    severities: ['critical', 'warning', 'info'],
    labels: {},
    activeIn: [],
    muteIn: [],
    sendResolved: true,
  }
  const mail = {
    to: 'oncall@inbox.invalid',
    from: 'alertmanager@inbox.invalid',
    smarthost: inbox.smarthost,
    require_tls: false,
    ...emailMessage(true),
  }
  return [
    {
      routing,
      integrations: {
        slack_configs: [{ api_url: inbox.slackUrl, ...slackMessage(true) }],
        ...(inbox.smarthost === undefined ? {} : { email_configs: [mail] }),
      },
    },
  ]
}

function groupLabels({ alerting, gateways }: Config): readonly string[] {
  const hasTenant = gateways.some(({ labels, accounts }) =>
    [labels, ...accounts.map((account) => account.labels)].some((own) => Object.hasOwn(own, 'tenant')),
  )
  return [...new Set(['alertname', 'gateway', ...(hasTenant ? ['tenant'] : []), ...alerting.groupBy])]
}

function route({ name, severities, labels, activeIn, muteIn, repeatInterval }: Routing): object {
  return {
    receiver: name,
    // Several receivers may take the same alert.
    continue: true,
    matchers: [
      `severity=~"${severities.join('|')}"`,
      ...Object.entries(labels).map(([label, value]) => `${label}=${matcherValue(value)}`),
    ],
    ...(repeatInterval === undefined ? {} : { repeat_interval: promDuration(repeatInterval) }),
    ...(activeIn.length === 0 ? {} : { active_time_intervals: activeIn }),
    ...(muteIn.length === 0 ? {} : { mute_time_intervals: muteIn }),
  }
}

/** A label value in a matcher. Source: Alertmanager pkg/labels, which knows \" \\ and \n. */
function matcherValue(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}

/** How Alertmanager calls the exporter. */
function auditConfig(config: Config, rendering: AlertmanagerRendering, sendResolved: boolean) {
  const { auditSignIn, auditCaFile } = config.alerting
  const client = {
    ...clientSignIn(auditSignIn),
    ...(auditCaFile === undefined ? {} : { tls_config: { ca_file: auditCaFile } }),
  }
  return {
    url: `${rendering.exporterUrl ?? exporterUrl(config)}/api/alerts`,
    send_resolved: sendResolved,
    max_alerts: AUDITED_ALERTS,
    ...(Object.keys(client).length === 0 ? {} : { http_config: client }),
  }
}

function slackConfig({ webhookUrl, webhookUrlFile, channel, sendResolved }: SlackReceiver): object {
  return {
    ...(webhookUrlFile === undefined ? { api_url: webhookUrl?.reveal() } : { api_url_file: webhookUrlFile }),
    ...(channel === undefined ? {} : { channel }),
    ...slackMessage(sendResolved),
  }
}

function slackMessage(sendResolved: boolean): object {
  return {
    send_resolved: sendResolved,
    color: '{{ template "slack.whatsapp.color" . }}',
    title: HEADLINE,
    title_link: BOARD,
    text: '{{ template "slack.whatsapp.text" . }}',
    fallback: HEADLINE,
    actions: [
      { type: 'button', text: 'Board', url: BOARD },
      { type: 'button', text: 'What to do', url: '{{ template "whatsapp.runbook" . }}' },
      { type: 'button', text: 'Silence', url: '{{ template "whatsapp.silence" . }}' },
    ],
  }
}

function emailMessage(sendResolved: boolean): object {
  return {
    send_resolved: sendResolved,
    headers: { Subject: HEADLINE },
    html: '{{ template "email.whatsapp.html" . }}',
    text: '{{ template "email.whatsapp.text" . }}',
  }
}

function emailReceiver(receiver: EmailReceiver, smtp: SmtpOptions): Receiver {
  const { smarthost, from, username, password, passwordFile, requireTls } = smtp
  const secret =
    passwordFile === undefined ? { auth_password: password?.reveal() } : { auth_password_file: passwordFile }
  return {
    routing: receiver,
    integrations: {
      email_configs: receiver.to.map((to) => ({
        to,
        from,
        smarthost,
        require_tls: requireTls,
        ...(username === undefined ? {} : { auth_username: username, ...secret }),
        ...emailMessage(receiver.sendResolved),
      })),
    },
  }
}

function smsIntegration(
  receiver: SmsReceiver,
  config: Config,
  rendering: AlertmanagerRendering,
): Receiver['integrations'] {
  if (receiver.provider === 'twilio') {
    // Alertmanager knows no Twilio: the exporter hands the message on.
    const url = `${rendering.exporterUrl ?? exporterUrl(config)}/api/sms/${receiver.name}`
    const { url: _audit, ...audit } = auditConfig(config, rendering, receiver.sendResolved)
    return { webhook_configs: [{ url, ...audit }] }
  }
  const { region, roleArn, accessKey, secretKey, phoneNumber, topicArn, sendResolved } = receiver
  const sigv4 = {
    region,
    ...(roleArn === undefined ? {} : { role_arn: roleArn }),
    ...(accessKey === undefined ? {} : { access_key: accessKey.reveal(), secret_key: secretKey?.reveal() }),
  }
  const target = topicArn === undefined ? { phone_number: phoneNumber } : { topic_arn: topicArn }
  return {
    sns_configs: [
      {
        sigv4,
        ...target,
        subject: HEADLINE,
        message: '{{ template "sms.whatsapp.text" . }}',
        send_resolved: sendResolved,
      },
    ],
  }
}

function webhookConfig({ url, signIn, sendResolved }: WebhookReceiver): object {
  const client = clientSignIn(signIn)
  return {
    url: url.reveal(),
    send_resolved: sendResolved,
    ...(Object.keys(client).length === 0 ? {} : { http_config: client }),
  }
}
