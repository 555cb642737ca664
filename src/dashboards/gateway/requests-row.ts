import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { EXPORTER_FAMILIES, GATEWAY_FAMILIES } from '../../metrics/catalogue.ts'
import { buckets, increase, selector } from '../../metrics/promql.ts'
import type { BoardRow } from '../board.ts'
import { heatmap } from '../panels/heatmap.ts'
import { UP_DOWN } from '../panels/looks.ts'
import { cells, over } from '../panels/query.ts'
import { timeline } from '../panels/state-timeline.ts'
import { bars, curves } from '../panels/time-series.ts'
import { perGateway } from '../selection.ts'

const { up, checkDuration, checkErrors, unmapped } = GATEWAY_FAMILIES
const CHOSEN = { gateway: { matches: '$gateway' } } as const
const COUNT = selector({ name: `${checkDuration.name}_count` }, CHOSEN)
const BUCKETS = `rate(${buckets(checkDuration, CHOSEN)}[$__rate_interval])`

/** How the gateways answer. */
export function requestsRow(): BoardRow {
  return {
    title: 'Requests',
    panels: [upOverTime(), latencyCells(), latencyQuantiles(), errors(), answered(), words()],
  }
}

function upOverTime(): Panel {
  return timeline({
    title: 'Up and down',
    description: 'When each gateway gave readings, and when it did not. Gaps: the exporter was blind or away.',
    unit: 'none',
    size: [24, 5],
    queries: [over(perGateway(up), '{{gateway}}')],
    words: UP_DOWN,
  })
}

function latencyCells(): Panel {
  return heatmap({
    title: 'How long answers take',
    description:
      'Check requests each second by the time that their answer took: the darker, the more. A second band far above the first is a part of the accounts that answers slowly.',
    unit: 'reqps',
    boundUnit: 's',
    size: [12, 9],
    queries: [cells(`sum by (le) (${BUCKETS})`)],
  })
}

function latencyQuantiles(): Panel {
  const quantile = (share: number) => `histogram_quantile(${share}, sum by (gateway, le) (${BUCKETS}))`
  return curves({
    title: 'Time to answer by gateway',
    description:
      'Half of the answers come faster than the median, one in a hundred slower than the 99th percentile. Estimated from buckets.',
    unit: 's',
    min: 0,
    size: [12, 9],
    queries: [over(quantile(0.5), '{{gateway}}, median'), over(quantile(0.99), '{{gateway}}, 99th percentile')],
    legend: ['mean', 'max'],
  })
}

function errors(): Panel {
  return bars({
    title: 'Requests without a reading, by cause',
    description:
      'Check requests that brought no reading. timeout, unreachable and server_error are faults of the gateway or the way to it; unauthorized, rate_limited and license are refusals: accounts are unknown then, not down.',
    unit: 'short',
    min: 0,
    size: [12, 8],
    queries: [
      over(
        `sum by (gateway, code) (${increase(checkErrors, '$__rate_interval', CHOSEN)}) > 0`,
        '{{gateway}}: {{code}}',
      ),
    ],
    noValue: 'Every request brought a reading.',
    legend: ['sum'],
  })
}

function answered(): Panel {
  return curves({
    title: 'Answered requests',
    description: 'Check requests that got an answer, each second. One request may read many accounts.',
    unit: 'reqps',
    min: 0,
    size: [6, 8],
    queries: [over(`sum by (gateway) (rate(${COUNT}[$__rate_interval]))`, '{{gateway}}')],
  })
}

function words(): Panel {
  return curves({
    title: 'Not understood, not listed',
    description:
      'Words of the gateway that this version does not know, and lists of accounts that discovery could not get, each hour.',
    unit: 'short',
    min: 0,
    size: [6, 8],
    queries: [
      over(`sum by (gateway) (${increase(unmapped, '1h', CHOSEN)})`, '{{gateway}}: unknown words'),
      over(
        `sum by (gateway) (${increase(EXPORTER_FAMILIES.discoveryFailures, '1h', CHOSEN)})`,
        '{{gateway}}: failed lists',
      ),
    ],
  })
}
