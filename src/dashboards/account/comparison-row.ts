import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import type { BoardRow } from '../board.ts'
import { named } from '../panels/panel.ts'
import { over } from '../panels/query.ts'
import { curves } from '../panels/time-series.ts'
import { recorded, recordedOfAll } from '../selection.ts'

/** Response time and activity against what is usual, and against the others. */
export function comparisonRow(): BoardRow {
  return {
    title: 'Against what is usual, and against the others',
    panels: [response(), responseOfOthers(), activity(), availabilityOfOthers()],
  }
}

const DASHED = { 'custom.lineStyle': { fill: 'dash', dash: [8, 8] }, 'custom.fillOpacity': 0 }

function response(): Panel {
  return curves({
    title: 'Response time and what is usual',
    description:
      'Mean response time over five minutes, its mean over the day before, and the limit above which WhatsAppAccountResponseSlow fires. The limit needs six hours of history.',
    unit: 's',
    min: 0,
    size: [12, 8],
    queries: [
      over(recorded('account', 'response_seconds:mean5m'), '{{account}}'),
      over(recorded('account', 'response_seconds:mean1d'), 'usual ({{account}})'),
      over(recorded('account', 'response_seconds:upper'), 'limit ({{account}})'),
    ],
    overrides: [
      { matcher: { id: 'byRegexp', options: '^limit .*' }, properties: properties({ ...DASHED, color: fixed('red') }) },
      {
        matcher: { id: 'byRegexp', options: '^usual .*' },
        properties: properties({ ...DASHED, color: fixed('green') }),
      },
    ],
    legend: ['mean', 'max', 'lastNotNull'],
  })
}

function responseOfOthers(): Panel {
  const mean = 'response_seconds:mean5m'
  return curves({
    title: 'Response time against the others',
    description:
      'The account beside the median of all accounts behind its gateway and the median of the whole fleet. Slow alone: look at the account. Slow with its gateway: look there.',
    unit: 's',
    min: 0,
    size: [12, 8],
    queries: [
      over(recorded('account', mean), '{{account}}'),
      over(medianOfGateway(mean), 'median of {{gateway}}'),
      over(`quantile(0.5, ${recordedOfAll(mean)})`, 'median of the fleet'),
    ],
    overrides: [named('median of the fleet', { ...DASHED, color: fixed('text') }), gatewayMedian()],
    legend: ['mean', 'max'],
  })
}

function activity(): Panel {
  return curves({
    title: 'Activity and what is usual',
    description:
      'How often the session was active within the hour, what is usual at this hour of the week, and the limit below which WhatsAppAccountSilent fires. Only where the gateway tells of activity; the limit needs a day of history.',
    unit: 'short',
    min: 0,
    size: [12, 8],
    queries: [
      over(recorded('account', 'activity:changes1h'), '{{account}}'),
      over(recorded('account', 'activity:expected1h'), 'usual ({{account}})'),
      over(recorded('account', 'activity:lower1h'), 'limit ({{account}})'),
    ],
    overrides: [
      { matcher: { id: 'byRegexp', options: '^limit .*' }, properties: properties({ ...DASHED, color: fixed('red') }) },
      {
        matcher: { id: 'byRegexp', options: '^usual .*' },
        properties: properties({ ...DASHED, color: fixed('green') }),
      },
    ],
    noValue: 'The gateway does not tell of activity.',
  })
}

function availabilityOfOthers(): Panel {
  const day = 'availability:ratio_1d'
  return curves({
    title: 'Availability against the others, 24 hours',
    description:
      'Availability over the 24 hours before each point: of the account, the median of the accounts behind its gateway, and the median of the fleet.',
    unit: 'percentunit',
    max: 1,
    size: [12, 8],
    queries: [
      over(recorded('account', day), '{{account}}'),
      over(medianOfGateway(day), 'median of {{gateway}}'),
      over(`quantile(0.5, ${recordedOfAll(day)})`, 'median of the fleet'),
    ],
    overrides: [named('median of the fleet', { ...DASHED, color: fixed('text') }), gatewayMedian()],
    legend: ['min', 'lastNotNull'],
  })
}

/** Over all accounts behind the gateways of the chosen ones. */
function medianOfGateway(series: string): string {
  return `quantile by (gateway) (0.5, ${recordedOfAll(series)} and on (gateway) ${recorded('account', series)})`
}

function gatewayMedian() {
  return { matcher: { id: 'byRegexp', options: '^median of (?!the fleet$).*' }, properties: properties(DASHED) }
}

function fixed(fixedColor: string): object {
  return { mode: 'fixed', fixedColor }
}

function properties(all: Readonly<Record<string, unknown>>) {
  return Object.entries(all).map(([id, value]) => ({ id, value }))
}
