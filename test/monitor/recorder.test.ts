import { describe, expect, test } from 'vitest'
import type { AccountHealth } from '../../src/health/health.ts'
import { newHealth } from '../../src/health/verdict.ts'
import { recorder } from '../../src/monitor/recorder.ts'
import { account, play, T0 } from '../health/fixtures.ts'
import { accountOf } from './fixtures.ts'

const KEY = account().key
const { samples, events } = play(['connected', 'awaiting_auth', 'awaiting_auth'])
const known = new Map<string, { account: ReturnType<typeof account>; health: AccountHealth }>()
known.set(KEY, { account: account(), health: newHealth(KEY, T0) })
const lookUp = (key: string) => known.get(key)
const [first, second] = samples

describe('a recorder', () => {
  test('gives nothing where nothing happened', () => {
    expect(recorder().take(T0, lookUp)).toBeNull()
  })

  test('gives samples in order, once', () => {
    const record = recorder()
    for (const sample of samples) record.sample(sample)
    expect(record.take(T0, lookUp)).toMatchObject({ atMs: T0, samples, transitions: [], incidents: [], removed: [] })
    expect(record.take(T0, lookUp)).toBeNull()
  })

  test('gives the newest version of each incident, every transition, and the ledger of whom they are about', () => {
    const record = recorder()
    for (const event of events) record.event(KEY, event)
    const opened = events.find((event) => event.type === 'incident-opened')
    if (opened === undefined) throw new Error('the play opens an incident')
    const newer = { ...opened.incident, downtimeMs: 99 }
    record.event(KEY, { type: 'incident-updated', incident: newer })
    const batch = record.take(T0, lookUp)
    expect(batch?.incidents).toEqual([newer])
    expect(batch?.transitions).toHaveLength(3)
    expect(batch?.ledgers).toEqual([known.get(KEY)])
  })

  test('takes a ledger as it is at that moment, not as it becomes while the batch waits for the store', () => {
    const entry = { account: account(), health: newHealth(KEY, T0), other: 'not for the store' }
    const record = recorder()
    record.touch(KEY)
    const batch = record.take(T0, () => entry)
    entry.health = { ...entry.health, native: 'later' }
    expect(batch?.ledgers).toEqual([{ account: account(), health: newHealth(KEY, T0) }])
  })

  test('gives no number: the writer alone knows what the store has', () => {
    const record = recorder()
    record.touch(KEY)
    expect(record.take(T0, lookUp)).not.toHaveProperty('seq')
  })

  test('leaves out the ledger of an account that went, and tells that it went', () => {
    const record = recorder()
    record.touch('one/gone')
    record.removed('one/gone')
    expect(record.take(T0, lookUp)).toMatchObject({ ledgers: [], removed: ['one/gone'] })
  })

  test('an account that went and came back within one batch did not go', () => {
    const record = recorder()
    record.removed(KEY)
    record.touch(KEY)
    expect(record.take(T0, lookUp)).toMatchObject({ ledgers: [known.get(KEY)], removed: [] })
  })

  test('writes every account’s ledger once per round, some with each batch', () => {
    const record = recorder(5)
    const accounts = Array.from({ length: 50 }, (_, index) => accountOf(`bot-${index}`))
    const find = (key: string) => {
      const found = accounts.find((one) => one.key === key)
      return found === undefined ? undefined : { account: found, health: newHealth(key, T0) }
    }
    const written: string[] = []
    for (let turn = 0; turn < 5; turn++) {
      for (const { key } of accounts) if (first) record.sample({ ...first, key })
      const ledgers = record.take(T0, find)?.ledgers ?? []
      expect(ledgers.length).toBeLessThan(50)
      written.push(...ledgers.map(({ account: { key } }) => key))
    }
    expect(written.sort()).toEqual(accounts.map(({ key }) => key).sort())
  })

  test('keeps only the newest version of an attempt', () => {
    const record = recorder()
    const attempt = {
      id: 'r1',
      key: KEY,
      account: 'sales-01',
      gateway: 'waha-1',
      incidentId: null,
      attempt: 1,
      by: 'policy',
      reason: null,
      requestedMs: T0,
      acceptedMs: null,
      endMs: null,
      outcome: 'pending',
      detail: '',
    } as const
    record.attempt(attempt)
    record.attempt({ ...attempt, outcome: 'verified', endMs: T0 + 1 })
    if (second) record.sample(second)
    expect(record.take(T0, lookUp)?.recoveries).toEqual([{ ...attempt, outcome: 'verified', endMs: T0 + 1 }])
  })
})
