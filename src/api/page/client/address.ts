/** What of the page's state is in its address, so that a view can be sent to somebody. */
export interface View {
  readonly page: 'fleet' | 'reports'
  readonly status: readonly string[]
  readonly gateway: string
  readonly state: string
  readonly label: string
  readonly q: string
  readonly sort: string
  readonly order: 'asc' | 'desc'
  /** Key of the account whose drawer is open; empty: none. */
  readonly account: string
  /** On the page of reports: the account that a report shall be about; empty: none is chosen yet. */
  readonly about: string
  /** The same: the incident of a post-mortem. */
  readonly incident: string
}

export const START_VIEW: View = {
  page: 'fleet',
  status: [],
  gateway: '',
  state: '',
  label: '',
  q: '',
  sort: 'status',
  order: 'asc',
  account: '',
  about: '',
  incident: '',
}

/** Reads `#status=unhealthy&q=sales`; what it does not know is left out. */
export function viewOf(hash: string): View {
  const fields = new URLSearchParams(hash.replace(/^#/, ''))
  const text = (name: string, otherwise = '') => fields.get(name) ?? otherwise
  return {
    page: text('page') === 'reports' ? 'reports' : 'fleet',
    status: fields.getAll('status').filter((word) => ['healthy', 'warning', 'unhealthy', 'unknown'].includes(word)),
    gateway: text('gateway'),
    state: text('state'),
    label: text('label'),
    q: text('q').slice(0, 128),
    sort: ['key', 'name', 'status', 'since', 'response', 'failures'].includes(text('sort')) ? text('sort') : 'status',
    order: text('order') === 'desc' ? 'desc' : 'asc',
    account: text('account'),
    about: text('about'),
    incident: text('incident'),
  }
}

/** The opposite; what is as at the start is left out. */
export function hashOf(view: View): string {
  const fields = filterOf(view)
  if (view.page !== START_VIEW.page) fields.set('page', view.page)
  if (view.sort !== START_VIEW.sort) fields.set('sort', view.sort)
  if (view.order !== START_VIEW.order) fields.set('order', view.order)
  for (const name of ['account', 'about', 'incident'] as const) if (view[name] !== '') fields.set(name, view[name])
  const text = fields.toString()
  return text === '' ? '' : `#${text}`
}

/** The filter as GET /api/health/status takes it. */
export function filterOf(view: View): URLSearchParams {
  const fields = new URLSearchParams()
  for (const word of view.status) fields.append('status', word)
  if (view.gateway !== '') fields.set('gateway', view.gateway)
  if (view.state !== '') fields.set('state', view.state)
  if (/^[a-zA-Z_]\w*=/.test(view.label)) fields.set('label', view.label)
  if (view.q.trim() !== '') fields.set('q', view.q.trim())
  return fields
}

export function isFiltered(view: View): boolean {
  return filterOf(view).size > 0
}
