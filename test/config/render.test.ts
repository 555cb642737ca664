import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseConfig } from '../../src/config/load.ts'
import { type AlertmanagerRendering, renderAlertmanager } from '../../src/config/render-alertmanager.ts'
import { renderPrometheus } from '../../src/config/render-prometheus.ts'
import { promDuration, reachableAddress } from '../../src/config/rendered.ts'

const folder = mkdtempSync(join(tmpdir(), 'config-render-'))
afterAll(() => rmSync(folder, { recursive: true }))
beforeAll(() => {
  for (const name of ['token', 'password', 'hook', 'ca.pem'])
    writeFileSync(join(folder, name), 'file-secret-0123456789\n')
})

const MINIMAL = 'gateways: [{ name: waha-1, driver: waha, url: "http://127.0.0.1:3000" }]\n'
const EVERYTHING = `
gateways:
  - { name: waha-1, driver: waha, url: "http://127.0.0.1:3000", labels: { tenant: acme } }
checks: { interval: 20s }
prometheus: { url: "https://prom.example.org/prom", scrapeSignIn: { bearerTokenFile: token }, signIn: { username: u, passwordFile: password }, remoteWrite: [{ url: "https://mimir.example.org/api/v1/push", name: mimir, headers: { X-Scope-OrgID: acme }, signIn: { username: u, passwordFile: password }, caFile: ca.pem, keep: "whatsapp_.+|(account|gateway|tenant|fleet):.+" }, { url: "http://127.0.0.1:8428/api/v1/write" }] }
alerting:
  url: "https://am.example.org/am"
  groupBy: [team]
  groupWait: 90s
  slack:
    - { name: on-call, webhookUrlFile: hook, channel: "#wa" }
    - { name: 'sales', webhookUrl: "https://hooks.example.org/x", labels: { team: 'say "hi" \\ there' }, activeIn: [office] }
  smtp: { smarthost: "smtp.example.org:587", from: a@example.org, username: u, passwordFile: password }
  email: [{ name: acme, severities: [critical], labels: { tenant: acme }, to: [a@example.org, b@example.org], muteIn: [office] }]
  sms:
    - { name: night, provider: sns, region: eu-central-1, phoneNumber: "+4915112345678", severities: [critical] }
    - { name: topic, provider: sns, region: eu-central-1, topicArn: "arn:aws:sns:eu:1:t", accessKey: k, secretKey: s, roleArn: "arn:aws:iam::1:role/r" }
  webhook: [{ name: tickets, url: "https://tickets.example.org/x", signIn: { username: u, password: p }, sendResolved: false }]
  timeIntervals: [{ name: office, timeZone: Europe/Berlin, weekdays: ["monday:friday", sunday], times: [{ start: "08:00", end: "24:00" }] }]
  auditSignIn: { bearerTokenFile: token }
  auditCaFile: ca.pem
`
/** The API with TLS and a sign-in; whether its files are good is not asked by a render. */
const SECURE = `api: { listen: "0.0.0.0:19443", tls: { certFile: ca.pem, keyFile: token }, bearerTokens: [{ name: prometheus, tokenFile: token }] }\n`

function configOf(text: string) {
  const loaded = parseConfig(text, folder, {})
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults, null, 2))
  return loaded.config
}

/** Runs a checker on a text, and gives its exit code with what it said. */
function check(
  program: string,
  args: readonly string[],
  name: string,
  text: string,
): { code: number | null; said: string } {
  const path = join(folder, name)
  writeFileSync(path, text)
  const { status, stdout, stderr, error } = spawnSync(program, [...args, path], { encoding: 'utf8' })
  if (error !== undefined) throw error
  return { code: status, said: stdout + stderr }
}

const alertmanagerOf = (text: string, rendering: AlertmanagerRendering = {}) =>
  parse(renderAlertmanager(configOf(text), rendering))

const CASES: readonly (readonly [string, string])[] = [
  ['the smallest configuration', MINIMAL],
  ['every receiver and option', EVERYTHING],
  ['an API with TLS and a sign-in', EVERYTHING + SECURE],
]

test('every exporter that shares the fleet is scraped, as the peers reach each other', () => {
  const sharded = 'sharding: { ordinal: hostname, total: 3, peers: "http://exporter-{ordinal}.exporter:19292" }\n'
  const jobOf = (text: string, targets?: readonly string[]) =>
    parse(
      renderPrometheus(configOf(text), {
        rulesGlobs: [],
        ...(targets === undefined ? {} : { exporterTargets: targets }),
      }),
    ).scrape_configs[0].static_configs
  expect(jobOf(MINIMAL + sharded)).toEqual([
    { targets: ['exporter-0.exporter:19292', 'exporter-1.exporter:19292', 'exporter-2.exporter:19292'] },
  ])
  expect(jobOf(MINIMAL + sharded, ['one:1'])).toEqual([{ targets: ['one:1'] }])
  expect(
    jobOf(`${MINIMAL}sharding: { total: 2, peers: ["https://a.example.com", "https://b.example.com/x"] }\n`),
  ).toEqual([{ targets: ['a.example.com:443', 'b.example.com:443'] }])
})

