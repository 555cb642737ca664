import { describe, expect, test } from 'vitest'
import type { GatewayVerdict } from '../../src/health/gateway-health.ts'
import { type Breaker, newGatewayRepairs } from '../../src/health/gateway-repairs.ts'
import type { AccountHealth } from '../../src/health/health.ts'
import type { RecoveryPolicy, Refusal } from '../../src/health/recovery.ts'
import { backoffMs, decideRecovery } from '../../src/health/recovery-policy.ts'
import { account, INTERVAL_MS, POLICY, play, RECOVERY, REFUSALS, type Seen, seeded, T0 } from './fixtures.ts'

interface Case {
  readonly seen: Seen[]
  readonly refusal: Refusal | null
  readonly byHand?: boolean
  readonly policy?: Partial<RecoveryPolicy>
  readonly recovery?: Partial<AccountHealth['recovery']>
  readonly gateway?: { canRestart?: boolean; verdict?: GatewayVerdict }
  readonly breaker?: Breaker
  readonly inFlight?: string[]
  readonly startedMs?: number[]
  readonly inMaintenance?: boolean
  readonly afterMs?: number
  readonly retryAfterMs?: number | null
}

const times = (count: number, seen: Seen): Seen[] => Array.from({ length: count }, () => seen)
const DOWN = ['connected', ...times(3, 'disconnected')]
const RECENT = { id: 'a', requestedMs: T0, acceptedMs: null }

function decide(one: Case) {
  const played = play(one.seen).health
  const health = { ...played, recovery: { ...played.recovery, ...one.recovery } }
  const nowMs = (health.lastCheckMs ?? T0) + (one.afterMs ?? 0)
  const decision = decideRecovery(
    {
      account: account(),
      health,
      gateway: { canRestart: true, verdict: 'up', ...one.gateway },
      repairs: {
        ...newGatewayRepairs(),
        inFlight: one.inFlight ?? [],
        startedMs: one.startedMs ?? [],
        breaker: one.breaker ?? { state: 'closed' },
      },
      inMaintenance: one.inMaintenance ?? false,
      nowMs,
      byHand: one.byHand ?? false,
    },
    { ...RECOVERY, ...one.policy },
    POLICY,
  )
  if (decision.act) return { refusal: null, retryAfterMs: null }
  return { refusal: decision.refusal, retryAfterMs: decision.retryAtMs === null ? null : decision.retryAtMs - nowMs }
}

const OPEN: Breaker = { state: 'open', openedMs: T0, cooldownMs: 600_000 }
const SINCE_T0 = 3 * INTERVAL_MS
const NOW = T0 + SINCE_T0

