import mongoose from 'mongoose'
import { describe, expect, test } from 'vitest'
import { readDirectory } from '../../src/discovery/account-document.ts'
import { DiscoveryOptions } from '../../src/discovery/options.ts'

const { ObjectId, Long } = mongoose.mongo

function optionsOf(more: object = {}) {
  const { mongodb } = DiscoveryOptions.parse({
    mongodb: { uri: 'mongodb://db', database: 'bot', collection: 'accounts', ...more },
  })
  if (mongodb === undefined) throw new Error('no options')
  return mongodb
}

const read = (documents: readonly unknown[], more: object = {}, gateways: readonly string[] = ['one', 'two']) => {
  const { byGateway, faults } = readDirectory(documents, optionsOf({ gateway: 'one', ...more }), gateways)
  return { one: byGateway.get('one'), two: byGateway.get('two'), faults }
}
const account = (found: { accounts: readonly unknown[] } | undefined) => found?.accounts[0]

describe('a document', () => {
  test('brings every fact of an account that the fields name, from documents within it too', () => {
    const document = {
      _id: new ObjectId('65f000000000000000000001'),
      session: 'sales-01',
      contact: { phone: '+971 50 576 0056', title: 'Sales Dubai' },
      server: { name: 'two' },
      slo: 0.999,
      team: { name: 'sales' },
      shift: 3,
      vip: true,
    }
    const { two, faults } = read([document], {
      fields: {
        account: 'session',
        phone: 'contact.phone',
        name: 'contact.title',
        gateway: 'server.name',
        objective: 'slo',
        labels: { team: 'team.name', shift: 'shift', vip: 'vip', city: 'contact.city' },
      },
    })
    expect(faults).toEqual([])
    expect(two?.accounts).toEqual([
      {
        account: 'sales-01',
        nativeId: undefined,
        phone: '971505760056',
        name: 'Sales Dubai',
        objective: 0.999,
        labels: { team: 'sales', shift: '3', vip: 'true' },
      },
    ])
  })

  test.each([
    ['a text', 'sales-01', 'sales-01'],
    ['a text with blanks around it', ' sales-01 ', 'sales-01'],
    ['a phone number that was stored as a number', 971505760056, '971505760056'],
    ['a number of 64 bits', Long.fromString('971505760056'), '971505760056'],
    ['an object id', new ObjectId('65f000000000000000000001'), '65f000000000000000000001'],
  ])('may hold its id as %s', (_, stored, id) => {
    expect(account(read([{ _id: 1, account: stored }]).one)).toMatchObject({ account: id })
  })

  test.each([
    ['no id', { _id: 7 }, 'document 7: account holds no id of an account; it is left out'],
    [
      'an id that is no text',
      { _id: 7, account: { a: 1 } },
      'document 7: account holds no id of an account; it is left out',
    ],
    ['an empty id', { _id: 7, account: '  ' }, 'document 7: account holds no id of an account; it is left out'],
    [
      'a gateway that is not configured',
      { _id: 7, account: 'a', gateway: 'three' },
      'document 7: gateway names the gateway "three", which is not configured; it is left out',
    ],
    [
      'a switch that is neither on nor off',
      { _id: 7, account: 'a', enabled: 'maybe' },
      'document 7: enabled is neither true nor false; it is left out',
    ],
  ])('with %s is left out and named', (_, document, fault) => {
    const found = read([document, { _id: 8, account: 'good' }])
    expect(found.faults).toEqual([fault])
    expect(found.one?.accounts).toHaveLength(1)
  })

  test.each([
    ['a phone number that is none', { phone: 'call me' }, 'phone must be a phone number with its country code'],
    ['a name that is longer than a label may be', { name: 'x'.repeat(300) }, 'name '],
    ['an objective above one', { slo: 99.5 }, 'slo must be a ratio between 0 and 1'],
    ['a label that is a document', { team: { name: 'x' } }, 'team '],
  ])('with %s is watched without it, and the fault is named without its value', (_, more, fault) => {
    const found = read([{ _id: 7, account: 'a', ...more }], { fields: { objective: 'slo', labels: { team: 'team' } } })
    expect(found.one?.accounts).toHaveLength(1)
    expect(found.faults).toEqual([expect.stringContaining(`document 7: ${fault}`)])
    expect(found.faults.join()).not.toContain('call me')
    expect(account(found.one)).toMatchObject({ phone: undefined, name: undefined, objective: undefined, labels: {} })
  })

  test('without a gateway is of the gateway for such documents, and named where there is none', () => {
    expect(read([{ _id: 7, account: 'a' }]).one?.accounts).toHaveLength(1)
    expect(read([{ _id: 7, account: 'a' }], { gateway: undefined }).faults).toEqual([
      'document 7: gateway names no gateway; it is left out',
    ])
  })

  test('that is switched off names an account that is not to be watched', () => {
    const { one } = read([{ _id: 7, account: 'a', enabled: false }])
    expect([one?.accounts, [...(one?.disabled ?? [])]]).toEqual([[], ['a']])
  })

  test('whose account another one has already is left out; the same id behind another gateway is another account', () => {
    const found = read([
      { _id: 7, account: 'a' },
      { _id: 8, account: 'a', enabled: false },
      { _id: 9, account: 'a', gateway: 'two' },
    ])
    expect(found.faults).toEqual([
      'document 8: its account is in another document of the same gateway too; it is left out',
    ])
    expect([found.one?.accounts.length, found.one?.disabled.size, found.two?.accounts.length]).toEqual([1, 0, 1])
  })

  test.each([null, undefined, 'text', 5, [], new Date(0)])('may be anything at all: %s throws nothing', (document) => {
    expect(read([document]).faults).toEqual([
      'document without a readable _id: account holds no id of an account; it is left out',
    ])
  })
})

describe('the options', () => {
  const faultsOf = (mongodb: object) =>
    (DiscoveryOptions.safeParse({ mongodb }).error?.issues ?? []).map(
      ({ path, message }) => `${path.join('.')}: ${message}`,
    )
  const good = { uri: 'mongodb://db', database: 'bot', collection: 'accounts' }

  test.each([
    [
      'without an address',
      { database: 'bot', collection: 'accounts' },
      'mongodb: has neither uri nor uriFile. Set one',
    ],
    [
      'with a name that MongoDB does not take',
      { ...good, database: 'a.b' },
      'mongodb.database: must be a MongoDB database name',
    ],
    [
      'with a collection of the server',
      { ...good, collection: 'system.users' },
      'mongodb.collection: must be a MongoDB collection name',
    ],
    [
      'with a field that is an operator',
      { ...good, fields: { phone: '$where' } },
      'mongodb.fields.phone: must be the name of a field',
    ],
    [
      'with a label from an operator',
      { ...good, fields: { labels: { team: '$x' } } },
      'mongodb.fields.labels.team: must be the name',
    ],
    ['with a label that is ours', { ...good, fields: { labels: { account: 'x' } } }, 'mongodb.fields.labels.account: '],
    ['with a word that is not known', { ...good, colection: 'x' }, 'mongodb: Unrecognized key'],
  ])('are refused %s', (_, mongodb, fault) => {
    expect(faultsOf(mongodb)).toEqual([expect.stringContaining(fault)])
  })

  test('hide the address', () => {
    expect(JSON.stringify(optionsOf({ uri: 'mongodb://user:canary@db' }))).not.toContain('canary')
  })
})
