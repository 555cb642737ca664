import { expect, test } from 'vitest'
import { listenAddress, serviceAddress, withAddresses } from '../../src/cli/address-overrides.ts'
import { parseConfig } from '../../src/config/load.ts'

const CONFIG = `
gateways: [{ name: one, driver: http, url: "http://127.0.0.1:1", accounts: [{ account: a }] }]
api: { listen: "127.0.0.1:8000", drain: 3s }
alerting: { url: "http://alerts:9093", externalUrl: "https://alerts.example.org" }
`
const loaded = parseConfig(CONFIG, '/', {})

function configWith(overrides: Parameters<typeof withAddresses>[1]) {
  const result = withAddresses(loaded, overrides)
  if (!result.ok) throw new Error(JSON.stringify(result.faults))
  return result.config
}

test('without an override the addresses of the file hold', () => {
  const { api, prometheus, alerting } = configWith({})
  expect([api.listen, prometheus.url, alerting.url]).toEqual([
    { host: '127.0.0.1', port: 8000 },
    'http://127.0.0.1:9090',
    'http://alerts:9093',
  ])
})

test('an override wins over the file, and the rest of the section stays', () => {
  const { api, prometheus, alerting } = configWith({
    listen: listenAddress('0.0.0.0:19292'),
    prometheusUrl: serviceAddress('http://prometheus:9090/'),
    alertmanagerUrl: serviceAddress('http://alertmanager:9093'),
  })
  expect(api).toMatchObject({ listen: { host: '0.0.0.0', port: 19_292 }, drain: 3_000 })
  expect([prometheus.url, alerting.url]).toEqual(['http://prometheus:9090', 'http://alertmanager:9093'])
})

test('links for people keep the addresses of the file', () => {
  const { prometheus, alerting } = configWith({
    prometheusUrl: 'http://prometheus:9090',
    alertmanagerUrl: 'http://alertmanager:9093',
  })
  expect([prometheus.externalUrl, alerting.externalUrl]).toEqual([
    'http://127.0.0.1:9090',
    'https://alerts.example.org',
  ])
})

test('a faulty configuration stays faulty', () => {
  const faulty = parseConfig('gateways: 3', '/', {})
  expect(withAddresses(faulty, { prometheusUrl: 'http://prometheus:9090' })).toBe(faulty)
})

test.each([
  ['19292', 'It must be host:port, for example 127.0.0.1:19292, [::1]:19292, or :19292 for every address.'],
  ['localhost:70000', 'It must be host:port, for example 127.0.0.1:19292, [::1]:19292, or :19292 for every address.'],
])('%s is no address to listen on', (text, rule) => {
  expect(() => listenAddress(text)).toThrow(rule)
})

test.each(['prometheus:9090', 'ftp://prometheus', 'http://user:password@prometheus:9090', ''])(
  '"%s" is no address of a service',
  (text) => {
    expect(() => serviceAddress(text)).toThrow(/^It (?:must not hold|is not a URL)/)
  },
)
