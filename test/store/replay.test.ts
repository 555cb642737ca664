import { describe, expect, test } from 'vitest'
import type { Observation } from '../../src/accounts/observation.ts'
import { REASONS, STATES } from '../../src/accounts/vocabulary.ts'
import type { AccountHealth, HealthPolicy, Incident, Sample, Transition } from '../../src/health/health.ts'
import { advance, newHealth } from '../../src/health/verdict.ts'
import { silentLog } from '../../src/log.ts'
import { needsLedger, replayOf } from '../../src/store/replay.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import { accountOf, batchOf, HOUR, healthOf, incidentOf, SECOND, sampleOf, seeded, T0, tidy } from './fixtures.ts'

const policy: HealthPolicy = {
  unhealthyAfter: 3,
  healthyAfter: 2,
  slowAfterMs: 2000,
  connectingLimitMs: 60_000,
  gapLimitMs: 45_000,
  staleAfterMs: null,
}

describe('replay', () => {
  const health = healthOf('waha-1/a')

  test('without samples it is the ledger itself', () => {
    expect(replayOf(health).health()).toBe(health)
  })

  test('a blind check counts, and moves no run and no duration', () => {
    const replay = replayOf({ ...health, consecutiveSuccesses: 7, lastDurationMs: 50 })
    replay.take(sampleOf(health.key, T0, { state: 'unknown', status: 'unknown', durationMs: 5000, observedMs: 0 }))
    expect(replay.health()).toMatchObject({
      status: 'unknown',
      consecutiveSuccesses: 7,
      consecutiveFailures: 0,
      lastDurationMs: 50,
      lastSuccessMs: null,
      counters: { checks: 1, checkFailures: 0 },
    })
  })

  test('downtime of an open incident goes to the incident and to the counters', () => {
    const incident = incidentOf('i', accountOf('a'), T0, { downtimeMs: 30_000 })
    const replay = replayOf({ ...health, incident, badSinceMs: T0 })
    replay.take(
      sampleOf(health.key, T0 + 60_000, {
        state: 'disconnected',
        status: 'unhealthy',
        good: false,
        downtimeMs: 15_000,
      }),
    )
    expect(replay.health().incident?.downtimeMs).toBe(45_000)
    expect(replay.health().counters.downtimeMs).toBe(15_000)
    expect(replay.health().pendingDowntimeMs).toBe(0)
  })
})

describe('a ledger is needed', () => {
  const before = healthOf('waha-1/a', { consecutiveSuccesses: 3, lastSuccessMs: T0 })
  const sample = sampleOf(before.key, T0 + 15_000)
  const plain: AccountHealth = {
    ...before,
    lastCheckMs: sample.atMs,
    lastDurationMs: sample.durationMs,
    lastSuccessMs: sample.atMs,
    consecutiveSuccesses: 4,
    counters: { ...before.counters, checks: 1, observedMs: 15_000 },
  }
  const changes: Record<string, Partial<AccountHealth>> = {
    'when a run turned bad inside of one state': { badSinceMs: T0 },
    'when a good run began': { goodSinceMs: T0 },
    'when the state changed': { stateSinceMs: T0 + 1 },
    'when the status changed': { statusSinceMs: T0 + 1 },
    'when the account was paired': { pairedMs: T0 + 1 },
    'when an incident opened': { incident: incidentOf('i', accountOf('a'), T0) },
    'when the attempt budget moved': { recovery: { attemptsUsed: 1, notBeforeMs: 0, pending: null } },
    'when an attempt was asked for': {
      recovery: { attemptsUsed: 0, notBeforeMs: 0, pending: { id: 'r', requestedMs: T0, acceptedMs: null } },
    },
    'when time is held back outside of a run': { pendingDowntimeMs: 5 },
    'when a count does not follow from the sample': { consecutiveSuccesses: 9 },
  }
  test.each(Object.entries(changes))('%s', (_name, change) => {
    expect(needsLedger(before, { ...plain, ...change }, sample)).toBe(true)
  })

  test('but not for a plain check', () => {
    expect(needsLedger(before, plain, sample)).toBe(false)
  })
})

