import { z } from 'zod'
import type { AlertMessage } from '../../notifications/alert-message.ts'
import type { Notification } from '../../store/store.ts'
import { Seconds, seconds, Time, time, timeOrNull } from './fields.ts'

const TextMap = z.record(z.string(), z.string())

export const AlertDocument = z
  .object({
    id: z.string(),
    receiver: z.string().describe('Who was told.'),
    status: z.enum(['firing', 'resolved']),
    alertname: z.string(),
    severity: z.string(),
    summary: z.string(),
    description: z.string(),
    gateway: z.string().nullable(),
    account: z.string().nullable().describe('Null for an alert that is about no account.'),
    key: z.string().nullable().describe('`gateway/account`.'),
    startedAt: Time.describe('Since when the alert fires.'),
    toldAt: Time.describe('When the receiver was told.'),
    endedAt: Time.nullable().describe('When the alert ended. Null while it fires.'),
    endToldAt: Time.nullable().describe(
      'When the receiver was told of the end. Null while it fires, and where nobody was told: an alert that ends while it is silenced or inhibited ends without a message.',
    ),
    incidentId: z.string().nullable(),
    latencySeconds: Seconds.nullable().describe(
      'From the start of the incident until the receiver was told; null where the alert belongs to no incident.',
    ),
    group: z.object({
      key: z.string().describe('Of Alertmanager; names the route too.'),
      labels: TextMap,
      size: z.int().describe('Alerts in the message that told of it.'),
    }),
    runbookUrl: z.string().nullable(),
    dashboardUrl: z.string().nullable(),
    fingerprint: z.string().describe('Of the labels: the same for the same alert whenever it fires.'),
    labels: TextMap,
  })
  .meta({ id: 'Alert', description: 'That one receiver was told of one alert.' })

export function alertDocument(one: Notification): z.output<typeof AlertDocument> {
  return {
    id: one.id,
    receiver: one.receiver,
    status: one.status,
    alertname: one.alertname,
    severity: one.severity,
    summary: one.annotations['summary'] ?? '',
    description: one.annotations['description'] ?? '',
    gateway: one.gateway,
    account: one.labels['account'] ?? null,
    key: one.key,
    startedAt: time(one.startsMs),
    toldAt: time(one.firedMs),
    endedAt: timeOrNull(one.endsMs),
    endToldAt: timeOrNull(one.resolvedMs),
    incidentId: one.incidentId,
    latencySeconds: one.latencyMs === null ? null : seconds(one.latencyMs),
    group: { key: one.groupKey, labels: one.groupLabels, size: one.groupSize },
    runbookUrl: one.annotations['runbook_url'] ?? null,
    dashboardUrl: one.annotations['dashboard_url'] ?? null,
    fingerprint: one.fingerprint,
    labels: one.labels,
  }
}

const moment = z.iso.datetime({ offset: true, error: 'must be a moment such as 2026-03-01T03:12:00Z' })

/**
 * What Alertmanager posts to a webhook, version 4; members that we do not read may be added by later versions.
 * Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
export const AlertmanagerWebhook = z
  .looseObject({
    receiver: z.string().min(1).max(200),
    groupKey: z.string().min(1),
    groupLabels: TextMap.default({}),
    truncatedAlerts: z.int().min(0).default(0),
    alerts: z
      .array(
        z.looseObject({
          status: z.enum(['firing', 'resolved']),
          labels: TextMap,
          annotations: TextMap.default({}),
          startsAt: moment,
          endsAt: moment.optional(),
          fingerprint: z.string().min(1).max(64),
        }),
      )
      .min(1),
  })
  .meta({ id: 'AlertmanagerWebhook', description: 'One message of Alertmanager (webhook version 4).' })

export function alertMessage(body: z.output<typeof AlertmanagerWebhook>): AlertMessage {
  return {
    receiver: body.receiver,
    groupKey: body.groupKey,
    groupLabels: body.groupLabels,
    truncatedAlerts: body.truncatedAlerts,
    alerts: body.alerts.map(({ status, labels, annotations, startsAt, endsAt, fingerprint }) => ({
      status,
      labels,
      annotations,
      fingerprint,
      startsMs: Date.parse(startsAt),
      endsMs: status === 'firing' || endsAt === undefined ? null : Date.parse(endsAt),
    })),
  }
}
