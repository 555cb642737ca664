import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { ACCOUNT_FAMILIES, GATEWAY_FAMILIES } from '../../metrics/catalogue.ts'
import { aggregate } from '../../metrics/promql.ts'
import type { BoardRow } from '../board.ts'
import { SERIES_TO_GATEWAY } from '../board-links.ts'
import { AVAILABILITY, BUDGET, CLOSED_OPEN, NONE_IS_GOOD, REPAIR_TIME, UP_DOWN } from '../panels/looks.ts'
import { now, rows } from '../panels/query.ts'
import { loudStat, stat, tiles } from '../panels/stat.ts'
import { table } from '../panels/table.ts'
import { ofGateways, orZero, perGateway, recorded } from '../selection.ts'

const { up, accounts, breakerOpen, info } = GATEWAY_FAMILIES
const { status, incidentStart } = ACCOUNT_FAMILIES

/** The gateways now. */
export function nowRow(): BoardRow {
  return {
    title: 'Now',
    panels: [upNow(), breakers(), accountsBehind(), unhealthyBehind(), openIncidents(), figures()],
  }
}

function upNow(): Panel {
  return tiles({
    title: 'Gateways',
    description:
      'Whether each gateway answers with readings. One that refuses our credentials is down as well: nothing is seen through it. No tile while the exporter is blind.',
    unit: 'none',
    size: [8, 4],
    queries: [now(perGateway(up), '{{gateway}}')],
    words: UP_DOWN,
    links: [SERIES_TO_GATEWAY],
  })
}

function breakers(): Panel {
  return tiles({
    title: 'Breakers',
    description:
      'A breaker opens when a large share of the accounts behind a gateway begin to fail together: the fault is the gateway, and restarts are held back but for one probe.',
    unit: 'none',
    size: [7, 4],
    queries: [now(perGateway(breakerOpen), '{{gateway}}')],
    words: CLOSED_OPEN,
    links: [SERIES_TO_GATEWAY],
  })
}

function accountsBehind(): Panel {
  return stat({
    title: 'Accounts',
    description: 'Accounts known behind the chosen gateways.',
    unit: 'short',
    decimals: 0,
    size: [3, 4],
    queries: [now(`sum(${perGateway(accounts)})`)],
  })
}

function unhealthyBehind(): Panel {
  return loudStat({
    title: 'Unhealthy',
    description: 'Accounts behind the chosen gateways that are confirmed to be unusable.',
    unit: 'short',
    decimals: 0,
    size: [3, 4],
    queries: [now(orZero(`sum(max by (account, gateway) (${ofGateways(status, { status: 'unhealthy' })}))`))],
    steps: NONE_IS_GOOD,
  })
}

function openIncidents(): Panel {
  return loudStat({
    title: 'Open incidents',
    description: 'Confirmed outages of accounts behind the chosen gateways that last.',
    unit: 'short',
    decimals: 0,
    size: [3, 4],
    queries: [now(orZero(`count(max by (account, gateway) (${ofGateways(incidentStart)}))`))],
    steps: NONE_IS_GOOD,
  })
}

function figures(): Panel {
  const each = (series: string) => rows(aggregate('max', ['gateway'], recorded('gateway', series)))
  return table({
    title: 'Gateways in figures',
    description:
      'Driver, accounts, and how well the accounts behind each gateway did over the last 30 days, the lowest availability first.',
    unit: 'none',
    size: [24, 8],
    queries: [
      rows(`max by (gateway, driver) (${ofGateways(info)})`),
      rows(perGateway(accounts)),
      each('availability:ratio_1d'),
      each('availability:ratio_30d'),
      each('coverage:ratio_30d'),
      each('error_budget_remaining:ratio_30d'),
      each('incidents:increase30d'),
      each('mttr_seconds:30d'),
      each('recovery_success:ratio_30d'),
      each('reliability_score:30d'),
    ],
    columns: [
      { of: 'gateway', title: 'Gateway' },
      { of: 'driver', title: 'Driver' },
      { of: 1, title: 'Accounts', unit: 'short', decimals: 0 },
      { of: 2, title: '24 hours', unit: 'percentunit', decimals: 3, steps: AVAILABILITY },
      { of: 3, title: '30 days', unit: 'percentunit', decimals: 3, steps: AVAILABILITY },
      { of: 4, title: 'Coverage', unit: 'percentunit', decimals: 1 },
      { of: 5, title: 'Budget left', unit: 'percentunit', decimals: 0, steps: BUDGET },
      { of: 6, title: 'Incidents', unit: 'short', decimals: 0 },
      { of: 7, title: 'Time to repair', unit: 's', steps: REPAIR_TIME },
      { of: 8, title: 'Restarts that worked', unit: 'percentunit', decimals: 0 },
      { of: 9, title: 'Score', unit: 'short', decimals: 0 },
    ],
    hidden: [0],
    sortBy: { title: '30 days', descending: false },
  })
}
