import { describe, expect, test } from 'vitest'
import { faultText } from '../../src/config/fault.ts'
import { parseConfig } from '../../src/config/load.ts'

const GATEWAY = 'gateways: [{ name: waha-1, driver: waha, url: "http://127.0.0.1:3000" }]\n'
const GATEWAY_LINES = `gateways:
  - name: waha-1
    driver: waha
    url: http://127.0.0.1:3000
`

const HASH = `$2b$10$${'a'.repeat(53)}`

/** Every fault as the command line shows it; warnings are left out. */
function faultsOf(text: string, environment = {}): readonly string[] {
  const loaded = parseConfig(text, '/etc/exporter', environment)
  return loaded.ok ? [] : loaded.faults.map((fault) => faultText('config.yml', fault))
}

function warningsOf(text: string): readonly string[] {
  return parseConfig(text, '/etc/exporter', {}).warnings.map((fault) => faultText('config.yml', fault))
}

describe('one fault, one clear message', () => {
  test.each<[string, string, string]>([
    [
      'an address without a scheme',
      GATEWAY_LINES.replace('http://', ''),
      'config.yml:4:5 gateways[0].url: "127.0.0.1:3000" is not a URL. Write it with a scheme, for example http://localhost:3000',
    ],
    [
      'a misspelt option',
      `${GATEWAY_LINES}    discovr: true\n`,
      'config.yml:5:5 gateways[0].discovr: unknown option. Did you mean "discover"?',
    ],
    ['a misspelt section', `${GATEWAY}check: {}\n`, 'config.yml:2:1 check: unknown option. Did you mean "checks"?'],
    [
      'an option that resembles nothing',
      `${GATEWAY}slo: { pineapple: 1 }\n`,
      'config.yml:2:8 slo.pineapple: unknown option. Options here: objective, window',
    ],
    [
      'an unknown driver',
      GATEWAY_LINES.replace('driver: waha', 'driver: wahaa'),
      'config.yml:3:5 gateways[0].driver: "wahaa" must be one of http, waha, evolution, wppconnect, gowa, cloud-api. Did you mean "waha"?',
    ],
    [
      'a missing driver',
      'gateways: [{ name: a, url: "http://h" }]',
      'config.yml:1:12 gateways[0].driver: is required. Choose one of http, waha, evolution, wppconnect, gowa, cloud-api',
    ],
    ['no gateways section', 'checks: {}', 'config.yml:1:1 gateways: is required. The gateways to watch, at least one'],
    [
      'an empty gateways section',
      'gateways:',
      'config.yml:1:1 gateways: is required. The gateways to watch, at least one',
    ],
    ['an empty list of gateways', 'gateways: []', 'config.yml:1:1 gateways: names no gateway. Add at least one'],
    [
      'a number where a duration belongs',
      `${GATEWAY}checks: { interval: 15 }\n`,
      'config.yml:2:11 checks.interval: 15 must be a text. Put it in quotes',
    ],
    [
      'a duration out of bounds',
      `${GATEWAY}checks: { interval: 2h }\n`,
      'config.yml:2:11 checks.interval: "2h" must be between 1s and 1h',
    ],
    [
      'a number out of bounds',
      `${GATEWAY}checks: { concurrency: 0 }\n`,
      'config.yml:2:11 checks.concurrency: 0 must be at least 1',
    ],
    [
      'a fraction where whole numbers count',
      `${GATEWAY}checks: { concurrency: 1.5 }\n`,
      'config.yml:2:11 checks.concurrency: 1.5 must be a whole number',
    ],
    [
      'a text where a number belongs',
      `${GATEWAY}checks: { concurrency: "12" }\n`,
      'config.yml:2:11 checks.concurrency: "12" must be a number. Write it without quotes; a variable of the environment gives a text',
    ],
    [
      'a value alone where a list belongs',
      `${GATEWAY}checks: { uplink: "h:1" }\n`,
      'config.yml:2:11 checks.uplink: "h:1" must be a list. Write it as [h:1]',
    ],
    [
      'an option without its value',
      `${GATEWAY}slo:\n  objective:\n`,
      'config.yml:3:3 slo.objective: is empty. Give it a value or remove the line',
    ],
    [
      'a timeout that reaches the next check',
      `${GATEWAY}checks: { interval: 5s, timeout: 5s }\n`,
      'config.yml:2:25 checks.timeout: "5s" must be shorter than checks.interval. Lower it or raise the interval',
    ],
    [
      'an objective whose page can never fire',
      `${GATEWAY}slo: { objective: 0.93 }\n`,
      'config.yml:2:8 slo.objective: 0.93 is an objective whose page can never fire: even a full outage burns its budget only 1 / (1 - 0.93) = 14.29 times as fast as allowed, and the page needs 14.4 times. Set it above 0.9306',
    ],
    [
      'a shard beyond the last',
      `${GATEWAY}sharding: { ordinal: 1, total: 1 }\n`,
      'config.yml:2:13 sharding.ordinal: 1 must be below sharding.total (1). Ordinals count from 0: the last one is 0',
    ],
    [
      'a gateway that watches nothing',
      'gateways: [{ name: a, driver: http, url: "http://h" }]\n',
      'config.yml:1:12 gateways[0].accounts: watches nothing: discover is false and accounts is empty. Set one of them, or discovery.mongodb',
    ],
    [
      'a database whose accounts are behind a gateway that is not there',
      `${GATEWAY}discovery: { mongodb: { uri: "mongodb://h", database: d, collection: c, gateway: wah } }\n`,
      'config.yml:2:73 discovery.mongodb.gateway: "wah" is no gateway. There are: waha-1',
    ],
    [
      'peers that are fewer than the shards',
      `${GATEWAY}sharding: { total: 3, peers: ["http://a:1", "http://b:1"] }\n`,
      'config.yml:2:23 sharding.peers: has 2 addresses, and total is 3: name one for each ordinal',
    ],
    [
      'one address for all peers',
      `${GATEWAY}sharding: { total: 2, peers: "http://exporter:19292" }\n`,
      'config.yml:2:23 sharding.peers: "http://exporter:19292" must hold {ordinal}, or be a list with one address each',
    ],
    [
      'a password in the address of a peer',
      `${GATEWAY}sharding: { total: 2, peers: "http://a:b@exporter-{ordinal}:1" }\n`,
      'config.yml:2:23 sharding.peers: "http://<secret>@exporter-{ordinal}:1" must be an http(s) address without credentials and query, for example http://exporter-{ordinal}.exporter:19292, or a list',
    ],
    [
      'a label that would shadow one of ours',
      `${GATEWAY_LINES}    labels: { gateway: x }\n`,
      'config.yml:5:15 gateways[0].labels.gateway: "gateway" would shadow a label of ours; choose another name',
    ],
    [
      'a sign-in with options of no kind',
      `${GATEWAY.replace('waha,', 'http, discover: true, auth: { user: x },')}`,
      'config.yml:1:58 gateways[0].auth: must be { bearerToken }, { bearerTokenFile }, or { username, password | passwordFile }',
    ],
    [
      'a user whose role does not exist',
      `${GATEWAY}api: { basicAuth: { users: { eve: { hash: "${HASH}", role: reed } } } }\n`,
      'config.yml:2:107 api.basicAuth.users.eve.role: "reed" must be one of read, operate. Did you mean "read"?',
    ],
    [
      'an e-mail receiver without a mail server',
      `${GATEWAY}alerting: { email: [{ name: a, to: [a@example.org] }] }\n`,
      'config.yml:2:1 alerting.smtp: is required by the e-mail receivers. Name the mail server there',
    ],
    [
      'a receiver with an unknown severity',
      `${GATEWAY}alerting: { webhook: [{ name: a, url: "http://h/x", severities: [criticl] }] }\n`,
      'config.yml:2:66 alerting.webhook[0].severities[0]: "criticl" must be one of critical, warning, info, none. Did you mean "critical"?',
    ],
    [
      'a receiver that names no time interval',
      `${GATEWAY}alerting: { webhook: [{ name: a, url: "http://h/x", muteIn: [night] }], timeIntervals: [{ name: nights }] }\n`,
      'config.yml:2:62 alerting.webhook[0].muteIn[0]: "night" is no time interval. Did you mean "nights"?',
    ],
    [
      'a receiver with the name of our audit',
      `${GATEWAY}alerting: { webhook: [{ name: exporter-audit, url: "http://h/x" }] }\n`,
      'config.yml:2:25 alerting.webhook[0].name: "exporter-audit" is the name of another receiver. Rename one of them',
    ],
    [
      'hashed phone numbers without a key',
      `${GATEWAY}privacy: { phone: hashed }\n`,
      'config.yml:2:1 privacy: asks for hashed phone numbers without a key; numbers are so few that what hides them is undone in minutes without one. Set key or keyFile',
    ],
    [
      'a time zone that does not exist',
      `${GATEWAY}alerting: { timeIntervals: [{ name: a, timeZone: Mars/Olympus }] }\n`,
      'config.yml:2:40 alerting.timeIntervals[0].timeZone: "Mars/Olympus" is not a time zone. Use an IANA name, for example Europe/Berlin',
    ],
    [
      'a variable that is not set',
      `${GATEWAY_LINES}    auth: { apiKey: "\${WAHA_KEY}" }\n`,
      'config.yml:5:13 gateways[0].auth.apiKey: names the environment variable WAHA_KEY, which is not set. Set it where the exporter starts, or use the File form of the option',
    ],
    [
      'a reference that is no variable',
      `${GATEWAY_LINES}    auth: { apiKey: "\${WAHA-KEY}" }\n`,
      `config.yml:5:13 gateways[0].auth.apiKey: holds a reference that is no variable name. Write \${NAME} with letters, digits and _, or $\${ for the two characters themselves`,
    ],
    [
      'a secret file that is not there',
      `${GATEWAY_LINES}    auth: { apiKeyFile: no-such-file }\n`,
      'config.yml:5:13 gateways[0].auth.apiKeyFile: "no-such-file" cannot be read (ENOENT): /etc/exporter/no-such-file. Check the path and its permissions',
    ],
  ])('%s', (_name, text, message) => {
    expect(faultsOf(text)).toEqual([message])
  })
})

