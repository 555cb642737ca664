import { beforeEach, describe, expect, test } from 'vitest'
import type { Reading } from '../../src/accounts/observation.ts'
import { GatewayError } from '../../src/gateways/gateway-error.ts'
import type { GatewayVerdict } from '../../src/health/gateway-health.ts'
import { type Checking, checking } from '../../src/monitor/checking.ts'
import { lulls } from '../../src/monitor/lulls.ts'
import { places } from '../../src/monitor/places.ts'
import { type AccountEntry, type GatewayEntry, gatewayEntry } from '../../src/monitor/roster.ts'
import { turnMeter } from '../../src/monitor/turn-meter.ts'
import { T0 } from '../health/fixtures.ts'
import { accountOf, entryOf, gatewayOf } from './fixtures.ts'

const CONNECTIONS = 8
const READING: Reading = { state: 'connected', reason: null, native: 'WORKING', evidence: {} }

/** A check that the gateway has under way. */
interface Asked {
  answer(): void
  timeOut(): void
}

let gateway: GatewayEntry
let verdictOfFailure: GatewayVerdict
let checks: Checking
let asked: Asked[]
let settled: string[]
let settledAtMs: number[]
let clockMs: number

beforeEach(() => {
  verdictOfFailure = 'failing'
  asked = []
  settled = []
  settledAtMs = []
  clockMs = 0
  const idle = gatewayOf()
  const hanging = {
    ...idle.watched.gateway,
    check: () =>
      new Promise<{ reading: Reading; durationMs: number; atMs: number }>((resolve, reject) => {
        asked.push({
          answer: () => resolve({ reading: READING, durationMs: 1, atMs: T0 }),
          timeOut: () => reject(new GatewayError('timeout', 'no answer')),
        })
      }),
  }
  gateway = gatewayEntry({ ...idle.watched, gateway: hanging, connections: CONNECTIONS }, idle.health, idle.repairs)
  const figures = { inFlight: 0, maxLagMs: 0, firstStartMs: null, lastEndMs: null }
  checks = checking({
    places: places(256),
    nowMs: () => T0 + clockMs,
    monotonicMs: () => clockMs,
    meter: turnMeter(() => 0),
    figures,
    lulls: lulls(figures),
    signal: new AbortController().signal,
    settle(entry, { atMs, result }) {
      settledAtMs.push(atMs - T0)
      settled.push(`${entry.account.account}: ${result.ok ? 'ok' : result.message}`)
    },
    settleGateway(entry, { result }) {
      const lastError = result.ok ? null : { code: result.code, message: result.message, atMs: T0 }
      entry.health = { ...entry.health, verdict: result.ok ? 'up' : verdictOfFailure, lastError }
    },
  })
})

const accounts = (count: number): AccountEntry[] =>
  Array.from({ length: count }, (_, index) => entryOf(accountOf(`a${index}`), gateway))

const turn = () => new Promise(setImmediate)

describe('a gateway that lets requests run into their time limit', () => {
  test('has a quarter of its places from the first one on, and all of them from its next answer on', async () => {
    for (const entry of accounts(30)) void checks.account(entry, 0)
    await turn()
    expect(asked).toHaveLength(CONNECTIONS)

    for (const check of asked.splice(0)) check.timeOut()
    await turn()
    expect(asked).toHaveLength(CONNECTIONS / 4)

    asked.splice(0, 1)[0]?.answer()
    await turn()
    expect(asked).toHaveLength(CONNECTIONS)
  })

  test('answers for the accounts that wait for their place, once it is down', async () => {
    for (const entry of accounts(20)) void checks.account(entry, 0)
    await turn()
    verdictOfFailure = 'down'
    for (const check of asked.splice(0)) check.timeOut()
    await turn()
    expect(settled).toHaveLength(20)
    expect(asked).toHaveLength(0)
  })

  test('fails an account that waited, and was asked in vain, as of when it was due', async () => {
    const fleet = accounts(CONNECTIONS + 1)
    for (const [index, entry] of fleet.entries()) void checks.account(entry, index === CONNECTIONS ? 2_000.4 : 0)
    await turn()
    clockMs = 20_000
    gateway.health = { ...gateway.health, failingSinceMs: T0 + 1_000 }
    for (const check of asked.splice(0)) check.timeOut()
    await turn()
    clockMs = 25_000
    settledAtMs = []
    for (const check of asked.splice(0)) check.timeOut()
    await turn()
    expect(settledAtMs).toEqual([2_000])
  })

  test('fails no account as of before it was seen last', async () => {
    const [first] = accounts(1)
    if (first === undefined) throw new Error('no account')
    first.health = { ...first.health, lastCheckMs: T0 + 15_000 }
    clockMs = 20_000
    void checks.account(first, 2_000)
    await turn()
    gateway.health = { ...gateway.health, failingSinceMs: T0 + 1_000 }
    for (const check of asked.splice(0)) check.timeOut()
    await turn()
    expect(settledAtMs).toEqual([15_000])
  })

  test('leaves the moment of a check alone where the gateway gives signs of life', async () => {
    const [first] = accounts(1)
    if (first === undefined) throw new Error('no account')
    clockMs = 20_000
    void checks.account(first, 2_000)
    await turn()
    gateway.health = { ...gateway.health, failingSinceMs: null }
    for (const check of asked.splice(0)) check.timeOut()
    await turn()
    expect(settledAtMs).toEqual([20_000])
  })

  test('fails the accounts that waited as of when they were due, but not before it began to fail itself', async () => {
    const fleet = accounts(CONNECTIONS + 3)
    const dueMs = (index: number) => (index - CONNECTIONS + 1) * 1_000
    for (const [index, entry] of fleet.entries()) void checks.account(entry, Math.max(0, dueMs(index)))
    await turn()
    clockMs = 30_000
    verdictOfFailure = 'down'
    gateway.health = { ...gateway.health, failingSinceMs: T0 + 1_500 }
    settledAtMs = []
    for (const check of asked.splice(0)) check.timeOut()
    await turn()
    expect(settledAtMs.slice(-3)).toEqual([1_500, 2_000, 3_000])
  })
})
