import { describe, expect, test } from 'vitest'
import { isAlert } from '../../src/rules/rule.ts'
import { DEFAULT_LINKS, renderRuleFile, runbookName } from '../../src/rules/rule-files.ts'
import { ALERT_CASES, type AlertCase } from './alert-cases.ts'
import { ALL_ALERTS, ALL_GROUPS, type Expected, promtoolTest } from './promtool.ts'

const WATCHDOG = 'WhatsAppWatchdog'

function ruleOf(alert: string) {
  const group = ALL_GROUPS.find(({ rules }) => rules.some((rule) => isAlert(rule) && rule.alert === alert))
  const rule = ALL_ALERTS.find((one) => one.alert === alert)
  if (group === undefined || rule === undefined) throw new Error(`no rule gives ${alert}`)
  return { group, rule }
}

/** How many alerts fire at a time. */
function firing(alert: string, at: string, count: number): Expected {
  return {
    at,
    expr: `count(ALERTS{alertname="${alert}",alertstate="firing"}) or vector(0)`,
    samples: { '{}': count },
  }
}

async function run({ alert, step }: AlertCase, series: AlertCase['series'], expected: readonly Expected[], rest = {}) {
  const { group } = ruleOf(alert)
  // What is recorded once for all alerts, beside the alerts that need it first.
  const groups = [...new Set(['whatsapp-account-alerts', 'whatsapp-fleet-alerts', group.name])]
  return promtoolTest({ groups, step, every: step, series, expected, ...rest })
}

// The real promtool, several at once on a machine that others use too.
describe.concurrent.each(ALERT_CASES)('$alert', { timeout: 60_000 }, (one) => {
  const { rule } = ruleOf(one.alert)

  test('fires with all that the person on call needs, and ends', async () => {
    const { labels, description, quiet, resolved } = one
    const links = renderRuleFile({ name: '', groups: [{ name: '', interval: '1m', rules: [rule] }] })
    const filled = (text: string) =>
      text.replace(/{{ \$labels\.(\w+) \| urlquery }}/g, (_, name: string) => one.labels[name] ?? '')
    const board = /dashboard_url: (.*)/.exec(links)?.[1] ?? ''
    const annotations = {
      summary: rule.summary,
      description,
      runbook_url: `${DEFAULT_LINKS.runbooks}/${runbookName(one.alert)}.md`,
      dashboard_url: filled(board),
    }
    const alerts = [{ at: one.firing, alert: one.alert, labels: { ...labels, severity: rule.severity }, annotations }]
    const silent = [...quiet, ...(one.alert === WATCHDOG ? [] : [resolved])]
    const expected = silent.map((at) => firing(one.alert, at, 0))
    expect(await run(one, one.series, expected, { alerts })).toBe('')
  })

  test.skipIf(one.alert === WATCHDOG)(`stays quiet when ${one.below.what}`, async () => {
    expect(
      await run(
        one,
        one.below.series,
        one.below.at.map((at) => firing(one.alert, at, 0)),
      ),
    ).toBe('')
  })
})

test('every alert has a case', () => {
  expect(ALERT_CASES.map(({ alert }) => alert).toSorted()).toEqual(ALL_ALERTS.map(({ alert }) => alert).toSorted())
})
