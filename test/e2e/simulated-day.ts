import type { Account } from '../../src/accounts/account.ts'
import type { AccountState, Reason } from '../../src/accounts/vocabulary.ts'
import type { AccountHealth, HealthPolicy } from '../../src/health/health.ts'
import { type MaintenanceWindow, openWindow } from '../../src/health/maintenance.ts'
import type { RecoveryAttempt, RecoveryPolicy } from '../../src/health/recovery.ts'
import { newHealth } from '../../src/health/verdict.ts'
import { createExposition } from '../../src/metrics/exposition.ts'
import { type Recorder, recorder } from '../../src/monitor/recorder.ts'
import { needsLedger } from '../../src/store/replay.ts'
import type { Store } from '../../src/store/store.ts'
import { checkVirtually, type VirtualAccount, virtualAccount } from './virtual-account.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE

/** A midnight in UTC, at which blocks of Prometheus begin as well. */
export const DAY_START = Date.UTC(2026, 2, 10)
export const DAY_END = DAY_START + 24 * HOUR
const INTERVAL_MS = 15 * SECOND

const HEALTH: HealthPolicy = {
  unhealthyAfter: 3,
  healthyAfter: 2,
  slowAfterMs: 2 * SECOND,
  connectingLimitMs: 3 * MINUTE,
  gapLimitMs: 45 * SECOND,
  staleAfterMs: null,
}
const RECOVERY: RecoveryPolicy = {
  mode: 'on',
  attempts: 5,
  backoffInitialMs: 10 * SECOND,
  backoffMaxMs: 5 * MINUTE,
  budgetResetMs: 5 * MINUTE,
  verifyWithinMs: 2 * MINUTE,
  pairingGraceMs: 2 * MINUTE,
  restartStale: false,
  gatewayParallel: 3,
  gatewayPerHour: 60,
  breakerShare: 0.5,
  breakerMinimum: 3,
  breakerCooldownMs: 10 * MINUTE,
}

/** What the gateway says from one moment until another; what is not scripted is `connected`. */
interface Scripted {
  readonly fromMs: number
  readonly toMs: number
  readonly state: AccountState
  readonly reason: Reason | null
  /** The restart of which number ends it; absent: none does. */
  readonly endsByRestart?: number
}

/** Hours and minutes of the day as a moment. */
function at(time: string): number {
  return DAY_START + Date.parse(`1970-01-01T${time}Z`)
}

function bad(from: string, to: string, over: Partial<Scripted> = {}): Scripted {
  return { fromMs: at(from), toMs: at(to), state: 'disconnected', reason: 'network', ...over }
}

/** The exporter is killed while a restart is under way, and started again two minutes later. */
const KILLED_MS = at('11:00:14')
const STARTED_MS = at('11:02:14')
/** Prometheus itself is away, in the middle of an outage. */
const UNSCRAPED = { fromMs: at('15:02:00'), toMs: at('15:06:00') }

const WINDOW: MaintenanceWindow = {
  id: 'upgrade',
  select: { accounts: ['maintained'] },
  startMs: at('09:00:00'),
  endMs: at('10:00:00'),
  author: 'lena',
  reason: 'upgrade of the gateway',
}
export const WINDOWS: readonly MaintenanceWindow[] = [WINDOW]

/** What each account goes through. All of it is over well before midnight. */
const SCRIPTS: Readonly<Record<string, readonly Scripted[]>> = {
  steady: [],
  repaired: [
    bad('02:10:00', '06:00:00', { endsByRestart: 1 }),
    bad('08:30:00', '12:00:00', { endsByRestart: 3 }),
    bad('15:00:00', '17:00:00', { endsByRestart: 4 }),
  ],
  // Not confirmed, then for hours without a person, then a relapse before the end of the incident is confirmed.
  'logged-out': [
    bad('01:00:00', '01:00:20'),
    bad('04:00:00', '07:12:00', { state: 'awaiting_auth', reason: 'logged_out' }),
    bad('18:00:00', '18:05:00'),
    bad('18:05:15', '18:09:00'),
  ],
  maintained: [bad('08:50:00', '10:20:00'), bad('20:00:00', '20:03:00')],
  // Nobody sees anything for 25 minutes, also while it is down.
  unseen: [
    bad('05:00:00', '05:10:00'),
    bad('05:10:00', '05:35:00', { state: 'unknown', reason: 'unauthorized' }),
    bad('05:35:00', '05:40:00'),
    bad('13:00:00', '13:25:00', { state: 'unknown', reason: null }),
  ],
  // Its restart is under way when the exporter is killed.
  interrupted: [bad('10:59:35', '16:00:00', { endsByRestart: 2 })],
}

export const ACCOUNTS: readonly Account[] = Object.keys(SCRIPTS).map((name, index) => ({
  key: `waha-${1 + (index % 2)}/${name}`,
  account: name,
  gateway: `waha-${1 + (index % 2)}`,
  nativeId: name,
  phone: null,
  name: null,
  labels: { tenant: 'acme' },
  objective: 0.995,
  desired: 'any',
}))

