import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { run } from '../../src/cli/render.ts'
import { RULE_FILES } from '../../src/rules/rule-files.ts'
import { promtool } from '../rules/promtool.ts'
import { recordingIo } from './transcript.ts'

const folder = mkdtempSync(join(tmpdir(), 'render-'))
afterAll(() => rmSync(folder, { recursive: true }))
const { signal } = new AbortController()

const TWO_GATEWAYS = `gateways:
  - { name: one, driver: waha, url: "http://a:3000" }
  - { name: two, driver: waha, url: "http://b:3000" }
`

beforeEach(() =>
  writeFileSync(join(folder, 'config.yml'), `${TWO_GATEWAYS}alerting: { webhook: [{ name: t, url: "\${HOOK}" }] }\n`),
)

const read = (path: string) => parse(readFileSync(join(folder, path), 'utf8'))
const modeOf = (path: string) => statSync(join(folder, path)).mode & 0o777

test('writes both files, and keeps the one with secrets to its owner', async () => {
  const io = recordingIo(folder, { HOOK: 'https://tickets.example.org/canary' })
  expect(await run(['--out', 'stack'], io, signal)).toBe(0)
  expect(io.said).toEqual({
    out: 'Wrote stack/prometheus.yml\nWrote stack/alertmanager.yml (holds secrets from variables; only you may read it)\n',
    err: '',
  })
  expect(readdirSync(join(folder, 'stack')).sort()).toEqual([
    'alertmanager.yml',
    'prometheus.yml',
    'rules',
    'templates',
  ])
  expect(readdirSync(join(folder, 'stack/templates')).sort()).toEqual(readdirSync('alertmanager/templates').sort())
  expect([modeOf('stack/prometheus.yml'), modeOf('stack/alertmanager.yml')]).toEqual([0o644, 0o600])
})

test('writes the rules beside prometheus.yml, and names each, so that one of an older version is not loaded', async () => {
  expect(await run(['--out', 'ruled'], recordingIo(folder, { HOOK: 'https://h/x' }), signal)).toBe(0)
  const names = RULE_FILES.map(({ name }) => name)
  expect(readdirSync(join(folder, 'ruled/rules')).sort()).toEqual(names.toSorted())
  expect(read('ruled/prometheus.yml').rule_files).toEqual(names.map((name) => `rules/${name}`))
  for (const name of names)
    expect(readFileSync(join(folder, 'ruled/rules', name), 'utf8')).toBe(
      readFileSync(join('prometheus/rules', name), 'utf8'),
    )
  expect(await promtool(['check', 'config', join(folder, 'ruled/prometheus.yml')])).toBe('')
})

test('puts the links of the operator into the rules', async () => {
  const links = `prometheus: { runbooksUrl: "https://wiki.example.org/runbooks/" }
grafana: { url: "https://grafana.example.org/team/" }
`
  writeFileSync(join(folder, 'config.yml'), `${TWO_GATEWAYS}${links}`)
  expect(await run(['--out', 'linked'], recordingIo(folder), signal)).toBe(0)
  const rules = read('linked/rules/gateway-alerts.yml').groups.flatMap(
    (group: { rules: { alert?: string }[] }) => group.rules,
  )
  const down = rules.find(({ alert }: { alert?: string }) => alert === 'WhatsAppGatewayDown')
  expect(down.annotations).toMatchObject({
    runbook_url: 'https://wiki.example.org/runbooks/gateway-down.md',
    dashboard_url: expect.stringMatching(/^https:\/\/grafana\.example\.org\/team\/d\/whatsapp-gateway\?/),
  })
})

test.each([
  ['as other programs reach it', '', 'http://127.0.0.1:19999'],
  ['as people reach it', ', externalUrl: "https://wa.example.org/"', 'https://wa.example.org'],
])('links runbooks to the exporter itself, %s', async (_name, more, address) => {
  writeFileSync(join(folder, 'config.yml'), `${TWO_GATEWAYS}api: { listen: "127.0.0.1:19999"${more} }\n`)
  expect(await run(['--out', 'own'], recordingIo(folder), signal)).toBe(0)
  const rules = readFileSync(join(folder, 'own/rules/gateway-alerts.yml'), 'utf8')
  expect(rules).toContain(`runbook_url: ${address}/docs/alerts/gateway-down.md\n`)
})

test('takes addresses and the inbox from the command line', async () => {
  const args = [
    '--exporter',
    'e0:1',
    'e1:1',
    '--exporter-url',
    'http://e:1',
    '--alertmanager',
    'am:9093',
    '--prometheus',
    'p:9090',
    '--rules',
    'a.yml',
    '--inbox-slack',
    'http://i/inbox/slack',
    '--inbox-smtp',
    'i:25',
    '--out',
    'other',
  ]
  expect(await run(args, recordingIo(folder, { HOOK: 'https://h/x' }), signal)).toBe(0)
  const { scrape_configs, rule_files } = read('other/prometheus.yml')
  expect(rule_files).toEqual(['a.yml'])
  expect(readdirSync(join(folder, 'other'))).not.toContain('rules')
  expect(scrape_configs[0].static_configs[0].targets).toEqual(['e0:1', 'e1:1'])
  const { receivers } = read('other/alertmanager.yml')
  expect(receivers[0].webhook_configs[0].url).toBe('http://e:1/api/alerts')
  expect(receivers.map(({ name }: { name: string }) => name)).toEqual(['exporter-audit', 't', 'inbox'])
})

test('a faulty configuration writes nothing, exit code 2', async () => {
  const io = recordingIo(folder)
  expect(await run(['--out', 'never'], io, signal)).toBe(2)
  expect(io.said.err).toContain('HOOK, which is not set')
  expect(readdirSync(folder)).not.toContain('never')
})

test('a folder that cannot be made is told, exit code 2', async () => {
  const io = recordingIo(folder, { HOOK: 'https://h/x' })
  expect(await run(['--out', 'config.yml/x'], io, signal)).toBe(2)
  expect(io.said.err).toContain('config.yml/x cannot be written (ENOTDIR). Choose another folder with --out.\n')
})

test('samples are sent on to the address that is given; an empty one is none, and a wrong one is told', async () => {
  const io = recordingIo(folder, { HOOK: 'https://h/x' })
  const sentTo = async (url: string) => {
    expect(await run([`--remote-write=${url}`, '--out', 'sent'], io, signal)).toBe(0)
    return read('sent/prometheus.yml').remote_write
  }
  expect(await sentTo('http://vm:8428/api/v1/write')).toEqual([{ url: 'http://vm:8428/api/v1/write' }])
  expect(await sentTo('')).toBeUndefined()
  expect(await run(['--remote-write=vm:8428'], io, signal)).toBe(2)
  expect(io.said.err).toContain('It is no http or https address.')
})

test('a mail inbox alone is refused', async () => {
  const io = recordingIo(folder, { HOOK: 'https://h/x' })
  expect(await run(['--inbox-smtp', 'i:25'], io, signal)).toBe(2)
  expect(io.said.err).toContain('--inbox-smtp needs --inbox-slack. Give both.\n')
})