describe('promtool accepts prometheus.yml', () => {
  test.each(CASES)('of %s', (_name, text) => {
    const rendered = renderPrometheus(configOf(text), { rulesGlobs: [join(folder, 'none-*.yml')] })
    expect(check('promtool', ['check', 'config'], 'prometheus.yml', rendered)).toMatchObject({ code: 0 })
  })
})

describe('amtool accepts alertmanager.yml', () => {
  const inbox = { slackUrl: 'http://127.0.0.1:9999/inbox/slack', smarthost: '127.0.0.1:2525' }
  test.each(CASES)('of %s', (_name, text) => {
    const rendered = renderAlertmanager(configOf(text))
    expect(check('amtool', ['check-config'], 'alertmanager.yml', rendered)).toMatchObject({ code: 0 })
  })

  test.each(CASES)('with the inbox of the demo, of %s', (_name, text) => {
    const rendered = renderAlertmanager(configOf(text), { inbox })
    expect(check('amtool', ['check-config'], 'alertmanager.yml', rendered)).toMatchObject({ code: 0 })
  })
})

describe('prometheus.yml', () => {
  test('scrapes the exporter where it listens, as often as it checks', () => {
    const rendered = parse(renderPrometheus(configOf(EVERYTHING), { rulesGlobs: ['rules/*.yml'] }))
    expect(rendered.global).toEqual({ scrape_interval: '20s', scrape_timeout: '10s', evaluation_interval: '20s' })
    expect(rendered.rule_files).toEqual(['rules/*.yml'])
    expect(rendered.alerting.alertmanagers).toEqual([
      { scheme: 'https', path_prefix: '/am', static_configs: [{ targets: ['am.example.org:443'] }] },
    ])
    expect(rendered.scrape_configs.map((job: { job_name: string }) => job.job_name)).toEqual([
      'whatsapp-exporter',
      'prometheus',
      'alertmanager',
    ])
    expect(rendered.scrape_configs[0].static_configs).toEqual([{ targets: ['127.0.0.1:19292'] }])
    expect(rendered.scrape_configs[1]).toMatchObject({
      scheme: 'https',
      metrics_path: '/prom/metrics',
      basic_auth: { username: 'u', password_file: join(folder, 'password') },
    })
  })

  test('signs in with the file of the operator where the API asks for it', () => {
    const rendered = parse(renderPrometheus(configOf(EVERYTHING + SECURE), { rulesGlobs: [] }))
    expect(rendered.scrape_configs[0]).toMatchObject({
      scheme: 'https',
      authorization: { credentials_file: join(folder, 'token') },
      static_configs: [{ targets: ['127.0.0.1:19443'] }],
    })
  })

  test('sends every sample on where the configuration says so, and nowhere without it', () => {
    expect(parse(renderPrometheus(configOf(MINIMAL), { rulesGlobs: [] }))).not.toHaveProperty('remote_write')
    expect(parse(renderPrometheus(configOf(EVERYTHING), { rulesGlobs: [] })).remote_write).toEqual([
      {
        url: 'https://mimir.example.org/api/v1/push',
        name: 'mimir',
        headers: { 'X-Scope-OrgID': 'acme' },
        basic_auth: { username: 'u', password_file: join(folder, 'password') },
        tls_config: { ca_file: join(folder, 'ca.pem') },
        write_relabel_configs: [
          { source_labels: ['__name__'], regex: 'whatsapp_.+|(account|gateway|tenant|fleet):.+', action: 'keep' },
        ],
      },
      { url: 'http://127.0.0.1:8428/api/v1/write' },
    ])
  })

  test('takes other addresses, as in containers', () => {
    const rendered = parse(
      renderPrometheus(configOf(MINIMAL), {
        rulesGlobs: [],
        exporterTargets: ['exporter-0:19292', 'exporter-1:19292'],
        alertmanagerTarget: 'alertmanager:9093',
        prometheusTarget: 'localhost:9090',
        remoteWriteUrls: ['http://victoriametrics:8428/api/v1/write'],
      }),
    )
    expect(rendered.remote_write).toEqual([{ url: 'http://victoriametrics:8428/api/v1/write' }])
    expect(rendered.scrape_configs.map((job: { static_configs: unknown }) => job.static_configs)).toEqual([
      [{ targets: ['exporter-0:19292', 'exporter-1:19292'] }],
      [{ targets: ['localhost:9090'] }],
      [{ targets: ['alertmanager:9093'] }],
    ])
  })

  test.each([
    ['2s', '5s'],
    ['15s', '15s'],
    ['10m', '1m'],
  ])('a check interval of %s is scraped every %s', (interval, scraped) => {
    const config = configOf(`${MINIMAL}checks: { interval: ${interval}, timeout: 500ms }`)
    expect(parse(renderPrometheus(config, { rulesGlobs: [] })).global.scrape_interval).toBe(scraped)
  })
})

