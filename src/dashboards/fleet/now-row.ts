import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import type { STATUSES } from '../../accounts/vocabulary.ts'
import { ACCOUNT_FAMILIES } from '../../metrics/catalogue.ts'
import { ABOUT_CHOSEN, firingAlerts, firingCount, WHOM_OF_CHOSEN } from '../alert-panels.ts'
import type { BoardRow } from '../board.ts'
import { SERIES_TO_ACCOUNT } from '../board-links.ts'
import {
  AVAILABILITY,
  NONE_IS_GOOD,
  RESPONSE,
  STATUS_ORDER,
  STATUS_SERIES,
  STATUS_WORDS,
  type Steps,
  UP_DOWN,
} from '../panels/looks.ts'
import { coloured } from '../panels/panel.ts'
import { now, over } from '../panels/query.ts'
import { loudStat, stat, tiles } from '../panels/stat.ts'
import { timeline } from '../panels/state-timeline.ts'
import { stackedAreas } from '../panels/time-series.ts'
import {
  availability,
  counted,
  ofAccounts,
  orZero,
  perAccount,
  recorded,
  SAME_ACCOUNT,
  wordNumber,
} from '../selection.ts'

const { status, up, incidentStart } = ACCOUNT_FAMILIES
const TILE = [3, 4] as const
const STATUS_NUMBER = wordNumber(status, 'status', STATUS_ORDER)

/** What the accounts are now: counts, figures, and the grid. */
export function nowRow(): BoardRow {
  return {
    title: 'Now',
    panels: [
      accountsThatAre('healthy', 'Accounts that can be used.', ['green']),
      accountsThatAre(
        'warning',
        'Accounts that are limited, slow, or bad for less than health.unhealthyAfter checks.',
        ['green', [1, 'yellow']],
      ),
      accountsThatAre('unhealthy', 'Accounts that are confirmed to be unusable.', NONE_IS_GOOD),
      accountsThatAre(
        'unknown',
        'Accounts that nobody can see: the gateway refuses us or the exporter is blind. Sessions that are stopped on purpose count here too. Unknown is not down.',
        ['green', [1, '#8e8e8e']],
      ),
      openIncidents(),
      firingCount(TILE),
      uptimeOfDay(),
      responseTime(),
    ],
  }
}

/** Every account as a tile, and how it came to this. */
export function accountsRow(): BoardRow {
  return {
    title: 'Accounts and alerts',
    panels: [accountGrid(), firingAlerts([12, 9], ABOUT_CHOSEN, WHOM_OF_CHOSEN), statusesOverTime(), mostDowntime()],
  }
}

function accountsThatAre(word: (typeof STATUSES)[number], description: string, steps: Steps): Panel {
  return loudStat({
    title: word.charAt(0).toUpperCase() + word.slice(1),
    description,
    unit: 'short',
    size: TILE,
    queries: [now(orZero(`sum(${perAccount(status, { status: word })})`))],
    steps,
  })
}

function openIncidents(): Panel {
  return loudStat({
    title: 'Open incidents',
    description: 'Confirmed outages that last. The table below tells them one by one.',
    unit: 'short',
    size: TILE,
    queries: [now(orZero(`count(${perAccount(incidentStart)})`))],
    steps: NONE_IS_GOOD,
  })
}

function uptimeOfDay(): Panel {
  return stat({
    title: 'Uptime, 24 hours',
    description:
      'Availability of the chosen accounts together over the last 24 hours: 1 - downtime / observed time. Maintenance and time that nobody saw are in neither.',
    unit: 'percentunit',
    decimals: 3,
    size: TILE,
    queries: [now(availability('1d'))],
    steps: AVAILABILITY,
  })
}

function responseTime(): Panel {
  return stat({
    title: 'Response time',
    description: 'Mean time in which the gateways answered the last checks of the chosen accounts, over five minutes.',
    unit: 's',
    size: TILE,
    queries: [now(`avg(${recorded('account', 'response_seconds:mean5m')})`)],
    steps: RESPONSE,
  })
}

function accountGrid(): Panel {
  return tiles({
    title: 'Every account',
    description:
      'One tile for each account, the worst first. Green is healthy, grey unknown, yellow warning, red unhealthy. A click opens the board of the account. Choose a tenant or a gateway where the tiles become too small to read, which is at about 1 000.',
    unit: 'short',
    size: [24, 9],
    queries: [now(`sort_desc(${STATUS_NUMBER})`, '{{account}}')],
    words: STATUS_WORDS,
    links: [SERIES_TO_ACCOUNT],
  })
}

function statusesOverTime(): Panel {
  return stackedAreas({
    title: 'Accounts by status',
    description:
      'How many accounts of the chosen tenants behind the chosen gateways had each status, minute by minute.',
    unit: 'short',
    decimals: 0,
    min: 0,
    size: [12, 9],
    queries: [over(counted('status'), '{{status}}')],
    overrides: coloured(STATUS_SERIES),
    interval: '1m',
  })
}

function mostDowntime(): Panel {
  const downtime = `sum_over_time(${recorded('account', 'downtime_seconds:increase5m')}[$__range:5m] @ end())`
  const worst = `topk(20, max by (account, gateway) (${downtime}) > 0)`
  return timeline(
    {
      title: 'Up and down: the 20 accounts with the most downtime',
      description:
        'When those accounts could be used and when not that were down for longest within the chosen time. Gaps: unknown, or stopped on purpose. Empty when none was down.',
      unit: 'none',
      size: [24, 8],
      // The few are picked first: the one series of each of 1 000 accounts is all that a step then costs.
      queries: [over(`max by (account, gateway) (${ofAccounts(up)} and ${SAME_ACCOUNT} ${worst})`, '{{account}}')],
      words: UP_DOWN,
      links: [SERIES_TO_ACCOUNT],
    },
    '1m',
  )
}
