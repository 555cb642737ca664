import { describe, expect, test } from 'vitest'
import type { AccountHealth, HealthEvent, Incident } from '../../src/health/health.ts'
import { advance, newHealth, removeAccount } from '../../src/health/verdict.ts'
import { account, INTERVAL_MS, observation, POLICY, play, type Seen, T0 } from './fixtures.ts'

const good = 'connected'
const bad = 'disconnected/network'
const blind = 'unknown/other'
const times = (count: number, seen: Seen): Seen[] => Array.from({ length: count }, () => seen)
const DOWN = [good, ...times(3, bad)]

function incidents(events: readonly HealthEvent[], type: HealthEvent['type']): Incident[] {
  return events.flatMap((event) => (event.type === type && 'incident' in event ? [event.incident] : []))
}

describe('status', () => {
  const table: Record<string, { seen: Seen[]; status: AccountHealth['status']; incident: boolean }> = {
    'a fresh account is unknown before any check': { seen: [], status: 'unknown', incident: false },
    'a fresh account is healthy after its first good check': { seen: [good], status: 'healthy', incident: false },
    'one bad check is a warning': { seen: [good, bad], status: 'warning', incident: false },
    'two bad checks are still a warning': { seen: [good, bad, bad], status: 'warning', incident: false },
    'unhealthyAfter bad checks in a row are unhealthy': { seen: DOWN, status: 'unhealthy', incident: true },
    'a good check in between starts the count again': {
      seen: [bad, bad, good, bad, bad],
      status: 'warning',
      incident: false,
    },
    'a warning is healthy again at the first good check': {
      seen: [good, bad, good],
      status: 'healthy',
      incident: false,
    },
    'an incident does not end with one good check': { seen: [...DOWN, good], status: 'unhealthy', incident: true },
    'an incident ends with healthyAfter good checks': {
      seen: [...DOWN, good, good],
      status: 'healthy',
      incident: false,
    },
    'blocked needs one confirmation only': {
      seen: [good, ...times(2, 'blocked/banned')],
      status: 'unhealthy',
      incident: true,
    },
    'blocked once is a warning': { seen: [good, 'blocked/banned'], status: 'warning', incident: false },
    'awaiting_auth needs one confirmation only': {
      seen: [good, ...times(2, 'awaiting_auth')],
      status: 'unhealthy',
      incident: true,
    },
    'an account that never was paired is unhealthy: it needs a person': {
      seen: times(2, 'awaiting_auth'),
      status: 'unhealthy',
      incident: true,
    },
    'connecting is a warning': { seen: [good, ...times(5, 'connecting')], status: 'warning', incident: false },
    'connecting exactly as long as connectingLimit is a warning': {
      seen: [good, ...times(13, 'connecting')],
      status: 'warning',
      incident: false,
    },
    'connecting for longer than connectingLimit is unhealthy': {
      seen: [good, ...times(14, 'connecting')],
      status: 'unhealthy',
      incident: true,
    },
    'a bad check at the end of a long connecting run confirms it': {
      seen: [good, ...times(5, 'connecting'), bad],
      status: 'unhealthy',
      incident: true,
    },
    'a slow answer is a warning': { seen: [{ durationMs: 2_001 }], status: 'warning', incident: false },
    'an answer as slow as slowAfter is healthy': { seen: [{ durationMs: 2_000 }], status: 'healthy', incident: false },
    'slow answers never become an incident': {
      seen: times(9, { durationMs: 9_000 }),
      status: 'warning',
      incident: false,
    },
    'limited by quality is a warning and stays usable': {
      seen: times(9, 'degraded/quality'),
      status: 'warning',
      incident: false,
    },
    'limited by a timelock is a warning': { seen: times(9, 'degraded/timelock'), status: 'warning', incident: false },
    'an incident ends with limited but usable checks': {
      seen: [...DOWN, ...times(2, 'degraded/capped')],
      status: 'warning',
      incident: false,
    },
    'degraded for a temporary ban is bad': {
      seen: times(3, 'degraded/temp_banned'),
      status: 'unhealthy',
      incident: true,
    },
    'degraded without a reason is bad': { seen: times(3, 'degraded'), status: 'unhealthy', incident: true },
    'a check that sees nothing makes the status unknown': { seen: [good, blind], status: 'unknown', incident: false },
    'blind checks never open an incident': {
      seen: [good, bad, bad, ...times(9, blind)],
      status: 'unknown',
      incident: false,
    },
    'a bad run goes on after blindness': {
      seen: [good, bad, bad, blind, blind, bad],
      status: 'unhealthy',
      incident: true,
    },
    'an incident stays open while blind': { seen: [...DOWN, blind], status: 'unknown', incident: true },
    'a good run goes on after blindness': { seen: [...DOWN, good, blind, good], status: 'healthy', incident: false },
    'stopped on purpose owes no verdict': { seen: [good, 'stopped'], status: 'unknown', incident: false },
    'stopped for long owes no verdict': { seen: times(9, 'stopped'), status: 'unknown', incident: false },
  }
  for (const [name, { seen, status, incident }] of Object.entries(table)) {
    test(name, () => {
      const { health } = play(seen)
      expect({ status: health.status, incident: health.incident !== null }).toEqual({ status, incident })
    })
  }

  test('stopped is a fault where the account should be running', () => {
    const { health } = play(times(3, 'stopped'), { who: account({ desired: 'running' }) })
    expect(health).toMatchObject({ status: 'unhealthy', state: 'disconnected', reason: 'other', native: 'NATIVE' })
    expect(health.incident?.cause).toBe('other')
  })

  test('unhealthyAfter 1 confirms at once, also a definite state', () => {
    const policy = { ...POLICY, unhealthyAfter: 1 }
    expect(play(['blocked'], { policy }).health.status).toBe('unhealthy')
    expect(play([bad], { policy }).health.status).toBe('unhealthy')
  })

  test('connected without activity for longer than staleAfter is degraded', () => {
    const policy = { ...POLICY, staleAfterMs: 3_600_000 }
    const quiet: Seen = { evidence: { lastActivityAtMs: T0 - 3_600_001 } }
    expect(play(times(3, quiet), { policy }).health).toMatchObject({
      status: 'unhealthy',
      state: 'degraded',
      reason: 'stale',
    })
    expect(play(times(3, quiet)).health.status).toBe('healthy')
    expect(play([{ evidence: { lastActivityAtMs: T0 - 3_600_000 } }], { policy }).health.status).toBe('healthy')
    expect(play([good], { policy }).health.status).toBe('healthy')
  })

  test('a slow answer names its reason, but not over a better one', () => {
    expect(play([{ durationMs: 3_000 }]).health.reason).toBe('slow')
    expect(play([{ durationMs: 3_000, state: 'degraded', reason: 'quality' }]).health.reason).toBe('quality')
  })
})

