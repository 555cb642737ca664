import type { Account } from '../../src/accounts/account.ts'
import type { AccountState, Reason } from '../../src/accounts/vocabulary.ts'
import type { AccountHealth, HealthPolicy, Incident, Sample, Transition } from '../../src/health/health.ts'
import { type MaintenanceWindow, plannedMs } from '../../src/health/maintenance.ts'
import type { RecoveryAttempt } from '../../src/health/recovery.ts'
import { advance, newHealth } from '../../src/health/verdict.ts'
import { silentLog } from '../../src/log.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { accountOf } from '../store/fixtures.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
export const ZONE = 'Europe/Berlin'

/** Berlin time: +01:00 until 29 March 2026 at 02:00, +02:00 from then on. */
export function berlin(text: string): number {
  const summer = text >= '2026-03-29T03'
  return Date.parse(`${text}:00${summer ? '+02:00' : '+01:00'}`)
}

export const MARCH = { fromMs: berlin('2026-03-01T00:00'), toMs: berlin('2026-04-01T00:00') }

const POLICY: HealthPolicy = {
  unhealthyAfter: 3,
  healthyAfter: 2,
  slowAfterMs: 2000,
  connectingLimitMs: 3 * MINUTE,
  gapLimitMs: 3 * MINUTE,
  staleAfterMs: null,
}

/** What the gateway says from one moment until another; what is not scripted is `connected`. */
export interface Scripted {
  readonly fromMs: number
  readonly toMs: number
  readonly state: AccountState
  readonly reason: Reason | null
}

export interface SimulatedAccount {
  readonly account: Account
  /** First check. */
  readonly bornMs: number
  readonly script: readonly Scripted[]
}

/** The life of one account, one check a minute, told by the real verdict. */
export interface Life {
  readonly account: Account
  readonly samples: readonly Sample[]
  readonly transitions: readonly Transition[]
  readonly incidents: ReadonlyMap<string, Incident>
}

/** Nobody checks from `fromMs` to `toMs`: the exporter is off. */
export interface Off {
  readonly fromMs: number
  readonly toMs: number
}

/** Response time of a check in milliseconds: 101 to 200, each as often as any other. */
function responseMs(atMs: number): number {
  return 101 + ((atMs / MINUTE) % 100)
}

export function live(
  { account, bornMs, script }: SimulatedAccount,
  untilMs: number,
  off: readonly Off[],
  windows: readonly MaintenanceWindow[],
): Life {
  const samples: Sample[] = []
  const transitions: Transition[] = []
  const incidents = new Map<string, Incident>()
  let health: AccountHealth = newHealth(account.key, bornMs)
  let lastMs = bornMs
  for (let atMs = bornMs; atMs < untilMs; atMs += MINUTE) {
    if (off.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs)) continue
    const said = script.find(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs)
    const seen = {
      atMs,
      durationMs: responseMs(atMs),
      state: said?.state ?? 'connected',
      reason: said?.reason ?? null,
      native: 'SIMULATED',
      evidence: {},
    }
    const verdict = advance(health, account, seen, POLICY, plannedMs(windows, account, lastMs, atMs))
    health = verdict.health
    lastMs = atMs
    samples.push(verdict.sample)
    for (const event of verdict.events) {
      if (event.type === 'transition') transitions.push(event.transition)
      else incidents.set(event.incident.id, event.incident)
    }
    if (health.incident !== null) incidents.set(health.incident.id, health.incident)
  }
  return { account, samples, transitions, incidents }
}

/** A store that holds these lives, as the exporter would have written them. */
export async function storeOf(
  lives: readonly Life[],
  recoveries: readonly RecoveryAttempt[] = [],
  store = sqliteStore({ path: ':memory:' }, silentLog),
): Promise<Store> {
  let seq = 1
  for (const { account, samples, transitions, incidents } of lives) {
    const health = newHealth(account.key, samples[0]?.atMs ?? 0)
    for (let start = 0; start < samples.length; start += 1440) {
      const part = samples.slice(start, start + 1440)
      await store.write({
        seq: seq++,
        atMs: part.at(-1)?.atMs ?? 0,
        samples: part,
        transitions: start === 0 ? transitions : [],
        incidents: start === 0 ? [...incidents.values()] : [],
        recoveries: recoveries.filter(({ key }) => start === 0 && key === account.key),
        ledgers: start === 0 ? [{ account, health }] : [],
        removed: [],
      })
    }
  }
  // As in real life: what is older than an hour lies in account-hours.
  const { signal } = new AbortController()
  const nowMs = Math.max(...lives.map(({ samples }) => samples.at(-1)?.atMs ?? 0)) + 2 * HOUR
  while (await store.maintain(nowMs, { historyMs: 400 * DAY, summaryMs: 730 * DAY }, signal));
  return store
}

export function attemptOf(key: string, over: Partial<RecoveryAttempt> & { requestedMs: number }): RecoveryAttempt {
  const account = key.split('/')[1] ?? key
  return {
    id: `${key}-${over.requestedMs}`,
    key,
    account,
    gateway: 'waha-1',
    incidentId: null,
    attempt: 1,
    by: 'policy',
    reason: 'network',
    acceptedMs: over.requestedMs + 100,
    endMs: over.requestedMs + MINUTE,
    outcome: 'verified',
    detail: 'restart accepted',
    ...over,
  }
}

export function down(from: string, to: string, reason: Reason = 'network'): Scripted {
  return { fromMs: berlin(from), toMs: berlin(to), state: 'disconnected', reason }
}

export { accountOf }
