import { PAGE_SIZE } from './accounts.ts'
import type { Actions } from './actions.ts'
import { filterOf, hashOf, type View, viewOf } from './address.ts'
import { type Alert, alertNotice, earlierAlerts } from './alerts.ts'
import { exporterNow, messageOf, read, send } from './api.ts'
import type {
  AccountDetail,
  Change,
  Figures,
  FleetStatus,
  Incident,
  Recovery,
  Transition,
  Trends,
} from './documents.ts'
import { FACTS } from './facts.ts'
import { onKeys } from './keys.ts'
import { followEvents } from './live-events.ts'
import { earlierNotices, mergeNotices, type Notice, noticesOf } from './notices.ts'
import { drawPage } from './page.ts'
import { reportsControl } from './reports-control.ts'
import { type DrawerState, newDrawer, type PageState, type Range, START_STATE } from './state.ts'

const REFRESH_MS = 10_000
const REDRAW_MS = 1_000
// Events come in bursts; one read serves them all.
const EVENT_PAUSE_MS = 250
const TYPING_PAUSE_MS = 180
const TOAST_MS = 7_000
const MOST_TOASTS = 3
const SHOWN_TROUBLES = 12
const SHOWN_HISTORY = 25
const RANGE_MS: Readonly<Record<Range, number>> = {
  '1h': 3_600_000,
  '24h': 86_400_000,
  '7d': 7 * 86_400_000,
  '30d': 30 * 86_400_000,
}

let state: PageState = { ...START_STATE, view: viewOf(location.hash), theme: chosenTheme() }
let drawIsDue = false
let reading = 0
let refreshTimer: number | undefined

const reports = reportsControl(
  () => state.reports,
  (change) => set({ reports: { ...state.reports, ...change } }),
)
const actions: Actions = {
  show(change) {
    setView({ ...state.view, ...change })
    set({ cursors: [] })
    if (change.account === '') setDrawer(null)
    refreshSoon('q' in change ? TYPING_PAUSE_MS : 0)
  },
  nextPage() {
    const cursor = state.fleet?.nextCursor
    if (cursor === undefined) return
    set({ cursors: [...state.cursors, cursor] })
    refreshSoon(0)
    document.getElementById('accounts')?.scrollIntoView({ block: 'start' })
  },
  previousPage() {
    set({ cursors: state.cursors.slice(0, -1) })
    refreshSoon(0)
  },
  open,
  close() {
    setView({ ...state.view, account: '' })
    setDrawer(null)
  },
  setRange(range) {
    patchDrawer({ range, trends: null })
    void readTrends()
  },
  unfold(list) {
    patchDrawer({ unfolded: new Set([...(state.drawer?.unfolded ?? []), list]) })
  },
  checkNow: () => void checkNow(),
  restart: () => patchDrawer({ confirmsRestart: true }),
  confirmRestart(yes) {
    if (state.drawer?.confirmsRestart !== true) return
    patchDrawer({ confirmsRestart: false })
    if (yes) void restart()
  },
  startMaintenance: (minutes, reason) => void startMaintenance(minutes, reason),
  endMaintenance: (id) => void endMaintenance(id),
  setTheme(theme) {
    if (theme === 'auto') {
      localStorage.removeItem('theme')
      delete document.documentElement.dataset['theme']
    } else {
      localStorage.setItem('theme', theme)
      document.documentElement.dataset['theme'] = theme
    }
    set({ theme })
  },
  reports,
  dismiss: (noticeId) => set({ toasts: state.toasts.filter(({ id }) => id !== noticeId) }),
}

// ---- state ------------------------------------------------------------------------------------------------------

function set(change: Partial<PageState>): void {
  state = { ...state, ...change }
  if (drawIsDue) return
  drawIsDue = true
  requestAnimationFrame(() => {
    drawIsDue = false
    drawPage(state, actions)
  })
}

function setDrawer(drawer: DrawerState | null): void {
  set({ drawer })
}

/** Changes the drawer, if it is open and still about this account. */
function patchDrawer(change: Partial<DrawerState>, key = state.drawer?.key): void {
  if (state.drawer !== null && state.drawer.key === key) setDrawer({ ...state.drawer, ...change })
}

function setView(view: View): void {
  set({ view })
  const hash = hashOf(view)
  if (hash !== location.hash) history.replaceState(null, '', hash === '' ? location.pathname : hash)
}

function chosenTheme(): PageState['theme'] {
  const { theme } = document.documentElement.dataset
  return theme === 'light' || theme === 'dark' ? theme : 'auto'
}

// ---- reading ----------------------------------------------------------------------------------------------------

function refreshSoon(pauseMs: number): void {
  clearTimeout(refreshTimer)
  refreshTimer = window.setTimeout(() => void refresh(), pauseMs)
}

