import { type Account, accountKey } from '../../src/accounts/account.ts'
import type { AccountHealth, Counters } from '../../src/health/health.ts'

/** An account for tests; `account` and `gateway` make its key. */
export function anAccount(over: Partial<Account> = {}): Account {
  const account = over.account ?? 'sales-01'
  const gateway = over.gateway ?? 'waha-1'
  return {
    key: accountKey(gateway, account),
    account,
    gateway,
    nativeId: account,
    phone: '971505760056',
    name: 'Sales',
    labels: { team: 'sales' },
    objective: 0.995,
    desired: 'running',
    ...over,
  }
}

const COUNTERS: Counters = {
  checks: 120,
  checkFailures: 2,
  observedMs: 1_785_000,
  downtimeMs: 30_500,
  incidents: 1,
  incidentsResolved: 1,
  detectionDelayMs: 30_000,
  recoveryAttempts: 1,
  recoveryFailures: 0,
}

/** Of an account that was never checked. */
export const NO_COUNTS: Counters = {
  checks: 0,
  checkFailures: 0,
  observedMs: 0,
  downtimeMs: 0,
  incidents: 0,
  incidentsResolved: 0,
  detectionDelayMs: 0,
  recoveryAttempts: 0,
  recoveryFailures: 0,
}

/** A healthy, connected account for tests. */
export function aHealth(over: Partial<AccountHealth> = {}): AccountHealth {
  return {
    key: 'waha-1/sales-01',
    status: 'healthy',
    state: 'connected',
    reason: null,
    native: 'WORKING',
    evidence: {},
    stateSinceMs: 1_760_000_000_000,
    statusSinceMs: 1_760_000_000_000,
    lastCheckMs: 1_760_000_615_250,
    lastDurationMs: 48.25,
    lastSuccessMs: 1_760_000_615_250,
    consecutiveFailures: 0,
    consecutiveSuccesses: 40,
    badSinceMs: null,
    goodSinceMs: null,
    healthySinceMs: 1_760_000_000_000,
    pairedMs: null,
    pendingDowntimeMs: 0,
    incident: null,
    counters: COUNTERS,
    recovery: { attemptsUsed: 0, notBeforeMs: 0, pending: null },
    ...over,
  }
}
