import { type Account, accountKey } from '../src/accounts/account.ts'

export const ACCOUNTS = 10_000

/** The accounts that both sides expose. */
export function benchFleet(): readonly Account[] {
  return Array.from({ length: ACCOUNTS }, (_, index) => account(index))
}

/** Every twentieth account is down, each round another one. */
export function isDown(index: number, round: number): boolean {
  return (index + round) % 20 === 0
}

function account(index: number): Account {
  const id = `session-${index}`
  return {
    key: accountKey('waha-1', id),
    account: id,
    gateway: 'waha-1',
    nativeId: id,
    phone: `97150${index}`,
    name: `Account ${index}`,
    labels: { team: `team-${index % 20}` },
    objective: 0.995,
    desired: 'running',
  }
}
