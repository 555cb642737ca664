import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { STATES } from '../../accounts/vocabulary.ts'
import { ACCOUNT_FAMILIES } from '../../metrics/catalogue.ts'
import type { BoardRow } from '../board.ts'
import { AVAILABILITY, RESPONSE, SCORE, STATE_WORDS, STATUS_ORDER, STATUS_WORDS } from '../panels/looks.ts'
import { now } from '../panels/query.ts'
import { loudStat, nameStat, stat } from '../panels/stat.ts'
import { perAccount, recorded, wordNumber } from '../selection.ts'

const { status, state, reason, stateSince, lastActivity, lastCheck, consecutiveFailures } = ACCOUNT_FAMILIES
const TILE = [3, 4] as const

/** The account now, and its figures. */
export function nowRow(): BoardRow {
  return {
    title: 'Now',
    panels: [
      verdict(),
      wordOfGateway(),
      cause(),
      since(),
      failuresInARow(),
      responseTime(),
      lastSign(),
      lastLook(),
      uptime('1d', '24 hours'),
      uptime('7d', '7 days'),
      uptime('30d', '30 days'),
      coverage(),
      score(),
      repairTime(),
      betweenFailures(),
      repaired(),
    ],
  }
}

function verdict(): Panel {
  return loudStat({
    title: 'Status',
    description: 'Our verdict after thresholds: several bad checks in a row make an account unhealthy.',
    unit: 'none',
    size: TILE,
    queries: [now(wordNumber(status, 'status', STATUS_ORDER), '{{account}}')],
    words: STATUS_WORDS,
  })
}

function wordOfGateway(): Panel {
  return loudStat({
    title: 'State',
    description: 'What the gateway says of the session, in our words (docs/health.md).',
    unit: 'none',
    size: TILE,
    queries: [now(wordNumber(state, 'state', STATES), '{{account}}')],
    words: STATE_WORDS,
  })
}

function cause(): Panel {
  return nameStat({
    title: 'Cause',
    description: 'Why the account is in its state, as far as the gateway tells. Nothing where all is well.',
    unit: 'none',
    size: TILE,
    queries: [now(perAccount(reason, {}, ['reason']), '{{reason}}')],
    noValue: 'none',
  })
}

function since(): Panel {
  return stat({
    title: 'In this state since',
    description: 'When the state last changed.',
    unit: 'dateTimeFromNow',
    size: TILE,
    queries: [now(`1000 * ${perAccount(stateSince)}`, '{{account}}')],
  })
}

function failuresInARow(): Panel {
  return stat({
    title: 'Bad checks in a row',
    description: 'From health.unhealthyAfter on, which is 3 unless configured, the account is unhealthy.',
    unit: 'short',
    decimals: 0,
    size: TILE,
    queries: [now(perAccount(consecutiveFailures), '{{account}}')],
    steps: ['green', [1, 'yellow'], [3, 'red']],
  })
}

function responseTime(): Panel {
  return stat({
    title: 'Response time',
    description: 'Mean time in which the gateway answered the checks of this account, over five minutes.',
    unit: 's',
    size: TILE,
    queries: [now(recorded('account', 'response_seconds:mean5m'), '{{account}}')],
    steps: RESPONSE,
  })
}

function lastSign(): Panel {
  return stat({
    title: 'Last activity',
    description: 'Last message or activity of the session that the gateway reports. Not every gateway does.',
    unit: 'dateTimeFromNow',
    size: TILE,
    queries: [now(`1000 * (${perAccount(lastActivity)} > 0)`, '{{account}}')],
    noValue: 'not told',
  })
}

function lastLook(): Panel {
  return stat({
    title: 'Last check',
    description: 'When the account was last checked. Older than a few intervals: look at the board of the exporter.',
    unit: 'dateTimeFromNow',
    size: TILE,
    queries: [now(`1000 * (${perAccount(lastCheck)} > 0)`, '{{account}}')],
  })
}

function uptime(window: '1d' | '7d' | '30d', words: string): Panel {
  return stat({
    title: `Uptime, ${words}`,
    description: `Availability over the last ${words}: 1 - downtime / observed time. Maintenance and time that nobody saw are in neither.`,
    unit: 'percentunit',
    decimals: 3,
    size: TILE,
    queries: [now(recorded('account', `availability:ratio_${window}`), '{{account}}')],
    steps: AVAILABILITY,
  })
}

function coverage(): Panel {
  return stat({
    title: 'Coverage, 30 days',
    description:
      'Share of the last 30 days that was really observed, maintenance left out of both. Availability says nothing of the rest.',
    unit: 'percentunit',
    decimals: 1,
    size: TILE,
    queries: [now(recorded('account', 'coverage:ratio_30d'), '{{account}}')],
    steps: ['red', [0.5, 'yellow'], [0.95, 'green']],
  })
}

function score(): Panel {
  return stat({
    title: 'Reliability score',
    description:
      '0 to 100 over 30 days, from availability against the objective, time to repair and how often incidents come (docs/slo.md).',
    unit: 'short',
    decimals: 0,
    min: 0,
    max: 100,
    size: TILE,
    queries: [now(recorded('account', 'reliability_score:30d'), '{{account}}')],
    steps: SCORE,
  })
}

function repairTime(): Panel {
  return stat({
    title: 'Time to repair',
    description: 'MTTR over 30 days: downtime / incidents that ended. Nothing where no incident ended.',
    unit: 's',
    size: TILE,
    queries: [now(recorded('account', 'mttr_seconds:30d'), '{{account}}')],
    steps: ['green', [600, 'yellow'], [3600, 'red']],
    noValue: 'no incident',
  })
}

function betweenFailures(): Panel {
  return stat({
    title: 'Time between failures',
    description: 'MTBF over 30 days: time in which the account was up / incidents.',
    unit: 's',
    size: TILE,
    queries: [now(recorded('account', 'mtbf_seconds:30d'), '{{account}}')],
    noValue: 'no incident',
  })
}

function repaired(): Panel {
  return stat({
    title: 'Restarts that worked',
    description: 'Share of the restarts over 30 days that a later good check verified.',
    unit: 'percentunit',
    decimals: 0,
    size: TILE,
    queries: [now(recorded('account', 'recovery_success:ratio_30d'), '{{account}}')],
    steps: ['red', [0.5, 'yellow'], [0.8, 'green']],
    noValue: 'no restart',
  })
}
