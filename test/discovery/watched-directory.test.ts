import { setImmediate } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DiscoveryOptions } from '../../src/discovery/options.ts'
import { type AccountCollection, type DirectoryPlan, watchedDirectory } from '../../src/discovery/watched-directory.ts'
import { silentLog } from '../../src/log.ts'
import { until } from '../service/until.ts'

/** A collection that the test fills, breaks and hears questions of. */
function collectionOf(follow: AccountCollection['follow'] = async () => 'unsupported') {
  const state = { documents: [] as unknown[], error: null as string | null, reads: 0, closed: 0 }
  const collection: AccountCollection = {
    place: 'MongoDB at db, bot.accounts',
    async read() {
      state.reads += 1
      if (state.error !== null) throw new Error(state.error)
      return state.documents
    },
    follow,
    async close() {
      state.closed += 1
    },
  }
  return { state, collection }
}

function planOf(intervalMs: number, more: object = {}): DirectoryPlan {
  const mongodb = { uri: 'mongodb://db', database: 'bot', collection: 'accounts', gateway: 'one', ...more }
  const { mongodb: options } = DiscoveryOptions.parse({ mongodb })
  if (options === undefined) throw new Error('no options')
  return { options, gateways: ['one'], intervalMs }
}

function setUp(collection: AccountCollection) {
  const told = { changes: 0, failures: 0, faulty: [] as number[], opened: 0, lines: [] as string[] }
  const say = (facts: object, text: string) => void told.lines.push(`${text} ${JSON.stringify(facts)}`)
  const directory = watchedDirectory({
    async open() {
      told.opened += 1
      return collection
    },
    log: { ...silentLog, info: say, warn: say, error: say },
    shown: (text) => text.replaceAll('971505760056', '971***'),
    changed() {
      told.changes += 1
    },
    failed() {
      told.failures += 1
    },
    faulty: (count) => void told.faulty.push(count),
  })
  onTestFinished(() => directory.stop())
  const ids = () => directory.of('one')?.accounts.map(({ account }) => account) ?? null
  return { directory, told, ids }
}

describe('a directory', () => {
  test('is read before apply settles, and says nothing of a gateway before', async () => {
    const { state, collection } = collectionOf()
    state.documents = [{ _id: 1, account: 'a' }]
    const { directory, told, ids } = setUp(collection)
    expect(ids()).toBeNull()
    await directory.apply(planOf(60_000))
    expect(ids()).toEqual(['a'])
    expect(directory.of('other')).toEqual({ accounts: [], disabled: new Set() })
    expect(told).toMatchObject({ changes: 1, failures: 0 })
  })

  test('is read in rounds where its server tells of no changes, and tells of what changed only', async () => {
    const { state, collection } = collectionOf()
    state.documents = [{ _id: 1, account: 'a' }]
    const { directory, told, ids } = setUp(collection)
    await directory.apply(planOf(5))
    await until('three rounds', () => state.reads > 3)
    expect(told.changes).toBe(1)
    state.documents = [
      { _id: 1, account: 'a' },
      { _id: 2, account: 'b' },
    ]
    await until('the new account', () => ids()?.length === 2)
    state.documents = [{ _id: 2, account: 'b' }]
    await until('the old one gone', () => ids()?.join() === 'b')
    expect(told.changes).toBe(3)
    expect(told.lines.filter((line) => line.includes('it is read in rounds'))).toHaveLength(1)
  })

  test('is read at once when its server tells of a change', async () => {
    let tell = () => {}
    const { state, collection } = collectionOf(
      (changed, signal) =>
        new Promise((resolve) => {
          tell = changed
          signal.addEventListener('abort', () => resolve('ended'), { once: true })
        }),
    )
    const { directory, ids } = setUp(collection)
    await directory.apply(planOf(3_600_000))
    state.documents = [{ _id: 1, account: 'a' }]
    await setImmediate()
    tell()
    await until('the account', () => ids()?.join() === 'a')
    expect(state.reads).toBe(2)
  })

  test('that is away keeps what was read last, fails once per try, and is told of once', async () => {
    const { state, collection } = collectionOf()
    state.documents = [{ _id: 1, account: 'a' }]
    const { directory, told, ids } = setUp(collection)
    await directory.apply(planOf(5))
    state.error = 'MongoDB is away'
    await until('three failures', () => told.failures >= 3)
    expect(ids()).toEqual(['a'])
    expect(told.lines.filter((line) => line.includes('MongoDB is away'))).toHaveLength(1)
    state.error = null
    state.documents = []
    await until('the empty list', () => ids()?.length === 0)
    expect(told.lines.at(-1)).toContain('can be read again')
  })

  test('that was away from the start holds nobody up, and says nothing until it was read', async () => {
    const { state, collection } = collectionOf()
    state.error = 'MongoDB is away'
    const { directory, told, ids } = setUp(collection)
    await directory.apply(planOf(5))
    expect([ids(), told.failures >= 1]).toEqual([null, true])
    state.error = null
    await until('the list', () => ids() !== null)
  })

  test('with documents that cannot be used counts them, and names a few of them once, without phone numbers', async () => {
    const { state, collection } = collectionOf()
    const bad = Array.from({ length: 7 }, (_, index) => ({ _id: `971505760056-${index}` }))
    state.documents = [{ _id: 1, account: 'a' }, ...bad]
    const { directory, told, ids } = setUp(collection)
    await directory.apply(planOf(5))
    await until('a second reading', () => told.faulty.length >= 2)
    expect([ids(), told.faulty[0]]).toEqual([['a'], 7])
    const lines = told.lines.filter((line) => line.includes('cannot be used wholly'))
    expect(lines).toEqual([expect.stringContaining('"count":7')])
    expect(lines[0]).toContain('971***-4')
    expect(lines[0]).not.toContain('971***-5')
    expect(lines[0]).not.toContain('971505760056')
  })

  test('goes on undisturbed over a reload that changes nothing, and is opened anew over one that does', async () => {
    const { state, collection } = collectionOf()
    state.documents = [{ _id: 1, account: 'a' }]
    const { directory, told, ids } = setUp(collection)
    await directory.apply(planOf(60_000))
    await directory.apply(planOf(60_000))
    expect([told.opened, state.closed]).toEqual([1, 0])
    // Other fields of the same collection: what is known stays until the next reading.
    await directory.apply(planOf(60_000, { fields: { name: 'title' } }))
    expect([told.opened, state.closed, ids()]).toEqual([2, 1, ['a']])
    state.error = 'not there'
    await directory.apply(planOf(60_000, { collection: 'others' }))
    expect(ids()).toBeNull()
    await directory.apply(null)
    expect(state.closed).toBe(3)
  })
})
