import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import type { BoardRow } from '../board.ts'
import { SERIES_TO_ACCOUNT, SERIES_TO_GATEWAY } from '../board-links.ts'
import { barList } from '../panels/bar-gauge.ts'
import { REPAIR_TIME, REPAIRED, SCORE } from '../panels/looks.ts'
import { now } from '../panels/query.ts'
import { recorded } from '../selection.ts'

/** How reliable accounts, gateways and tenants are, and how well repairs work. */
export function reliabilityRow(): BoardRow {
  return {
    title: 'Reliability and repair, 30 days',
    panels: [
      scores('account', 'Least reliable accounts'),
      scores('gateway', 'Score by gateway'),
      scores('tenant', 'Score by tenant'),
      repairTimes('gateway'),
      repairTimes('tenant'),
      repaired('gateway'),
      repaired('tenant'),
    ],
  }
}

function scores(level: 'account' | 'gateway' | 'tenant', title: string): Panel {
  return barList({
    title,
    description: `Reliability score, 0 to 100, the ten lowest: 60 points for availability against the objective, 20 for short repairs, 20 for rare incidents.${ABSENT[level]}`,
    unit: 'short',
    decimals: 0,
    min: 0,
    max: 100,
    size: [8, 8],
    queries: [now(`sort(bottomk(10, ${recorded(level, 'reliability_score:30d')}))`, `{{${level}}}`)],
    steps: SCORE,
    ...linked(level),
  })
}

function repairTimes(level: 'gateway' | 'tenant'): Panel {
  return barList({
    title: `Time to repair by ${level}`,
    description: `MTTR: downtime / incidents that ended, the longest first.${ABSENT[level]}`,
    unit: 's',
    min: 0,
    size: [6, 8],
    queries: [now(`sort_desc(topk(10, ${recorded(level, 'mttr_seconds:30d')}))`, `{{${level}}}`)],
    steps: REPAIR_TIME,
    noValue: 'no incident',
    ...linked(level),
  })
}

function repaired(level: 'gateway' | 'tenant'): Panel {
  return barList({
    title: `Restarts that worked by ${level}`,
    description: `Share of the restarts that a later good check verified, the smallest first.${ABSENT[level]}`,
    unit: 'percentunit',
    decimals: 0,
    min: 0,
    max: 1,
    size: [6, 8],
    queries: [now(`sort(bottomk(10, ${recorded(level, 'recovery_success:ratio_30d')}))`, `{{${level}}}`)],
    steps: REPAIRED,
    noValue: 'no restart',
    ...linked(level),
  })
}

const ABSENT = { account: '', gateway: '', tenant: ' Empty where no account has the label tenant.' } as const

function linked(level: 'account' | 'gateway' | 'tenant') {
  if (level === 'tenant') return {}
  return { links: [level === 'account' ? SERIES_TO_ACCOUNT : SERIES_TO_GATEWAY] }
}
