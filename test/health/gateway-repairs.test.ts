import { describe, expect, test } from 'vitest'
import {
  closeHealed,
  failsTogether,
  type GatewayRepairs,
  hourlyUse,
  judgeBreaker,
  newGatewayRepairs,
  noteEnded,
  noteRequested,
  repairsFrom,
} from '../../src/health/gateway-repairs.ts'
import type { RecoveryAttempt, RecoveryOutcome } from '../../src/health/recovery.ts'
import { play, RECOVERY, type Seen, T0 } from './fixtures.ts'

const HOUR_MS = 3_600_000

const attempt = (id: string, requestedMs: number, outcome: RecoveryOutcome = 'pending'): RecoveryAttempt => ({
  id,
  key: 'waha-1/sales-01',
  account: 'sales-01',
  gateway: 'waha-1',
  incidentId: null,
  attempt: 1,
  by: 'policy',
  reason: null,
  requestedMs,
  acceptedMs: null,
  endMs: null,
  outcome,
  detail: '',
})

describe('limits of one gateway', () => {
  test('an attempt is in flight until it ends, and counts for an hour', () => {
    const started = noteRequested(newGatewayRepairs(), attempt('a', T0))
    expect(started).toMatchObject({ inFlight: ['a'], startedMs: [T0] })
    const ended = noteEnded(started, attempt('a', T0, 'failed'), T0 + 1_000)
    expect(ended).toMatchObject({ inFlight: [], startedMs: [T0] })
    expect(hourlyUse(ended, T0 + HOUR_MS - 1)).toEqual({ used: 1, freeAtMs: T0 + HOUR_MS })
    expect(hourlyUse(ended, T0 + HOUR_MS)).toEqual({ used: 0, freeAtMs: null })
  })

  test('old starts are dropped, so that the list stays short', () => {
    let repairs = newGatewayRepairs()
    for (let minute = 0; minute < 600; minute += 1)
      repairs = noteRequested(repairs, attempt(`a${minute}`, T0 + minute * 60_000, 'dry_run'))
    expect(repairs.startedMs).toHaveLength(60)
  })

  test('a dry run counts for the hour but is never in flight', () => {
    expect(noteRequested(newGatewayRepairs(), attempt('a', T0, 'dry_run'))).toMatchObject({
      inFlight: [],
      startedMs: [T0],
    })
  })

  test('starts of a clock that ran ahead do not count', () => {
    expect(hourlyUse({ ...newGatewayRepairs(), startedMs: [T0 + HOUR_MS] }, T0).used).toBe(0)
  })

  test('are rebuilt from the attempts of the store', () => {
    const repairs = repairsFrom(
      [attempt('b', T0 - 5, 'pending'), attempt('a', T0 - 9, 'verified'), attempt('old', T0 - HOUR_MS, 'failed')],
      T0,
    )
    expect(repairs).toEqual({ startedMs: [T0 - 9, T0 - 5], inFlight: ['b'], breaker: { state: 'closed' } })
  })
})

