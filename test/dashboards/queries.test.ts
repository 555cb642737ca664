import { describe, expect, test } from 'vitest'
import {
  ACCOUNT_FAMILIES,
  EXPORTER_FAMILIES,
  GATEWAY_FAMILIES,
  type MetricFamily,
} from '../../src/metrics/catalogue.ts'
import { createProcessMetrics } from '../../src/metrics/process-metrics.ts'
import { isAlert } from '../../src/rules/rule.ts'
import { RULE_FILES } from '../../src/rules/rule-files.ts'
import { BOARDS, panelQueriesOf, panelsOf, queriesOf, variableQuery } from './board-json.ts'
import { seriesNames } from './promql-names.ts'

const families: readonly MetricFamily[] = [ACCOUNT_FAMILIES, GATEWAY_FAMILIES, EXPORTER_FAMILIES].flatMap((part) =>
  Object.values(part),
)
const recorded = RULE_FILES.flatMap(({ groups }) =>
  groups.flatMap(({ rules }) => rules.flatMap((rule) => (isAlert(rule) ? [] : [rule.record]))),
)
/** What Prometheus and Alertmanager say of themselves; the end-to-end test asks real ones for them. */
const OTHERS = [
  'ALERTS',
  'ALERTS_FOR_STATE',
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'prometheus_rule_evaluation_failures_total',
  'prometheus_rule_group_interval_seconds',
  'prometheus_rule_group_iterations_missed_total',
  'prometheus_rule_group_last_duration_seconds',
  'prometheus_tsdb_head_series',
  'alertmanager_notifications_failed_total',
  'alertmanager_notifications_total',
]
const BUILT_IN = ['__rate_interval', '__range']

describe('the names of series', () => {
  test('are found among labels, functions and keywords', () => {
    const expr =
      'sum by (gateway) (rate(a_total{job=~"b|c{"}[$__rate_interval])) / on (gateway) group_left (x) l:m:n5m offset 7d > 1 and topk(3, d @ end()) or label_replace(e, "f", "$1", "g", "(.)")'
    expect(seriesNames(expr)).toEqual(['a_total', 'l:m:n5m', 'd', 'e'])
  })

  test('exist in the catalogue, among the recorded series, or in what Prometheus says of itself', async () => {
    const page = await createProcessMetrics().text('text')
    const ofProcess = [...page.matchAll(/^([a-z_]+)(?:\{| )/gm)].map(([, name = '']) => name)
    const known = new Set([
      ...families.flatMap(({ name, type }) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
      ...recorded,
      ...ofProcess,
      // Counts of garbage collections exist from the first one on.
      'nodejs_gc_duration_seconds_sum',
      ...OTHERS,
    ])
    const asked = BOARDS.flatMap(queriesOf).flatMap(({ place, expr }) =>
      seriesNames(expr).map((name) => ({ place, name })),
    )
    expect(asked.length).toBeGreaterThan(300)
    expect(asked.filter(({ name }) => !known.has(name))).toEqual([])
  })
})

describe.each(BOARDS.map((board) => [board.uid, board] as const))('%s', (_, board) => {
  const variables = board.templating.list

  test('uses only variables that it has', () => {
    const there = [...variables.map(({ name }) => name), ...BUILT_IN]
    const unknown = queriesOf(board).flatMap(({ place, expr }) =>
      [...expr.matchAll(/\$\{?([a-zA-Z_]\w*)/g)]
        .filter(([, name = '']) => !there.includes(name))
        .map(([text]) => `${place}: ${text}`),
    )
    expect(unknown).toEqual([])
  })

  test('uses every variable that it has', () => {
    const expressions = queriesOf(board).map(({ expr }) => expr)
    const unused = variables.filter(
      ({ name, type }) => type !== 'datasource' && !expressions.some((expr) => expr.includes(`$${name}`)),
    )
    expect(unused.map(({ name }) => name)).toEqual([])
  })

  test('has variables of which each is chosen from what those before it leave', () => {
    const chained = variables.filter(({ type }) => type === 'query')
    for (const [index, variable] of chained.entries()) {
      const before = chained.slice(0, index).map(({ name }) => `${name}=~"$${name}"`)
      expect(before.filter((matcher) => !variableQuery(variable).includes(matcher))).toEqual([])
    }
  })

  test('puts chosen names only where several may stand, and lets Grafana escape them', () => {
    const chosen = variables.filter(({ type }) => type === 'query')
    expect(chosen.filter(({ multi }) => multi !== true).map(({ name }) => name)).toEqual([])
    for (const { name } of chosen) {
      const bare = queriesOf(board).filter(({ expr }) =>
        expr.replaceAll(`${name}=~"$${name}"`, '').replaceAll(`${name}=~"$${name}|"`, '').includes(`$${name}`),
      )
      expect(bare).toEqual([])
    }
  })

  test('asks series of accounts and gateways only for what is chosen', () => {
    // The medians of the fleet and of the gateway are of all accounts.
    const wide = panelQueriesOf(board).filter(
      ({ expr }) =>
        /(?:whatsapp_(?:account|gateway)_\w+|(?:account|gateway):\w+:\w+)(?![\w{:])/.test(expr) &&
        !expr.includes('quantile'),
    )
    expect(wide).toEqual([])
  })

  test('drops the names of series from tables: Grafana would not merge rows that differ in it', () => {
    const tables = panelsOf(board).flatMap(({ title, targets }) =>
      targets.filter(({ format }) => format === 'table').map(({ expr }) => ({ title, expr })),
    )
    expect(tables.filter(({ expr }) => /^(?:\w+:\w|\w+\{)/.test(expr))).toEqual([])
  })

  test('names its queries A, B, C', () => {
    for (const { title, targets } of panelsOf(board)) {
      expect(
        targets.map(({ refId }) => refId),
        title,
      ).toEqual(targets.map((_, index) => String.fromCharCode(65 + index)))
    }
  })
})
