import { describe, expect, test } from 'vitest'
import type { AccountHealth } from '../../src/health/health.ts'
import type { RecoveryOutcome, RecoveryPolicy } from '../../src/health/recovery.ts'
import {
  acceptAttempt,
  interruptAttempt,
  type Repair,
  rejectAttempt,
  requestAttempt,
  resetBudget,
  verifyAttempt,
} from '../../src/health/recovery-attempt.ts'
import { account, INTERVAL_MS, POLICY, play, RECOVERY, type Seen, T0 } from './fixtures.ts'

const DOWN: Seen[] = ['connected', 'disconnected', 'disconnected', 'disconnected']
const NOW = T0 + 3 * INTERVAL_MS
const zero = () => 0

const request = (health = play(DOWN).health, policy: RecoveryPolicy = RECOVERY, by = 'policy') =>
  requestAttempt(account(), health, by, policy, NOW, zero)

/** Requested at NOW, accepted a second later. */
function accepted(): Repair {
  const { health, attempt } = request()
  return acceptAttempt(health, attempt, '201 Created', NOW + 1_000)
}

const verify = ({ health, attempt }: Repair, nowMs: number) =>
  verifyAttempt(health, attempt, RECOVERY, POLICY, nowMs, zero)

/** The attempt after these checks, verified after each one as the monitor does. */
function checked(repair: Repair, seen: readonly Seen[]): Repair {
  let current = repair
  for (const one of seen) {
    const { health } = play([one], { from: current.health })
    current = verify({ ...current, health }, health.lastCheckMs ?? 0) ?? { ...current, health }
  }
  return current
}

describe('requestAttempt', () => {
  test('records the attempt before anything is sent', () => {
    const before = play(DOWN).health
    const { health, attempt } = request(before)
    expect(attempt).toMatchObject({
      key: 'waha-1/sales-01',
      account: 'sales-01',
      gateway: 'waha-1',
      incidentId: before.incident?.id,
      attempt: 1,
      by: 'policy',
      reason: null,
      requestedMs: NOW,
      acceptedMs: null,
      endMs: null,
      outcome: 'pending',
    })
    expect(health.recovery).toEqual({
      attemptsUsed: 1,
      notBeforeMs: NOW + 5_000,
      pending: { id: attempt.id, requestedMs: NOW, acceptedMs: null },
    })
    expect(health.counters.recoveryAttempts).toBe(1)
    expect(health.incident?.attempts).toBe(1)
  })

  test('a dry run uses budget and backoff, sends nothing and counts nothing', () => {
    const { health, attempt } = request(undefined, { ...RECOVERY, mode: 'dry-run' })
    expect(attempt).toMatchObject({ outcome: 'dry_run', endMs: NOW })
    expect(health.recovery).toMatchObject({ attemptsUsed: 1, notBeforeMs: NOW + 5_000, pending: null })
    expect([health.counters.recoveryAttempts, health.incident?.attempts]).toEqual([0, 0])
  })

  test('a person’s restart is real in any mode and carries the name', () => {
    const { attempt } = request(undefined, { ...RECOVERY, mode: 'dry-run' }, 'amal')
    expect(attempt).toMatchObject({ outcome: 'pending', by: 'amal' })
  })

  test('an attempt without an incident belongs to none', () => {
    const { health } = play(['connected', 'disconnected'])
    expect(request(health, RECOVERY, 'amal').attempt.incidentId).toBeNull()
  })

  test('two attempts have two ids', () => {
    const first = request()
    const second = requestAttempt(account(), first.health, 'policy', RECOVERY, NOW, zero)
    expect(second.attempt.id).not.toBe(first.attempt.id)
    expect(second.attempt.attempt).toBe(2)
  })
})

