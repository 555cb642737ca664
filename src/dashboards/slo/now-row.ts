import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import type { BoardRow } from '../board.ts'
import {
  AVAILABILITY,
  BUDGET,
  BURN,
  NONE_IS_BETTER,
  NONE_IS_GOOD,
  REPAIR_TIME,
  SCORE,
  type Steps,
} from '../panels/looks.ts'
import { now } from '../panels/query.ts'
import { loudStat, stat } from '../panels/stat.ts'
import { availability, orZero, recorded } from '../selection.ts'

const TILE = [3, 4] as const
const REMAINING = recorded('account', 'error_budget_remaining:ratio_30d')

/** Whether the promises are kept. */
export function nowRow(): BoardRow {
  return {
    title: 'Objectives',
    panels: [
      missed(),
      nearlyMissed(),
      ofFleet(
        'Budget left',
        'Share of the budgets of all accounts together that is left of 30 days.',
        'error_budget_remaining:ratio_30d',
        'percentunit',
        BUDGET,
      ),
      ofFleet(
        'Burn rate, 6 hours',
        'How fast the budgets of all accounts together went over six hours: at 1 they last exactly 30 days.',
        'slo_burn_rate:ratio_6h',
        'short',
        BURN,
      ),
      uptime(),
      ofFleet(
        'Reliability score',
        '0 to 100 over 30 days for the whole fleet (docs/slo.md).',
        'reliability_score:30d',
        'short',
        SCORE,
      ),
      ofFleet(
        'Time to repair',
        'MTTR of the whole fleet over 30 days: downtime / incidents that ended.',
        'mttr_seconds:30d',
        's',
        REPAIR_TIME,
      ),
      ofFleet(
        'Time to notice',
        'MTTD of the whole fleet over 30 days: from the first bad check to the confirmation.',
        'mttd_seconds:30d',
        's',
        ['blue'],
      ),
    ],
  }
}

function missed(): Panel {
  return loudStat({
    title: 'Objectives missed',
    description: 'Chosen accounts whose error budget of 30 days is used up.',
    unit: 'short',
    decimals: 0,
    size: TILE,
    queries: [now(orZero(`count(${REMAINING} <= 0)`))],
    steps: NONE_IS_GOOD,
  })
}

function nearlyMissed(): Panel {
  return loudStat({
    title: 'In danger',
    description: 'Chosen accounts with less than a quarter of their budget left, but some.',
    unit: 'short',
    decimals: 0,
    size: TILE,
    queries: [now(orZero(`count(0 < ${REMAINING} < 0.25)`))],
    steps: NONE_IS_BETTER,
  })
}

function uptime(): Panel {
  return stat({
    title: 'Uptime, 30 days',
    description: 'Availability of the chosen accounts together over 30 days: 1 - downtime / observed time.',
    unit: 'percentunit',
    decimals: 3,
    size: TILE,
    queries: [now(availability('30d'))],
    steps: AVAILABILITY,
  })
}

function ofFleet(title: string, description: string, series: string, unit: string, steps: Steps): Panel {
  return stat({
    title: `${title} (fleet)`,
    description,
    unit,
    decimals: unit === 'short' ? 1 : 0,
    size: TILE,
    queries: [now(recorded('fleet', series))],
    steps,
    noValue: 'no incident',
  })
}
