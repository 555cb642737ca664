import { expect, test } from 'vitest'
import type { Selection } from '../../src/health/maintenance.ts'
import { silenceMatchers } from '../../src/notifications/silence-matchers.ts'

const KNOWN: Readonly<Record<string, readonly { gateway: string; account: string }[]>> = {
  'sales-01': [{ gateway: 'waha-1', account: 'sales-01' }],
  'waha-1/sales-02': [{ gateway: 'waha-1', account: 'sales-02' }],
  '971505760056': [{ gateway: 'evo', account: 'dubai (1)' }],
  shared: [
    { gateway: 'waha-1', account: 'shared' },
    { gateway: 'evo', account: 'shared' },
  ],
}
/** As Alertmanager writes matchers. */
const texts = (selection: Selection) =>
  silenceMatchers(selection, (id) => KNOWN[id] ?? []).map((matchers) =>
    matchers.map(({ name, value, isRegex }) => `${name}${isRegex ? '=~' : '='}"${value}"`).join(' '),
  )

test.each<[string, Selection, readonly string[]]>([
  [
    'every account: all that is about a gateway, and the fleet',
    {},
    ['gateway=~".+"', 'alertname="WhatsAppFleetDegraded"'],
  ],
  ['one gateway', { gateways: ['waha-1'] }, ['gateway="waha-1"']],
  [
    'two gateways with a label',
    { gateways: ['b', 'a.1'], labels: { tenant: 'acme' } },
    ['gateway=~"a\\.1|b" tenant="acme"'],
  ],
  ['labels alone', { labels: { tenant: 'acme', team: 'x' } }, ['tenant="acme" team="x"']],
  ['an account by its id', { accounts: ['sales-01'] }, ['gateway="waha-1" account="sales-01"']],
  [
    'accounts of one gateway, by id and key',
    { accounts: ['waha-1/sales-02', 'sales-01'] },
    ['gateway="waha-1" account=~"sales-01|sales-02"'],
  ],
  [
    'an account by its phone, with characters that mean something',
    { accounts: ['971505760056'] },
    ['gateway="evo" account="dubai (1)"'],
  ],
  [
    'an id that two gateways know',
    { accounts: ['shared'] },
    ['gateway="waha-1" account="shared"', 'gateway="evo" account="shared"'],
  ],
  [
    'of these, only that of the gateway',
    { accounts: ['shared'], gateways: ['evo'] },
    ['gateway="evo" account="shared"'],
  ],
  ['a key that is not known yet', { accounts: ['new/a/b'] }, ['gateway="new" account="a/b"']],
  ['an id that is not known yet', { accounts: ['later'], labels: { team: 'x' } }, ['account="later" team="x"']],
])('%s', (_name, selection, matchers) => {
  expect(texts(selection)).toEqual(matchers)
})

test('thousands of accounts are several silences, none of them endless', () => {
  const accounts = Array.from({ length: 450 }, (_, index) => `a${index}`)
  const found = silenceMatchers({ accounts }, (id) => [{ gateway: 'g', account: id }])
  expect(found.map((matchers) => matchers[1]?.value.split('|').length)).toEqual([200, 200, 50])
})