describe('what load gives is what was in memory', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('with seed %i', async (seed) => {
    const random = seeded(seed)
    const store = sqliteStore({ path: ':memory:' }, silentLog)
    const accounts = Array.from({ length: 6 }, (_, index) => accountOf(`a${index}`))
    const memory = new Map(accounts.map(({ key }) => [key, newHealth(key, T0)]))
    let ledgersAfterFirst = 0
    let checks = 0
    let nowMs = T0
    for (let seq = 1; seq <= 400; seq++) {
      nowMs += 15 * SECOND + Math.floor(random() * 200) + (random() < 0.02 ? 90 * SECOND : 0)
      const samples: Sample[] = []
      const transitions: Transition[] = []
      const incidents: Incident[] = []
      const due = new Set<string>()
      for (const account of accounts) {
        const before = memory.get(account.key) ?? newHealth(account.key, nowMs)
        const seen = observationOf(random, nowMs - Math.floor(random() * 1000), before)
        const plannedMs = random() < 0.05 ? 4000 : 0
        const { health, events, sample } = advance(before, account, seen, policy, plannedMs)
        samples.push(sample)
        for (const event of events) {
          if (event.type === 'transition') transitions.push(event.transition)
          else incidents.push(event.incident)
        }
        if (seq === 1 || needsLedger(before, health, sample)) due.add(account.key)
        memory.set(account.key, health)
      }
      checks += accounts.length
      if (seq > 1) ledgersAfterFirst += due.size
      const ledgers = accounts
        .filter(({ key }) => due.has(key))
        .map((account) => ({ account, health: memory.get(account.key) ?? newHealth(account.key, nowMs) }))
      await store.write(batchOf(seq, { atMs: nowMs, samples, transitions, incidents, ledgers }))
      if (seq % 150 === 0) await tidy(store, nowMs)
      if (seq % 40 !== 0) continue
      const { ledgers: loaded } = await store.load()
      for (const { account, health } of loaded) expect(replayed(health)).toEqual(replayed(memory.get(account.key)))
    }
    // Most checks of even this restless fleet need no ledger, or replay is not what is tested here.
    expect(ledgersAfterFirst).toBeLessThan(checks * 0.7)
    const range = { fromMs: T0, toMs: nowMs + HOUR }
    for (const { key } of accounts) {
      const sums = (await store.history(key, range, 24 * HOUR)).reduce(
        (sum, { checks: count, failures, observedMs, downtimeMs }) => ({
          checks: sum.checks + count,
          checkFailures: sum.checkFailures + failures,
          observedMs: sum.observedMs + observedMs,
          downtimeMs: sum.downtimeMs + downtimeMs,
        }),
        { checks: 0, checkFailures: 0, observedMs: 0, downtimeMs: 0 },
      )
      expect(memory.get(key)?.counters).toMatchObject(sums)
    }
    await store.close()
  })
})

/** Runs of one state with changes in between, as real accounts have them. */
function observationOf(random: () => number, atMs: number, before: AccountHealth): Observation {
  const stays = random() < 0.85 && before.lastCheckMs !== null
  const state = stays ? before.state : (STATES[Math.floor(random() * STATES.length)] ?? 'connected')
  const reason = stays
    ? before.reason
    : random() < 0.5
      ? null
      : (REASONS[Math.floor(random() * REASONS.length)] ?? null)
  return {
    atMs,
    durationMs: Math.floor(random() * 2500),
    state,
    reason: reason === 'slow' ? null : reason,
    native: 'NATIVE',
    evidence: {},
  }
}

/** Without what only the next check brings back. */
function replayed(health: AccountHealth | undefined) {
  return { ...health, native: '', evidence: {} }
}
