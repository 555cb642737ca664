import { expect, test } from 'vitest'
import { hiddenAddresses } from '../../src/accounts/hidden-addresses.ts'

test.each([
  ['anna.berta@example.org', 'a***@example.org'],
  ['550 <anna@example.org>: no such user', '550 <a***@example.org>: no such user'],
  ['550 "anna@example.org" is unknown', '550 "a***@example.org" is unknown'],
  ["550 'anna@example.org' is unknown", "550 'a***@example.org' is unknown"],
  ["o'brien@example.org", 'o***@example.org'],
  ['<"anna berta"@example.org> refused', '<a***@example.org> refused'],
  ['"anna\\"berta@home"@example.org', 'a***@example.org'],
  ['"anna\nberta"@example.org', 'a***@example.org'],
  ['""@example.org', '***@example.org'],
  ['📮post@example.org and bob@partner.example', '📮***@example.org and b***@partner.example'],
  ['no address: "quoted" and plain', 'no address: "quoted" and plain'],
])('of %j stays %j', (text, hidden) => {
  expect(hiddenAddresses(text)).toBe(hidden)
})
