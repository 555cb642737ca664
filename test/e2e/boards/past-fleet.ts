import type { Account } from '../../../src/accounts/account.ts'
import type { Evidence, Observation } from '../../../src/accounts/observation.ts'
import type { AccountHealth, HealthPolicy, Incident, Sample, Transition } from '../../../src/health/health.ts'
import { openWindow } from '../../../src/health/maintenance.ts'
import type { RecoveryAttempt, RecoveryPolicy } from '../../../src/health/recovery.ts'
import { createExposition } from '../../../src/metrics/exposition.ts'
import { seededRandom } from '../../../src/simulator/random.ts'
import { checkVirtually, type VirtualAccount, virtualAccount } from '../virtual-account.ts'
import { DAY, HOUR, MINUTE, type Trouble, type Troubles } from './past-troubles.ts'

const SECOND = 1000
/** How often it is checked, by its age: of late as often as now, so that rates go on. */
const CHECKS = [
  { upToMs: 6.5 * HOUR, everyMs: 5 * SECOND },
  { upToMs: Number.POSITIVE_INFINITY, everyMs: MINUTE },
] as const

const HEALTH: HealthPolicy = {
  unhealthyAfter: 3,
  healthyAfter: 2,
  slowAfterMs: 2 * SECOND,
  connectingLimitMs: 3 * MINUTE,
  gapLimitMs: 3 * MINUTE,
  staleAfterMs: null,
}
const RECOVERY: RecoveryPolicy = {
  mode: 'on',
  attempts: 5,
  backoffInitialMs: 10 * SECOND,
  backoffMaxMs: 5 * MINUTE,
  budgetResetMs: 5 * MINUTE,
  verifyWithinMs: 4 * MINUTE,
  pairingGraceMs: 2 * MINUTE,
  restartStale: false,
  gatewayParallel: 3,
  gatewayPerHour: 60,
  breakerShare: 0.5,
  breakerMinimum: 3,
  breakerCooldownMs: 10 * MINUTE,
}

export interface PastAccount {
  readonly account: Account
  readonly driver: string
}

/** How often the past is scraped, by its age: as often as a board of that range asks for it. Oldest last. */
const SCRAPES = [
  { upToMs: 6.5 * HOUR, everyMs: 30 * SECOND },
  { upToMs: 26 * HOUR, everyMs: MINUTE },
  { upToMs: 8 * DAY, everyMs: 5 * MINUTE },
  { upToMs: Number.POSITIVE_INFINITY, everyMs: HOUR },
] as const

/** Counters of seconds are added up in tiles of five minutes, so that they are there that often in all of the past. */
const TILE_MS = 5 * MINUTE

/** One scrape of the past: the whole page of the exporter's fleet, or only what tiles are made of. */
export interface PastScrape {
  readonly atMs: number
  readonly page: string
  readonly isWhole: boolean
}

/** What the past leaves to the exporter that goes on from there. */
export interface PastLedger {
  readonly account: Account
  readonly health: AccountHealth
}

export interface Past {
  readonly ledgers: readonly PastLedger[]
  readonly incidents: readonly Incident[]
  readonly transitions: readonly Transition[]
  readonly recoveries: readonly RecoveryAttempt[]
  /** Checks of the last hours, oldest first. */
  readonly samples: readonly Sample[]
}

export interface PastOptions {
  readonly accounts: readonly PastAccount[]
  readonly fromMs: number
  readonly toMs: number
  readonly troubles: Troubles
  readonly onScrape: (scrape: PastScrape) => void
}

/** Usual response time of a driver's gateway in milliseconds. */
const RESPONSE_MS: Readonly<Record<string, number>> = { waha: 45, evolution: 80, http: 22, 'cloud-api': 190 }
const KEPT_SAMPLES_MS = 2 * HOUR

interface Living extends VirtualAccount {
  readonly driver: string
  readonly troubles: readonly Trouble[]
  /** Until when a trouble is cut short by a restart that helped. */
  readonly cured: Map<Trouble, number>
  /** Index of the first trouble that is not over. */
  next: number
  lastActivityAtMs: number
}

