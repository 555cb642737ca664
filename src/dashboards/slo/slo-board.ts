import { exporterStarts, incidents, maintenanceWindows, recoveries } from '../annotations.ts'
import type { Board } from '../board.ts'
import { BOARD_UIDS } from '../board-links.ts'
import { account, dataSource, gateway, tenant } from '../variables.ts'
import { budgetsRow } from './budgets-row.ts'
import { nowRow } from './now-row.ts'
import { outlookRow } from './outlook-row.ts'
import { reliabilityRow } from './reliability-row.ts'

/** For the team lead: which promises are in danger, what makes accounts unreliable, and who breaks next? */
export function sloBoard(): Board {
  return {
    uid: BOARD_UIDS.slo,
    title: 'WhatsApp / Objectives and reliability',
    description: 'Error budgets, burn rates, reliability scores and repairs, and where they lead.',
    from: 'now-7d',
    refresh: '1m',
    variables: [dataSource(), tenant(), gateway(), account()],
    marks: [
      incidents('on demand'),
      recoveries('on demand'),
      maintenanceWindows('on demand'),
      exporterStarts('on demand'),
    ],
    rows: [nowRow(), budgetsRow(), outlookRow(), reliabilityRow()],
  }
}