describe('the breaker', () => {
  const open = (nowMs = T0) =>
    judgeBreaker(newGatewayRepairs(), { accounts: 4, failing: 3, confirmed: 1 }, RECOVERY, nowMs)
  const QUIET = { accounts: 4, failing: 0, confirmed: 0 }
  const halfOpen = () => judgeBreaker(open(), QUIET, RECOVERY, T0 + 600_000)
  const probing = () => noteRequested(halfOpen(), attempt('probe', T0 + 600_000))
  const end = (repairs: GatewayRepairs, outcome: RecoveryOutcome) =>
    noteEnded(repairs, attempt('probe', T0 + 600_000, outcome), T0 + 700_000).breaker

  const table: Record<string, { accounts: number; failing: number; confirmed: number; state: string }> = {
    'opens when its share of the accounts fails together': { accounts: 6, failing: 3, confirmed: 1, state: 'open' },
    'stays closed below the share': { accounts: 7, failing: 3, confirmed: 3, state: 'closed' },
    'stays closed below the minimum': { accounts: 2, failing: 2, confirmed: 2, state: 'closed' },
    'stays closed while no failure is confirmed': { accounts: 6, failing: 6, confirmed: 0, state: 'closed' },
    'stays closed without accounts': { accounts: 0, failing: 0, confirmed: 0, state: 'closed' },
  }
  for (const [name, { state, ...failure }] of Object.entries(table)) {
    test(name, () => {
      const before = newGatewayRepairs()
      const after = judgeBreaker(before, failure, RECOVERY, T0)
      expect(after.breaker.state).toBe(state)
      if (state === 'closed') expect(after).toBe(before)
    })
  }

  test('stays open through its cooldown, then lets one probe through', () => {
    const opened = open()
    expect(judgeBreaker(opened, QUIET, RECOVERY, T0 + 599_999)).toBe(opened)
    expect(halfOpen().breaker).toEqual({ state: 'half-open', cooldownMs: 600_000, probe: null })
    expect(probing().breaker).toMatchObject({ state: 'half-open', probe: 'probe' })
  })

  test('a clock that went back ends the cooldown', () => {
    expect(judgeBreaker(open(), QUIET, RECOVERY, T0 - 1).breaker.state).toBe('half-open')
  })

  test('closes when the probe is verified', () => expect(end(probing(), 'verified')).toEqual({ state: 'closed' }))

  for (const outcome of ['failed', 'rejected', 'needs_human'] as const) {
    test(`opens for twice as long when the probe ends as ${outcome}`, () =>
      expect(end(probing(), outcome)).toEqual({ state: 'open', openedMs: T0 + 700_000, cooldownMs: 1_200_000 }))
  }

  test('asks again when the probe was interrupted', () =>
    expect(end(probing(), 'interrupted')).toEqual({ state: 'half-open', cooldownMs: 600_000, probe: null }))

  test('is never open for longer than an hour', () => {
    let repairs = open()
    let nowMs = T0
    for (let round = 0; round < 10; round += 1) {
      nowMs += HOUR_MS
      repairs = noteRequested(judgeBreaker(repairs, QUIET, RECOVERY, nowMs), attempt(`p${round}`, nowMs))
      repairs = noteEnded(repairs, attempt(`p${round}`, nowMs, 'failed'), nowMs)
    }
    expect(repairs.breaker).toMatchObject({ state: 'open', cooldownMs: HOUR_MS })
  })

  test('does not ask the end of another attempt', () => {
    expect(noteEnded(probing(), attempt('other', T0, 'verified'), T0).breaker).toMatchObject({
      state: 'half-open',
      probe: 'probe',
    })
  })

  const together: Record<string, { seen: Seen[]; afterMs?: number; together: boolean }> = {
    'a fresh disconnect counts': { seen: ['disconnected'], together: true },
    'connecting counts': { seen: ['connecting'], together: true },
    'a healthy account does not count': { seen: ['connected'], together: false },
    'a logged-out account does not count': { seen: ['awaiting_auth'], together: false },
    'a blind account does not count': { seen: ['disconnected', 'unknown'], together: false },
    'an account of a gateway that is down does not count': { seen: ['disconnected/gateway_down'], together: false },
    'a stale account does not count where it may not be restarted': { seen: ['degraded/stale'], together: false },
    'a run that began before the last cooldown does not count': {
      seen: ['disconnected'],
      afterMs: 600_001,
      together: false,
    },
  }
  for (const [name, { seen, afterMs = 0, together: counts }] of Object.entries(together)) {
    test(name, () => expect(failsTogether(play(seen).health, RECOVERY, T0 + afterMs)).toBe(counts))
  }
})

describe('a breaker whose accounts healed by themselves', () => {
  const halfOpen: GatewayRepairs = {
    ...newGatewayRepairs(),
    breaker: { state: 'half-open', cooldownMs: 1, probe: null },
  }
  const none = { accounts: 10, failing: 0, confirmed: 0 }

  test('closes without a probe', () => {
    expect(closeHealed(halfOpen, none).breaker).toEqual({ state: 'closed' })
  })

  test('waits for its probe, for its cooldown, and while one still fails', () => {
    const probing: GatewayRepairs = { ...halfOpen, breaker: { state: 'half-open', cooldownMs: 1, probe: 'p' } }
    const open: GatewayRepairs = { ...halfOpen, breaker: { state: 'open', openedMs: T0, cooldownMs: 1 } }
    for (const repairs of [probing, open]) expect(closeHealed(repairs, none)).toBe(repairs)
    expect(closeHealed(halfOpen, { ...none, failing: 1 })).toBe(halfOpen)
  })
})