/** Reads what the page shows now. Of two that overlap, only the later one is shown. */
async function refresh(): Promise<void> {
  const mine = ++reading
  const query = filterOf(state.view)
  query.set('sort', state.view.sort)
  query.set('order', state.view.order)
  query.set('limit', String(PAGE_SIZE))
  const cursor = state.cursors.at(-1)
  if (cursor !== undefined) query.set('cursor', cursor)
  try {
    const [fleet, figures] = await Promise.all([
      read<FleetStatus>('/api/health/status', query),
      read<Figures>('/api/health/metrics'),
    ])
    if (mine !== reading) return
    set({ fleet, figures, fleetError: '' })
    if (fleet.accounts.length === 0 && state.cursors.length > 0) actions.previousPage()
    if (fleet.summary.openIncidents > 0) {
      const troubled = await read<FleetStatus>(
        '/api/health/status',
        new URLSearchParams({ incident: 'true', sort: 'since', order: 'desc', limit: String(SHOWN_TROUBLES) }),
      )
      if (mine === reading) set({ troubled: troubled.accounts })
    }
  } catch (error) {
    if (mine === reading) set({ fleetError: messageOf(error) })
  }
}

async function readEarlier(): Promise<void> {
  const limit = new URLSearchParams({ limit: '12' })
  const [incidents, recoveries, alerts] = await Promise.allSettled([
    read<{ incidents: readonly Incident[] }>('/api/incidents', limit),
    read<{ recoveries: readonly Recovery[] }>('/api/recoveries', limit),
    FACTS.features.has('alerts') ? earlierAlerts() : Promise.resolve([]),
  ])
  // What cannot be read is left out here; the store's absence is told at the top of the page.
  const earlier = earlierNotices(
    incidents.status === 'fulfilled' ? incidents.value.incidents : [],
    recoveries.status === 'fulfilled' ? recoveries.value.recoveries : [],
  )
  set({ notices: mergeNotices(state.notices, [...earlier, ...(alerts.status === 'fulfilled' ? alerts.value : [])]) })
}

// ---- the drawer -------------------------------------------------------------------------------------------------

function open(key: string): void {
  setView({ ...state.view, account: key })
  setDrawer(newDrawer(key, state.drawer?.range ?? '24h'))
  void readDetail()
  void readTrends()
  void readHistory()
}

async function readDetail(): Promise<void> {
  const key = state.drawer?.key
  if (key === undefined) return
  try {
    const detail = await read<AccountDetail>(`/api/health/${encodeURIComponent(key)}`)
    patchDrawer({ detail, error: '' }, key)
  } catch (error) {
    patchDrawer({ error: messageOf(error) }, key)
  }
}

async function readTrends(): Promise<void> {
  const { key, range } = state.drawer ?? {}
  if (key === undefined || range === undefined) return
  const query = new URLSearchParams()
  // Without a range the server answers with 24 hours that begin at a round time.
  if (range !== '24h') {
    // Steps begin at `from`: a round time keeps them where they are from one reading to the next.
    const roundMs = range === '1h' ? 60_000 : 3_600_000
    const fromMs = Math.floor((exporterNow() - RANGE_MS[range]) / roundMs) * roundMs
    query.set('from', new Date(fromMs).toISOString())
  }
  try {
    const trends = await read<Trends>(`/api/health/trends/${encodeURIComponent(key)}`, query)
    if (state.drawer?.range === range) patchDrawer({ trends, trendsError: '' }, key)
  } catch (error) {
    patchDrawer({ trendsError: messageOf(error) }, key)
  }
}

async function readHistory(): Promise<void> {
  const key = state.drawer?.key
  if (key === undefined) return
  const limit = String(SHOWN_HISTORY)
  const ofAccount = new URLSearchParams({ account: key, limit })
  try {
    const [{ transitions }, { incidents }, { recoveries }] = await Promise.all([
      read<{ transitions: readonly Transition[] }>(
        `/api/accounts/${encodeURIComponent(key)}/transitions`,
        new URLSearchParams({ limit }),
      ),
      read<{ incidents: readonly Incident[] }>('/api/incidents', ofAccount),
      read<{ recoveries: readonly Recovery[] }>('/api/recoveries', ofAccount),
    ])
    patchDrawer({ transitions, incidents, recoveries, historyError: '' }, key)
  } catch (error) {
    patchDrawer({ historyError: messageOf(error) }, key)
  }
}

function refreshDrawer(): void {
  if (state.drawer === null) return
  void readDetail()
  void readHistory()
}

// ---- commands ---------------------------------------------------------------------------------------------------

