import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { ACCOUNT_FAMILIES, EXPORTER_FAMILIES } from '../../metrics/catalogue.ts'
import { RUNS } from '../alert-panels.ts'
import type { BoardRow } from '../board.ts'
import { barList } from '../panels/bar-gauge.ts'
import { coloured } from '../panels/panel.ts'
import { now, over } from '../panels/query.ts'
import { timeline } from '../panels/state-timeline.ts'
import { bars, curves } from '../panels/time-series.ts'
import { ofProcesses } from '../selection.ts'

const { storePendingWrites, storeWriteFailures, storeDroppedSamples, storeUp, notifications } = EXPORTER_FAMILIES
const { reportRuns, reportFailures, reloadSuccessful } = EXPORTER_FAMILIES

/** The store, notifications, reports, reloads and shards. */
export function dutiesRow(): BoardRow {
  return {
    title: 'Store, notifications, reports, configuration',
    panels: [storeOverTime(), reloads(), shards(), storeWrites(), sent(), reports()],
  }
}

function storeOverTime(): Panel {
  return timeline({
    title: 'Store over time',
    description: 'When writes to the store worked, and when they failed.',
    unit: 'none',
    size: [8, 5],
    queries: [over(ofProcesses(storeUp), '{{instance}}')],
    words: RUNS,
  })
}

function reloads(): Panel {
  return timeline({
    title: 'Configuration over time',
    description: 'Whether the last reload worked, over time.',
    unit: 'none',
    size: [8, 5],
    queries: [over(ofProcesses(reloadSuccessful), '{{instance}}')],
    words: RUNS,
  })
}

function storeWrites(): Panel {
  return curves({
    title: 'Store: waiting, failed, given up',
    description:
      'Batches that wait in memory for the store, writes that failed and samples that were given up because the journal was full. Incidents and counters are never given up.',
    unit: 'short',
    min: 0,
    size: [8, 8],
    queries: [
      over(ofProcesses(storePendingWrites), '{{instance}}: waiting'),
      over(grown(storeWriteFailures, ['instance']), '{{instance}}: failed'),
      over(grown(storeDroppedSamples, ['instance']), '{{instance}}: given up'),
    ],
    legend: ['max', 'lastNotNull'],
  })
}

function sent(): Panel {
  return bars({
    title: 'Notifications',
    description:
      'Messages by receiver: firing, resolved, and failed ones. Alertmanager hands each to the audit of the exporter.',
    unit: 'short',
    min: 0,
    size: [8, 8],
    queries: [over(`${grown(notifications, ['receiver', 'status'])} > 0`, '{{receiver}}: {{status}}')],
    noValue: 'Nothing was sent.',
    legend: ['sum'],
  })
}

function reports(): Panel {
  return bars({
    title: 'Reports',
    description: 'Reports that were begun, and those that failed.',
    unit: 'short',
    min: 0,
    size: [8, 8],
    queries: [over(grown(reportRuns, []), 'begun'), over(grown(reportFailures, []), 'failed')],
    overrides: coloured({ begun: 'blue', failed: 'red' }),
    legend: ['sum'],
  })
}

function shards(): Panel {
  return barList({
    title: 'Accounts by shard',
    description: 'How many accounts each exporter watches. Shards differ by a few percent.',
    unit: 'short',
    decimals: 0,
    min: 0,
    size: [8, 5],
    queries: [now(`count by (instance) (${ofProcesses(ACCOUNT_FAMILIES.info)})`, '{{instance}}')],
    steps: ['blue'],
  })
}

function grown(family: { readonly name: string }, by: readonly string[]): string {
  const increase = `increase(${ofProcesses(family)}[$__rate_interval])`
  return by.length === 0 ? `sum(${increase})` : `sum by (${by.join(', ')}) (${increase})`
}
