import { type Account, accountKey } from '../../src/accounts/account.ts'
import type { Reason } from '../../src/accounts/vocabulary.ts'
import type { Incident, Transition } from '../../src/health/health.ts'
import { type MaintenanceWindow, plannedMs } from '../../src/health/maintenance.ts'
import type { RecoveryAttempt } from '../../src/health/recovery.ts'
import { type AccountSink, analyse } from '../../src/reports/analyse.ts'
import type { Analysis, IncidentAnalysis } from '../../src/reports/analysis.ts'
import type { HistorySlot } from '../../src/reports/history.ts'
import { parsePeriod } from '../../src/reports/period.ts'
import { responseSketch } from '../../src/reports/quantiles.ts'
import type { Paged, Store } from '../../src/store/store.ts'
import { randomFrom } from './random.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const NOW = Date.UTC(2026, 3, 10, 9, 30)
const BEGIN = Date.UTC(2026, 0, 1)

/** Names that a report must survive: markup, other scripts, right to left, a long one. */
const NAMES = [
  'Sales Dubai',
  '<script>alert(1)</script> & "Söhne"',
  'مبيعات دبي',
  'Поддержка клиентов',
  'Customer happiness centre, second line, night shift, Europe, Middle East and Africa',
  'Łódź – wysyłka',
]
const CAUSES: readonly Reason[] = ['network', 'gateway_down', 'logged_out', 'stale', 'conflict', 'temp_banned', 'other']

interface SampleAccount {
  readonly account: Account
  readonly incidents: readonly Incident[]
  readonly attempts: readonly RecoveryAttempt[]
  readonly speed: number
}

/** A made-up fleet with a year's worth of trouble; the same for the same size. */
export interface SampleFleet {
  readonly accounts: readonly SampleAccount[]
  readonly windows: readonly MaintenanceWindow[]
  analysis(period: string, timeZone?: string, sink?: AccountSink): Promise<Analysis>
  incident(): IncidentAnalysis
}

export function sampleFleet(size: number): SampleFleet {
  const random = randomFrom(size)
  const windows: MaintenanceWindow[] = [
    {
      id: 'config-1',
      select: { gateways: ['waha-1'] },
      startMs: Date.UTC(2026, 2, 14, 22),
      endMs: Date.UTC(2026, 2, 15, 2),
      author: 'Amira Haddad',
      reason: 'Moving waha-1 to the new host',
    },
    {
      id: 'config-2',
      select: {},
      startMs: Date.UTC(2026, 2, 29, 0),
      endMs: Date.UTC(2026, 2, 29, 1),
      author: 'platform team',
      reason: 'Database upgrade',
    },
  ]
  const accounts = Array.from({ length: size }, (_, index) => sampleAccount(index, random))
  const byKey = new Map(accounts.map((one) => [one.account.key, one]))
  const ledger: Pick<Store, 'incidents' | 'recoveries'> = {
    incidents: async ({ keys, range }) =>
      page(
        accounts
          .filter(({ account }) => keys?.includes(account.key) ?? true)
          .flatMap(({ incidents }) => incidents)
          .filter(
            ({ startMs, endMs }) => range === undefined || (startMs < range.toMs && (endMs ?? NOW) > range.fromMs),
          )
          .toSorted((a, b) => b.startMs - a.startMs),
      ),
    recoveries: async ({ keys, range }) =>
      page(
        accounts
          .filter(({ account }) => keys?.includes(account.key) ?? true)
          .flatMap(({ attempts }) => attempts)
          .filter(({ requestedMs }) => range === undefined || (requestedMs >= range.fromMs && requestedMs < range.toMs))
          .toSorted((a, b) => b.requestedMs - a.requestedMs),
      ),
  }
  return {
    accounts,
    windows,
    analysis: (period, timeZone = 'Europe/Berlin', sink) =>
      analyse(
        { period: parsePeriod(period, timeZone, NOW), selection: {} },
        {
          accounts: () => accounts.map(({ account }) => ({ account, gone: false })),
          ledger,
          history: {
            async read(account, range, { responses }) {
              const sample = byKey.get(account.key)
              const slots = sample === undefined ? [] : slotsOf(sample, range, windows)
              const sketch = responseSketch()
              if (responses && sample !== undefined) {
                const draw = randomFrom(account.account.length)
                for (let n = 0; n < 400; n++) sketch.add(40 * sample.speed * Math.exp(draw() ** 6 * 4 + draw() * 0.5))
              }
              return { source: 'store', slots, responses: sketch, sampledEveryMs: null }
            },
          },
          windows: (fromMs, toMs) => windows.filter(({ startMs, endMs }) => startMs < toMs && endMs > fromMs),
          defaultObjective: 0.995,
          now: () => NOW,
        },
        new AbortController().signal,
        sink,
      ),
    incident() {
      const [first] = accounts
      const incident = first?.incidents[1]
      if (first === undefined || incident === undefined)
        throw new Error('A sample fleet needs an account with incidents.')
      const { key, account, gateway, phone, name, labels, objective } = first.account
      return {
        incident,
        account: { key, account, gateway, phone, name, labels, objective },
        timeZone: 'Europe/Berlin',
        transitions: transitionsOf(incident),
        attempts: first.attempts.filter(({ incidentId }) => incidentId === incident.id),
        planned: [],
        sameTimeElsewhere: 3,
        sameTime: accounts.slice(1, 3).flatMap(({ incidents }) => incidents.slice(0, 1)),
        recentIncidents: 2,
        asOfMs: NOW,
      }
    },
  }
}

