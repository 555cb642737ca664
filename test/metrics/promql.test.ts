import { expect, test } from 'vitest'
import { ACCOUNT_FAMILIES, GATEWAY_FAMILIES } from '../../src/metrics/catalogue.ts'
import { aggregate, buckets, exactly, increase, over, rate, selector } from '../../src/metrics/promql.ts'

test.each([
  ['a family without labels is its name', selector(ACCOUNT_FAMILIES.up), 'whatsapp_account_up'],
  ['a string equals', selector(ACCOUNT_FAMILIES.up, { gateway: 'waha-1' }), 'whatsapp_account_up{gateway="waha-1"}'],
  [
    'every kind of match has its operator',
    selector(ACCOUNT_FAMILIES.state, {
      state: 'connected',
      team: { not: 'test' },
      account: { matches: 'a.*' },
      gateway: { notMatches: 'x|y' },
    }),
    'whatsapp_account_state{state="connected",team!="test",account=~"a.*",gateway!~"x|y"}',
  ],
  [
    'quotes, backslashes and line feeds are escaped',
    selector(ACCOUNT_FAMILIES.up, { account: 'a"\\\n} or vector(1)' }),
    'whatsapp_account_up{account="a\\"\\\\\\n} or vector(1)"}',
  ],
  [
    'a name in an expression matches only itself',
    selector(ACCOUNT_FAMILIES.up, { account: { matches: ['a.b', 'c|d'].map(exactly).join('|') } }),
    'whatsapp_account_up{account=~"a\\\\.b|c\\\\|d"}',
  ],
  [
    'increase takes a counter',
    increase(ACCOUNT_FAMILIES.downtime, '5m'),
    'increase(whatsapp_account_downtime_seconds_total[5m])',
  ],
  [
    'rate takes a variable of Grafana',
    rate(ACCOUNT_FAMILIES.checks, '$__rate_interval', { account: 'a' }),
    'rate(whatsapp_account_checks_total{account="a"}[$__rate_interval])',
  ],
  ['over takes any series', over('avg_over_time', 'account:x:ratio_5m', '1h'), 'avg_over_time(account:x:ratio_5m[1h])'],
  [
    'buckets and aggregate make a quantile',
    aggregate('sum', ['gateway', 'le'], over('rate', buckets(GATEWAY_FAMILIES.checkDuration), '5m')),
    'sum by (gateway, le) (rate(whatsapp_gateway_check_duration_seconds_bucket[5m]))',
  ],
])('%s', (_, expression, text) => {
  expect(expression).toBe(text)
})

test('a label name that PromQL cannot read is refused', () => {
  expect(() => selector(ACCOUNT_FAMILIES.up, { 'a-b': 'x' })).toThrow('"a-b" is not a Prometheus label name')
})
