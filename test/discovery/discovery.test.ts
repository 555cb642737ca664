import { describe, expect, test } from 'vitest'
import { type DiscoverySource, discover, mergeAccounts } from '../../src/discovery/discovery.ts'
import type { Gateway, ListedAccount } from '../../src/gateways/gateway.ts'

const never = new AbortController().signal
const listed = (account: string, more: Partial<ListedAccount> = {}): ListedAccount => ({
  account,
  nativeId: account,
  phone: null,
  name: null,
  ...more,
})

function gateway(list?: () => Promise<readonly ListedAccount[]>): Gateway {
  return {
    name: 'one',
    driver: 'http',
    check: () => Promise.reject(new Error('discovery checks nothing')),
    ...(list && { listAccounts: list }),
    close: () => Promise.resolve(),
  }
}

const source = (more: Partial<DiscoverySource> = {}): DiscoverySource => ({
  gateway: gateway(),
  discover: true,
  accounts: [],
  labels: { tenant: 'acme' },
  objective: 0.995,
  desired: 'any',
  privacy: { mode: 'full', key: '' },
  ...more,
})

describe('merging', () => {
  test('a listed account takes everything from the gateway and its section', () => {
    expect(mergeAccounts(source(), [listed('a', { nativeId: 'A1', phone: '971505760056', name: 'Anna' })])).toEqual([
      {
        key: 'one/a',
        account: 'a',
        gateway: 'one',
        nativeId: 'A1',
        phone: '971505760056',
        name: 'Anna',
        labels: { tenant: 'acme' },
        objective: 0.995,
        desired: 'any',
      },
    ])
  })

  test('the configuration wins field by field, and what it leaves out comes from the gateway', () => {
    const configured = {
      account: 'a',
      name: 'Sales',
      labels: { tenant: 'other', team: 'x' },
      objective: 0.9,
      desired: 'running' as const,
    }
    const [account, ...others] = mergeAccounts(source({ accounts: [configured] }), [
      listed('a', { nativeId: 'A1', phone: '971505760056', name: 'Anna' }),
    ])
    expect(others).toEqual([])
    expect(account).toMatchObject({
      nativeId: 'A1',
      phone: '971505760056',
      name: 'Sales',
      labels: { tenant: 'other', team: 'x' },
      objective: 0.9,
      desired: 'running',
    })
  })

  test('an account that is configured by its native id is one account, not two', () => {
    const merged = mergeAccounts(source({ accounts: [{ account: 'A1' }] }), [
      listed('a', { nativeId: 'A1', name: 'Anna' }),
    ])
    expect(merged).toMatchObject([{ key: 'one/A1', nativeId: 'A1', name: 'Anna' }])
  })

  test('the configured come first, in their order; an account named twice is one', () => {
    const accounts = [{ account: 'c' }, { account: 'a' }]
    const merged = mergeAccounts(source({ accounts }), [listed('a'), listed('b'), listed('b', { name: 'again' })])
    expect(merged.map(({ key }) => key)).toEqual(['one/c', 'one/a', 'one/b'])
    expect(merged[2]?.name).toBe('again')
  })

  test('privacy hides numbers in ids, names and phones; the gateway is still asked by the real id', () => {
    const privacy = { mode: 'masked', key: 'k' } as const
    const [account] = mergeAccounts(source({ privacy }), [
      listed('971505760056', { phone: '971505760056', name: 'Anna 971505760056' }),
    ])
    expect(account?.nativeId).toBe('971505760056')
    const shown = { ...account, nativeId: '' }
    expect(JSON.stringify(shown)).not.toContain('971505760056')
    expect(account?.phone).toMatch(/^971\*\*\*56-[0-9a-f]{6}$/)
    expect(account?.key).toBe(`one/${account?.phone}`)
    expect(account?.name).toBe(`Anna ${account?.phone}`)
  })
})

describe('discovering', () => {
  test('asks a gateway that lists', async () => {
    const found = await discover(source({ gateway: gateway(async () => [listed('a')]) }), never)
    expect(found).toMatchObject({ complete: true, accounts: [{ key: 'one/a' }] })
  })

  for (const [name, change] of [
    ['that is not to be discovered', { discover: false, gateway: gateway(async () => [listed('stranger')]) }],
    ['that cannot list', { gateway: gateway() }],
  ] as const) {
    test(`does not ask a gateway ${name}: the configuration is all there is`, async () => {
      const found = await discover(source({ ...change, accounts: [{ account: 'a' }] }), never)
      expect(found).toMatchObject({ complete: false, accounts: [{ key: 'one/a' }] })
    })
  }

  test('rejects where the list fails', async () => {
    const failing = gateway(() => Promise.reject(new Error('no list today')))
    await expect(discover(source({ gateway: failing }), never)).rejects.toThrow('no list today')
  })
})

describe('a database of accounts', () => {
  const documented = (accounts: readonly object[], disabled: readonly string[] = []) => ({
    documented: () => ({ accounts: accounts as DiscoverySource['accounts'], disabled: new Set(disabled) }),
  })

  test('stands between the configuration and the gateway, field by field', () => {
    const merged = mergeAccounts(
      source({
        accounts: [{ account: 'a', name: 'Config', labels: { team: 'config' } }],
        ...documented([
          { account: 'a', name: 'Database', phone: '971505760056', labels: { team: 'database', city: 'Dubai' } },
          { account: 'b', name: 'Beate' },
        ]),
      }),
      [listed('a', { nativeId: 'A1', phone: '111' }), listed('b', { name: 'listed' }), listed('c')],
    )
    expect(merged.map(({ account }) => account)).toEqual(['a', 'b', 'c'])
    expect(merged[0]).toMatchObject({
      name: 'Config',
      phone: '971505760056',
      nativeId: 'A1',
      labels: { tenant: 'acme', team: 'config', city: 'Dubai' },
    })
    expect(merged[1]).toMatchObject({ name: 'Beate', labels: { tenant: 'acme' } })
  })

  test('finds the listed account by its native id, and makes no second one of it', () => {
    const merged = mergeAccounts(source(documented([{ account: 'sales', nativeId: 'A1' }])), [
      listed('a', { nativeId: 'A1', phone: '971505760056' }),
    ])
    expect(merged).toMatchObject([{ account: 'sales', nativeId: 'A1', phone: '971505760056' }])
  })

  test('switches off what the gateway lists, but nothing that the configuration names', async () => {
    const one = source({
      gateway: gateway(async () => [listed('a'), listed('b'), listed('c', { nativeId: 'C1' })]),
      accounts: [{ account: 'a' }],
      ...documented([], ['a', 'b', 'C1']),
    })
    const found = await discover(one, never)
    expect(found.accounts.map(({ account }) => account)).toEqual(['a'])
    expect(found.withdrawn).toEqual(['one/b', 'one/C1'])
  })
})
