// The rules of grafana/dashboard-linter. docs/dashboards.md says which are left out on which boards, and why.
import { describe, expect, test } from 'vitest'
import { BOARDS, type BoardJson, panelQueriesOf, panelsOf, variableQuery } from './board-json.ts'

/** Units of Grafana's list that the boards use. */
const UNITS = [
  'none',
  'short',
  'string',
  'percentunit',
  's',
  'bytes',
  'cps',
  'reqps',
  'dateTimeAsIso',
  'dateTimeFromNow',
]
const EXPORTER = 'whatsapp-exporter'

const find = (board: BoardJson, name: string) => board.templating.list.find((variable) => variable.name === name)

describe.each(BOARDS.map((board) => [board.uid, board] as const))('%s', (_, board) => {
  test('template-datasource-rule: has a variable for the data source', () => {
    expect(board.templating.list[0]).toMatchObject({
      type: 'datasource',
      name: 'datasource',
      label: 'Data source',
      query: 'prometheus',
    })
  })

  test('template-label-promql-rule, template-on-time-change-reload-rule: has variables of series, read again with the time range', () => {
    for (const variable of board.templating.list.filter(({ type }) => type === 'query')) {
      expect(variableQuery(variable)).toMatch(/^label_values\(whatsapp_\w+(\{.*\})?, \w+\)$/)
      expect(variable).toMatchObject({ refresh: 2, datasource: { uid: '$datasource' } })
    }
  })

  test('panel-no-targets-rule, panel-units-rule: asks something in every panel, in a unit of Grafana', () => {
    for (const { title, targets, fieldConfig } of panelsOf(board)) {
      expect(targets.length, title).toBeGreaterThan(0)
      const units = fieldConfig.overrides.flatMap(({ properties }) =>
        properties.filter(({ id }) => id === 'unit').map(({ value }) => value),
      )
      for (const unit of [fieldConfig.defaults.unit, ...units]) expect(UNITS, title).toContain(unit)
    }
  })

  test('target-rate-interval-rule: takes rates over $__rate_interval', () => {
    const ranges = panelQueriesOf(board).flatMap(({ place, expr }) =>
      [...expr.matchAll(/\bi?rate\([^[\]]*\[([^\]]*)\]/g)].map(([, range]) => ({ place, range })),
    )
    expect(ranges.filter(({ range }) => range !== '$__rate_interval')).toEqual([])
  })

  test('target-counter-agg-rule: reads counters as what they gained', () => {
    const raw = panelQueriesOf(board).filter(({ expr }) =>
      /\w_total\b/.test(expr.replace(/\b(?:i?rate|increase)\(\w+_total(?:\{[^}]*\})?\[/g, '')),
    )
    expect(raw).toEqual([])
  })

  test('uneditable-dashboard: is not edited in the browser', () => {
    expect(board.editable).toBe(false)
  })
})

describe('the board of the exporter', () => {
  const [board] = BOARDS.filter(({ uid }) => uid === EXPORTER)
  if (board === undefined) throw new Error(`${EXPORTER} is missing.`)

  test.each(['job', 'instance'])('template-%s-rule: has the variable', (name) => {
    expect(find(board, name)).toMatchObject({ type: 'query', multi: true, includeAll: true, allValue: '.+' })
    expect(find(board, name)?.label.toLowerCase()).toBe(name)
  })

  test('target-job-rule, target-instance-rule: asks the chosen exporters, but where the question is about all', () => {
    const ofAll = /^(?:1000 \* max by \(alertname|max\(whatsapp_exporter_shards|.*(?:prometheus_|alertmanager_))/
    const wide = panelQueriesOf(board).filter(
      ({ expr }) => !ofAll.test(expr) && !(expr.includes('job=~"$job"') && expr.includes('instance=~"$instance"')),
    )
    expect(wide).toEqual([])
  })
})
