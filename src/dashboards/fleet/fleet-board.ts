import { exporterStarts, gatewayMaintenance, gatewayOutages, incidents, recoveries } from '../annotations.ts'
import type { Board } from '../board.ts'
import { BOARD_UIDS } from '../board-links.ts'
import { openIncidents } from '../open-incidents.ts'
import { account, dataSource, gateway, tenant } from '../variables.ts'
import { accountsRow, nowRow } from './now-row.ts'
import { trendsRow } from './trends-row.ts'
import { worstRow } from './worst-row.ts'

/** For the one on call: is anything down, does it need me, is it being repaired? */
export function fleetBoard(): Board {
  return {
    uid: BOARD_UIDS.fleet,
    title: 'WhatsApp / Fleet',
    description: 'All WhatsApp accounts at a glance: what is down, what is done about it, and who is trouble.',
    from: 'now-6h',
    refresh: '10s',
    variables: [dataSource(), tenant(), gateway(), account()],
    marks: [
      gatewayOutages('at first'),
      incidents('on demand'),
      recoveries('on demand'),
      gatewayMaintenance('at first'),
      exporterStarts('at first'),
    ],
    rows: [nowRow(), { title: 'Incidents', panels: [openIncidents([24, 8])] }, accountsRow(), trendsRow(), worstRow()],
  }
}