function sampleAccount(index: number, random: () => number): SampleAccount {
  const id = `sales-${String(index + 1).padStart(2, '0')}`
  const gateway = `waha-${1 + (index % 3)}`
  const account: Account = {
    key: accountKey(gateway, id),
    account: id,
    gateway,
    nativeId: id,
    phone: `4930${String(1_000_000 + index)}`,
    name: NAMES[index] ?? `Branch ${index + 1}`,
    labels: { tenant: 'acme' },
    objective: index % 4 === 0 ? 0.999 : 0.995,
    desired: 'running',
  }
  const trouble = index === 0 ? 14 : Math.floor(random() ** 2 * 12)
  const incidents: Incident[] = []
  const attempts: RecoveryAttempt[] = []
  for (let n = 0; n < trouble; n++) {
    const week = Math.floor(random() * 14)
    const early = random() < 0.5
    const startMs =
      BEGIN + week * 7 * DAY + (early ? 2 * DAY + 2 * HOUR : random() * 6.9 * DAY) + random() * 40 * MINUTE
    const lengthMs = Math.round((2 + random() ** 4 * 300) * MINUTE)
    const cause = CAUSES[Math.floor(random() ** 2 * CAUSES.length)] ?? 'other'
    const tries = cause === 'network' || cause === 'gateway_down' ? 1 + Math.floor(random() * 3) : 0
    const incidentId = `${id}-${n}`
    incidents.push({
      id: incidentId,
      key: account.key,
      account: id,
      gateway,
      startMs: Math.round(startMs),
      detectedMs: Math.round(startMs + 30_000 + random() * 20_000),
      endMs: Math.round(startMs + lengthMs),
      cause,
      state: 'disconnected',
      downtimeMs: lengthMs,
      attempts: tries,
      resolution: tries > 0 ? 'repaired' : 'recovered',
    })
    for (let attempt = 1; attempt <= tries; attempt++) {
      const requestedMs = Math.round(startMs + (attempt * lengthMs) / (tries + 1))
      attempts.push({
        id: `${incidentId}-${attempt}`,
        key: account.key,
        account: id,
        gateway,
        incidentId,
        attempt,
        by: 'policy',
        reason: cause,
        requestedMs,
        acceptedMs: requestedMs + 180,
        endMs: requestedMs + 40_000,
        outcome: attempt === tries ? 'verified' : 'failed',
        detail: attempt === tries ? 'restart accepted' : 'no good check within 2 minutes',
      })
    }
  }
  return { account, incidents, attempts, speed: 1 + random() * 4 }
}

function slotsOf(
  { account, incidents, speed }: SampleAccount,
  range: { readonly fromMs: number; readonly toMs: number },
  windows: readonly MaintenanceWindow[],
): readonly HistorySlot[] {
  const slots: HistorySlot[] = []
  for (let fromMs = range.fromMs; fromMs < range.toMs; fromMs += HOUR) {
    const toMs = Math.min(fromMs + HOUR, range.toMs)
    const blind = fromMs >= Date.UTC(2026, 2, 19, 4) && fromMs < Date.UTC(2026, 2, 19, 10)
    if (blind) continue
    const observedMs = toMs - fromMs - plannedMs(windows, account, fromMs, toMs)
    const down = incidents.reduce(
      (sum, { startMs, endMs }) => sum + Math.max(0, Math.min(endMs ?? NOW, toMs) - Math.max(startMs, fromMs)),
      0,
    )
    slots.push({
      fromMs,
      toMs,
      observedMs,
      downtimeMs: Math.min(observedMs, down),
      checks: 240,
      failures: Math.round(down / 15_000),
      meanResponseMs: 50 * speed * (1 + 0.3 * Math.sin(fromMs / (5 * DAY))),
    })
  }
  return slots
}

function transitionsOf({ key, startMs, detectedMs, endMs }: Incident): readonly Transition[] {
  const bad = { key, reason: 'network', native: 'FAILED' } as const
  return [
    {
      ...bad,
      atMs: startMs,
      fromState: 'connected',
      toState: 'disconnected',
      fromStatus: 'healthy',
      toStatus: 'warning',
    },
    {
      ...bad,
      atMs: detectedMs,
      fromState: 'disconnected',
      toState: 'disconnected',
      fromStatus: 'warning',
      toStatus: 'unhealthy',
    },
    {
      key,
      reason: null,
      native: 'WORKING',
      atMs: endMs ?? NOW,
      fromState: 'disconnected',
      toState: 'connected',
      fromStatus: 'unhealthy',
      toStatus: 'healthy',
    },
  ]
}

function page<T>(items: readonly T[]): Paged<T> {
  return { items }
}