/** Runs a command on the drawer's account and tells there what came of it. */
async function command(busy: DrawerState['busy'], run: (key: string) => Promise<string>): Promise<void> {
  const key = state.drawer?.key
  if (key === undefined || state.drawer?.busy !== '') return
  patchDrawer({ busy, message: null })
  try {
    const text = await run(key)
    patchDrawer({ busy: '', message: { tone: 'good', text } }, key)
  } catch (error) {
    patchDrawer({ busy: '', message: { tone: 'bad', text: messageOf(error) } }, key)
  }
  refreshDrawer()
  refreshSoon(EVENT_PAUSE_MS)
}

interface Checked {
  readonly results: readonly { readonly account: AccountDetail; readonly error: { readonly message: string } | null }[]
}

const checkNow = () =>
  command('check', async (key) => {
    const { results } = await send<Checked>('POST', '/api/health/check', { accounts: [key] })
    const [result] = results
    if (result === undefined) return 'The check brought no result.'
    return result.error === null ? `Checked: ${result.account.why}` : `The check failed: ${result.error.message}`
  })

const restart = () =>
  command('restart', async (key) => {
    const { attempt } = await send<{ attempt: Recovery }>(
      'POST',
      `/api/accounts/${encodeURIComponent(key)}/recover`,
      {},
    )
    if (attempt.outcome === 'rejected') throw new Error(`The gateway refused: ${attempt.detail}`)
    return 'The restart is under way. The next good check proves whether it helped.'
  })

const startMaintenance = (minutes: number, reason: string) =>
  command('maintenance', async (key) => {
    await send('POST', '/api/maintenance', { accounts: [key], duration: `${minutes}m`, reason })
    return 'Maintenance has begun.'
  })

const endMaintenance = (id: string) =>
  command('maintenance', async () => {
    await send('DELETE', `/api/maintenance/${encodeURIComponent(id)}`)
    return 'Maintenance has ended.'
  })

// ---- what comes by itself ---------------------------------------------------------------------------------------

function announce(news: readonly Notice[]): void {
  const known = new Set(state.notices.map(({ id, title }) => `${id} ${title}`))
  const fresh = news.filter(({ id, title }) => !known.has(`${id} ${title}`))
  const loud = fresh.filter(({ tone }) => tone !== 'info')
  const ids = new Set(loud.map(({ id }) => id))
  set({
    notices: mergeNotices(fresh, state.notices),
    toasts: [...loud, ...state.toasts.filter(({ id }) => !ids.has(id))].slice(0, MOST_TOASTS),
  })
  window.setTimeout(() => set({ toasts: state.toasts.filter((toast) => !loud.includes(toast)) }), TOAST_MS)
}

function changed(data: unknown): void {
  // The shape is that of GET /api/events, which the tests of the API check.
  const change = data as Change
  announce(noticesOf(change))
  refreshSoon(EVENT_PAUSE_MS)
  const { drawer } = state
  if (drawer !== null && [...change.transitions, ...change.recoveries].some(({ key }) => key === drawer.key))
    refreshDrawer()
}

function alerted(data: unknown): void {
  // An entry of GET /api/alerts, by the same code.
  announce([alertNotice(data as Alert)])
}

function readAll(): void {
  void refresh()
  if (state.view.page === 'reports') showReports()
  void readEarlier()
  refreshDrawer()
}

function openFromAddress(): void {
  // A link to a part of the page, as the skip link is, changes no view.
  if (/^#[\w-]+$/.test(location.hash)) {
    const hash = hashOf(state.view)
    history.replaceState(null, '', hash === '' ? location.pathname : hash)
    return
  }
  const view = viewOf(location.hash)
  set({ view, cursors: [] })
  if (view.account === '') setDrawer(null)
  else if (view.account !== state.drawer?.key) open(view.account)
  refreshSoon(0)
  if (view.page === 'reports') showReports()
}

function showReports(): void {
  if (state.view.incident !== '') reports.draft({ mode: 'now', template: 'incident' })
  void reports.refresh()
}

onKeys(() => state.drawer !== null)
window.addEventListener('hashchange', openFromAddress)
drawPage(state, actions)
readAll()
if (state.view.account !== '') open(state.view.account)
followEvents({
  streams: [
    { path: '/api/events', events: { change: changed } },
    ...(FACTS.features.has('alerts') ? [{ path: '/api/alerts/stream', events: { alert: alerted } }] : []),
  ],
  onState: (live) => set({ live }),
  onGap: readAll,
})
window.setInterval(() => {
  if (!document.hidden) void refresh()
  if (!document.hidden) void readDetail()
}, REFRESH_MS)
window.setInterval(() => {
  if (!document.hidden) set({})
}, REDRAW_MS)