describe('an attempt', () => {
  const table: Record<string, { seen: Seen[]; outcome: RecoveryOutcome; failures: number }> = {
    'is pending while nothing was checked': { seen: [], outcome: 'pending', failures: 0 },
    'is verified by a good check after it': { seen: ['connecting', 'connected'], outcome: 'verified', failures: 0 },
    'is verified by a limited but usable account': { seen: ['degraded/quality'], outcome: 'verified', failures: 0 },
    'is pending while the account still fails within the limit': {
      seen: ['disconnected', 'connecting', 'disconnected'],
      outcome: 'pending',
      failures: 0,
    },
    'has failed when the account still fails after the limit': {
      seen: Array.from({ length: 9 }, () => 'disconnected'),
      outcome: 'failed',
      failures: 1,
    },
    'needs a person when a QR code appears': { seen: ['awaiting_auth'], outcome: 'needs_human', failures: 1 },
    'needs a person when the account is blocked': { seen: ['blocked/banned'], outcome: 'needs_human', failures: 1 },
    'waits while nothing is seen': {
      seen: Array.from({ length: 9 }, () => 'unknown/other'),
      outcome: 'pending',
      failures: 0,
    },
    'is interrupted when nothing is seen for too long': {
      seen: Array.from({ length: 15 }, () => 'unknown/other'),
      outcome: 'interrupted',
      failures: 0,
    },
    'is still judged after some blindness': {
      seen: [...Array.from({ length: 9 }, () => 'unknown/other'), 'connected'],
      outcome: 'verified',
      failures: 0,
    },
  }
  for (const [name, { seen, outcome, failures }] of Object.entries(table)) {
    test(name, () => {
      const { health, attempt } = checked(accepted(), seen)
      expect(attempt.outcome).toBe(outcome)
      expect(health.recovery.pending === null).toBe(outcome !== 'pending')
      expect(attempt.endMs === null).toBe(outcome === 'pending')
      expect(health.counters).toMatchObject({ recoveryAttempts: 1, recoveryFailures: failures })
    })
  }

  test('is not verified by a check that began before the gateway accepted it', () => {
    const { health, attempt } = request()
    const good = play(['connected'], { from: health }).health
    const late = acceptAttempt(good, attempt, 'ok', NOW + INTERVAL_MS)
    expect(verify(late, NOW + INTERVAL_MS + 1)).toBeNull()
  })

  test('that verified is remembered until the incident ends as repaired', () => {
    const { health } = checked(accepted(), ['connected'])
    const { events } = play(['connected'], { from: health })
    expect(events).toMatchObject([
      { type: 'transition' },
      { type: 'incident-resolved', incident: { resolution: 'repaired', attempts: 1 } },
    ])
  })

  test('that failed makes the next one wait from its end', () => {
    const { health, attempt } = checked(
      accepted(),
      Array.from({ length: 9 }, () => 'disconnected'),
    )
    expect(health.recovery.notBeforeMs).toBe((attempt.endMs ?? 0) + 5_000)
  })

  test('that the gateway rejects is a failure with its words', () => {
    const { health, attempt } = request()
    const rejected = rejectAttempt(
      health,
      attempt,
      { detail: '500 boom', needsHuman: false },
      RECOVERY,
      NOW + 2_000,
      zero,
    )
    expect(rejected.attempt).toMatchObject({ outcome: 'rejected', detail: '500 boom', endMs: NOW + 2_000 })
    expect(rejected.health).toMatchObject({
      counters: { recoveryFailures: 1 },
      recovery: { attemptsUsed: 1, pending: null, notBeforeMs: NOW + 7_000 },
    })
  })

  test('that needs a person ends the automatic ones', () => {
    const { health, attempt } = request()
    const rejected = rejectAttempt(health, attempt, { detail: 'scan QR', needsHuman: true }, RECOVERY, NOW, zero)
    expect(rejected.attempt.outcome).toBe('needs_human')
    expect(rejected.health.recovery.attemptsUsed).toBe(RECOVERY.attempts)
  })

  test('keeps at most 300 characters of what the gateway said', () => {
    const { health, attempt } = request()
    expect(acceptAttempt(health, attempt, 'x'.repeat(400), NOW).attempt.detail).toHaveLength(300)
  })

  test('whose request never came back is interrupted', () => {
    const repair = request()
    expect(verify(repair, NOW + 119_999)).toBeNull()
    expect(verify(repair, NOW + 120_000)?.attempt.outcome).toBe('interrupted')
  })

  test('of long before a restart of the exporter is interrupted, whatever is seen now', () => {
    const repair = accepted()
    const health = { ...repair.health, lastCheckMs: NOW + 3_600_000, lastSuccessMs: NOW + 3_600_000 }
    expect(verify({ ...repair, health }, NOW + 3_600_001)?.attempt.outcome).toBe('interrupted')
  })

  test('survives a restart of the exporter and is then judged', () => {
    const { health, attempt }: Repair = JSON.parse(JSON.stringify(accepted()))
    expect(checked({ health, attempt }, ['connecting', 'connected']).attempt.outcome).toBe('verified')
  })

  test('from a clock that ran ahead is interrupted', () => {
    expect(verify(accepted(), NOW - 3_600_000)?.attempt.outcome).toBe('interrupted')
  })

  test('of a removed account is interrupted and no failure', () => {
    const { health, attempt } = accepted()
    const ended = interruptAttempt(health, attempt, 'account removed', RECOVERY, NOW + 5_000)
    expect(ended.attempt).toMatchObject({ outcome: 'interrupted', detail: 'account removed', endMs: NOW + 5_000 })
    expect(ended.health).toMatchObject({ recovery: { pending: null }, counters: { recoveryFailures: 0 } })
  })

  test('is counted once, however often it ends', () => {
    const { health, attempt } = request()
    const why = { detail: 'no', needsHuman: false }
    const once = rejectAttempt(health, attempt, why, RECOVERY, NOW, zero)
    const twice = rejectAttempt(once.health, attempt, why, RECOVERY, NOW, zero)
    expect(twice.health).toBe(once.health)
  })
})

describe('resetBudget', () => {
  const used = (
    healthySinceMs: number | null,
    pending: AccountHealth['recovery']['pending'] = null,
  ): AccountHealth => ({
    ...play(['connected']).health,
    healthySinceMs,
    recovery: { attemptsUsed: 5, notBeforeMs: T0 + 1, pending },
  })

  test('gives the budget back after budgetReset without a bad check', () => {
    expect(resetBudget(used(T0), RECOVERY, T0 + 300_000).recovery).toMatchObject({ attemptsUsed: 0, notBeforeMs: 0 })
  })

  test('gives nothing back before that, while not healthy, or while an attempt is pending', () => {
    const pending = { id: 'a', requestedMs: T0, acceptedMs: T0 }
    for (const [health, nowMs] of [
      [used(T0), T0 + 299_999],
      [used(null), T0 + 900_000],
      [used(T0, pending), T0 + 900_000],
    ] as const)
      expect(resetBudget(health, RECOVERY, nowMs)).toBe(health)
  })

  test('a flapping account never gets its budget back', () => {
    let health: AccountHealth = { ...play(DOWN).health, recovery: { attemptsUsed: 5, notBeforeMs: 0, pending: null } }
    for (let round = 0; round < 50; round += 1) {
      health = play([...Array.from({ length: 15 }, () => 'connected'), 'disconnected'], { from: health }).health
      health = resetBudget(health, RECOVERY, health.lastCheckMs ?? 0)
    }
    expect(health.recovery.attemptsUsed).toBe(5)
  })
})
