import type { Change, Incident, Recovery } from './documents.ts'
import { duration, plain } from './words.ts'

/** One line of the list of notifications. */
export interface Notice {
  /** The same news has the same id, however it came. */
  readonly id: string
  readonly at: string
  readonly tone: 'good' | 'warn' | 'bad' | 'info'
  readonly title: string
  readonly text: string
  /** The account that it is about; empty: none. */
  readonly key: string
}

const KEPT = 60

/** News of an event `change`, newest first. */
export function noticesOf(change: Change): Notice[] {
  const notices = [
    ...change.incidents.map(({ what, incident }) => (what === 'opened' ? opened(incident) : resolved(incident))),
    ...change.recoveries.map(recovered),
  ]
  if (change.omitted > 0) {
    notices.push({
      id: `omitted:${change.at}`,
      at: change.at,
      tone: 'info',
      title: `${change.omitted} more changes`,
      text: 'The list of accounts has them all.',
      key: '',
    })
  }
  return newestFirst(notices)
}

/** News of what happened before the page was opened. */
export function earlierNotices(incidents: readonly Incident[], recoveries: readonly Recovery[]): Notice[] {
  return newestFirst([
    ...incidents.flatMap((incident) =>
      incident.endedAt === null ? [opened(incident)] : [resolved(incident), opened(incident)],
    ),
    ...recoveries.map(recovered),
  ])
}

/** Both lists, each news once, newest first. */
export function mergeNotices(some: readonly Notice[], others: readonly Notice[]): Notice[] {
  const byId = new Map([...others, ...some].map((notice) => [notice.id, notice]))
  return newestFirst([...byId.values()]).slice(0, KEPT)
}

function newestFirst(notices: readonly Notice[]): Notice[] {
  return notices.toSorted((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0))
}

function opened(incident: Incident): Notice {
  return {
    id: `opened:${incident.id}`,
    at: incident.detectedAt,
    tone: 'bad',
    title: `${incident.account} is down`,
    text: `${plain(incident.cause)}, on ${incident.gateway}`,
    key: incident.key,
  }
}

function resolved(incident: Incident): Notice {
  const end = incident.endedAt ?? incident.detectedAt
  const seconds = (Date.parse(end) - Date.parse(incident.startedAt)) / 1000
  const gone = incident.resolution === 'removed'
  return {
    id: `resolved:${incident.id}`,
    at: end,
    tone: gone ? 'info' : 'good',
    title: gone ? `${incident.account} was removed` : `${incident.account} is back`,
    text: `after ${duration(seconds)}${incident.resolution === 'repaired' ? ', repaired by a restart' : ''}`,
    key: incident.key,
  }
}

const OUTCOMES: Readonly<Record<Recovery['outcome'], { tone: Notice['tone']; text: string }>> = {
  pending: { tone: 'info', text: 'is being restarted' },
  verified: { tone: 'good', text: 'was repaired' },
  failed: { tone: 'warn', text: 'did not come back after a restart' },
  rejected: { tone: 'warn', text: 'was not restarted: the gateway refused' },
  needs_human: { tone: 'bad', text: 'needs a person' },
  dry_run: { tone: 'info', text: 'would be restarted (dry run)' },
  interrupted: { tone: 'info', text: 'has an interrupted restart' },
}

function recovered(recovery: Recovery): Notice {
  const { tone, text } = OUTCOMES[recovery.outcome]
  const by = recovery.by === 'policy' ? `attempt ${recovery.attempt}` : `asked by ${recovery.by}`
  return {
    // One line per attempt: its outcome replaces its beginning.
    id: `recovery:${recovery.id}`,
    at: recovery.endedAt ?? recovery.requestedAt,
    tone,
    title: `${recovery.account} ${text}`,
    text: recovery.detail === '' ? by : `${by}: ${recovery.detail}`,
    key: recovery.key,
  }
}