describe('syntax', () => {
  test.each<[string, string, readonly string[]]>([
    ['a tab', 'gateways:\n\t- name: a', ['config.yml:2:1: tabs are not allowed as indentation. Indent with spaces']],
    ['a key twice', 'slo: {}\nslo: {}', ['config.yml:2:1: map keys must be unique. Keep one of the two']],
    ['a tag', 'slo: !custom {}', ['config.yml:1:6: unresolved tag. Put a value that begins with ! in quotes']],
    [
      'an alias without its anchor',
      'slo: *none',
      ['config.yml:1:6: alias without an anchor before it. Put a value that begins with * in quotes'],
    ],
    [
      'two documents',
      'slo: {}\n---\nslo: {}',
      ['config.yml:2:1: more than one document in the file. Remove the "---" line between them'],
    ],
    ['two mistakes in two places', 'a: [1\nb: "x', []],
    [
      'a list at the top',
      '- 1',
      [
        'config.yml:1:1: is not a mapping of sections. Begin with a section such as "gateways:"; config.example.yml shows how',
      ],
    ],
    [
      'a text at the top',
      'hello',
      [
        'config.yml:1:1: is not a mapping of sections. Begin with a section such as "gateways:"; config.example.yml shows how',
      ],
    ],
    ['nothing', '', ['config.yml: is empty. Name at least one gateway; config.example.yml shows how']],
    ['only comments', '# a\n', ['config.yml: is empty. Name at least one gateway; config.example.yml shows how']],
  ])('%s', (_name, text, messages) => {
    const faults = faultsOf(text)
    if (messages.length > 0) expect(faults).toEqual(messages)
    else expect(faults.length).toBeGreaterThan(0)
  })

  test('an alias bomb is refused', () => {
    const levels = Array.from({ length: 9 }, (_, level) => {
      const item = level === 0 ? 'x' : `*l${level - 1}`
      return `  l${level}: &l${level} [${Array(10).fill(item).join(', ')}]`
    })
    expect(faultsOf(`slo:\n${levels.join('\n')}`)).toEqual([
      'config.yml:8:12: repeats its anchors too often. Write the values out',
    ])
  })

  test('an alias within its own anchor is refused', () => {
    expect(faultsOf('slo: &a { objective: *a }')).toEqual([
      'config.yml:1:22: alias within its own anchor. Write the value out',
    ])
  })

  test('anchors, aliases and merge keys of an honest fleet work', () => {
    const accounts = Array.from({ length: 2000 }, (_, index) => `      - { account: a${index}, labels: *sales }`)
    const text = `gateways:
  - &first
    name: one
    driver: waha
    url: http://127.0.0.1:3000
    labels: &sales { team: sales }
    accounts:
${accounts.join('\n')}
  - { <<: *first, name: two, accounts: [] }
`
    const loaded = parseConfig(text, '/', {})
    expect(loaded.ok && loaded.config.gateways.map(({ name, url, accounts }) => [name, url, accounts.length])).toEqual([
      ['one', 'http://127.0.0.1:3000', 2000],
      ['two', 'http://127.0.0.1:3000', 0],
    ])
  })
})

