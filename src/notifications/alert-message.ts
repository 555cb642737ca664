/** What Alertmanager tells a webhook: one message about a group of alerts. */
export interface AlertMessage {
  readonly receiver: string
  /** Names the group, its route included. */
  readonly groupKey: string
  readonly groupLabels: Readonly<Record<string, string>>
  /** Alerts of the group that the message leaves out because of its limit. */
  readonly truncatedAlerts: number
  readonly alerts: readonly Alert[]
}

export interface Alert {
  readonly status: 'firing' | 'resolved'
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsMs: number
  /** When it ended; of a firing alert null. */
  readonly endsMs: number | null
  /** Hash of the labels, by Alertmanager. */
  readonly fingerprint: string
}

/** The label, or '' where the alert has none. */
export function labelOf({ labels }: Pick<Alert, 'labels'>, name: string): string {
  return labels[name] ?? ''
}
