import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { ReportsOptions } from '../../src/reports/options.ts'
import {
  createSubscriptions,
  type SubscriptionsParts,
  type WantedSubscription,
} from '../../src/reports/subscriptions.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { subscriptionOf } from '../store/audit-contract.ts'

const NOW = Date.parse('2026-03-01T03:12:00Z')
const HOUR = 3_600_000
const WANTED: WantedSubscription = {
  recipient: 'anna@example.org',
  timing: { kind: 'weekly', minuteOfDay: 360 },
  timeZone: 'Europe/Berlin',
  select: {},
  template: 'weekly',
  formats: ['pdf'],
  language: null,
}

let directory: string
let store: Store
let nowMs: number
let lines: string[]
let changes: number
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'subscriptions-'))
  store = sqliteStore({ path: ':memory:' }, silentLog)
  nowMs = NOW
  lines = []
  changes = 0
})
afterEach(async () => {
  await store.close()
  rmSync(directory, { recursive: true })
})

function subscriptions(reports: object = {}, over: Partial<SubscriptionsParts> = {}) {
  const options = ReportsOptions.parse({
    directory,
    smtp: { host: '127.0.0.1', from: 'reports@sender.example' },
    schedules: [{ name: 'acme', period: 'weekly', recipients: ['sla@Example.ORG', 'sla@acme.example'] }],
    ...reports,
  })
  const write = (facts: object, text: string) => void lines.push(`${JSON.stringify(facts)} ${text}`)
  return createSubscriptions({
    options: () => options,
    store,
    externalUrl: () => 'https://exporter.example/wa/',
    changed: () => {
      changes += 1
    },
    now: () => nowMs,
    log: { ...silentLog, info: write, error: write },
    ...over,
  })
}

describe('subscribing', () => {
  test('is kept with who did it and when, and makes an order', async () => {
    const { add, all, orders } = subscriptions()
    const added = await add(WANTED, 'alice')
    expect(added).toMatchObject({ ...WANTED, createdMs: NOW, createdBy: 'alice', endedMs: null, endedBy: null })
    expect(await all()).toEqual([added])
    expect(await subscriptions().all()).toEqual([added])
    expect(orders()).toMatchObject([
      {
        schedule: { name: `_${added.id}`, period: 'weekly', timeZone: 'Europe/Berlin', minuteOfDay: 360 },
        fileName: 'weekly',
        recipients: ['anna@example.org'],
      },
    ])
    expect(changes).toBe(2)
  })

  test('ends once, by whom it was ended first, and makes no order any more', async () => {
    const { add, end, orders } = subscriptions()
    const { id } = await add(WANTED, 'alice')
    nowMs += HOUR
    expect(await end(id, 'bob')).toMatchObject({ endedMs: NOW + HOUR, endedBy: 'bob' })
    expect(await end(id, 'carol')).toMatchObject({ endedBy: 'bob' })
    expect(await end('s9', 'bob')).toBeNull()
    expect(orders()).toEqual([])
  })

  test('another exporter sees it when it looks again', async () => {
    const [one, other] = [subscriptions(), subscriptions()]
    await one.add(WANTED, 'alice')
    expect(other.orders()).toEqual([])
    await other.refresh()
    expect(other.orders()).toHaveLength(1)
  })

  test('leaves no mail address in the log', async () => {
    const { add, end } = subscriptions()
    await end((await add(WANTED, 'alice')).id, 'alice')
    expect(lines).toHaveLength(2)
    expect(lines.join()).toContain('a***@example.org')
    expect(lines.join()).not.toContain('anna')
  })
})

