import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { coloured } from './panels/panel.ts'
import { over } from './panels/query.ts'
import { bars } from './panels/time-series.ts'
import { recorded } from './selection.ts'

/** What broke and what was done about it, hour by hour, of the chosen accounts together. */
export function incidentsAndRepairs(): Panel {
  return bars({
    title: 'Incidents and repairs, each hour',
    description:
      'Incidents that began, restarts that were asked for, and restarts that failed, in the hour before each point.',
    unit: 'short',
    decimals: 0,
    min: 0,
    size: [12, 8],
    queries: [
      over(`sum(${recorded('account', 'incidents:increase1h')})`, 'incidents'),
      over(`sum(${recorded('account', 'recovery_attempts:increase1h')})`, 'restarts'),
      over(`sum(${recorded('account', 'recovery_failures:increase1h')})`, 'failed restarts'),
    ],
    overrides: coloured({ incidents: 'red', restarts: 'blue', 'failed restarts': 'orange' }),
    interval: '1h',
  })
}
