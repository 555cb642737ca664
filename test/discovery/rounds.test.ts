import { describe, expect, onTestFinished, test } from 'vitest'
import type { DiscoverySource } from '../../src/discovery/discovery.ts'
import { discoveryRounds, type Finding } from '../../src/discovery/rounds.ts'
import { silentLog } from '../../src/log.ts'
import { until } from '../service/until.ts'

/** A gateway whose list is steered by the test. */
function source(name: string, list: (signal: AbortSignal) => Promise<readonly string[]>): DiscoverySource {
  return {
    gateway: {
      name,
      driver: 'http',
      check: () => Promise.reject(new Error('discovery checks nothing')),
      listAccounts: async (signal) =>
        (await list(signal)).map((account) => ({ account, nativeId: account, phone: null, name: null })),
      close: () => Promise.resolve(),
    },
    discover: true,
    accounts: [],
    labels: {},
    objective: 0.995,
    desired: 'any',
    privacy: { mode: 'full', key: '' },
  }
}

const hangs = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))

function setUp() {
  const found: Finding[] = []
  const failed: string[] = []
  const warnings: string[] = []
  const rounds = discoveryRounds({
    log: { ...silentLog, warn: (_, text) => void warnings.push(text), info: (_, text) => void warnings.push(text) },
    found: (finding) => void found.push(finding),
    failed: (gateway) => void failed.push(gateway),
  })
  onTestFinished(() => rounds.stop())
  const of = (gateway: string) => found.filter((finding) => finding.gateway === gateway)
  return { rounds, found, of, failed, warnings }
}

describe('rounds of discovery', () => {
  test('look at once, and again after each interval', async () => {
    const { rounds, found, of } = setUp()
    await rounds.apply([source('one', async () => ['a'])], 10)
    expect(found).toMatchObject([{ gateway: 'one', scope: 'listed', accounts: [{ key: 'one/a' }] }])
    await until('three more', () => of('one').length >= 4)
  })

  test('of a gateway that hangs hold up no other gateway', async () => {
    const { rounds, of } = setUp()
    void rounds.apply([source('hanging', hangs), source('one', async () => ['a'])], 10)
    await until('five rounds of the other', () => of('one').length >= 5)
    expect(of('hanging')).toEqual([])
  })

  test('that fail tell the configured accounts only, once in the log, and when they work again', async () => {
    const { rounds, of, failed, warnings } = setUp()
    let works = false
    const one = source('one', async () => {
      if (!works) throw new Error('no list today')
      return ['a', 'b']
    })
    await rounds.apply([{ ...one, accounts: [{ account: 'a' }] }], 5)
    await until('three failures', () => failed.length >= 3)
    expect(of('one')[0]).toMatchObject({ scope: 'partial', accounts: [{ key: 'one/a' }] })
    works = true
    await until('a list', () => of('one').some(({ scope }) => scope === 'listed'))
    expect(warnings).toEqual(['The gateway cannot list its accounts.', 'The gateway lists its accounts again.'])
  })

  test('that failed are tried again soon, not after a whole interval', async () => {
    const { rounds, of } = setUp()
    let asked = 0
    const late = source('one', async () => {
      asked += 1
      if (asked === 1) throw new Error('still starting')
      return ['a']
    })
    await rounds.apply([late], 3_600_000)
    await until('the list', () => of('one').some(({ scope }) => scope === 'listed'), 9_000)
  })

  test('of newer sources end those of the older ones, also in the middle of one', async () => {
    const { rounds, of } = setUp()
    const first = rounds.apply([source('old', hangs)], 10)
    await rounds.apply([source('new', async () => ['a'])], 10)
    await first
    await until('three rounds', () => of('new').length >= 3)
    expect(of('old')).toEqual([])
  })

  test('applied many times at once leave one loop', async () => {
    const { rounds } = setUp()
    let asked = 0
    const counting = source('one', async () => {
      asked += 1
      return []
    })
    await Promise.all(Array.from({ length: 10 }, () => rounds.apply([counting], 3_600_000)))
    expect(asked).toBeLessThanOrEqual(2)
    const marker = { rounds: 0 }
    await rounds.apply(
      [
        counting,
        source('two', async () => {
          marker.rounds += 1
          return []
        }),
      ],
      20,
    )
    const before = asked
    await until('ten rounds', () => marker.rounds >= 10)
    expect(asked - before).toBeLessThanOrEqual(marker.rounds + 1)
  })

  test('stopped, they end at once and find nothing more', async () => {
    const { rounds, found } = setUp()
    const applied = rounds.apply([source('hanging', hangs), source('one', async () => ['a'])], 5)
    await until('a finding', () => found.length > 0)
    await rounds.stop()
    await applied
    const count = found.length
    await rounds.apply([], 5)
    expect(found).toHaveLength(count)
  })

  test('come at once when they are asked for again, also for what changed while they were under way', async () => {
    const { rounds, of } = setUp()
    let release = () => {}
    let asked = 0
    const slow = source('one', async () => {
      asked += 1
      if (asked === 2) await new Promise<void>((resolve) => (release = resolve))
      return ['a']
    })
    await rounds.apply([slow], 3_600_000)
    rounds.again()
    await until('the second round to begin', () => asked === 2)
    rounds.again()
    release()
    await until('a third round', () => of('one').length === 3)
    expect(asked).toBe(3)
  })

  test.each([
    ['partial', 'was not read yet: then nobody knows who is gone', null],
    ['listed', 'was read: then who is gone there has a grace', { accounts: [], disabled: new Set<string>() }],
  ] as const)('with a database are %s where it %s', async (scope, _, documented) => {
    const { rounds, found } = setUp()
    const one = { ...source('one', async () => []), discover: false, documented: () => documented }
    await rounds.apply([one], 3_600_000)
    expect(found).toMatchObject([{ gateway: 'one', scope, withdrawn: [] }])
  })
})
