import { expect, test } from 'vitest'
import { INHIBITING, inhibitRules } from '../../src/config/inhibit-rules.ts'
import { isAlert } from '../../src/rules/rule.ts'
import { RULE_FILES } from '../../src/rules/rule-files.ts'

interface InhibitRule {
  readonly source_matchers: readonly string[]
  readonly target_matchers: readonly string[]
  readonly equal?: readonly string[]
}
const rules = (sharded: boolean) => inhibitRules(sharded) as readonly InhibitRule[]
const alerts = RULE_FILES.flatMap(({ groups }) => groups.flatMap((group) => group.rules.filter(isAlert)))
const names = alerts.map(({ alert }) => alert)

test('every alert that inhibits is one of the rules', () => {
  for (const name of Object.values(INHIBITING)) expect(names).toContain(name)
})

test('every expression of alert names means at least one alert of the rules', () => {
  const expressions = rules(false).flatMap(({ source_matchers: sources, target_matchers: targets }) =>
    [...sources, ...targets].flatMap((text) => /^alertname[=!]~"(.+)"$/.exec(text)?.[1] ?? []),
  )
  expect(expressions.length).toBeGreaterThan(0)
  for (const expression of expressions)
    expect([expression, names.some((name) => new RegExp(`^(?:${expression})$`).test(name))]).toEqual([expression, true])
  const listed = /Account\((.+)\)/.exec(expressions.find((text) => text.includes('Disconnected')) ?? '')?.[1] ?? ''
  for (const part of listed.split('|')) expect(names).toContain(`WhatsAppAccount${part}`)
})

test('labels are compared only where both sides must have them: two absent ones would count as equal', () => {
  for (const { source_matchers: source, target_matchers: target, equal = [] } of rules(false)) {
    for (const label of equal) {
      expect(source).toContain(`${label}=~".+"`)
      expect(target).toContain(`${label}=~".+"`)
    }
    expect(source).not.toEqual(target)
  }
})

test('where several exporters share an Alertmanager, one that is blind mutes nothing of the others', () => {
  const sources = (sharded: boolean) => rules(sharded).flatMap(({ source_matchers: source }) => source)
  expect(sources(false)).toContain(`alertname="${INHIBITING.blind}"`)
  expect(sources(true)).not.toContain(`alertname="${INHIBITING.blind}"`)
})

test('an exporter that is down mutes only where no other one answers', () => {
  for (const sharded of [true, false]) {
    const rule = rules(sharded).find(({ source_matchers: [first] }) => first === `alertname="${INHIBITING.down}"`)
    expect(rule?.source_matchers).toContain('watching="nobody"')
  }
  const down = alerts.find(({ alert }) => alert === INHIBITING.down)
  expect(down?.expr).toContain('"watching", "nobody"')
})

test('no alert of the exporter itself is muted by a gateway: it carries no gateway', () => {
  const own = alerts.filter(({ alert }) => alert.startsWith('WhatsAppExporter'))
  expect(own.length).toBeGreaterThan(0)
  for (const { target_matchers: target } of rules(false)) {
    const isAboutOthers =
      target.includes('gateway=~".+"') || target.some((text) => text.includes('(Gateway|Account|Fleet)'))
    expect(isAboutOthers).toBe(true)
  }
})
