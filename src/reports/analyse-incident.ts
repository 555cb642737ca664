import type { Account } from '../accounts/account.ts'
import type { Transition } from '../health/health.ts'
import type { Store, TimeRange } from '../store/store.ts'
import { allPages } from './all-pages.ts'
import { type AnalysisSources, accountOf, attemptsOf, incidentsOf } from './analyse.ts'
import type { IncidentAnalysis } from './analysis.ts'
import { DAY_MS } from './history.ts'
import { plannedTime } from './planned-time.ts'

/** What an incident's story is told from. */
export interface IncidentSources extends Pick<AnalysisSources, 'accounts' | 'windows' | 'now' | 'defaultObjective'> {
  readonly ledger: Pick<Store, 'incident' | 'incidents' | 'recoveries' | 'transitions'>
}

const AROUND_MS = 5 * 60_000
const RECENT_MS = 30 * DAY_MS
const SHOWN_SAME_TIME = 50
// A flapping account changes its state with every check: what is longer than this no post-mortem shows.
const MAX_TRANSITIONS = 10_000

/**
 * Everything that is known of one incident; null where the ledger has no such incident.
 * Rejects with StoreError where the ledger cannot be read.
 */
export async function analyseIncident(
  id: string,
  timeZone: string,
  sources: IncidentSources,
): Promise<IncidentAnalysis | null> {
  const { ledger } = sources
  const incident = await ledger.incident(id)
  if (incident === null) return null
  const { key, startMs, endMs, gateway } = incident
  const nowMs = sources.now()
  // What is over is told the same whenever it is told.
  const asOfMs = endMs ?? nowMs
  const span = { fromMs: startMs - AROUND_MS, toMs: Math.min(nowMs, asOfMs + AROUND_MS) + 1 }
  const life = { fromMs: startMs, toMs: Math.max(startMs + 1, asOfMs) }
  const beside = (await ledger.incidents({ gateway, range: life, limit: SHOWN_SAME_TIME + 1 })).items
    .filter((other) => other.id !== id)
    .slice(0, SHOWN_SAME_TIME)
  const concerned = new Set([key, ...beside.map((other) => other.key)])
  const known = new Map<string, Account>()
  for (const one of await sources.accounts())
    if (concerned.has(one.account.key)) known.set(one.account.key, one.account)
  const account = known.get(key) ?? accountOf(incident, sources.defaultObjective)
  // A post-mortem goes to a customer, whom the accounts of another customer behind the same gateway do not concern.
  const tenant = account.labels['tenant']
  const sameTime = beside.filter((other) => known.get(other.key)?.labels['tenant'] === tenant)
  const recent = await incidentsOf(ledger, key, { fromMs: startMs - RECENT_MS, toMs: startMs })
  const { account: name, phone, labels, objective, name: shown } = account
  return {
    incident,
    account: { key, account: name, gateway, phone, name: shown, labels, objective },
    timeZone,
    transitions: await transitionsOf(ledger, key, span),
    attempts: (await attemptsOf(ledger, key, span)).toSorted((a, b) => a.requestedMs - b.requestedMs),
    planned: plannedTime(await sources.windows(span.fromMs, span.toMs), account, span).entries,
    sameTime,
    sameTimeElsewhere: beside.length - sameTime.length,
    recentIncidents: recent.filter((other) => other.id !== id && other.startMs < startMs).length,
    asOfMs,
  }
}

async function transitionsOf(
  ledger: Pick<Store, 'transitions'>,
  key: string,
  range: TimeRange,
): Promise<readonly Transition[]> {
  const found: Transition[] = []
  for await (const transition of allPages((page) => ledger.transitions({ key, range, ...page }))) {
    found.push(transition)
    if (found.length === MAX_TRANSITIONS) break
  }
  return found.reverse()
}
