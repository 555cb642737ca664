import { ABOUT_EXPORTER, firingAlerts, WHOM_OF_EXPORTER } from '../alert-panels.ts'
import { exporterStarts } from '../annotations.ts'
import type { Board } from '../board.ts'
import { BOARD_UIDS } from '../board-links.ts'
import { dataSource, instance, job } from '../variables.ts'
import { checksRow } from './checks-row.ts'
import { dutiesRow } from './duties-row.ts'
import { nowRow } from './now-row.ts'
import { processRow } from './process-row.ts'
import { prometheusRow } from './prometheus-row.ts'

/** For the one who runs the monitoring: who watches the watchman? */
export function exporterBoard(): Board {
  return {
    uid: BOARD_UIDS.exporter,
    title: 'WhatsApp / Exporter',
    description:
      'The exporter itself: whether it checks in time, what it costs, its store, its messages, its configuration.',
    from: 'now-6h',
    refresh: '30s',
    variables: [dataSource(), job(), instance()],
    marks: [exporterStarts('at first')],
    rows: [
      nowRow(),
      { title: 'Alerts', panels: [firingAlerts([24, 5], ABOUT_EXPORTER, WHOM_OF_EXPORTER)] },
      checksRow(),
      processRow(),
      dutiesRow(),
      prometheusRow(),
    ],
  }
}
