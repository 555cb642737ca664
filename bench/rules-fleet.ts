import { type Account, accountKey } from '../src/accounts/account.ts'
import type { AccountHealth } from '../src/health/health.ts'

const GATEWAYS = 50
const TENANTS = 20
const CHECK_MS = 15_000
/** One account in so many is down, as on a bad day. */
const DOWN_EVERY = 100

/** Accounts behind fifty gateways, of twenty tenants. */
export function rulesFleet(count: number): readonly Account[] {
  return Array.from({ length: count }, (_, index) => {
    const gateway = gatewayOf(index)
    const account = `session-${index}`
    return {
      key: accountKey(gateway, account),
      account,
      gateway,
      nativeId: account,
      phone: `97150${index}`,
      name: `Account ${index}`,
      labels: { tenant: `tenant-${index % TENANTS}` },
      objective: 0.995,
      desired: 'running',
    }
  })
}

export function gatewayOf(index: number): string {
  return `waha-${index % GATEWAYS}`
}

/** Health after so many checks; counters grow with them, and those of accounts that are down in all ways that rules ask of. */
export function healthAfter(account: Account, index: number, checks: number, nowMs: number): AccountHealth {
  const isDown = index % DOWN_EVERY === 0
  const sinceMs = nowMs - checks * CHECK_MS
  return {
    key: account.key,
    status: isDown ? 'unhealthy' : 'healthy',
    state: isDown ? 'disconnected' : 'connected',
    reason: isDown ? 'network' : null,
    native: isDown ? 'FAILED' : 'WORKING',
    // A message now and then: the rules about silence have work.
    evidence: { lastActivityAtMs: nowMs - (nowMs % (60_000 + 1000 * (index % 60))) },
    stateSinceMs: sinceMs,
    statusSinceMs: sinceMs,
    lastCheckMs: nowMs,
    lastDurationMs: 40 + ((index + checks) % 977) / 7,
    lastSuccessMs: isDown ? sinceMs : nowMs,
    consecutiveFailures: isDown ? checks : 0,
    consecutiveSuccesses: isDown ? 0 : checks,
    badSinceMs: isDown ? sinceMs : null,
    goodSinceMs: null,
    healthySinceMs: isDown ? null : sinceMs,
    pairedMs: null,
    pendingDowntimeMs: 0,
    incident: isDown
      ? {
          id: `incident-${index}`,
          key: account.key,
          account: account.account,
          gateway: account.gateway,
          startMs: sinceMs,
          detectedMs: sinceMs + 2 * CHECK_MS,
          endMs: null,
          cause: 'network',
          state: 'disconnected',
          downtimeMs: checks * CHECK_MS,
          attempts: 1,
          resolution: null,
        }
      : null,
    counters: {
      checks,
      checkFailures: isDown ? checks : 0,
      observedMs: checks * CHECK_MS,
      downtimeMs: isDown ? checks * CHECK_MS : 0,
      incidents: isDown ? 1 : 0,
      incidentsResolved: 0,
      detectionDelayMs: isDown ? 2 * CHECK_MS : 0,
      recoveryAttempts: isDown ? 1 + Math.floor(checks / 8) : 0,
      recoveryFailures: isDown ? Math.floor(checks / 8) : 0,
    },
    recovery: { attemptsUsed: 0, notBeforeMs: 0, pending: null },
  }
}
