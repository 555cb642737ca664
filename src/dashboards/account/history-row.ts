import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { STATES } from '../../accounts/vocabulary.ts'
import { ACCOUNT_FAMILIES } from '../../metrics/catalogue.ts'
import type { BoardRow } from '../board.ts'
import { incidentsAndRepairs } from '../incidents-and-repairs.ts'
import { STATE_WORDS, STATUS_ORDER, STATUS_WORDS } from '../panels/looks.ts'
import { over, rowsOver } from '../panels/query.ts'
import { timeline } from '../panels/state-timeline.ts'
import { transformedTable } from '../panels/table.ts'
import { perAccount, wordNumber } from '../selection.ts'

const { status, state, reason, incidentStart } = ACCOUNT_FAMILIES

/** What happened, and what was done about it. */
export function historyRow(): BoardRow {
  return { title: 'History', panels: [statuses(), states(), causes(), incidents(), incidentsAndRepairs()] }
}

function statuses(): Panel {
  return timeline({
    title: 'Status over time',
    description: 'Our verdict over the chosen time.',
    unit: 'none',
    size: [24, 4],
    queries: [over(wordNumber(status, 'status', STATUS_ORDER), '{{account}}')],
    words: STATUS_WORDS,
  })
}

function states(): Panel {
  return timeline({
    title: 'State over time',
    description: 'What the gateway said over the chosen time, in our words.',
    unit: 'none',
    size: [24, 4],
    queries: [over(wordNumber(state, 'state', STATES), '{{account}}')],
    words: STATE_WORDS,
  })
}

function causes(): Panel {
  return timeline({
    title: 'Causes',
    description: 'Which causes were named, and when. Empty where none was.',
    unit: 'none',
    size: [24, 5],
    queries: [over(perAccount(reason, {}, ['reason']), '{{reason}} ({{account}})')],
    words: [{ value: 1, text: 'named', colour: 'orange' }],
  })
}

function incidents(): Panel {
  return transformedTable(
    {
      title: 'Incidents',
      description:
        'Incidents that were open at some moment of the chosen time, the newest first. An incident begins with its first bad check; it is shown from its confirmation on.',
      unit: 'none',
      size: [12, 8],
      queries: [rowsOver(`1000 * ${perAccount(incidentStart)}`)],
      noValue: 'No incident.',
      columns: [
        { of: 'Value', title: 'Began', unit: 'dateTimeAsIso' },
        { of: 'Time (lastNotNull)', title: 'Last seen open', unit: 'dateTimeAsIso' },
        { of: 'account', title: 'Account' },
        { of: 'gateway', title: 'Gateway' },
      ],
      sortBy: { title: 'Began', descending: true },
    },
    [
      {
        id: 'groupBy',
        options: {
          fields: {
            account: { aggregations: [], operation: 'groupby' },
            gateway: { aggregations: [], operation: 'groupby' },
            Value: { aggregations: [], operation: 'groupby' },
            Time: { aggregations: ['lastNotNull'], operation: 'aggregate' },
          },
        },
      },
    ],
  )
}
