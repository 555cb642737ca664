// What fires now, as Prometheus sees it. Tables, not Grafana's alert list: that one lists its own rules unless it is told
// of another Prometheus by name, and a name is what the data source variable must not need.
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { ROW_TO_ACCOUNT } from './board-links.ts'
import { NONE_IS_GOOD, type ValueWord } from './panels/looks.ts'
import { now, rows } from './panels/query.ts'
import { loudStat } from './panels/stat.ts'
import { type Column, table } from './panels/table.ts'
import { orZero } from './selection.ts'

/** Labels that tell whom an alert is about. Not every alert has all of them. */
const WHOM = {
  tenant: { of: 'tenant', title: 'Tenant' },
  gateway: { of: 'gateway', title: 'Gateway' },
  account: { of: 'account', title: 'Account', link: ROW_TO_ACCOUNT },
  instance: { of: 'instance', title: 'Exporter' },
  receiver: { of: 'receiver', title: 'Receiver' },
} as const satisfies Readonly<Record<string, Column>>

/** Alerts about what is chosen, and those that name no account or gateway. */
export const ABOUT_CHOSEN = 'tenant=~"$tenant|",gateway=~"$gateway|",account=~"$account|"'
export const ABOUT_GATEWAY = 'tenant=~"$tenant|",gateway=~"$gateway"'
export const ABOUT_EXPORTER = 'alertname=~"WhatsApp(Exporter|Report|Notification|Discovery).*"'
export const WHOM_OF_CHOSEN = ['gateway', 'account'] as const
export const WHOM_OF_GATEWAY = ['tenant', 'gateway', 'account'] as const
export const WHOM_OF_EXPORTER = ['instance', 'gateway', 'receiver'] as const

/** Our alerts, the watchdog apart, which always fires. */
function ours(series: string, about: string, state = ''): string {
  const common = `alertname=~"WhatsApp.+",alertname!="WhatsAppWatchdog",${about}`
  return `${series}{${common}${state === '' ? '' : `,alertstate="${state}"`}}`
}

/** How many alerts fire. */
export function firingCount(size: readonly [number, number]): Panel {
  return loudStat({
    title: 'Firing alerts',
    description: 'Alerts of this product that fire now, the watchdog left out. Pending ones do not count.',
    unit: 'short',
    size,
    queries: [now(orZero(`count(${ours('ALERTS', ABOUT_CHOSEN, 'firing')})`))],
    steps: NONE_IS_GOOD,
  })
}

/** What fires, since when, and about whom. */
export function firingAlerts(
  size: readonly [number, number],
  about: string,
  whom: readonly (keyof typeof WHOM)[],
): Panel {
  const since = `${ours('ALERTS_FOR_STATE', about)} and ignoring (alertstate) ${ours('ALERTS', about, 'firing')}`
  return table({
    title: 'Alerts',
    description:
      'Alerts that fire now, the oldest first. Each has a page in docs/alerts that says what to do. An alert that is silenced or muted in Alertmanager stays here.',
    unit: 'none',
    size,
    queries: [rows(`1000 * max by (${['alertname', 'severity', ...whom].join(', ')}) (${since})`)],
    noValue: 'Nothing fires.',
    columns: [
      { of: 0, title: 'Since', unit: 'dateTimeFromNow', width: 120 },
      { of: 'severity', title: 'Severity', width: 80 },
      { of: 'alertname', title: 'Alert', width: 280 },
      ...whom.map((label) => WHOM[label]),
    ],
    sortBy: { title: 'Since', descending: false },
  })
}

/** Words for a figure that should be 1. */
export const RUNS: readonly ValueWord[] = [
  { value: 0, text: 'failing', colour: 'red' },
  { value: 1, text: 'works', colour: 'green' },
]
