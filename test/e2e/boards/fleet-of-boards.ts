import type { z } from 'zod'
import type { ErrorCode } from '../../../src/accounts/vocabulary.ts'
import type { MaintenanceWindow } from '../../../src/health/maintenance.ts'
import type { FaultOrder, GatewaySpec } from '../../../src/simulator/options.ts'
import { DAY, type GatewayTrouble, HOUR, MINUTE, type Trouble } from './past-troubles.ts'

/** The simulated fleet behind the boards: 24 accounts of two tenants behind four gateways. */
export const FLEET: readonly z.input<typeof GatewaySpec>[] = [
  {
    name: 'waha-1',
    dialect: 'waha',
    accounts: [
      'sales-de',
      'sales-fr',
      'sales-uk',
      'support-de',
      'support-fr',
      'support-uk',
      'billing',
      'onboarding',
      'news',
    ],
  },
  {
    name: 'evolution-1',
    dialect: 'evolution',
    accounts: ['orders-eu', 'orders-us', 'returns', 'couriers', 'loyalty', 'marketing', 'surveys'],
  },
  {
    name: 'linda',
    dialect: 'http',
    accounts: ['clinic-north', 'clinic-south', 'clinic-east', 'pharmacy', 'emergency'],
  },
  { name: 'meta', dialect: 'cloud-api', accounts: 3 },
]

export const TENANTS: Readonly<Record<string, string>> = {
  'waha-1': 'acme',
  'evolution-1': 'acme',
  linda: 'globex',
  meta: 'globex',
}

/** What happened last to some accounts, as the gateway says it; what has no end goes on now. */
export function latestTroubles(nowMs: number): ReadonlyMap<string, readonly Trouble[]> {
  const trouble = (agoMs: number, over: Pick<Trouble, 'state' | 'reason'> & Partial<Trouble>): Trouble => ({
    fromMs: nowMs - agoMs,
    toMs: Number.POSITIVE_INFINITY,
    endsByRestart: null,
    slower: 1,
    ...over,
  })
  const lasting = (agoMs: number, forMs: number, over: Parameters<typeof trouble>[1]) =>
    trouble(agoMs, { toMs: nowMs - agoMs + forMs, ...over })
  return new Map([
    ['onboarding', [trouble(3 * HOUR, { state: 'blocked', reason: 'banned' })]],
    ['clinic-south', [trouble(47 * MINUTE, { state: 'awaiting_auth', reason: 'logged_out' })]],
    [
      'returns',
      [
        lasting(19 * HOUR, 90 * MINUTE, { state: 'disconnected', reason: 'bad_session', endsByRestart: 2 }),
        lasting(13 * HOUR, 50 * MINUTE, { state: 'connected', reason: null, slower: 40 }),
        lasting(5.3 * HOUR, 14 * MINUTE, { state: 'connecting', reason: null }),
        lasting(2.2 * HOUR, 60 * MINUTE, { state: 'disconnected', reason: 'network', endsByRestart: 1 }),
        trouble(9 * MINUTE, { state: 'disconnected', reason: 'network' }),
      ],
    ],
  ])
}

/** The same in the simulator, and what begins now. */
export function faultsOfNow(): readonly FaultOrder[] {
  return [
    { account: 'waha-1/onboarding', fault: 'banned' },
    { account: 'linda/clinic-south', fault: 'logged_out' },
    { account: 'evolution-1/returns', fault: 'disconnected', restart: 'lies' },
    { account: 'waha-1/support-fr', fault: 'disconnected', restart: 'second_try' },
    { account: 'evolution-1/marketing', fault: 'flapping', everySeconds: 5 },
  ]
}

/** Gateways that fail for a while, one of them so that nothing can be said of its accounts. */
export function gatewayTroubles(nowMs: number): readonly GatewayTrouble[] {
  const trouble = (gateway: string, code: ErrorCode, agoMs: number, forMs: number): GatewayTrouble => ({
    gateway,
    code,
    fromMs: nowMs - agoMs,
    toMs: nowMs - agoMs + forMs,
  })
  return [
    trouble('waha-1', 'rate_limited', 9 * DAY, 40 * MINUTE),
    // One in each of the last two weeks, so that the two can be compared.
    trouble('evolution-1', 'server_error', 10.4 * DAY, 12 * MINUTE),
    trouble('evolution-1', 'server_error', 4.3 * DAY, 18 * MINUTE),
    trouble('evolution-1', 'timeout', 3.1 * HOUR, 9 * MINUTE),
  ]
}

/** Every Sunday night. */
export function weeklyMaintenance(fromMs: number, toMs: number): readonly MaintenanceWindow[] {
  const windows: MaintenanceWindow[] = []
  for (let dayMs = Math.ceil(fromMs / DAY) * DAY; dayMs < toMs; dayMs += DAY) {
    if (new Date(dayMs).getUTCDay() !== 0) continue
    windows.push({
      id: `sunday-${dayMs}`,
      select: { gateways: ['waha-1'] },
      startMs: dayMs + 2 * HOUR,
      endMs: dayMs + 3 * HOUR,
      author: 'lena',
      reason: 'update of the gateway',
    })
  }
  return windows
}

/** Planned work of today; what has not ended is under way now. */
export function maintenanceOfToday(nowMs: number): readonly MaintenanceWindow[] {
  return [
    {
      id: 'today',
      select: { gateways: ['evolution-1'] },
      startMs: nowMs - 4.4 * HOUR,
      endMs: nowMs - 4.1 * HOUR,
      author: 'lena',
      reason: 'move to a larger machine',
    },
    {
      id: 'now',
      select: { accounts: ['loyalty'] },
      startMs: nowMs - 20 * MINUTE,
      endMs: nowMs + 2 * HOUR,
      author: 'lena',
      reason: 'new phone',
    },
  ]
}