describe('who may be subscribed', () => {
  const refusal = (reports: object, recipient: string) => subscriptions(reports).add({ ...WANTED, recipient }, 'alice')

  test.each([
    ['a domain of the recipients of a schedule, in any case', {}, 'Anna@EXAMPLE.org'],
    ['a domain that is allowed', { subscriptions: { allowedDomains: ['Partner.example'] } }, 'bob@partner.example'],
  ])('%s', async (_what, reports, recipient) => {
    expect((await refusal(reports, recipient)).recipient).toBe(recipient)
  })

  test.each([
    ['no foreign domain', {}, 'eve@evil.example', 'must be an address at acme.example, example.org.'],
    ['no subdomain', {}, 'eve@sub.example.org', 'must be an address at'],
    ['no domain that only ends so', {}, 'eve@evilexample.org', 'must be an address at'],
    ['not the sender', {}, 'eve@sender.example', 'must be an address at'],
    [
      'nobody beside a list of domains',
      { subscriptions: { allowedDomains: ['partner.example'] } },
      'a@example.org',
      'at partner.example',
    ],
    ['nobody where none is named', { schedules: [] }, 'a@example.org', 'is at no domain that may be subscribed'],
    ['nobody where the list is empty', { subscriptions: { allowedDomains: [] } }, 'a@example.org', 'is at no domain'],
    ['no endless address', {}, `${'a'.repeat(250)}@example.org`, 'must be an address at'],
  ])('%s', async (_what, reports, recipient, told) => {
    await expect(refusal(reports, recipient)).rejects.toMatchObject({
      code: 'invalid',
      field: 'recipient',
      message: expect.stringContaining(told),
    })
    expect(await store.subscriptions()).toEqual([])
  })

  test('nobody without a mail server', async () => {
    await expect(
      refusal({ smtp: undefined, schedules: [], subscriptions: { allowedDomains: ['example.org'] } }, 'a@example.org'),
    ).rejects.toMatchObject({ code: 'no_mail', message: expect.stringContaining('reports.smtp') })
  })
})

describe('limits', () => {
  test('the same report goes to the same address once', async () => {
    const { add, end } = subscriptions()
    const first = await add(WANTED, 'alice')
    await expect(add({ ...WANTED, recipient: 'ANNA@example.org' }, 'bob')).rejects.toMatchObject({ code: 'exists' })
    await add({ ...WANTED, template: 'executive' }, 'bob')
    await end(first.id, 'alice')
    await add(WANTED, 'bob')
  })

  test('no more than are allowed, also by two who ask at once; one that has ended makes room', async () => {
    const { add, end, all } = subscriptions({ subscriptions: { most: 2 } })
    const ask = (index: number) => add({ ...WANTED, recipient: `a${index}@example.org` }, 'alice')
    const results = await Promise.allSettled([ask(1), ask(2), ask(3)])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    await expect(ask(4)).rejects.toMatchObject({ code: 'full' })
    await end((await all())[0]?.id ?? '', 'alice')
    await ask(4)
  })

  test('so many an hour, ended ones included, and it tells when to come back', async () => {
    const { add, end } = subscriptions({ subscriptions: { perHour: 2 } })
    const first = await add(WANTED, 'alice')
    await end(first.id, 'alice')
    nowMs += 60_000
    await add(WANTED, 'alice')
    const next = { ...WANTED, recipient: 'bob@example.org' }
    await expect(add(next, 'alice')).rejects.toMatchObject({ code: 'too_often', retryMs: NOW + HOUR })
    nowMs = NOW + HOUR
    await add(next, 'alice')
  })

  test.each([
    ['an expression of six fields', '0 0 7 * * 1', 'last-week', 'cron', 'five fields'],
    ['a day that never comes', '0 7 30 2 *', 'last-week', 'cron', 'ever comes true'],
    ['words', 'every monday at 7 am', 'last-week', 'cron', 'ever comes true'],
    ['a period that is not over', '0 7 * * 1', 'this-week', 'covers', 'must be yesterday'],
    ['a fixed period', '0 7 * * 1', '2026-03', 'covers', 'must be yesterday'],
    ['too many days', '0 7 * * 1', 'last-401-days', 'covers', 'At most 400'],
  ])('refuses %s', async (_what, cron, covers, field, told) => {
    const timing = { kind: 'cron', cron, covers } as const
    await expect(subscriptions().add({ ...WANTED, timing }, 'alice')).rejects.toMatchObject({
      code: 'invalid',
      field,
      message: expect.stringContaining(told),
    })
  })

  test('one that a later version wrote and this one cannot keep is told and holds up no other', async () => {
    await store.putSubscription(subscriptionOf('s1', { timing: { kind: 'cron', cron: '0 7 * * 1#2', covers: 'soon' } }))
    await store.putSubscription(subscriptionOf('s2', { timeZone: 'Mars/Olympus' }))
    await store.putSubscription(subscriptionOf('s3', { template: 'haiku', formats: ['docx'], language: 'tlh' }))
    const { refresh, orders } = subscriptions()
    await refresh()
    expect(orders()).toMatchObject([
      { schedule: { name: '_s3', period: 'cron' }, template: 'monthly', formats: ['pdf'], language: null },
    ])
    orders()
    expect(lines).toHaveLength(2)
  })
})

