import type { z } from 'zod'
import type { AlertDocument } from '../../documents/alert.ts'
import { read } from './api.ts'
import type { Notice } from './notices.ts'

export type Alert = z.output<typeof AlertDocument>

/** Alerts that Alertmanager sent before the page was opened. */
export async function earlierAlerts(): Promise<Notice[]> {
  const { alerts } = await read<{ alerts: readonly Alert[] }>('/api/alerts', new URLSearchParams({ limit: '12' }))
  return alerts.map(alertNotice)
}

/** An alert as a line of the list. */
export function alertNotice(alert: Alert): Notice {
  const { id, status, severity, alertname, summary, toldAt, endedAt, key } = alert
  const isOver = status === 'resolved'
  const tone = isOver ? 'good' : severity === 'critical' ? 'bad' : severity === 'info' ? 'info' : 'warn'
  return {
    // One line per alert: its end replaces its beginning.
    id: `alert:${id}`,
    at: isOver ? (endedAt ?? toldAt) : toldAt,
    tone,
    title: `${isOver ? 'Resolved' : 'Alert'}: ${summary === '' ? alertname : summary}`,
    text: summary === '' ? severity : `${alertname}, ${severity}`,
    key: key ?? '',
  }
}
