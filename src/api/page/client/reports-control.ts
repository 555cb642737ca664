import { messageOf, read, send } from './api.ts'
import type { Incident, Reports, Subscriptions } from './documents.ts'
import type { ReportDraft, ReportsState } from './reports-state.ts'

/** What people can do on the page of reports. */
export interface ReportActions {
  /** Changes what decides which fields the form has. */
  draft(change: Partial<ReportDraft>): void
  /** Sends the form. */
  submit(form: HTMLFormElement): void
  unsubscribe(id: string): void
}

const POLL_MS = 1_500
/** After an answer that did not come. */
const POLL_AGAIN_MS = 10_000
const SHOWN_INCIDENTS = '100'

/**
 * Reads what the page of reports shows, and does what people ask for there.
 * @param state what is shown now
 * @param patch changes what is shown
 */
export function reportsControl(
  state: () => ReportsState,
  patch: (change: Partial<ReportsState>) => void,
): ReportActions & { refresh(): Promise<void> } {
  let pollTimer: number | undefined

  async function refresh(): Promise<void> {
    await Promise.all([readMade(), readSubscriptions()])
    if (state().incidents === null) await readIncidents()
  }

  async function readMade(): Promise<void> {
    clearTimeout(pollTimer)
    try {
      const made = await read<Reports>('/api/reports')
      patch({ made, madeError: '' })
      pollIn(POLL_MS)
    } catch (error) {
      patch({ madeError: messageOf(error) })
      pollIn(POLL_AGAIN_MS)
    }
  }

  /** As long as a report is being made. */
  function pollIn(pauseMs: number): void {
    const isUnderWay = state().made?.requested.some(({ state: how }) => how === 'waiting' || how === 'making')
    clearTimeout(pollTimer)
    if (isUnderWay === true) pollTimer = window.setTimeout(() => void readMade(), pauseMs)
  }

  async function readSubscriptions(): Promise<void> {
    try {
      patch({ subscriptions: await read<Subscriptions>('/api/reports/subscriptions'), subscriptionsError: '' })
    } catch (error) {
      patch({ subscriptionsError: messageOf(error) })
    }
  }

  async function readIncidents(): Promise<void> {
    try {
      const query = new URLSearchParams({ limit: SHOWN_INCIDENTS })
      const { incidents } = await read<{ incidents: readonly Incident[] }>('/api/incidents', query)
      patch({ incidents })
    } catch {
      // Without a store there is none to choose, and the lists above say why.
      patch({ incidents: [] })
    }
  }

  async function command(busy: string, run: () => Promise<string>): Promise<void> {
    if (state().busy !== '') return
    patch({ busy, message: null })
    try {
      patch({ busy: '', message: { tone: 'good', text: await run() } })
    } catch (error) {
      patch({ busy: '', message: { tone: 'bad', text: messageOf(error) } })
    }
    void refresh()
  }

  return {
    refresh,
    draft(change) {
      patch({ draft: { ...state().draft, ...change } })
    },
    submit(form) {
      const { draft } = state()
      const fields = new FormData(form)
      if (draft.mode === 'now')
        void command('make', async () => {
          await send('POST', '/api/reports', wishOf(fields, draft))
          return 'The report is being made. You find it below in a moment.'
        })
      else
        void command('subscribe', async () => {
          await send('POST', '/api/reports/subscriptions', subscriptionOf(fields, draft))
          return `Subscribed: ${text(fields, 'recipient')} receives the next report that is due.`
        })
    },
    unsubscribe: (id) =>
      void command(id, async () => {
        await send('DELETE', `/api/reports/subscriptions/${encodeURIComponent(id)}`)
        return 'Unsubscribed: nothing more is sent.'
      }),
  }
}

function wishOf(fields: FormData, { template, period }: ReportDraft): object {
  const formats = fields.getAll('format').map(String)
  const shared = { template, timeZone: text(fields, 'timeZone'), ...look(fields), formats }
  if (template === 'incident') return { ...shared, incident: text(fields, 'incident') }
  const range = `${text(fields, 'from')}..${text(fields, 'to')}`
  return { ...shared, period: period === 'range' ? range : period, ...selection(fields) }
}

function subscriptionOf(fields: FormData, { template, schedule }: ReportDraft): object {
  const { language } = look(fields)
  return {
    recipient: text(fields, 'recipient'),
    schedule,
    ...(schedule === 'cron'
      ? { cron: text(fields, 'cron'), covers: text(fields, 'covers') }
      : { at: text(fields, 'at') }),
    timeZone: text(fields, 'timeZone'),
    ...selection(fields),
    template,
    formats: fields.getAll('format').map(String),
    ...(language === undefined ? {} : { language }),
  }
}

/** What was left empty is not chosen. */
function selection(fields: FormData): object {
  const gateway = text(fields, 'gateway')
  const accounts = text(fields, 'accounts')
    .split(/[\s,;]+/)
    .filter(Boolean)
  const labels = text(fields, 'labels')
    .split(/[\s,;]+/)
    .filter(Boolean)
    .map((pair) => [pair.split('=', 1)[0] ?? '', pair.slice(pair.indexOf('=') + 1)])
  return {
    ...(gateway === '' ? {} : { gateways: [gateway] }),
    ...(accounts.length === 0 ? {} : { accounts }),
    ...(labels.length === 0 ? {} : { labels: Object.fromEntries(labels) }),
  }
}

function look(fields: FormData): { readonly language?: string; readonly paper?: string } {
  const [language, paper] = [text(fields, 'language'), text(fields, 'paper')]
  return { ...(language === '' ? {} : { language }), ...(paper === '' ? {} : { paper }) }
}

function text(fields: FormData, name: string): string {
  const value = fields.get(name)
  return typeof value === 'string' ? value.trim() : ''
}
