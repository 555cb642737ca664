import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { EXPORTER_FAMILIES, type MetricFamily } from '../../metrics/catalogue.ts'
import { selector } from '../../metrics/promql.ts'
import { RUNS } from '../alert-panels.ts'
import type { BoardRow } from '../board.ts'
import { NONE_IS_GOOD, UP_DOWN, type ValueWord } from '../panels/looks.ts'
import { now } from '../panels/query.ts'
import { loudStat, nameStat, stat } from '../panels/stat.ts'
import { ofExporters, ofProcesses } from '../selection.ts'

const TILE = [3, 4] as const
const SIGHT: readonly ValueWord[] = [
  { value: 0, text: 'sees', colour: 'green' },
  { value: 1, text: 'blind', colour: 'red' },
]

/** Whether the exporters do their work. */
export function nowRow(): BoardRow {
  return { title: 'Now', panels: [up(), sight(), store(), reload(), missingShards(), mode(), version(), started()] }
}

function up(): Panel {
  return loudStat({
    title: 'Scraped',
    description: 'Whether Prometheus reaches each exporter.',
    unit: 'none',
    size: TILE,
    queries: [now(ofExporters('up'), '{{instance}}')],
    words: UP_DOWN,
  })
}

function sight(): Panel {
  return ofEach(
    'Sight',
    EXPORTER_FAMILIES.blind,
    SIGHT,
    'An exporter that is cut off says so and calls accounts unknown, not down.',
  )
}

function store(): Panel {
  return ofEach(
    'Store',
    EXPORTER_FAMILIES.storeUp,
    RUNS,
    'Whether the last write to the store worked. Checks go on without it; the journal waits in memory.',
  )
}

function reload(): Panel {
  return ofEach(
    'Configuration',
    EXPORTER_FAMILIES.reloadSuccessful,
    RUNS,
    'Whether the last reload of the configuration worked. After a failed one the last good configuration stays in force.',
  )
}

function ofEach(title: string, family: MetricFamily, words: readonly ValueWord[], description: string): Panel {
  return loudStat({
    title,
    description,
    unit: 'none',
    size: TILE,
    queries: [now(ofProcesses(family), '{{instance}}')],
    words,
  })
}

function missingShards(): Panel {
  return loudStat({
    title: 'Shards missing',
    description:
      'Shards that the exporters were told of less those that are there: the accounts of a missing one are not watched.',
    unit: 'short',
    decimals: 0,
    size: TILE,
    queries: [
      now(
        `max(${selector(EXPORTER_FAMILIES.shards)}) - count(count_values("ordinal", ${selector(EXPORTER_FAMILIES.shardOrdinal)}))`,
      ),
    ],
    steps: NONE_IS_GOOD,
  })
}

function mode(): Panel {
  return nameStat({
    title: 'Recovery',
    description: 'Configured recovery mode: off, dry-run or on.',
    unit: 'none',
    size: TILE,
    queries: [now(`max by (mode) (${ofProcesses(EXPORTER_FAMILIES.recoveryMode)}) == 1`, '{{mode}}')],
  })
}

function version(): Panel {
  return nameStat({
    title: 'Version',
    description: 'Version of the exporter, and of Node.',
    unit: 'none',
    size: TILE,
    queries: [
      now(
        `max by (version, node_version) (${ofProcesses(EXPORTER_FAMILIES.buildInfo)})`,
        '{{version}} ({{node_version}})',
      ),
    ],
  })
}

function started(): Panel {
  return stat({
    title: 'Started',
    description: 'When each exporter started.',
    unit: 'dateTimeFromNow',
    size: TILE,
    queries: [now(`1000 * ${ofExporters('process_start_time_seconds')}`, '{{instance}}')],
  })
}