/** Lets a fleet live from one moment to another by the exporter's own rules, and shows its pages. */
export async function liveThePast({ accounts, fromMs, toMs, troubles, onScrape }: PastOptions): Promise<Past> {
  let nowMs = fromMs
  const random = seededRandom(3, 'past')
  const exposition = createExposition({ now: () => nowMs })
  const rules = { health: HEALTH, recovery: RECOVERY, windows: troubles.windows, random }
  const fleet = accounts.map(
    ({ account, driver }): Living => ({
      ...virtualAccount(account, fromMs),
      driver,
      troubles: troubles.of(account),
      cured: new Map(),
      next: 0,
      lastActivityAtMs: fromMs,
    }),
  )
  const gateways = [...new Map(fleet.map(({ account, driver }) => [account.gateway, driver]))].map(
    ([name, driver]) => ({
      name,
      driver,
      accounts: fleet.filter(({ account }) => account.gateway === name).length,
    }),
  )
  const incidents = new Map<string, Incident>()
  const recoveries = new Map<string, RecoveryAttempt>()
  const transitions: Transition[] = []
  const samples: Sample[] = []

  function check(one: Living, everyMs: number): void {
    const { account } = one
    const trouble = presentTrouble(one, nowMs)
    const failing = troubles.gateways.find(
      ({ gateway, fromMs: from, toMs: to }) => gateway === account.gateway && nowMs >= from && nowMs < to,
    )
    const durationMs = responseMs(one.driver, nowMs, trouble?.slower ?? 1, random)
    if (failing === undefined && random() > (0.0004 * everyMs) / MINUTE)
      exposition.gateways.observe(account.gateway, durationMs / 1000)
    else exposition.gateways.error(account.gateway, failing?.code ?? 'timeout')
    if (trouble === null && failing === undefined && random() < (busy(nowMs) * 0.3 * everyMs) / MINUTE)
      one.lastActivityAtMs = nowMs
    const seen = observed(one, trouble, failing?.code ?? null, nowMs, durationMs)
    const { sample, events, attempts, restart } = checkVirtually(one, seen, rules)
    if (nowMs > toMs - KEPT_SAMPLES_MS) samples.push(sample)
    for (const event of events) {
      if (event.type === 'transition') transitions.push(event.transition)
      else incidents.set(event.incident.id, event.incident)
    }
    for (const attempt of attempts) recoveries.set(attempt.id, attempt)
    if (trouble !== null && trouble.endsByRestart !== null && trouble.endsByRestart === restart)
      one.cured.set(trouble, nowMs + 90 * SECOND)
  }

  async function scrape(isWhole: boolean): Promise<void> {
    for (const { account, driver, health } of fleet) {
      const inMaintenance = openWindow(troubles.windows, account, nowMs) !== null
      const budgetLeft = RECOVERY.attempts - health.recovery.attemptsUsed
      exposition.accounts.set(account, driver, health, { inMaintenance, budgetLeft })
    }
    for (const gateway of gateways) {
      const failing = troubles.gateways.some(
        (each) => each.gateway === gateway.name && nowMs >= each.fromMs && nowMs < each.toMs,
      )
      exposition.gateways.set({ ...gateway, up: !failing, breakerOpen: failing })
    }
    await exposition.render()
    const page = await exposition.page('openmetrics', false)
    onScrape({ atMs: nowMs, page: page.body.toString('utf8'), isWhole })
    page.release()
  }

  for (let cycleMs = fromMs; cycleMs < toMs; ) {
    const { everyMs } = ofAge(CHECKS, toMs - cycleMs)
    for (const [index, one] of fleet.entries()) {
      nowMs = cycleMs + (everyMs * (index + 1)) / (fleet.length + 1)
      check(one, everyMs)
    }
    cycleMs += everyMs
    const isWhole = cycleMs % ofAge(SCRAPES, toMs - cycleMs).everyMs === 0
    if (!isWhole && cycleMs % TILE_MS !== 0) continue
    nowMs = cycleMs
    await scrape(isWhole)
  }
  for (const { health } of fleet) if (health.incident !== null) incidents.set(health.incident.id, health.incident)
  return {
    ledgers: fleet.map(({ account, health }) => ({ account, health })),
    incidents: [...incidents.values()],
    transitions,
    recoveries: [...recoveries.values()],
    samples,
  }
}

function ofAge<T extends { readonly upToMs: number }>(steps: readonly [T, ...T[]], ageMs: number): T {
  return steps.find(({ upToMs }) => ageMs <= upToMs) ?? steps[0]
}

function presentTrouble(one: Living, nowMs: number): Trouble | null {
  for (; one.next < one.troubles.length; one.next++) {
    const trouble = one.troubles[one.next]
    if (trouble === undefined || nowMs < trouble.fromMs) return null
    if (nowMs < Math.min(trouble.toMs, one.cured.get(trouble) ?? trouble.toMs)) return trouble
  }
  return null
}

/** What the rules make of a gateway's failure is told in src/health/attribution.ts. */
function observed(
  one: Living,
  trouble: Trouble | null,
  failure: string | null,
  atMs: number,
  durationMs: number,
): Observation {
  const seen = { atMs, durationMs, native: 'SIMULATED', evidence: evidenceOf(one) }
  if (failure === 'rate_limited') return { ...seen, state: 'unknown', reason: 'rate_limited' }
  if (failure !== null) return { ...seen, state: 'disconnected', reason: 'gateway_down' }
  return { ...seen, state: trouble?.state ?? 'connected', reason: trouble?.reason ?? null }
}

function evidenceOf({ driver, account, lastActivityAtMs }: Living): Evidence {
  if (driver === 'cloud-api') return { qualityRating: account.account.endsWith('1') ? 2 : 3, messagingLimit: 10_000 }
  return { lastActivityAtMs }
}

/** Slower by day, with the long tail that networks have. */
function responseMs(driver: string, atMs: number, slower: number, random: () => number): number {
  const tail = random() > 0.99 ? 1 + 6 * random() : 1
  const noise = 0.8 + 0.4 * random()
  return (RESPONSE_MS[driver] ?? 60) * (0.7 + 0.6 * busy(atMs)) * noise * tail * slower
}

/** 0 by night to 1 at two in the afternoon. */
function busy(atMs: number): number {
  return 0.5 + 0.5 * Math.sin(((atMs % DAY) / DAY) * 2 * Math.PI - Math.PI * 0.67)
}