describe('alertmanager.yml', () => {
  test('without receivers still records everything at the exporter', () => {
    const rendered = alertmanagerOf(MINIMAL)
    expect(rendered.route).toMatchObject({
      receiver: 'exporter-audit',
      group_by: ['alertname', 'gateway'],
      routes: [{ receiver: 'exporter-audit', continue: true }],
    })
    expect(rendered.receivers).toEqual([
      {
        name: 'exporter-audit',
        webhook_configs: [{ url: 'http://127.0.0.1:19292/api/alerts', send_resolved: true, max_alerts: 300 }],
      },
    ])
  })

  test('groups by tenant where the fleet has tenants, and by what the operator adds', () => {
    expect(alertmanagerOf(EVERYTHING).route).toMatchObject({
      group_by: ['alertname', 'gateway', 'tenant', 'team'],
      group_wait: '1m30s',
      group_interval: '5m',
      repeat_interval: '4h',
    })
  })

  test('signs in at the exporter and verifies its certificate', () => {
    expect(alertmanagerOf(EVERYTHING + SECURE).receivers[0].webhook_configs[0]).toMatchObject({
      url: 'https://127.0.0.1:19443/api/alerts',
      http_config: {
        authorization: { credentials_file: join(folder, 'token') },
        tls_config: { ca_file: join(folder, 'ca.pem') },
      },
    })
  })

  test('names the files of secrets instead of the secrets', () => {
    const text = renderAlertmanager(configOf(EVERYTHING))
    expect(text).not.toContain('file-secret')
    expect(text).toContain(`api_url_file: ${join(folder, 'hook')}`)
    expect(text).toContain(`auth_password_file: ${join(folder, 'password')}`)
  })

  describe('amtool routes an alert', () => {
    const routed = (...labels: string[]) => {
      writeFileSync(join(folder, 'routes.yml'), renderAlertmanager(configOf(EVERYTHING)))
      const args = ['config', 'routes', 'test', `--config.file=${join(folder, 'routes.yml')}`, ...labels]
      return spawnSync('amtool', args, { encoding: 'utf8' }).stdout.trim().split(',')
    }

    test.each([
      [
        'critical alerts to all who take them',
        ['severity=critical'],
        ['exporter-audit', 'on-call', 'night', 'topic', 'tickets'],
      ],
      [
        'warnings not to those who take only critical ones',
        ['severity=warning'],
        ['exporter-audit', 'on-call', 'topic', 'tickets'],
      ],
      ['information to the audit alone', ['severity=info'], ['exporter-audit']],
      [
        'a tenant also to its own receiver',
        ['severity=critical', 'tenant=acme'],
        ['exporter-audit', 'on-call', 'acme', 'night', 'topic', 'tickets'],
      ],
      [
        'other tenants not',
        ['severity=critical', 'tenant=other'],
        ['exporter-audit', 'on-call', 'night', 'topic', 'tickets'],
      ],
      [
        'a label with quotes to the receiver that names it',
        ['severity=warning', 'team="say \\"hi\\" \\\\ there"'],
        ['exporter-audit', 'on-call', 'sales', 'topic', 'tickets'],
      ],
    ])('%s', (_name, labels, receivers) => {
      expect(routed(...labels)).toEqual(receivers)
    })
  })

  test('tells the audit what every receiver is told, under its name and as often', () => {
    const { receivers, route } = alertmanagerOf(EVERYTHING)
    for (const { name, webhook_configs: webhooks } of receivers) {
      const audit = webhooks.at(-1)
      expect([name, audit.url]).toEqual([name, 'http://127.0.0.1:19292/api/alerts'])
      expect([name, audit.send_resolved]).toEqual([name, name !== 'tickets'])
    }
    expect(route.routes[0]).toEqual({ receiver: 'exporter-audit', continue: true })
  })

  test('hands SMS over Twilio to the exporter, and lets a receiver choose how often it is reminded', () => {
    const sms = `alerting: { sms: [{ name: pager, provider: twilio, accountSid: AC${'0'.repeat(32)}, authToken: t, from: "+15005550006", to: ["+4915112345678"], repeatInterval: 1h }] }`
    const { receivers, route } = alertmanagerOf(MINIMAL + sms)
    expect(receivers[1].webhook_configs.map(({ url }: { url: string }) => url)).toEqual([
      'http://127.0.0.1:19292/api/sms/pager',
      'http://127.0.0.1:19292/api/alerts',
    ])
    expect(route.routes[1]).toMatchObject({ receiver: 'pager', repeat_interval: '1h' })
  })
})

test.each([
  [0, '0s'],
  [250, '250ms'],
  [15_000, '15s'],
  [5_400_000, '1h30m'],
  [90_061_001, '1d1h1m1s1ms'],
])('%d ms are written as %s', (durationMs, text) => {
  expect(promDuration(durationMs)).toBe(text)
})

test.each([
  ['', '127.0.0.1:1'],
  ['0.0.0.0', '127.0.0.1:1'],
  ['::', '[::1]:1'],
  ['::1', '[::1]:1'],
  ['10.0.0.7', '10.0.0.7:1'],
])('what listens on "%s" is reached at %s', (host, address) => {
  expect(reachableAddress({ host, port: 1 })).toBe(address)
})
