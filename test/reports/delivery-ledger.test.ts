import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type DeliveryLedger, FILES, openDeliveryLedger } from '../../src/reports/delivery-ledger.ts'

const REPORT = { schedule: 'acme', period: '2026-03', dueMs: 100 }
const ANNA = { schedule: 'acme', period: '2026-03', recipient: 'anna@example.org' }
const LEASE = 1_000
let folder: string
let ledger: DeliveryLedger

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-'))
  ledger = openDeliveryLedger(folder)
})
afterEach(() => {
  ledger.close()
  rmSync(folder, { recursive: true })
})

test('a schedule is known since it was first seen', () => {
  expect([ledger.since('acme', 5), ledger.since('acme', 9), ledger.since('other', 9)]).toEqual([5, 5, 9])
})

test('a report is taken up with the recipients of that moment, once', () => {
  ledger.enlist(REPORT, [ANNA.recipient], 1)
  ledger.enlist(REPORT, [ANNA.recipient, 'late@example.org'], 2)
  expect(ledger.of('acme', '2026-03').map(({ recipient }) => recipient)).toEqual([FILES, ANNA.recipient])
})

describe('a claim', () => {
  beforeEach(() => ledger.enlist(REPORT, [ANNA.recipient], 1))

  test('is given once, also to another exporter with the same folder', () => {
    const other = openDeliveryLedger(folder)
    expect([ledger.claim(ANNA, 10, LEASE), other.claim(ANNA, 11, LEASE), ledger.claim(ANNA, 12, LEASE)]).toEqual([
      true,
      false,
      false,
    ])
    other.close()
  })

  test('runs out, when its holder vanished before it sent', () => {
    ledger.claim(ANNA, 10, LEASE)
    expect(ledger.claim(ANNA, 10 + LEASE - 1, LEASE)).toBe(false)
    expect(ledger.claim(ANNA, 10 + LEASE, LEASE)).toBe(true)
    expect(ledger.get(ANNA)?.attempts).toBe(2)
  })

  test('that ran out while sending leaves the doubt, and is never given again', () => {
    ledger.claim(ANNA, 10, LEASE)
    ledger.mark(ANNA, 'sending', 11)
    expect(ledger.claim(ANNA, 10 + LEASE - 1, LEASE)).toBe(false)
    expect(ledger.get(ANNA)?.state).toBe('sending')
    expect(ledger.claim(ANNA, 10 + LEASE, LEASE)).toBe(false)
    expect(ledger.get(ANNA)?.state).toBe('unsure')
    expect(ledger.claim(ANNA, 10 + 2 * LEASE, LEASE)).toBe(false)
  })

  test('is not given before its time, nor after it is done', () => {
    ledger.claim(ANNA, 10, LEASE)
    ledger.mark(ANNA, 'waiting', 11, { notBeforeMs: 50, detail: 'greylisted' })
    expect(ledger.claim(ANNA, 49, LEASE)).toBe(false)
    expect(ledger.claim(ANNA, 50, LEASE)).toBe(true)
    ledger.mark(ANNA, 'sent', 51)
    expect(ledger.claim(ANNA, 99_999, LEASE)).toBe(false)
  })

  test('survives closing and opening', () => {
    ledger.claim(ANNA, 10, LEASE)
    ledger.mark(ANNA, 'sent', 11, { detail: '250 ok' })
    ledger.close()
    ledger = openDeliveryLedger(folder)
    expect(ledger.get(ANNA)).toMatchObject({ state: 'sent', detail: '250 ok', attempts: 1 })
  })
})

test('what is done cannot be marked again', () => {
  ledger.enlist(REPORT, [ANNA.recipient], 1)
  ledger.claim(ANNA, 10, LEASE)
  ledger.mark(ANNA, 'sent', 11)
  ledger.mark(ANNA, 'waiting', 12)
  expect(ledger.get(ANNA)?.state).toBe('sent')
})

test('old deliveries are forgotten, and the schedule stays known', () => {
  ledger.since('acme', 5)
  ledger.enlist(REPORT, [], 1)
  ledger.forget(101)
  expect(ledger.of('acme', '2026-03')).toEqual([])
  expect(ledger.since('acme', 99)).toBe(5)
})
