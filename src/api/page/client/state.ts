import { START_VIEW, type View } from './address.ts'
import type {
  Account,
  AccountDetail,
  Figures,
  FleetStatus,
  Incident,
  Recovery,
  Transition,
  Trends,
} from './documents.ts'
import type { LiveState } from './live-events.ts'
import type { Notice } from './notices.ts'
import { type ReportsState, START_REPORTS } from './reports-state.ts'

export type Range = '1h' | '24h' | '7d' | '30d'

/** What the drawer shows of one account; null: not read yet. */
export interface DrawerState {
  readonly key: string
  readonly detail: AccountDetail | null
  readonly error: string
  readonly range: Range
  readonly trends: Trends | null
  readonly trendsError: string
  readonly transitions: readonly Transition[] | null
  readonly incidents: readonly Incident[] | null
  readonly recoveries: readonly Recovery[] | null
  readonly historyError: string
  /** Lists that are shown in full. */
  readonly unfolded: ReadonlySet<string>
  /** What is being done, or was. */
  readonly busy: '' | 'check' | 'restart' | 'maintenance'
  readonly message: { readonly tone: 'good' | 'bad'; readonly text: string } | null
  readonly confirmsRestart: boolean
}

/** All that the page shows. Replaced, never changed in place. */
export interface PageState {
  readonly view: View
  readonly live: LiveState
  readonly fleet: FleetStatus | null
  readonly fleetError: string
  readonly figures: Figures | null
  /** Accounts with an open incident, the newest first. */
  readonly troubled: readonly Account[]
  /** Cursors of the pages before this one, this one's last; empty: the first page. */
  readonly cursors: readonly string[]
  readonly notices: readonly Notice[]
  readonly toasts: readonly Notice[]
  readonly drawer: DrawerState | null
  readonly reports: ReportsState
  readonly theme: 'auto' | 'light' | 'dark'
}

export const START_STATE: PageState = {
  view: START_VIEW,
  live: 'connecting',
  fleet: null,
  fleetError: '',
  figures: null,
  troubled: [],
  cursors: [],
  notices: [],
  toasts: [],
  drawer: null,
  reports: START_REPORTS,
  theme: 'auto',
}

export function newDrawer(key: string, range: Range): DrawerState {
  return {
    key,
    detail: null,
    error: '',
    range,
    trends: null,
    trendsError: '',
    transitions: null,
    incidents: null,
    recoveries: null,
    historyError: '',
    unfolded: new Set(),
    busy: '',
    message: null,
    confirmsRestart: false,
  }
}
