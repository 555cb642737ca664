import { describe, expect, test } from 'vitest'
import { roster } from '../../src/monitor/roster.ts'
import { accountOf, entryOf, gatewayOf } from './fixtures.ts'

function filled() {
  const fleet = roster()
  const one = gatewayOf('one')
  const two = gatewayOf('two')
  const add = (account: string, gateway: typeof one, phone: string | null = null) => {
    const entry = entryOf(accountOf(account, gateway.id, { phone }), gateway)
    fleet.add(entry)
    return entry
  }
  const sales = add('sales-01', one, '971505760056')
  const twin = add('sales-01', two)
  const number = add('01', one)
  return { fleet, one, sales, twin, number }
}

describe('an account is found', () => {
  const { fleet, sales, twin, number } = filled()
  for (const [name, id, want] of [
    ['by its key, alone', 'one/sales-01', [sales]],
    ['by its id, in every gateway that has it', 'sales-01', [sales, twin]],
    ['by its phone number', '971505760056', [sales]],
    ['by its phone number with plus, blanks and dashes', '+971 50 576-0056', [sales]],
    ['by its phone number with two zeros', '00971 (50) 5760056', [sales]],
    ['by a short id of digits', '01', [number]],
    ['not by the digits within another word', 'sales-99-01', []],
    ['not by a word that has no digits', 'nobody', []],
    ['not by nothing', '', []],
  ] as const) {
    test(name, () => expect(fleet.find(id)).toEqual(want))
  }
})

test('a newer finding of an account moves what it is found by', () => {
  const { fleet, sales } = filled()
  fleet.rename(sales, accountOf('sales-01', 'one', { phone: '4915112345678' }))
  expect(fleet.find('971505760056')).toEqual([])
  expect(fleet.find('+49 151 12345678')).toEqual([sales])
})

test('an account that goes is found by nothing, and its early check never comes', () => {
  const { fleet, one, sales, twin } = filled()
  let checked = false
  sales.recheck = setTimeout(() => {
    checked = true
  }, 0)
  fleet.delete(sales)
  expect(fleet.find('one/sales-01')).toEqual([])
  expect(fleet.find('sales-01')).toEqual([twin])
  expect(one.entries.has('one/sales-01')).toBe(false)
  expect(sales.recheck).toBeNull()
  return new Promise<void>((resolve) => {
    setTimeout(() => {
      expect(checked).toBe(false)
      resolve()
    }, 5)
  })
})