describe('incident', () => {
  test('runs from the first bad check to the first good one', () => {
    const { events } = play([...DOWN, bad, good, good])
    const [opened] = incidents(events, 'incident-opened')
    const [resolved] = incidents(events, 'incident-resolved')
    expect(opened).toMatchObject({
      startMs: T0 + INTERVAL_MS,
      detectedMs: T0 + 3 * INTERVAL_MS,
      endMs: null,
      cause: 'network',
      state: 'disconnected',
      resolution: null,
    })
    expect(resolved).toMatchObject({
      id: opened?.id,
      startMs: T0 + INTERVAL_MS,
      endMs: T0 + 5 * INTERVAL_MS,
      downtimeMs: 4 * INTERVAL_MS,
      resolution: 'recovered',
    })
  })

  test('its id depends on account and start only', () => {
    const [first] = incidents(play(DOWN).events, 'incident-opened')
    const [again] = incidents(play([...DOWN, bad]).events, 'incident-opened')
    const [other] = incidents(play(DOWN, { who: account({ key: 'waha-2/sales-01' }) }).events, 'incident-opened')
    expect(first?.id).toMatch(/^[\w-]{16}$/)
    expect(again?.id).toBe(first?.id)
    expect(other?.id).not.toBe(first?.id)
  })

  test('a relapse before healthyAfter goes on with the same incident', () => {
    const { events, health } = play([...DOWN, good, bad, bad, bad, good, good])
    expect(incidents(events, 'incident-opened')).toHaveLength(1)
    expect(incidents(events, 'incident-resolved')).toMatchObject([
      { endMs: T0 + 8 * INTERVAL_MS, downtimeMs: 7 * INTERVAL_MS },
    ])
    expect(health.counters).toMatchObject({ incidents: 1, incidentsResolved: 1, downtimeMs: 7 * INTERVAL_MS })
  })

  test('a more definite cause replaces a vaguer one, never the other way round', () => {
    const { events, health } = play([...DOWN, 'awaiting_auth/logged_out', 'disconnected/gateway_down'])
    expect(incidents(events, 'incident-updated').map(({ cause, state }) => [cause, state])).toEqual([
      ['logged_out', 'awaiting_auth'],
      ['logged_out', 'disconnected'],
    ])
    expect(health.incident?.cause).toBe('logged_out')
  })

  test('an unchanged bad check updates downtime without an event', () => {
    const { events, health } = play([...DOWN, bad, bad])
    expect(incidents(events, 'incident-updated')).toEqual([])
    expect(health.incident?.downtimeMs).toBe(4 * INTERVAL_MS)
  })

  const causes: Record<string, { seen: string; cause: string }> = {
    'awaiting_auth without a reason is logged_out': { seen: 'awaiting_auth', cause: 'logged_out' },
    'blocked without a reason is banned': { seen: 'blocked', cause: 'banned' },
    'disconnected without a reason is other': { seen: 'disconnected', cause: 'other' },
    'a given reason is the cause': { seen: 'disconnected/conflict', cause: 'conflict' },
  }
  for (const [name, { seen, cause }] of Object.entries(causes)) {
    test(`cause: ${name}`, () => expect(play(times(3, seen)).health.incident?.cause).toBe(cause))
  }

  test('is repaired when an accepted attempt came before its end', () => {
    const { health } = play(DOWN)
    const repairing: AccountHealth = {
      ...health,
      recovery: { ...health.recovery, pending: { id: 'a', requestedMs: T0 + 46_000, acceptedMs: T0 + 47_000 } },
    }
    expect(incidents(play([good, good], { from: repairing }).events, 'incident-resolved')[0]?.resolution).toBe(
      'repaired',
    )
  })

  test('is not repaired by an attempt that the gateway accepted after its end', () => {
    const { health } = play([...DOWN, good])
    const atMs = T0 + 4 * INTERVAL_MS
    const late = { ...health.recovery, pending: { id: 'a', requestedMs: atMs - 500, acceptedMs: atMs + 500 } }
    const { events } = play([good], { from: { ...health, recovery: late } })
    expect(incidents(events, 'incident-resolved')[0]?.resolution).toBe('recovered')
  })

  test('is not repaired by an attempt that was verified for an earlier incident', () => {
    const { health } = play(DOWN)
    const from: AccountHealth = { ...health, recovery: { ...health.recovery, verifiedMs: T0 } }
    expect(incidents(play([good, good], { from }).events, 'incident-resolved')[0]?.resolution).toBe('recovered')
  })

  test('is not repaired when it relapsed after the attempt was verified', () => {
    const { health } = play([...DOWN, good])
    const from: AccountHealth = { ...health, recovery: { ...health.recovery, verifiedMs: T0 + 4 * INTERVAL_MS } }
    expect(incidents(play([good], { from }).events, 'incident-resolved')[0]?.resolution).toBe('repaired')
    expect(incidents(play([bad, good, good], { from }).events, 'incident-resolved')[0]?.resolution).toBe('recovered')
  })

  test('ends as removed with its account', () => {
    const { health } = play(DOWN)
    const removed = removeAccount(health, T0 + 50_000)
    expect(removed.events).toMatchObject([
      {
        type: 'incident-resolved',
        incident: { endMs: T0 + 50_000, resolution: 'removed', downtimeMs: 2 * INTERVAL_MS },
      },
    ])
    expect(removed.health).toMatchObject({ incident: null, counters: { incidents: 1, incidentsResolved: 1 } })
  })

  test('removing a healthy account is no event', () => {
    const { health } = play([good])
    expect(removeAccount(health, T0)).toEqual({ health, events: [] })
  })
})