test('all faults of all sections come at once, in the order of the file', () => {
  const text = `checks: { interval: 0s }
gateways:
  - { name: A, driver: waha, url: x }
  - { name: b, driver: http, url: "http://h", accounts: {} }
slo: { objective: 2 }
extra: 1
`
  expect(faultsOf(text).map((line) => line.split(': ')[0])).toEqual([
    'config.yml:1:11 checks.interval',
    'config.yml:3:7 gateways[0].name',
    'config.yml:3:30 gateways[0].url',
    'config.yml:4:47 gateways[1].accounts',
    'config.yml:5:8 slo.objective',
    'config.yml:6:1 extra',
  ])
})

describe('warnings say what the operator probably did not mean', () => {
  test.each<[string, string, string]>([
    [
      'one number on two accounts',
      'gateways: [{ name: a, driver: http, url: "http://h", accounts: [{ account: x, phone: "971505760056" }, { account: y, phone: "+971 50 576 0056" }] }]',
      'gateways[0].accounts[1].phone: "+971 50 576 0056" is also the number of a/x',
    ],
    [
      'a window for a gateway that is not there',
      `${GATEWAY}maintenance: [{ gateways: [waha-2], start: 2026-03-01T22:00:00Z, end: 2026-03-01T23:00:00Z, author: a, reason: b }]`,
      'maintenance[0].gateways[0]: "waha-2" is no gateway of this file. Did you mean "waha-1"?',
    ],
    ['nobody to tell', GATEWAY, 'alerting: has no receiver'],
    [
      'shards that do not know each other',
      `${GATEWAY}sharding: { total: 2 }`,
      'sharding: has no peers: the API and the status page of each exporter show its own part of the fleet only. Set sharding.peers',
    ],
    [
      'shards without a store that they share',
      `${GATEWAY}sharding: { total: 2, peers: "http://exporter-{ordinal}:19292" }`,
      'store.kind: is sqlite, a store that exporters cannot share',
    ],
    [
      'shards that would each sign links of their own',
      `${GATEWAY}sharding: { total: 2 }\nreports: { smtp: { host: mail, from: a@b.example } }`,
      'reports.subscriptions: has no key: each exporter makes its own, and refuses the links to unsubscribe that another one has sent',
    ],
    [
      'nobody who takes every critical alert',
      `${GATEWAY}alerting: { webhook: [{ name: a, url: "http://h/x", labels: { team: sales } }] }`,
      'alerting: has no receiver that takes every critical alert',
    ],
    [
      'an open API',
      `${GATEWAY}api: { listen: "0.0.0.0:19292" }`,
      'api.listen: "0.0.0.0:19292" is reachable from other machines',
    ],
    [
      'a Prometheus that would be refused',
      `${GATEWAY}api: { bearerTokens: [{ name: p, token: abcdefghijklmnopqrst }] }`,
      'prometheus: has no scrapeSignIn',
    ],
    [
      'a secret in the file',
      `${GATEWAY_LINES}    auth: { apiKey: abcdefgh }`,
      'gateways[0].auth.apiKey: is a secret in plain text',
    ],
    ['one address and no uplink', GATEWAY, 'checks.uplink: is empty and all gateways live at one address'],
  ])('%s', (_name, text, warning) => {
    expect(warningsOf(text)).toContainEqual(expect.stringContaining(warning))
  })

  test('a window may name an account that only discovery can know', () => {
    const window =
      'maintenance: [{ accounts: [later], start: 2026-03-01T22:00:00Z, end: 2026-03-01T23:00:00Z, author: a, reason: b }]'
    expect(warningsOf(GATEWAY + window).filter((line) => line.includes('maintenance'))).toEqual([])
  })
})
