import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/load.ts'
import { renderAlertmanager } from '../../src/config/render-alertmanager.ts'
import { RULE_FILES } from '../../src/rules/rule-files.ts'

const docs = readFileSync('docs/alerting.md', 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'alerting-docs-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('docs/alerting.md', () => {
  test('has an example that loads, and whose receivers are all rendered', () => {
    const [, example = ''] = /```yaml\n(alerting:[\s\S]*?)```/.exec(docs) ?? []
    writeFileSync(join(folder, 'twilio'), 'token')
    const text = `gateways: [{ name: waha-1, driver: waha, url: "http://127.0.0.1:3000" }]\n${example.replaceAll('/run/secrets/', '')}`
    const env = { ACME_SLACK: 'https://hooks.example.org/acme', HEALTHCHECK_URL: 'https://hc.example.org/x' }
    const loaded = parseConfig(text, folder, env)
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults))
    const rendered = renderAlertmanager(loaded.config)
    for (const name of ['on-call', 'acme', 'team', 'night', 'pager', 'dead-man'])
      expect(rendered).toContain(`- name: ${name}\n`)
    expect(rendered).not.toContain('token')
  })

  test('names only alerts that exist', () => {
    const known = new Set(
      RULE_FILES.flatMap(({ groups }) =>
        groups.flatMap(({ rules }) => rules.flatMap((rule) => ('alert' in rule ? [rule.alert] : []))),
      ),
    )
    const named = [...docs.matchAll(/`(WhatsApp\w+)`/g)].map(([, name = '']) => name)
    expect(named.length).toBeGreaterThan(0)
    expect(named.filter((name) => !known.has(name))).toEqual([])
  })
})
