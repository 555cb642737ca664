import { beforeAll, describe, expect, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { ACCOUNT_FAMILIES } from '../../src/metrics/catalogue.ts'
import { analyse } from '../../src/reports/analyse.ts'
import type { Figures } from '../../src/reports/analysis.ts'
import { parsePeriod } from '../../src/reports/period.ts'
import { storeHistory } from '../../src/reports/store-history.ts'
import { accountRecordings } from '../../src/rules/account-recordings.ts'
import { groupRecordings } from '../../src/rules/group-recordings.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import { type BackfilledPrometheus, backfilledPrometheus } from './backfilled-prometheus.ts'
import { ACCOUNTS, DAY_END, DAY_START, HOUR, simulateDay, WINDOWS } from './simulated-day.ts'

/** What the recorded series are made of. */
const FAMILIES = [
  'observed',
  'downtime',
  'maintenance',
  'objective',
  'incidents',
  'incidentsResolved',
  'detectionDelay',
  'recoveryAttempts',
  'recoveryFailures',
] as const
const WANTED_LINES = new RegExp(`^(?:${FAMILIES.map((name) => ACCOUNT_FAMILIES[name].name).join('|')})\\{.*$`, 'gm')
const BLOCK_MS = 2 * HOUR
const MINUTE = 60_000

/** How far the 1-day series may lie behind, and the 30-day ones (docs/slo.md). */
const LAG_MS = { day: 9 * MINUTE, month: 133 * MINUTE }
const DAY_SETTLED_MS = DAY_END + LAG_MS.day
const SETTLED_MS = DAY_END + LAG_MS.month

/** Recorded series by what they measure, and when they hold all of the day. */
const SERIES = {
  availabilityOfDay: { name: 'whatsapp_availability:ratio_1d', atMs: DAY_SETTLED_MS },
  availability: { name: 'whatsapp_availability:ratio_30d', atMs: SETTLED_MS },
  coverage: { name: 'whatsapp_coverage:ratio_1d', atMs: DAY_SETTLED_MS },
  mttr: { name: 'whatsapp_mttr_seconds:7d', atMs: SETTLED_MS },
  mttrOfMonth: { name: 'whatsapp_mttr_seconds:30d', atMs: SETTLED_MS },
  mttd: { name: 'whatsapp_mttd_seconds:30d', atMs: SETTLED_MS },
  reliability: { name: 'whatsapp_reliability_score:30d', atMs: SETTLED_MS },
  mtbf: { name: 'whatsapp_mtbf_seconds:30d', atMs: SETTLED_MS },
  recoverySuccess: { name: 'whatsapp_recovery_success:ratio_30d', atMs: SETTLED_MS },
  incidents: { name: 'whatsapp_incidents:increase30d', atMs: SETTLED_MS },
} as const

/** What one account, or the fleet, has in both. */
interface Pair {
  readonly recorded: { readonly [name in keyof typeof SERIES]: number | null }
  readonly ledger: Figures
}

const FLEET = 'the fleet'
const pairs = new Map<string, Pair>()

beforeAll(async () => {
  const prometheus = await backfilledPrometheus()
  const store = sqliteStore({ path: ':memory:' }, silentLog)
  try {
    const blocks = new Map<number, string[]>()
    await simulateDay(store, SETTLED_MS, (atMs, page) => {
      const start = Math.floor(atMs / BLOCK_MS)
      const lines = blocks.get(start) ?? []
      blocks.set(start, lines)
      for (const line of page.match(WANTED_LINES) ?? []) lines.push(scraped(line, atMs))
    })
    for (const lines of blocks.values()) await prometheus.addSamples(lines.join(''))
    const groups = [...accountRecordings, ...groupRecordings]
    const wanted = Object.values(SERIES).flatMap(({ name }) => [`account:${name}`, `fleet:${name}`])
    // A quarter of an hour earlier than the first question: groups of rules run at times of their own.
    const past = { fromMs: DAY_START, askedFromMs: DAY_SETTLED_MS - 15 * MINUTE, toMs: SETTLED_MS }
    await prometheus.record(groups, wanted, past)
    const analysis = await analyse(
      { period: parsePeriod('2026-03-10', 'UTC', SETTLED_MS), selection: {} },
      {
        accounts: () => ACCOUNTS.map((account) => ({ account, gone: false })),
        ledger: store,
        history: storeHistory(store),
        windows: () => WINDOWS,
        defaultObjective: 0.995,
        now: () => SETTLED_MS,
      },
      new AbortController().signal,
    )
    const ofAccounts = await recordedBy('account', prometheus)
    const ofFleet = await recordedBy('fleet', prometheus)
    for (const figures of analysis.accounts) {
      const { account } = figures.account
      pairs.set(account, { recorded: pick(ofAccounts, account), ledger: figures })
    }
    pairs.set(FLEET, { recorded: pick(ofFleet, ''), ledger: analysis.fleet })
  } finally {
    await store.close()
    await prometheus.end()
  }
})

type Recorded = { readonly [name in keyof typeof SERIES]: ReadonlyMap<string, number> }

async function recordedBy(level: 'account' | 'fleet', prometheus: BackfilledPrometheus): Promise<Recorded> {
  const found = Object.entries(SERIES).map(
    async ([key, { name, atMs }]) => [key, await prometheus.query(`${level}:${name}`, atMs)] as const,
  )
  return Object.fromEntries(await Promise.all(found)) as Recorded // one entry per series
}

function pick(recorded: Recorded, name: string): Pair['recorded'] {
  return Object.fromEntries(
    Object.entries(recorded).map(([key, values]) => [key, values.get(name) ?? null]),
  ) as Pair['recorded'] // one entry per series
}

/** A line of the page as Prometheus keeps it: with the labels of the target, and the time of the scrape. */
function scraped(line: string, atMs: number): string {
  return `${line.replace('{', '{instance="exporter:19292",job="whatsapp-exporter",')} ${atMs / 1000}\n`
}

function pairOf(name: string): Pair {
  const pair = pairs.get(name)
  if (pair === undefined) throw new Error(`nothing is known of ${name}`)
  return pair
}

const seconds = (ms: number | null) => (ms === null ? null : ms / 1000)
/** Digits after which both are arithmetic in floating point. */
const DIGITS = 9

describe.each([...ACCOUNTS.map(({ account }) => account), FLEET])('of %s', (name) => {
  test('availability is the same', () => {
    const { recorded, ledger } = pairOf(name)
    expect(ledger.availability).not.toBeNull()
    expect(recorded.availability).toEqual(close(ledger.availability))
    expect(recorded.reliability).toEqual(close(ledger.reliability))
  })

  test('availability and coverage of a day are the same but for the minutes by which the series lie behind', () => {
    const { recorded, ledger } = pairOf(name)
    const unavailability = 1 - (ledger.availability ?? Number.NaN)
    const share = LAG_MS.day / (DAY_END - DAY_START)
    const off = (value: number | null, exact: number | null) => Math.abs((value ?? Number.NaN) - (exact ?? Number.NaN))
    expect(off(recorded.availabilityOfDay, ledger.availability)).toBeLessThanOrEqual(unavailability * share)
    expect(off(recorded.coverage, ledger.coverage)).toBeLessThanOrEqual(share)
  })

  test('incidents, and the mean times to detect, to repair and between failures are the same', () => {
    const { recorded, ledger } = pairOf(name)
    expect(recorded.incidents).toBe(ledger.incidents)
    expect(recorded.mttr).toEqual(close(seconds(ledger.mttrMs)))
    expect(recorded.mttrOfMonth).toEqual(close(seconds(ledger.mttrMs)))
    expect(recorded.mttd).toEqual(close(seconds(ledger.mttdMs)))
    expect(recorded.mtbf).toEqual(close(seconds(ledger.mtbfMs)))
  })

  test('recovery success is the same but for restarts whose outcome nobody knows', () => {
    const { recorded, ledger } = pairOf(name)
    const { attempts, verified, failed, success } = ledger.recovery
    expect(recorded.recoverySuccess).toEqual(close(attempts === 0 ? null : 1 - failed / attempts))
    const unknown = attempts - verified - failed
    if (success !== null)
      expect(Math.abs((recorded.recoverySuccess ?? 0) - success)).toBeLessThanOrEqual(unknown / attempts)
  })
})

test('the day has what could make the two differ', () => {
  const { incidents, mttrMs, recovery, plannedMs, coverage } = pairOf(FLEET).ledger
  expect({ incidents, mttrMs, recovery, plannedMs }).toEqual({
    incidents: 10,
    mttrMs: 1_638_000,
    recovery: { attempts: 28, verified: 7, failed: 19, success: 7 / 26 },
    plannedMs: HOUR,
  })
  expect(coverage).toBeLessThan(0.995)
})

function close(value: number | null): unknown {
  return value === null ? null : expect.closeTo(value, DIGITS)
}
