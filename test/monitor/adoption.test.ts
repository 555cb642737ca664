import { describe, expect, test } from 'vitest'
import { adoption } from '../../src/monitor/adoption.ts'
import { recorder } from '../../src/monitor/recorder.ts'
import { roster } from '../../src/monitor/roster.ts'
import { account, play, T0 } from '../health/fixtures.ts'
import { accountOf, gatewayOf } from './fixtures.ts'

const GRACE_MS = 600_000

function setUp() {
  const fleet = roster()
  const record = recorder()
  const one = gatewayOf('one')
  fleet.gateways.set('one', one)
  const told: string[] = []
  let nowMs = T0
  const accounts = adoption({
    roster: fleet,
    recorder: record,
    missingForMs: () => GRACE_MS,
    nowMs: () => nowMs,
    changed: () => void told.push('changed'),
    added: ({ id }) => void told.push(`added ${id}`),
    removing: ({ id }) => void told.push(`removing ${id}`),
    removed: (key) => void told.push(`removed ${key}`),
  })
  const pass = (ms: number) => {
    nowMs += ms
  }
  const keys = () => [...fleet.accounts.keys()]
  const takeTold = () => told.splice(0)
  const batch = () => record.take(nowMs, (key) => fleet.accounts.get(key))
  return { accounts, fleet, one, pass, keys, takeTold, batch }
}

/** An account of gateway `one` in mid-incident, as a store remembers it. */
function remembered(name: string, gateway = 'one') {
  const who = accountOf(name, gateway)
  const { health } = play(['awaiting_auth', 'awaiting_auth'], {
    who: account({ key: who.key, account: name, gateway }),
  })
  return { account: who, health: { ...health, key: who.key } }
}

describe('what is found', () => {
  test('is added, known again, and renamed without losing its health', () => {
    const { accounts, fleet, one, takeTold } = setUp()
    accounts.adopt(one, [accountOf('a')], 'listed')
    expect(takeTold()).toEqual(['added one/a', 'changed'])
    const entry = fleet.accounts.get('one/a')
    const health = entry?.health
    accounts.adopt(one, [accountOf('a')], 'listed')
    expect(takeTold()).toEqual([])
    accounts.adopt(one, [accountOf('a', 'one', { name: 'Anna', labels: { team: 'x' } })], 'listed')
    expect(takeTold()).toEqual(['changed'])
    expect(fleet.accounts.get('one/a')).toBe(entry)
    expect(entry?.account.name).toBe('Anna')
    expect(entry?.health).toBe(health)
  })

  for (const [name, change] of [
    ['label', { labels: { team: 'sales' } }],
    ['phone', { phone: '1' }],
    ['native id', { nativeId: 'x' }],
    ['objective', { objective: 0.9 }],
    ['desired state', { desired: 'running' }],
  ] as const) {
    test(`with another ${name} replaces the older finding`, () => {
      const { accounts, fleet, one } = setUp()
      accounts.adopt(one, [accountOf('a')], 'listed')
      accounts.adopt(one, [accountOf('a', 'one', change)], 'listed')
      expect(fleet.accounts.get('one/a')?.account).toMatchObject(change)
    })
  }
})

describe('what is not found any more', () => {
  test('is kept for the grace where the gateway lists, and forgotten after it', () => {
    const { accounts, one, pass, keys, takeTold } = setUp()
    accounts.adopt(one, [accountOf('a'), accountOf('b')], 'listed')
    accounts.adopt(one, [accountOf('b')], 'listed')
    pass(GRACE_MS - 1)
    accounts.adopt(one, [accountOf('b')], 'listed')
    expect(keys()).toEqual(['one/a', 'one/b'])
    takeTold()
    pass(1)
    accounts.adopt(one, [accountOf('b')], 'listed')
    expect(keys()).toEqual(['one/b'])
    expect(takeTold()).toEqual(['removing one/a', 'removed one/a', 'changed'])
  })

  test('is missed anew after it was seen in between', () => {
    const { accounts, one, pass, keys } = setUp()
    accounts.adopt(one, [accountOf('a')], 'listed')
    accounts.adopt(one, [], 'listed')
    pass(GRACE_MS - 1)
    accounts.adopt(one, [accountOf('a')], 'listed')
    accounts.adopt(one, [], 'listed')
    pass(GRACE_MS - 1)
    accounts.adopt(one, [], 'listed')
    expect(keys()).toEqual(['one/a'])
  })

  test('that were switched off are gone at once, whatever the finding says of others', () => {
    const { accounts, one, keys, takeTold } = setUp()
    accounts.adopt(one, [accountOf('a'), accountOf('b'), accountOf('c')], 'listed')
    takeTold()
    accounts.adopt(one, [accountOf('a')], 'partial', ['one/b', 'one/nobody'])
    expect(keys()).toEqual(['one/a', 'one/c'])
    expect(takeTold()).toEqual(['removing one/b', 'removed one/b', 'changed'])
  })

  test('is forgotten at once where the configuration is the whole truth', () => {
    const { accounts, one, keys } = setUp()
    accounts.adopt(one, [accountOf('a'), accountOf('b')], 'configured')
    accounts.adopt(one, [accountOf('a')], 'configured')
    expect(keys()).toEqual(['one/a'])
  })

  test('is kept where the gateway could not be asked, however long', () => {
    const { accounts, one, pass, keys } = setUp()
    accounts.adopt(one, [accountOf('a')], 'listed')
    for (let times = 0; times < 3; times++) {
      pass(GRACE_MS)
      accounts.adopt(one, [], 'partial')
    }
    expect(keys()).toEqual(['one/a'])
  })
})

describe('what the store remembers', () => {
  test('comes up with its health when it is found', () => {
    const { accounts, fleet, one } = setUp()
    const ledger = remembered('a')
    accounts.remember({ nextSeq: 1, ledgers: [ledger], pendingRecoveries: [] }, new Set(['one']))
    expect(fleet.accounts.size).toBe(0)
    accounts.adopt(one, [accountOf('a')], 'listed')
    expect(fleet.accounts.get('one/a')?.health).toBe(ledger.health)
  })

  test('but is not listed any more gets the same grace as all others, then ends with its incident', () => {
    const { accounts, one, pass, keys, batch } = setUp()
    accounts.remember({ nextSeq: 1, ledgers: [remembered('a')], pendingRecoveries: [] }, new Set(['one']))
    accounts.adopt(one, [], 'listed')
    expect(keys()).toEqual(['one/a'])
    pass(GRACE_MS)
    accounts.adopt(one, [], 'listed')
    expect(keys()).toEqual([])
    expect(batch()).toMatchObject({ incidents: [{ key: 'one/a', resolution: 'removed' }], removed: ['one/a'] })
  })

  test('is watched without being found where the gateway cannot be listed', () => {
    const { accounts, fleet, one } = setUp()
    accounts.remember({ nextSeq: 1, ledgers: [remembered('a')], pendingRecoveries: [] }, new Set(['one']))
    accounts.recall(one)
    expect(fleet.accounts.get('one/a')?.missingSinceMs).toBeNull()
    expect(fleet.accounts.get('one/a')?.health.incident).not.toBeNull()
  })

  test('of a gateway that is watched no longer is closed at once', () => {
    const { accounts, keys, batch } = setUp()
    accounts.remember({ nextSeq: 1, ledgers: [remembered('a', 'former')], pendingRecoveries: [] }, new Set(['one']))
    expect(keys()).toEqual([])
    expect(batch()).toMatchObject({ incidents: [{ key: 'former/a', resolution: 'removed' }], removed: ['former/a'] })
  })
})
