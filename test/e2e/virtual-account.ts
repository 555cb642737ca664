import type { Account } from '../../src/accounts/account.ts'
import type { Observation } from '../../src/accounts/observation.ts'
import { newGatewayRepairs } from '../../src/health/gateway-repairs.ts'
import type { AccountHealth, HealthEvent, HealthPolicy, Sample } from '../../src/health/health.ts'
import { type MaintenanceWindow, openWindow, plannedMs } from '../../src/health/maintenance.ts'
import type { RecoveryAttempt, RecoveryPolicy } from '../../src/health/recovery.ts'
import {
  acceptAttempt,
  type Repair,
  requestAttempt,
  resetBudget,
  verifyAttempt,
} from '../../src/health/recovery-attempt.ts'
import { decideRecovery } from '../../src/health/recovery-policy.ts'
import { advance, newHealth } from '../../src/health/verdict.ts'

/** An account that is watched in virtual time, by the exporter's own rules. */
export interface VirtualAccount {
  readonly account: Account
  health: AccountHealth
  lastMs: number
  attempt: RecoveryAttempt | null
  /** The request is out; the gateway answers before the next check. */
  asking: boolean
}

/** What the checks of a fleet in virtual time have in common. */
export interface VirtualRules {
  readonly health: HealthPolicy
  readonly recovery: RecoveryPolicy
  readonly windows: readonly MaintenanceWindow[]
  readonly random: () => number
}

/** What one check brought. */
export interface VirtualCheck {
  /** Health without and with this check, before any attempt of it. */
  readonly before: AccountHealth
  readonly after: AccountHealth
  readonly sample: Sample
  readonly events: readonly HealthEvent[]
  /** Attempts that changed, oldest first. */
  readonly attempts: readonly RecoveryAttempt[]
  /** The number of the restart that goes out with this check; null where none does. */
  readonly restart: number | null
}

const ACCEPTED_BEFORE_MS = 1000

/** Takes up an account, as the store left it or new. */
export function virtualAccount(
  account: Account,
  nowMs: number,
  health: AccountHealth = newHealth(account.key, nowMs),
  attempt: RecoveryAttempt | null = null,
): VirtualAccount {
  return { account, health, lastMs: health.lastCheckMs ?? nowMs, attempt, asking: false }
}

/** One check: the verdict, the end of the attempt that is under way, and perhaps the next one. */
export function checkVirtually(one: VirtualAccount, seen: Observation, rules: VirtualRules): VirtualCheck {
  const { account } = one
  const { windows, random } = rules
  const nowMs = seen.atMs
  const attempts: RecoveryAttempt[] = []
  const take = ({ health, attempt }: Repair) => {
    one.health = health
    one.attempt = attempt.outcome === 'pending' ? attempt : null
    attempts.push(attempt)
  }
  if (one.asking && one.attempt !== null) {
    take(acceptAttempt(one.health, one.attempt, 'restarted', nowMs - ACCEPTED_BEFORE_MS))
    one.asking = false
  }
  const before = one.health
  const verdict = advance(before, account, seen, rules.health, plannedMs(windows, account, one.lastMs, nowMs))
  one.lastMs = nowMs
  one.health = resetBudget(verdict.health, rules.recovery, nowMs)
  const judgement = { before, after: one.health, sample: verdict.sample, events: verdict.events, attempts }
  if (one.attempt !== null) {
    const judged = verifyAttempt(one.health, one.attempt, rules.recovery, rules.health, nowMs, random)
    if (judged !== null) take(judged)
  }
  const facts = {
    account,
    health: one.health,
    gateway: { canRestart: true, verdict: 'up' },
    repairs: newGatewayRepairs(),
    inMaintenance: openWindow(windows, account, nowMs) !== null,
    nowMs,
    byHand: false,
  } as const
  if (!decideRecovery(facts, rules.recovery, rules.health).act) return { ...judgement, restart: null }
  take(requestAttempt(account, one.health, 'policy', rules.recovery, nowMs, random))
  one.asking = true
  return { ...judgement, restart: one.attempt?.attempt ?? null }
}
