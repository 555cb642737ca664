import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { crossFaults } from '../../src/config/cross-checks.ts'
import { ACCOUNT_FAMILIES, EXPORTER_FAMILIES, GATEWAY_FAMILIES } from '../../src/metrics/catalogue.ts'
import { parseDurationMs } from '../../src/option-types.ts'
import { isAlert } from '../../src/rules/rule.ts'
import { RULE_FILES, renderRuleFile, runbookName } from '../../src/rules/rule-files.ts'
import { BURN_WINDOWS } from '../../src/rules/slo-alerts.ts'
import { ALL_ALERTS, ALL_GROUPS, ALL_RECORDS, promtool } from './promtool.ts'

const RULES = resolve('prometheus/rules')
const RUNBOOKS = resolve('docs/alerts')
const HEADINGS = ['What it means', 'Likely causes', 'First commands', 'How to silence it']
const texts = RULE_FILES.map((file) => renderRuleFile(file))
const expressions = ALL_GROUPS.flatMap(({ rules }) => rules.map(({ expr }) => expr))

describe('the rule files', () => {
  test('pass every lint of promtool', async () => {
    const files = readdirSync(RULES).map((name) => resolve(RULES, name))
    expect(await promtool(['check', 'rules', '--lint=all', '--lint-fatal', ...files])).toBe('')
  })

  test('are the ones that are committed, and no others', () => {
    expect(readdirSync(RULES).toSorted()).toEqual(RULE_FILES.map(({ name }) => name).toSorted())
    expect(texts).toEqual(RULE_FILES.map(({ name }) => readFileSync(resolve(RULES, name), 'utf8')))
  })

  test('say nothing that Prometheus 2.42 or 3 does not know', () => {
    const keys = texts.flatMap((text) => {
      const { groups } = parse(text) as { groups: { rules: object[] }[] }
      return groups.flatMap((group) => [...Object.keys(group), ...group.rules.flatMap((rule) => Object.keys(rule))])
    })
    const known = [
      'name',
      'interval',
      'rules',
      'record',
      'alert',
      'expr',
      'for',
      'keep_firing_for',
      'labels',
      'annotations',
    ]
    expect([...new Set(keys)].filter((key) => !known.includes(key))).toEqual([])
    // Of 3 only, renamed in 3, or behind a flag.
    const strange =
      /holt_winters|double_exponential|mad_over_time|sort_by_label|limitk|limit_ratio|info\(|ts_of_|anchored|smoothed/
    expect(expressions.filter((expr) => strange.test(expr))).toEqual([])
  })

  test('run every group at least every five minutes, or their series would have gaps', () => {
    const seldom = ALL_GROUPS.filter(({ interval }) => (parseDurationMs(interval) ?? Number.NaN) >= 300_000)
    expect(seldom.map(({ name, interval }) => [name, interval])).toEqual([['whatsapp-account-30d-sums', '1h']])
    // Its series are read over nearly two hours: one of them is always there.
    const records = seldom.flatMap(({ rules }) => rules.flatMap((rule) => (isAlert(rule) ? [] : [rule.record])))
    for (const record of records) {
      const uses = expressions.flatMap((expr) => [...expr.matchAll(new RegExp(`.{15}${record}.{6}`, 'g'))])
      expect(uses.map(([text]) => text)).toEqual([`last_over_time(${record}[119m]`])
    }
  })

  test('add up only tiles that lie side by side: recorded at every multiple of the step', () => {
    const interval = new Map(
      ALL_GROUPS.flatMap(({ interval, rules }) =>
        rules.flatMap((rule) =>
          isAlert(rule) ? [] : [[rule.record, parseDurationMs(interval) ?? Number.NaN] as const],
        ),
      ),
    )
    const tiles = expressions.flatMap((expr) => [...expr.matchAll(/(\w+:\w+:\w+)\[\w+:(\w+)\]/g)])
    const apart = tiles.filter(
      ([, record = '', step = '']) =>
        (parseDurationMs(step) ?? Number.NaN) % (interval.get(record) ?? Number.NaN) !== 0,
    )
    expect(apart.map(([text]) => text)).toEqual([])
    expect(tiles.length).toBeGreaterThan(50)
  })

  test('name only metrics of the catalogue and series that are recorded', () => {
    const families = [ACCOUNT_FAMILIES, GATEWAY_FAMILIES, EXPORTER_FAMILIES].flatMap((group) =>
      Object.values(group).map(({ name }) => name),
    )
    const known = new Set<string>([...families, ...ALL_RECORDS])
    const named = expressions.flatMap((expr) => expr.match(/(?:\b[a-z]+:)?whatsapp_\w+(?::\w+)?/g) ?? [])
    expect([...new Set(named)].filter((name) => !known.has(name))).toEqual([])
    expect(named.length).toBeGreaterThan(100)
  })

  test('record no series twice', () => {
    expect(ALL_RECORDS.filter((record, index) => ALL_RECORDS.indexOf(record) !== index)).toEqual([])
  })
})

describe('alerts', () => {
  test.each(ALL_ALERTS.map((rule) => [rule.alert, rule] as const))('%s says what it is in one sentence', (_, rule) => {
    expect(rule.alert).toMatch(/^WhatsApp([A-Z][a-z]+)+$/)
    expect(rule.summary).toMatch(/^[A-Z][^.{]*\.$/)
    expect(rule.description).toMatch(/\.( ?{{ end }})?$|{{ end }}\.?$/)
  })

  test.each(ALL_ALERTS.map(({ alert }) => alert))('%s has a runbook with every part', (alert) => {
    const text = readFileSync(resolve(RUNBOOKS, `${runbookName(alert)}.md`), 'utf8')
    expect(text.startsWith(`# ${alert}\n`)).toBe(true)
    const parts = text.split(/^## /m).slice(1)
    expect(parts.map((part) => part.slice(0, part.indexOf('\n')))).toEqual(HEADINGS)
    for (const part of parts) expect(part.split('\n').slice(1).join('').length).toBeGreaterThan(20)
    const { severity } = ALL_ALERTS.find((rule) => rule.alert === alert) ?? {}
    expect(text).toContain(`Severity: \`${severity}\``)
  })

  test('have no runbook without an alert', () => {
    const pages = ALL_ALERTS.map(({ alert }) => `${runbookName(alert)}.md`)
    expect(readdirSync(RUNBOOKS).filter((page) => !pages.includes(page))).toEqual([])
  })
})

test('the links of alerts go where they are told', () => {
  const text = RULE_FILES.map((file) =>
    renderRuleFile(file, { runbooks: 'https://docs.test/a', grafana: 'https://g.test' }),
  )
  const links = text.join('\n').match(/(?:runbook|dashboard)_url: \S+/g) ?? []
  expect(links).toHaveLength(2 * ALL_ALERTS.length)
  expect(links.filter((link) => !/: https:\/\/(docs|g)\.test\//.test(link))).toEqual([])
})

test('an objective is refused exactly where the fastest page can never fire', () => {
  const [{ factor }] = BURN_WINDOWS.page
  const faults = (objective: number) => crossFaults({ slo: { objective, window: 2_592_000_000 } })
  // A full outage burns at 1 / (1 - objective), and the page needs more than the factor.
  expect(faults(1 - 1 / factor - 1e-6)).toHaveLength(1)
  expect(faults(1 - 1 / factor + 1e-6)).toEqual([])
})

test('docs/slo.md names every recorded series', () => {
  const text = readFileSync(resolve('docs/slo.md'), 'utf8').replaceAll(/\{([\w,]+)\}/g, (_, list: string) => list)
  const missing = ALL_RECORDS.map((record) => record.replace(/^\w+:(\w+):.*$/, '$1'))
    .filter(
      (metric) =>
        !/_(seconds|incidents|resolved|attempts|failures)$/.test(metric) || /mtt|mtb|exhaustion|response/.test(metric),
    )
    .filter((metric) => !text.includes(metric))
  expect([...new Set(missing)]).toEqual([])
})