describe('clocks', () => {
  const sums: Record<string, { seen: Seen[]; observed: number; downtime: number; pending: number }> = {
    'the first check observes nothing': { seen: [good], observed: 0, downtime: 0, pending: 0 },
    'good checks observe time': { seen: times(5, good), observed: 4, downtime: 0, pending: 0 },
    'the state of a check holds until the next one': { seen: [good, bad], observed: 1, downtime: 0, pending: 0 },
    'bad time waits for its confirmation': { seen: [good, bad, bad], observed: 2, downtime: 0, pending: 1 },
    'confirmed bad time becomes downtime at once': { seen: DOWN, observed: 3, downtime: 2, pending: 0 },
    'downtime accrues with every check': { seen: [...DOWN, bad, bad], observed: 5, downtime: 4, pending: 0 },
    'a run that is not confirmed is forgotten': { seen: [good, bad, bad, good], observed: 3, downtime: 0, pending: 0 },
    'the segment up to the first good check is downtime': {
      seen: [...DOWN, good],
      observed: 4,
      downtime: 3,
      pending: 0,
    },
    'a relapse makes the good time in between downtime': {
      seen: [...DOWN, good, bad],
      observed: 5,
      downtime: 4,
      pending: 0,
    },
    'nothing is observed into, within or out of blindness': {
      seen: [good, good, blind, blind, good, good],
      observed: 2,
      downtime: 0,
      pending: 0,
    },
    'downtime stands still while blind': {
      seen: [...DOWN, blind, blind, bad, bad],
      observed: 4,
      downtime: 3,
      pending: 0,
    },
    'nothing is observed while stopped on purpose': {
      seen: [good, 'stopped', 'stopped', good],
      observed: 0,
      downtime: 0,
      pending: 0,
    },
  }
  for (const [name, { seen, observed, downtime, pending }] of Object.entries(sums)) {
    test(name, () => {
      const { health } = play(seen)
      expect([health.counters.observedMs, health.counters.downtimeMs, health.pendingDowntimeMs]).toEqual(
        [observed, downtime, pending].map((segments) => segments * INTERVAL_MS),
      )
    })
  }

  test('good time of an open incident waits until the incident ends', () => {
    const policy = { ...POLICY, healthyAfter: 3 }
    const { health } = play([...DOWN, good, good], { policy })
    expect(health).toMatchObject({ pendingDowntimeMs: INTERVAL_MS, counters: { downtimeMs: 3 * INTERVAL_MS } })
    expect(play([good], { from: health, policy }).health).toMatchObject({
      pendingDowntimeMs: 0,
      counters: { downtimeMs: 3 * INTERVAL_MS },
    })
    expect(play([bad], { from: health, policy }).health).toMatchObject({
      pendingDowntimeMs: 0,
      counters: { downtimeMs: 5 * INTERVAL_MS },
    })
  })

  const step = (from: AccountHealth, seen: Seen, afterMs: number, plannedMs = 0) =>
    advance(from, account(), observation(seen, (from.lastCheckMs ?? T0) + afterMs), POLICY, plannedMs)

  test('a gap of gapLimit is observed, a longer one is not', () => {
    const { health } = play([...DOWN])
    expect(step(health, bad, 45_000).sample).toMatchObject({ observedMs: 45_000, downtimeMs: 45_000 })
    expect(step(health, bad, 45_001).sample).toMatchObject({ observedMs: 0, downtimeMs: 0 })
  })

  test('maintenance is neither observed nor downtime', () => {
    const { health } = play([...DOWN])
    expect(step(health, bad, 15_000, 10_000).sample).toMatchObject({ observedMs: 5_000, downtimeMs: 5_000 })
    expect(step(health, bad, 15_000, 15_000).sample).toMatchObject({ observedMs: 0, downtimeMs: 0 })
    expect(step(health, bad, 15_000, 99_000).sample).toMatchObject({ observedMs: 0, downtimeMs: 0 })
    expect(step(health, bad, 15_000, -5).sample).toMatchObject({ observedMs: 15_000, downtimeMs: 15_000 })
  })

  test('maintenance does not count towards connectingLimit', () => {
    expect(play([good, ...times(60, 'connecting')], { plannedMs: INTERVAL_MS }).health.status).toBe('warning')
  })

  test('a clock that jumps back adds nothing and leaves no moment in the future', () => {
    const { health } = play([good, bad, bad])
    const { health: after, sample, events } = step(health, bad, -3_600_000)
    expect(sample).toMatchObject({ observedMs: 0, downtimeMs: INTERVAL_MS })
    const now = after.lastCheckMs ?? 0
    expect(after.badSinceMs).toBeLessThanOrEqual(now)
    expect(after.stateSinceMs).toBeLessThanOrEqual(now)
    expect(after.counters.detectionDelayMs).toBe(0)
    expect(incidents(events, 'incident-opened')[0]).toMatchObject({ startMs: now, detectedMs: now })
  })

  test('an incident never ends before it began', () => {
    const { health } = play(DOWN)
    const back = step(health, good, -3_600_000)
    const [resolved] = incidents(step(back.health, good, 15_000).events, 'incident-resolved')
    expect(resolved?.endMs).toBe(resolved?.startMs)
  })

  test('a clock that jumps forward is a gap', () => {
    const { health } = play([...DOWN])
    expect(step(health, bad, 86_400_000).health.counters.downtimeMs).toBe(2 * INTERVAL_MS)
  })

  test('detection delay is the time from the first bad check to its confirmation', () => {
    expect(play(DOWN).health.counters.detectionDelayMs).toBe(2 * INTERVAL_MS)
  })
})

