import { expect, test } from 'vitest'
import { PrivacyOptions, ShardingOptions, shardOrdinal } from '../../src/discovery/options.ts'
import { ChecksOptions } from '../../src/monitor/options.ts'
import { AlertingOptions } from '../../src/notifications/options.ts'
import { PrometheusOptions, ReportsOptions } from '../../src/reports/options.ts'

test.each<[string, number | null]>([
  ['exporter-0', 0],
  ['exporter-17', 17],
  ['exporter-2.exporter.monitoring.svc', 2],
  ['7', 7],
  ['exporter', null],
  ['exporter2', null],
  ['exporter-2b', null],
])('the host name %s is shard %s', (hostname, ordinal) => {
  expect(shardOrdinal(ShardingOptions.parse({ ordinal: 'hostname', total: 20 }), hostname)).toBe(ordinal)
})

test('an ordinal that is given wins over the host name', () => {
  expect(shardOrdinal(ShardingOptions.parse({ ordinal: 3, total: 20 }), 'exporter-17')).toBe(3)
})

test.each([
  ['1.1.1.1:443', true],
  ['[2606:4700::1111]:443', true],
  ['example.org:80', true],
  ['https://example.org/health', true],
  ['example.org', false],
  ['example.org:0', false],
  ['example.org:70000', false],
  ['2606:4700::1111:443', false],
  ['ftp://example.org', false],
  ['http://', false],
])('the uplink %s is accepted: %s', (uplink, accepted) => {
  expect(ChecksOptions.safeParse({ uplink: [uplink] }).success).toBe(accepted)
})

test('an absent section has all its defaults', () => {
  expect(ChecksOptions.parse(undefined)).toEqual({
    interval: 15_000,
    timeout: 5000,
    concurrency: 256,
    startGroup: 16,
    uplink: [],
  })
  expect(AlertingOptions.parse(undefined)).toMatchObject({
    groupWait: 30_000,
    slack: [],
    email: [],
    sms: [],
    webhook: [],
  })
})

test.each([
  ['a short key', { phone: 'hashed', key: 'short' }, 'has a key shorter than 16 characters. Make it longer'],
  ['no key', { phone: 'hashed' }, 'asks for hashed phone numbers without a key'],
])('hashed phone numbers with %s are refused', (_name, options, message) => {
  expect(PrivacyOptions.safeParse(options).error?.issues[0]?.message).toContain(message)
})

test.each([
  ['both tokens', { bearerToken: 'a', bearerTokenFile: 'b' }, 'has both bearerToken and bearerTokenFile. Keep one'],
  [
    'a token and a user',
    { bearerToken: 'a', username: 'u', password: 'p' },
    'has both a bearer token and a user. Keep one',
  ],
  ['nothing', {}, 'names neither a bearer token nor a user. Give one'],
  ['a user without a password', { username: 'u' }, 'needs username together with password or passwordFile'],
  [
    'both passwords',
    { username: 'u', password: 'p', passwordFile: 'f' },
    'has both password and passwordFile. Keep one',
  ],
])('a sign-in with %s is refused', (_name, scrapeSignIn, message) => {
  expect(PrometheusOptions.safeParse({ scrapeSignIn }).error?.issues.map((issue) => issue.message)).toContain(message)
})

test('an address with a sign-in in it is refused where people would see it as a link', () => {
  expect(PrometheusOptions.safeParse({ externalUrl: 'http://user:password@prometheus' }).success).toBe(false)
})

test.each<[string, object, string]>([
  [
    'a password in its address',
    { url: 'http://user:password@mimir' },
    'must not hold a user or a password. Use signIn',
  ],
  [
    'a header that Prometheus sets itself',
    { url: 'http://mimir', headers: { Authorization: 'Bearer x' } },
    'is a header that Prometheus sets itself. Use signIn',
  ],
  ['a name twice', { url: 'http://mimir', name: 'twice' }, 'has two entries of one name. Rename one of them'],
])('a remote write with %s is refused', (_name, target, message) => {
  const { error } = PrometheusOptions.safeParse({ remoteWrite: [target, { url: 'http://other', name: 'twice' }] })
  expect(JSON.stringify(error?.issues)).toContain(message)
})

test.each([
  ['a night in one range', { times: [{ start: '22:00', end: '06:00' }] }, false],
  [
    'a night in two',
    {
      times: [
        { start: '22:00', end: '24:00' },
        { start: '00:00', end: '06:00' },
      ],
    },
    true,
  ],
  ['a range of weekdays', { weekdays: ['monday:friday'] }, true],
  ['a weekday that is none', { weekdays: ['mon'] }, false],
  ['an hour that is none', { times: [{ start: '25:00', end: '26:00' }] }, false],
])('a time interval with %s is accepted: %s', (_name, interval, accepted) => {
  expect(AlertingOptions.safeParse({ timeIntervals: [{ name: 'x', ...interval }] }).success).toBe(accepted)
})

test.each([
  ['a short key', { key: 'short' }, 'has a key shorter than 16 characters. Make one with: openssl rand -hex 32'],
  ['an address for a domain', { allowedDomains: ['anna@example.org'] }, 'must be a mail domain such as example.org'],
  ['a pattern for a domain', { allowedDomains: ['*.example.org'] }, 'must be a mail domain such as example.org'],
  ['a key that stands in the file twice', { key: 'a'.repeat(16), keyFile: '/dev/null' }, 'names an empty file'],
])('subscriptions with %s are refused', (_name, subscriptions, message) => {
  expect(ReportsOptions.safeParse({ subscriptions }).error?.issues[0]?.message).toContain(message)
})

test('domains that may be subscribed are compared in lower case', () => {
  const { subscriptions } = ReportsOptions.parse({
    subscriptions: { allowedDomains: ['Example.ORG', 'a.b-c.example'] },
  })
  expect(subscriptions.allowedDomains).toEqual(['example.org', 'a.b-c.example'])
})
