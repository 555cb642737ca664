import { exporterStarts, incidents, maintenanceWindows, recoveries } from '../annotations.ts'
import type { Board } from '../board.ts'
import { BOARD_UIDS } from '../board-links.ts'
import { dataSource, gateway, hoursFromUtc, oneAccount, tenant } from '../variables.ts'
import { comparisonRow } from './comparison-row.ts'
import { historyRow } from './history-row.ts'
import { nowRow } from './now-row.ts'
import { objectiveRow } from './objective-row.ts'
import { patternRow } from './pattern-row.ts'

/** For the one who asks of an account: what is it doing, what happened, how good is it, and when does it fail? */
export function accountBoard(): Board {
  return {
    uid: BOARD_UIDS.account,
    title: 'WhatsApp / Account',
    description: 'One WhatsApp account: its status, its history, its objective, and how it does beside the others.',
    from: 'now-24h',
    refresh: '30s',
    variables: [dataSource(), tenant(), gateway(), oneAccount(), hoursFromUtc()],
    marks: [incidents('at first'), recoveries('at first'), maintenanceWindows('at first'), exporterStarts('at first')],
    rows: [nowRow(), historyRow(), objectiveRow(), comparisonRow(), patternRow()],
  }
}