describe('the link in a mail', () => {
  const tokenOf = (url: string | null) => /\/api\/reports\/unsubscribe\/(.+)$/.exec(url ?? '')?.[1] ?? ''

  test('names its subscription, also after a restart', async () => {
    const first = subscriptions()
    const added = await first.add(WANTED, 'alice')
    const url = first.endUrl(added)
    expect(url).toMatch(/^https:\/\/exporter\.example\/wa\/api\/reports\/unsubscribe\/[0-9a-f]{16}\.[\w-]{43}$/)
    expect(await subscriptions().ofToken(tokenOf(url))).toEqual(added)
    const key = join(directory, 'unsubscribe.key')
    expect(statSync(key).mode & 0o777).toBe(0o600)
    expect(readFileSync(key, 'utf8').trim()).toHaveLength(43)
  })

  test('opens no other subscription, and none with a changed letter', async () => {
    const all = subscriptions()
    const anna = await all.add(WANTED, 'alice')
    const bob = await all.add({ ...WANTED, recipient: 'bob@example.org' }, 'alice')
    const token = tokenOf(all.endUrl(anna))
    const [, mac = ''] = token.split('.')
    const changed = `${mac.startsWith('A') ? 'B' : 'A'}${mac.slice(1)}`
    for (const forged of [
      `${bob.id}.${mac}`,
      `${anna.id}.${changed}`,
      `${anna.id}.`,
      anna.id,
      '',
      `${token}x`,
      `x${token}`,
    ])
      expect(await all.ofToken(forged)).toBeNull()
  })

  test('is signed with the configured key, which several exporters share', async () => {
    const key = { subscriptions: { key: 'a key that two exporters share' } }
    const one = subscriptions(key)
    const added = await one.add(WANTED, 'alice')
    const token = tokenOf(one.endUrl(added))
    expect(await subscriptions(key).ofToken(token)).toEqual(added)
    expect(await subscriptions({ subscriptions: { key: 'another key of theirs' } }).ofToken(token)).toBeNull()
  })

  test('is not there while nobody knows the address', async () => {
    const { add, endUrl } = subscriptions({}, { externalUrl: () => null })
    expect(endUrl(await add(WANTED, 'alice'))).toBeNull()
  })

  test('speaks the language of the subscription, else that of the configuration', async () => {
    const { languageOf } = subscriptions({ language: 'de' })
    const spoken = [null, 'en', 'tlh'].map((language) => languageOf(subscriptionOf('s1', { language })))
    expect(spoken).toEqual(['de', 'en', 'de'])
  })

  test('a damaged key is told, not used', async () => {
    writeFileSync(join(directory, 'unsubscribe.key'), 'short\n')
    const { add, endUrl } = subscriptions()
    const added = await add(WANTED, 'alice')
    expect(() => endUrl(added)).toThrow(/unsubscribe\.key is damaged/)
  })
})
