import { describe, expect, test } from 'vitest'
import { StoreOptions } from '../../src/store/options.ts'

const DAY = 86_400_000

describe('the section store', () => {
  test('absent or empty is SQLite with its defaults', () => {
    const defaults = {
      kind: 'sqlite',
      path: '.data/exporter.db',
      retention: { history: 30 * DAY, summaries: 730 * DAY },
      journal: { maxSamples: 2_000_000, retryMax: 30_000 },
    }
    expect(StoreOptions.parse(undefined)).toEqual(defaults)
    expect(StoreOptions.parse({})).toEqual(defaults)
  })

  test.each([
    ['an unknown kind', { kind: 'postgres' }, 'kind'],
    ['an unknown key', { kind: 'sqlite', pth: 'x' }, ''],
    ['sums that go before their checks', { retention: { history: '60d', summaries: '30d' } }, 'retention.summaries'],
    ['a history of hours', { retention: { history: '6h' } }, 'retention.history'],
    ['a journal of nothing', { journal: { maxSamples: 1 } }, 'journal.maxSamples'],
    ['MongoDB without address', { kind: 'mongodb' }, 'uri'],
    ['a MongoDB name with a blank', { kind: 'mongodb', uri: 'mongodb://h', database: 'a b' }, 'database'],
  ])('%s is refused at its place', (_name, section, place) => {
    const { error } = StoreOptions.safeParse(section)
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual([place])
  })

  test('the address of MongoDB is a secret', () => {
    const options = StoreOptions.parse({ kind: 'mongodb', uri: 'mongodb://user:canary@host' })
    expect(JSON.stringify(options)).not.toContain('canary')
  })
})