const TABLE: Record<string, Case> = {
  'a confirmed disconnect is restarted': { seen: DOWN, refusal: null },
  'a disconnect that is not confirmed waits': { seen: ['connected', 'disconnected'], refusal: 'not_confirmed' },
  'a disconnect that is not confirmed is restarted by hand': {
    seen: ['connected', 'disconnected'],
    byHand: true,
    refusal: null,
  },
  'a healthy account is left alone': { seen: ['connected'], refusal: 'not_a_fault' },
  'a healthy account is left alone, also by hand': { seen: ['connected'], byHand: true, refusal: 'not_a_fault' },
  'a slow account is left alone': { seen: [{ durationMs: 9_000 }], refusal: 'not_a_fault' },
  'an account limited by its quality is left alone': { seen: times(3, 'degraded/quality'), refusal: 'not_a_fault' },
  'a good check of an open incident is left alone': { seen: [...DOWN, 'connected'], refusal: 'not_a_fault' },
  'an account that was never checked is unknown': { seen: [], refusal: 'unknown' },
  'what is not seen is not restarted': { seen: [...DOWN, 'unknown/other'], refusal: 'unknown' },
  'what is not seen is not restarted by hand either': {
    seen: [...DOWN, 'unknown/other'],
    byHand: true,
    refusal: 'unknown',
  },
  'an account that waits for a QR code needs a person': { seen: times(3, 'awaiting_auth'), refusal: 'needs_human' },
  'a QR code is not interrupted by hand either': {
    seen: times(3, 'awaiting_auth'),
    byHand: true,
    refusal: 'needs_human',
  },
  'a logged-out account needs a person': { seen: times(3, 'disconnected/logged_out'), refusal: 'needs_human' },
  'an account whose QR code ran out needs a person': {
    seen: times(3, 'disconnected/qr_timeout'),
    refusal: 'needs_human',
  },
  'a blocked account is never restarted': { seen: times(3, 'blocked/banned'), byHand: true, refusal: 'blocked' },
  'a temporary ban is not prolonged': { seen: times(3, 'degraded/temp_banned'), byHand: true, refusal: 'blocked' },
  'a stopped session stays stopped': { seen: times(3, 'stopped'), byHand: true, refusal: 'stopped' },
  'a conflict is not fought over': { seen: times(3, 'disconnected/conflict'), byHand: true, refusal: 'conflict' },
  'an outdated client is not restarted': {
    seen: times(3, 'disconnected/outdated_client'),
    byHand: true,
    refusal: 'outdated_client',
  },
  'a licence fault is not restarted': { seen: times(3, 'disconnected/license'), refusal: 'not_restartable' },
  'a conflict is remembered while later checks only time out': {
    seen: [...times(3, 'disconnected/conflict'), 'disconnected/network'],
    refusal: 'conflict',
  },
  'a logout is remembered while later checks only time out': {
    seen: [...times(3, 'awaiting_auth'), 'disconnected/network'],
    refusal: 'needs_human',
  },
  'a person may restart what was a conflict and is none now': {
    seen: [...times(3, 'disconnected/conflict'), 'disconnected/network'],
    byHand: true,
    refusal: null,
  },
  'a broken session is restarted': { seen: times(3, 'disconnected/bad_session'), refusal: null },
  'a stale account is not restarted by default': { seen: times(3, 'degraded/stale'), refusal: 'not_restartable' },
  'a stale account is restarted where restartStale says so': {
    seen: times(3, 'degraded/stale'),
    policy: { restartStale: true },
    refusal: null,
  },
  'a stale account is restarted by hand': { seen: times(3, 'degraded/stale'), byHand: true, refusal: null },
  'an account degraded for another reason is not restarted': {
    seen: times(3, 'degraded'),
    policy: { restartStale: true },
    byHand: true,
    refusal: 'not_restartable',
  },
  'connecting is given its time': { seen: [...DOWN, 'connecting'], refusal: 'connecting', retryAfterMs: 180_000 },
  'connecting is given its time, also by hand': { seen: ['connecting'], byHand: true, refusal: 'connecting' },
  'connecting beyond connectingLimit is restarted': { seen: ['connected', ...times(14, 'connecting')], refusal: null },
  'a gateway without restarts is not asked': { seen: DOWN, gateway: { canRestart: false }, refusal: 'gateway_cannot' },
  'a gateway that is down is not asked': {
    seen: DOWN,
    gateway: { verdict: 'down' },
    byHand: true,
    refusal: 'gateway_down',
  },
  'a gateway that begins to fail is not asked': {
    seen: DOWN,
    gateway: { verdict: 'failing' },
    refusal: 'gateway_down',
  },
  'a gateway that refuses us is not asked': { seen: DOWN, gateway: { verdict: 'refusing' }, refusal: 'gateway_down' },
  'accounts of a gateway that was down wait for their next check': {
    seen: times(3, 'disconnected/gateway_down'),
    refusal: 'gateway_down',
  },
  'maintenance holds repairs back': { seen: DOWN, inMaintenance: true, refusal: 'maintenance' },
  'a person may restart during maintenance': { seen: DOWN, inMaintenance: true, byHand: true, refusal: null },
  'the close after a pairing is left alone': {
    seen: ['awaiting_auth', ...times(3, 'disconnected')],
    refusal: 'pairing_grace',
    retryAfterMs: 90_000,
  },
  'the close after a pairing is left alone, also by hand': {
    seen: ['awaiting_auth', ...times(3, 'disconnected')],
    byHand: true,
    refusal: 'pairing_grace',
  },
  'after the pairing grace it is a fault': {
    seen: ['awaiting_auth', ...times(3, 'disconnected')],
    afterMs: 90_000,
    refusal: null,
  },
  'one attempt at a time': {
    seen: DOWN,
    recovery: { pending: RECENT },
    refusal: 'pending',
    retryAfterMs: 120_000 - SINCE_T0,
  },
  'one attempt at a time, also by hand': {
    seen: DOWN,
    recovery: { pending: RECENT },
    byHand: true,
    refusal: 'pending',
  },
  'the backoff is waited for': {
    seen: DOWN,
    recovery: { notBeforeMs: NOW + 20_000 },
    refusal: 'backoff',
    retryAfterMs: 20_000,
  },
  'the backoff ends at its moment': { seen: DOWN, recovery: { notBeforeMs: NOW }, refusal: null },
  'the backoff is skipped by hand': {
    seen: DOWN,
    recovery: { notBeforeMs: NOW + 20_000 },
    byHand: true,
    refusal: null,
  },
  'a backoff from a clock that ran ahead is forgotten': {
    seen: DOWN,
    recovery: { notBeforeMs: NOW + 86_400_000 },
    refusal: null,
  },
  'the budget ends': { seen: DOWN, recovery: { attemptsUsed: 5 }, refusal: 'budget', retryAfterMs: null },
  'the budget is skipped by hand': { seen: DOWN, recovery: { attemptsUsed: 5 }, byHand: true, refusal: null },
  'attempts 0 leaves restarts to people': { seen: DOWN, policy: { attempts: 0 }, refusal: 'budget' },
  'mode off restarts nothing': { seen: DOWN, policy: { mode: 'off' }, refusal: 'mode_off' },
  'mode off still restarts by hand': { seen: DOWN, policy: { mode: 'off' }, byHand: true, refusal: null },
  'mode off does not hide that a person is needed': {
    seen: times(3, 'awaiting_auth'),
    policy: { mode: 'off' },
    refusal: 'needs_human',
  },
  'mode dry-run decides as mode on': { seen: DOWN, policy: { mode: 'dry-run' }, refusal: null },
  'an open breaker lets nothing through': {
    seen: DOWN,
    breaker: OPEN,
    refusal: 'breaker_open',
    retryAfterMs: 600_000 - SINCE_T0,
  },
  'an open breaker lets no person through either': { seen: DOWN, breaker: OPEN, byHand: true, refusal: 'breaker_open' },
  'a half-open breaker lets one attempt through': {
    seen: DOWN,
    breaker: { state: 'half-open', cooldownMs: 600_000, probe: null },
    refusal: null,
  },
  'a half-open breaker waits for its probe': {
    seen: DOWN,
    breaker: { state: 'half-open', cooldownMs: 600_000, probe: 'x' },
    refusal: 'breaker_open',
    retryAfterMs: null,
  },
  'a gateway restarts no more than `parallel` at once': {
    seen: DOWN,
    inFlight: ['x', 'y', 'z'],
    refusal: 'gateway_parallel',
  },
  'a gateway restarts no more than `parallel` at once, also by hand': {
    seen: DOWN,
    inFlight: ['x', 'y', 'z'],
    byHand: true,
    refusal: 'gateway_parallel',
  },
  'a gateway restarts no more than `perHour` in an hour': {
    seen: DOWN,
    policy: { gatewayPerHour: 2 },
    startedMs: [T0, T0 + 1],
    refusal: 'gateway_budget',
    retryAfterMs: 3_600_000 - SINCE_T0,
  },
  'what was restarted an hour ago does not count': {
    seen: DOWN,
    policy: { gatewayPerHour: 2 },
    startedMs: [NOW - 3_600_000, T0 + 1],
    refusal: null,
  },
}

