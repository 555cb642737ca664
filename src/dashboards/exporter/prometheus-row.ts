import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import type { BoardRow } from '../board.ts'
import { barList } from '../panels/bar-gauge.ts'
import { now, over } from '../panels/query.ts'
import { bars, curves } from '../panels/time-series.ts'

const OUR_GROUPS = 'rule_group=~".*;whatsapp-.*"'

/** What Prometheus and Alertmanager do with what the exporter tells them. */
export function prometheusRow(): BoardRow {
  return { title: 'Prometheus and Alertmanager', panels: [rules(), missed(), series(), alertmanager()] }
}

function rules(): Panel {
  return barList({
    title: 'Rule groups: share of their interval',
    description:
      'How much of its interval each of our rule groups takes to evaluate, the most first. Above a fifth: docs/operations.md says what to leave out.',
    unit: 'percentunit',
    min: 0,
    max: 1,
    size: [9, 8],
    queries: [
      now(
        `sort_desc(topk(12, label_replace(prometheus_rule_group_last_duration_seconds{${OUR_GROUPS}} / prometheus_rule_group_interval_seconds{${OUR_GROUPS}}, "group", "$1", "rule_group", ".*;whatsapp-(.*)")))`,
        '{{group}}',
      ),
    ],
    steps: ['green', [0.2, 'yellow'], [0.5, 'red']],
  })
}

function missed(): Panel {
  return curves({
    title: 'Rules: missed and failed evaluations',
    description: 'Evaluations of our rule groups that were missed or failed. Both leave gaps in the recorded series.',
    unit: 'short',
    min: 0,
    size: [5, 8],
    queries: [
      over(`sum(increase(prometheus_rule_group_iterations_missed_total{${OUR_GROUPS}}[$__rate_interval]))`, 'missed'),
      over(`sum(increase(prometheus_rule_evaluation_failures_total{${OUR_GROUPS}}[$__rate_interval]))`, 'failed'),
    ],
    legend: ['max', 'lastNotNull'],
  })
}

function series(): Panel {
  return curves({
    title: 'Series in Prometheus',
    description: 'Series in memory. Each takes about 3.4 KB; an account brings about 85, recorded ones counted.',
    unit: 'short',
    min: 0,
    size: [5, 8],
    queries: [over('prometheus_tsdb_head_series', '{{instance}}')],
  })
}

function alertmanager(): Panel {
  // Bars: a curve needs two points beside each other, and messages come one by one.
  return bars({
    title: 'Alertmanager: sent and failed',
    description: 'Messages that Alertmanager sent by integration, and those that it could not deliver.',
    unit: 'short',
    min: 0,
    size: [5, 8],
    queries: [
      over(
        'sum by (integration) (increase(alertmanager_notifications_total[$__rate_interval])) > 0',
        '{{integration}}',
      ),
      over(
        'sum by (integration) (increase(alertmanager_notifications_failed_total[$__rate_interval])) > 0',
        '{{integration}}: failed',
      ),
    ],
    noValue: 'Nothing was sent.',
  })
}
