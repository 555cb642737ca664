import type { Account } from '../../src/accounts/account.ts'
import type { Gateway } from '../../src/gateways/gateway.ts'
import { newGatewayHealth } from '../../src/health/gateway-health.ts'
import { newGatewayRepairs } from '../../src/health/gateway-repairs.ts'
import { newHealth } from '../../src/health/verdict.ts'
import { type AccountEntry, type GatewayEntry, gatewayEntry } from '../../src/monitor/roster.ts'
import { POLICY, T0 } from '../health/fixtures.ts'

export function accountOf(account: string, gateway = 'one', more: Partial<Account> = {}): Account {
  return {
    key: `${gateway}/${account}`,
    account,
    gateway,
    nativeId: account,
    phone: null,
    name: null,
    labels: {},
    objective: 0.995,
    desired: 'any',
    ...more,
  }
}

/** A gateway that nobody asks anything. */
export function gatewayOf(name = 'one'): GatewayEntry {
  const gateway: Gateway = {
    name,
    driver: 'http',
    check: () => Promise.reject(new Error('nobody checks in this test')),
    close: () => Promise.resolve(),
  }
  const url = 'http://127.0.0.1:1'
  const watched = { gateway, url, labels: {}, connections: 4, timeoutMs: 1_000, whole: false, health: POLICY }
  return gatewayEntry(watched, newGatewayHealth(name, '127.0.0.1:1', T0), newGatewayRepairs())
}

export function entryOf(account: Account, gateway: GatewayEntry): AccountEntry {
  return {
    kind: 'account',
    id: account.key,
    account,
    health: newHealth(account.key, T0),
    gateway,
    inFlight: null,
    missingSinceMs: null,
    recheck: null,
  }
}
