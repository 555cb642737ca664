import { accountBoard } from './account/account-board.ts'
import { type Board, dashboard } from './board.ts'
import { exporterBoard } from './exporter/exporter-board.ts'
import { fleetBoard } from './fleet/fleet-board.ts'
import { gatewayBoard } from './gateway/gateway-board.ts'
import { sloBoard } from './slo/slo-board.ts'

export interface DashboardFile {
  readonly name: string
  readonly board: Board
}

/** Every board, as grafana/dashboards holds them. */
export const DASHBOARD_FILES: readonly DashboardFile[] = [
  fleetBoard(),
  accountBoard(),
  gatewayBoard(),
  sloBoard(),
  exporterBoard(),
].map((board) => ({ name: `${board.uid}.json`, board }))

/** The JSON text of a board. */
export function renderDashboard({ board }: DashboardFile): string {
  return `${JSON.stringify(dashboard(board), null, 2)}\n`
}