interface Watched extends VirtualAccount {
  /** Until when the rest of the script is cut off by a restart that helped. */
  readonly cured: Map<Scripted, number>
}

/** @param page the exporter's page as OpenMetrics, without its end line */
export type OnScrape = (atMs: number, page: string) => void

/**
 * A day of a small fleet in virtual time, by the rules, the recorder, the store and the page of the exporter: a check of
 * every account and a scrape every 15 seconds. The store gets a batch a minute, and one before each restart. After midnight
 * nothing is checked any more; the page stands still and is scraped until `untilMs`, because recorded series lie behind.
 */
export async function simulateDay(store: Store, untilMs: number, onScrape: OnScrape): Promise<void> {
  let nowMs = DAY_START
  let seq = 1
  let exporter = start(ACCOUNTS.map((account) => ({ account, health: newHealth(account.key, DAY_START) })))
  let isRunning = true
  const random = fixedRandom()

  function start(ledgers: readonly { account: Account; health: AccountHealth }[], attempts: RecoveryAttempt[] = []) {
    const watched = ledgers.map(
      ({ account, health }): Watched => ({
        ...virtualAccount(account, nowMs, health, attempts.find(({ key }) => key === account.key) ?? null),
        cured: new Map(),
      }),
    )
    const record = recorder()
    for (const { account } of watched) record.touch(account.key)
    return { watched, record, exposition: createExposition({ now: () => nowMs }) }
  }

  async function flush(): Promise<void> {
    const { watched, record } = exporter
    const batch = record.take(nowMs, (key) => watched.find(({ account }) => account.key === key))
    if (batch !== null) await store.write({ ...batch, seq: seq++ })
  }

  async function scrape(): Promise<void> {
    const { watched, exposition } = exporter
    for (const { account, health } of watched) {
      const inMaintenance = openWindow(WINDOWS, account, nowMs) !== null
      exposition.accounts.set(account, 'waha', health, { inMaintenance, budgetLeft: 5 })
    }
    await exposition.render()
    const page = await exposition.page('openmetrics', false)
    onScrape(nowMs, page.body.toString('utf8'))
    page.release()
  }

  for (let cycleMs = DAY_START; cycleMs < DAY_END; cycleMs += INTERVAL_MS) {
    for (const [index, account] of ACCOUNTS.entries()) {
      nowMs = cycleMs + 1500 * index
      const one = exporter.watched.find(({ account: { key } }) => key === account.key)
      if (isRunning && one !== undefined && checkAccount(one, nowMs, exporter.record, random)) await flush()
    }
    nowMs = cycleMs + 12 * SECOND
    if (isRunning && !(nowMs >= UNSCRAPED.fromMs && nowMs < UNSCRAPED.toMs)) await scrape()
    nowMs = cycleMs + 13 * SECOND
    if (isRunning && (cycleMs / INTERVAL_MS) % 4 === 3) await flush()
    nowMs = cycleMs + INTERVAL_MS - 1
    if (nowMs >= KILLED_MS && nowMs < STARTED_MS) isRunning = false
    if (!isRunning && nowMs >= STARTED_MS) {
      // All that was in memory is gone; the store has the rest.
      const loaded = await store.load()
      seq = loaded.nextSeq
      exporter = start(loaded.ledgers, [...loaded.pendingRecoveries])
      isRunning = true
    }
  }
  await flush()
  for (let cycleMs = DAY_END; cycleMs < untilMs; cycleMs += INTERVAL_MS) {
    nowMs = cycleMs + 12 * SECOND
    await scrape()
  }
}

/** @returns whether the store must have the batch before anything else happens */
function checkAccount(one: Watched, nowMs: number, record: Recorder, random: () => number): boolean {
  const { account } = one
  const said = scripted(one, nowMs)
  const seen = {
    atMs: nowMs,
    durationMs: 120,
    state: said?.state ?? 'connected',
    reason: said?.reason ?? null,
    native: 'SIMULATED',
    evidence: {},
  } as const
  const rules = { health: HEALTH, recovery: RECOVERY, windows: WINDOWS, random }
  const { before, after, sample, events, attempts, restart } = checkVirtually(one, seen, rules)
  record.sample(sample)
  for (const event of events) record.event(account.key, event)
  if (needsLedger(before, after, sample)) record.touch(account.key)
  for (const attempt of attempts) record.attempt(attempt)
  if (said !== undefined && said.endsByRestart === restart) one.cured.set(said, nowMs + 40 * SECOND)
  return restart !== null
}

function scripted({ account, cured }: Watched, nowMs: number): Scripted | undefined {
  return SCRIPTS[account.account]?.find(
    (said) => nowMs >= said.fromMs && nowMs < Math.min(said.toMs, cured.get(said) ?? said.toMs),
  )
}

/** The same numbers in every run (mulberry32). */
function fixedRandom(): () => number {
  let state = 20_260_310
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
