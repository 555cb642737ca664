import type { z } from 'zod'
import type { GatewaySpec } from './options.ts'

const DEMO_ACCOUNTS = 24
const SHARES = [
  { name: 'waha-1', dialect: 'waha', accounts: 10 },
  { name: 'evolution-1', dialect: 'evolution', accounts: 8 },
  { name: 'linda', dialect: 'http', accounts: 6 },
] as const

/** The fleet of `make up`: 24 accounts behind three gateways, or any number in the same proportion. */
export function demoFleet(accounts: number = DEMO_ACCOUNTS): z.input<typeof GatewaySpec>[] {
  let left = accounts
  return SHARES.map(({ name, dialect, accounts: share }, index) => {
    const own = index === SHARES.length - 1 ? left : Math.min(left, Math.round((accounts * share) / DEMO_ACCOUNTS))
    left -= own
    return { name, dialect, accounts: own }
  })
}
