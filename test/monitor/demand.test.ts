import { beforeEach, expect, test } from 'vitest'
import type { CheckOutcome } from '../../src/accounts/observation.ts'
import type { GatewayOutcomes } from '../../src/monitor/checking.ts'
import { demands } from '../../src/monitor/demand.ts'
import type { AccountView } from '../../src/monitor/fleet.ts'
import { type AccountEntry, type GatewayEntry, gatewayEntry } from '../../src/monitor/roster.ts'
import { T0 } from '../health/fixtures.ts'
import { accountOf, entryOf, gatewayOf } from './fixtures.ts'

let starts: (() => void)[]
let asked: string[]
let answers: Map<string, (outcome: CheckOutcome) => void>
let listed: GatewayOutcomes
let listCalls: number
let demanded: ReturnType<typeof demands>

const fine = (durationMs: number): CheckOutcome => ({
  atMs: T0,
  durationMs,
  result: { ok: true, reading: { state: 'connected', reason: null, native: 'WORKING', evidence: {} } },
})

beforeEach(() => {
  starts = []
  asked = []
  answers = new Map()
  listed = new Map()
  listCalls = 0
  demanded = demands({
    turns: { push: (start) => void starts.push(start) },
    monotonicMs: () => 0,
    checks: {
      account: ({ account }) => {
        asked.push(account.account)
        return new Promise((resolve) => answers.set(account.account, resolve))
      },
      gateway: async () => {
        listCalls += 1
        return listed
      },
    },
    // Only the account's name is looked at.
    view: (entry) => ({ account: entry.account }) as AccountView,
  })
})

const entries = (gateway: GatewayEntry, ...names: string[]): AccountEntry[] =>
  names.map((name) => entryOf(accountOf(name), gateway))

function wholeGateway(): GatewayEntry {
  const plain = gatewayOf()
  return gatewayEntry({ ...plain.watched, whole: true }, plain.health, plain.repairs)
}

const start = () => {
  for (const begin of starts.splice(0)) begin()
}

test('nobody wanted is an answer at once', async () => {
  await expect(demanded([], { all: true, asker: undefined })).resolves.toEqual([])
})

test('results come in the order of asking, whoever answers first', async () => {
  const results = demanded(entries(gatewayOf(), 'a', 'b', 'c'), { all: true, asker: undefined })
  expect(asked).toEqual([])
  start()
  expect(asked).toEqual(['a', 'b', 'c'])
  answers.get('c')?.(fine(3))
  answers.get('a')?.(fine(1))
  answers.get('b')?.({ atMs: T0, durationMs: 9, result: { ok: false, code: 'timeout', message: 'no answer' } })
  expect((await results).map(({ view, durationMs, error }) => [view.account.account, durationMs, error])).toEqual([
    ['a', 1, null],
    ['b', null, { code: 'timeout', message: 'no answer' }],
    ['c', 3, null],
  ])
})

test('a gateway that is checked as a whole is asked for its list, and for who is not in it', async () => {
  const both = entries(wholeGateway(), 'listed', 'new')
  const [first] = both
  if (first === undefined) throw new Error('no entry')
  listed = new Map([[first.id, fine(5)]])
  const results = demanded(both, { all: true, asker: undefined })
  await expect.poll(() => asked).toEqual(['new'])
  answers.get('new')?.(fine(7))
  expect((await results).map(({ durationMs }) => durationMs)).toEqual([5, 7])
  expect(listCalls).toBe(2)
})

test('a few accounts of such a gateway are asked one by one, unless its list is under way', async () => {
  const gateway = wholeGateway()
  const [one] = entries(gateway, 'one')
  if (one === undefined) throw new Error('no entry')
  const alone = demanded([one], { all: false, asker: undefined })
  start()
  answers.get('one')?.(fine(1))
  expect(await alone).toHaveLength(1)
  expect(listCalls).toBe(0)

  listed = new Map([[one.id, fine(2)]])
  gateway.inFlight = Promise.resolve(listed)
  const shared = await demanded([one], { all: false, asker: undefined })
  expect(shared.map(({ durationMs }) => durationMs)).toEqual([2])
  expect(listCalls).toBe(1)
})
