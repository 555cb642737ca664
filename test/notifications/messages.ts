import type { Alert, AlertMessage } from '../../src/notifications/alert-message.ts'

export const NOW_MS = Date.UTC(2026, 2, 1, 3, 12)

export function alertOf(account: string | null, over: Partial<Alert> = {}): Alert {
  return {
    status: 'firing',
    labels: {
      alertname: 'WhatsAppAccountBlocked',
      severity: 'critical',
      gateway: 'waha-1',
      ...(account === null ? {} : { account }),
    },
    annotations: { summary: 'WhatsApp has blocked an account.' },
    startsMs: NOW_MS - 60_000,
    endsMs: null,
    fingerprint: `f-${account}`,
    ...over,
  }
}

export function messageOf(alerts: readonly Alert[], over: Partial<AlertMessage> = {}): AlertMessage {
  return {
    receiver: 'on-call',
    groupKey: '{}:{alertname="WhatsAppAccountBlocked"}',
    groupLabels: { alertname: 'WhatsAppAccountBlocked', gateway: 'waha-1' },
    truncatedAlerts: 0,
    alerts,
    ...over,
  }
}

/** The same alerts, over. */
export function resolved({ alerts, ...rest }: AlertMessage, endsMs: number): AlertMessage {
  return { ...rest, alerts: alerts.map((alert) => ({ ...alert, status: 'resolved', endsMs })) }
}
