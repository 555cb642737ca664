import type {
  EmailReceiver,
  SlackReceiver,
  SmsReceiver,
  SmtpOptions,
  TimeInterval,
  WebhookReceiver,
} from '../notifications/options.ts'
import { AUDIT_RECEIVER } from './cross-checks.ts'
import { clientSignIn, exporterUrl, promDuration, renderedYaml } from './rendered.ts'
import type { Config } from './schema.ts'

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

/** Alert of the rules that stands for all accounts of a gateway that is down. */
const GATEWAY_DOWN = 'WhatsAppGatewayDown'
/** More alerts than this in one message are counted, not listed. */
const LISTED = 10

const HEADLINE =
  '[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ .Alerts.Firing | len }}{{ end }}] {{ .GroupLabels.alertname }}{{ with .GroupLabels.gateway }} at {{ . }}{{ end }}'
/** Names come from gateways: in Slack a `<!channel>` in one of them would call everybody. */
const SLACK_SAFE = 'reReplaceAll "&" "&amp;" | reReplaceAll "<" "&lt;" | reReplaceAll ">" "&gt;"'
const SLACK_TEXT = [
  `{{ range $index, $alert := .Alerts }}{{ if lt $index ${LISTED} }}`,
  `• {{ if eq $alert.Status "resolved" }}Over: {{ end }}*{{ or $alert.Labels.account $alert.Labels.gateway $alert.Labels.alertname | ${SLACK_SAFE} }}* `,
  `{{ or $alert.Annotations.description $alert.Annotations.summary | ${SLACK_SAFE} }}`,
  '{{ with $alert.Annotations.runbook_url }} <{{ . }}|What to do>{{ end }}\n',
  `{{ end }}{{ end }}{{ if gt (len .Alerts) ${LISTED} }}… {{ len .Alerts }} alerts in all.{{ end }}`,
].join('')
const SMS_TEXT =
  '{{ .CommonLabels.severity | toUpper }} {{ .GroupLabels.alertname }}{{ with .GroupLabels.gateway }} {{ . }}{{ end }}: {{ .Alerts.Firing | len }} firing, {{ .Alerts.Resolved | len }} over'

/** What every receiver of the operator says, whatever its kind. */
type Routing = Pick<SlackReceiver, 'name' | 'severities' | 'labels' | 'activeIn' | 'muteIn'>

interface Receiver {
  readonly routing: Routing
  /** The `…_configs` of Alertmanager. */
  readonly integrations: Readonly<Record<string, readonly object[]>>
}

/**
 * The text of alertmanager.yml: who is told what, grouped by alert and gateway, and every message recorded at the
 * exporter. Needs Alertmanager 0.25 or later.
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
    inhibit_rules: inhibitions(),
    receivers: [
      auditReceiver(config, rendering),
      ...receivers.map(({ routing, integrations }) => ({ name: routing.name, ...integrations })),
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
  }
  const mail = {
    to: 'oncall@inbox.invalid',
    from: 'alertmanager@inbox.invalid',
    smarthost: inbox.smarthost,
    require_tls: false,
    send_resolved: true,
    headers: { Subject: HEADLINE },
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

function route({ name, severities, labels, activeIn, muteIn }: Routing): object {
  return {
    receiver: name,
    // Several receivers may take the same alert.
    continue: true,
    matchers: [
      `severity=~"${severities.join('|')}"`,
      ...Object.entries(labels).map(([label, value]) => `${label}=${matcherValue(value)}`),
    ],
    ...(activeIn.length === 0 ? {} : { active_time_intervals: activeIn }),
    ...(muteIn.length === 0 ? {} : { mute_time_intervals: muteIn }),
  }
}

/** A label value in a matcher. Source: Alertmanager pkg/labels, which knows \" \\ and \n. */
function matcherValue(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}

/**
 * One message instead of many. Both sides must carry the labels that are compared, because Alertmanager takes two
 * absent labels for equal ones.
 */
function inhibitions(): readonly object[] {
  return [
    {
      source_matchers: [`alertname="${GATEWAY_DOWN}"`, 'gateway=~".+"'],
      target_matchers: ['account=~".+"', 'gateway=~".+"'],
      equal: ['gateway'],
    },
    {
      source_matchers: ['severity="critical"', 'account=~".+"', 'gateway=~".+"'],
      target_matchers: ['severity=~"warning|info"', 'account=~".+"', 'gateway=~".+"'],
      equal: ['gateway', 'account'],
    },
  ]
}

function auditReceiver(config: Config, rendering: AlertmanagerRendering): object {
  const { auditSignIn, auditCaFile } = config.alerting
  const client = {
    ...clientSignIn(auditSignIn),
    ...(auditCaFile === undefined ? {} : { tls_config: { ca_file: auditCaFile } }),
  }
  return {
    name: AUDIT_RECEIVER,
    webhook_configs: [
      {
        url: `${rendering.exporterUrl ?? exporterUrl(config)}/api/alerts`,
        send_resolved: true,
        ...(Object.keys(client).length === 0 ? {} : { http_config: client }),
      },
    ],
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
    color:
      '{{ if ne .Status "firing" }}good{{ else if eq .CommonLabels.severity "critical" }}danger{{ else }}warning{{ end }}',
    title: HEADLINE,
    text: SLACK_TEXT,
    fallback: HEADLINE,
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
        send_resolved: receiver.sendResolved,
        headers: { Subject: HEADLINE },
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
    const client = clientSignIn(config.alerting.auditSignIn)
    return { webhook_configs: [{ url, send_resolved: receiver.sendResolved, http_config: client }] }
  }
  const { region, roleArn, accessKey, secretKey, phoneNumber, topicArn, sendResolved } = receiver
  const sigv4 = {
    region,
    ...(roleArn === undefined ? {} : { role_arn: roleArn }),
    ...(accessKey === undefined ? {} : { access_key: accessKey.reveal(), secret_key: secretKey?.reveal() }),
  }
  const target = topicArn === undefined ? { phone_number: phoneNumber } : { topic_arn: topicArn }
  return { sns_configs: [{ sigv4, ...target, subject: HEADLINE, message: SMS_TEXT, send_resolved: sendResolved }] }
}

function webhookConfig({ url, signIn, sendResolved }: WebhookReceiver): object {
  const client = clientSignIn(signIn)
  return {
    url: url.reveal(),
    send_resolved: sendResolved,
    ...(Object.keys(client).length === 0 ? {} : { http_config: client }),
  }
}

function timeInterval({ name, timeZone, weekdays, times }: TimeInterval): object {
  return {
    name,
    time_intervals: [
      {
        location: timeZone,
        ...(weekdays.length === 0 ? {} : { weekdays }),
        ...(times.length === 0 ? {} : { times: times.map(({ start, end }) => ({ start_time: start, end_time: end })) }),
      },
    ],
  }
}
