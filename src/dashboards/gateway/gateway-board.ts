import { ABOUT_GATEWAY, firingAlerts, WHOM_OF_GATEWAY } from '../alert-panels.ts'
import { exporterStarts, gatewayMaintenance, gatewayOutages } from '../annotations.ts'
import type { Board } from '../board.ts'
import { BOARD_UIDS } from '../board-links.ts'
import { dataSource, gateway, tenant } from '../variables.ts'
import { accountsRow } from './accounts-row.ts'
import { nowRow } from './now-row.ts'
import { requestsRow } from './requests-row.ts'

/** For the one who runs the gateways: do they answer, how fast, and what goes wrong behind them? */
export function gatewayBoard(): Board {
  return {
    uid: BOARD_UIDS.gateway,
    title: 'WhatsApp / Gateways',
    description: 'The servers that hold the WhatsApp sessions: whether they answer, how fast, with which errors.',
    from: 'now-6h',
    refresh: '30s',
    variables: [dataSource(), tenant(), gateway()],
    marks: [gatewayOutages('at first'), gatewayMaintenance('at first'), exporterStarts('at first')],
    rows: [
      nowRow(),
      { title: 'Alerts', panels: [firingAlerts([24, 6], ABOUT_GATEWAY, WHOM_OF_GATEWAY)] },
      requestsRow(),
      accountsRow(),
    ],
  }
}
