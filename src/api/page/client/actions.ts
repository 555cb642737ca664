import type { View } from './address.ts'
import type { ReportActions } from './reports-control.ts'
import type { Range } from './state.ts'

/** What people can do on the page. */
export interface Actions {
  /** Changes filter, order or search; begins at the first page. */
  show(change: Partial<View>): void
  nextPage(): void
  previousPage(): void
  open(key: string): void
  close(): void
  setRange(range: Range): void
  unfold(list: string): void
  checkNow(): void
  /** Asks first. */
  restart(): void
  confirmRestart(yes: boolean): void
  startMaintenance(minutes: number, reason: string): void
  endMaintenance(id: string): void
  setTheme(theme: 'auto' | 'light' | 'dark'): void
  dismiss(noticeId: string): void
  readonly reports: ReportActions
}