describe('decideRecovery', () => {
  for (const [name, one] of Object.entries(TABLE)) {
    test(name, () => {
      const decision = decide(one)
      expect(decision.refusal).toBe(one.refusal)
      if (one.retryAfterMs !== undefined) expect(decision.retryAfterMs).toBe(one.retryAfterMs)
    })
  }

  test('every refusal of the contract is reached by the table', () => {
    const reached = new Set(Object.values(TABLE).flatMap(({ refusal }) => refusal ?? []))
    expect([...reached].sort()).toEqual(Object.keys(REFUSALS).sort())
  })
})

describe('backoffMs', () => {
  const table: Record<string, { attempt: number; fullMs: number }> = {
    'the first wait is the initial one': { attempt: 1, fullMs: 10_000 },
    'each wait is twice the one before': { attempt: 4, fullMs: 80_000 },
    'no wait is longer than the longest': { attempt: 6, fullMs: 300_000 },
    'a great many attempts do not overflow': { attempt: 5_000, fullMs: 300_000 },
  }
  for (const [name, { attempt, fullMs }] of Object.entries(table)) {
    test(name, () => {
      expect(backoffMs(RECOVERY, attempt, () => 0)).toBe(fullMs / 2)
      const random = seeded(attempt)
      for (let draw = 0; draw < 100; draw += 1) {
        const waitMs = backoffMs(RECOVERY, attempt, random)
        expect(waitMs >= fullMs / 2 && waitMs < fullMs).toBe(true)
      }
    })
  }
})
