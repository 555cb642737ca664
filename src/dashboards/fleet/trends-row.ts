import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { ACCOUNT_FAMILIES } from '../../metrics/catalogue.ts'
import { rate } from '../../metrics/promql.ts'
import type { BoardRow } from '../board.ts'
import { incidentsAndRepairs } from '../incidents-and-repairs.ts'
import { coloured } from '../panels/panel.ts'
import { over } from '../panels/query.ts'
import { curves } from '../panels/time-series.ts'
import { availability, CHOSEN_ACCOUNTS, recorded } from '../selection.ts'

const { checks, checkFailures } = ACCOUNT_FAMILIES

/** How the fleet did over the chosen time. */
export function trendsRow(): BoardRow {
  return { title: 'Trends', panels: [uptime(), response(), checkRate(), incidentsAndRepairs()] }
}

function uptime(): Panel {
  return curves({
    title: 'Uptime by gateway, each hour',
    description:
      'Availability over the hour before each point, of the chosen accounts behind each gateway and of all chosen accounts together. An hour enters with its last five minutes.',
    unit: 'percentunit',
    max: 1,
    size: [12, 8],
    queries: [over(availability('1h', ['gateway']), '{{gateway}}'), over(availability('1h'), 'all chosen')],
    overrides: coloured({ 'all chosen': 'text' }),
    interval: '4m',
    legend: ['min', 'lastNotNull'],
  })
}

function response(): Panel {
  const series = recorded('account', 'response_seconds:mean5m')
  return curves({
    title: 'Response time of the accounts',
    description:
      'Time in which the gateways answered, over the chosen accounts: half of them are faster than the median, one in twenty is slower than the 95th percentile.',
    unit: 's',
    min: 0,
    size: [12, 8],
    queries: [
      over(`quantile(0.5, ${series})`, 'median'),
      over(`quantile(0.95, ${series})`, '95th percentile'),
      over(`max(${series})`, 'slowest account'),
    ],
    interval: '1m',
    legend: ['mean', 'max'],
  })
}

function checkRate(): Panel {
  return curves({
    title: 'Checks',
    description: 'Checks of the chosen accounts, and how many of them found the account unusable.',
    unit: 'cps',
    min: 0,
    size: [12, 8],
    queries: [
      over(`sum(${rate(checks, '$__rate_interval', CHOSEN_ACCOUNTS)})`, 'checks'),
      over(`sum(${rate(checkFailures, '$__rate_interval', CHOSEN_ACCOUNTS)})`, 'bad checks'),
    ],
    overrides: coloured({ checks: 'blue', 'bad checks': 'red' }),
    interval: '1m',
    legend: ['mean', 'max'],
  })
}