describe('bookkeeping', () => {
  test('blind checks count as checks, not as failures', () => {
    const { health, samples } = play([good, blind, bad, 'connecting', 'stopped'])
    expect(health.counters).toMatchObject({ checks: 5, checkFailures: 2 })
    expect(samples.map((sample) => sample.good)).toEqual([true, true, false, false, true])
  })

  test('a check without any change makes no event and shares one empty list', () => {
    const { health } = play([good])
    const one = advance(health, account(), observation(good, T0 + 15_000), POLICY, 0)
    const two = advance(one.health, account(), observation(good, T0 + 30_000), POLICY, 0)
    expect(one.events).toEqual([])
    expect(two.events).toBe(one.events)
  })

  test('a change of state or status is one transition', () => {
    const { events } = play([good, good, 'connecting', good])
    expect(
      events.map((event) => event.type === 'transition' && [event.transition.fromStatus, event.transition.toState]),
    ).toEqual([
      ['unknown', 'connected'],
      ['healthy', 'connecting'],
      ['warning', 'connected'],
    ])
  })

  test('stateSince and statusSince move only with a change', () => {
    const { health } = play([good, good, bad, bad, bad])
    expect(health).toMatchObject({
      stateSinceMs: T0 + 2 * INTERVAL_MS,
      statusSinceMs: T0 + 4 * INTERVAL_MS,
      lastCheckMs: T0 + 4 * INTERVAL_MS,
      lastSuccessMs: T0 + INTERVAL_MS,
      badSinceMs: T0 + 2 * INTERVAL_MS,
      consecutiveFailures: 3,
      consecutiveSuccesses: 0,
    })
  })

  test('healthySince survives a usable warning, but no bad check, no blindness and no open incident', () => {
    expect(play([good, { durationMs: 9_000 }, good]).health.healthySinceMs).toBe(T0)
    expect(play([good, bad, good]).health.healthySinceMs).toBe(T0 + 2 * INTERVAL_MS)
    expect(play([good, blind]).health.healthySinceMs).toBeNull()
    expect(play([...DOWN, good]).health.healthySinceMs).toBeNull()
    expect(play([...DOWN, good, good]).health.healthySinceMs).toBe(T0 + 5 * INTERVAL_MS)
  })

  test('evidence and duration of the last check that saw stay through blindness', () => {
    const { health } = play([
      { evidence: { qualityRating: 3 }, durationMs: 90 },
      { state: 'unknown', durationMs: 5_000 },
    ])
    expect(health).toMatchObject({ evidence: { qualityRating: 3 }, lastDurationMs: 90, state: 'unknown' })
  })

  const pairings: Record<string, { seen: Seen[]; paired: number | null }> = {
    'leaving awaiting_auth is a pairing': { seen: ['awaiting_auth', 'connecting'], paired: 1 },
    'a blind check hides nothing of an open incident': { seen: [...times(2, 'awaiting_auth'), blind, good], paired: 3 },
    'being stopped while waiting is no pairing': { seen: ['awaiting_auth', 'stopped'], paired: null },
    'a first connection is no pairing': { seen: [good], paired: null },
    'an account that lost its network was not paired': { seen: [...DOWN, blind, good], paired: null },
  }
  for (const [name, { seen, paired }] of Object.entries(pairings)) {
    test(name, () => expect(play(seen).health.pairedMs).toBe(paired === null ? null : T0 + paired * INTERVAL_MS))
  }

  test('new health is unknown and all zero', () => {
    expect(newHealth('a/b', T0)).toMatchObject({
      key: 'a/b',
      status: 'unknown',
      lastCheckMs: null,
      counters: { checks: 0 },
    })
  })
})
