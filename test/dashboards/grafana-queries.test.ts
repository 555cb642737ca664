// What the proof of the boards (test/e2e/dashboards.test.ts) takes for Grafana's way with queries, against Grafana's rules.
import { describe, expect, test } from 'vitest'
import type { Variable } from '../e2e/boards/board.ts'
import { framesOf } from '../e2e/boards/frames.ts'
import { moment, timeSteps } from '../e2e/boards/time-steps.ts'
import { transform } from '../e2e/boards/transformations.ts'
import { type Choice, substitute } from '../e2e/boards/variables.ts'

const NOW = Date.UTC(2026, 2, 10, 12, 34, 56)
const SECOND = 1000
const HOUR = 3_600_000

describe('values in the place of variables', () => {
  const choice = (variable: Partial<Variable>, chosen: Choice['chosen']): Choice => ({
    variable: { name: 'account', type: 'query', ...variable },
    options: ['a.b', 'c'],
    chosen,
  })
  const filled = (text: string, one: Choice) => substitute(text, new Map([['account', one]]), { __range: '6h' })

  test.each([
    { what: 'one of several is a regular expression', multi: true, chosen: ['a.b'], wanted: String.raw`a\\.b` },
    { what: 'several are alternatives', multi: true, chosen: ['a.b', 'c'], wanted: String.raw`(a\\.b|c)` },
    { what: 'one of one is plain text', multi: false, chosen: ['a.b'], wanted: 'a.b' },
    { what: 'a quotation mark is escaped', multi: false, chosen: ['a"b'], wanted: String.raw`a\"b` },
  ])('$what', ({ multi, chosen, wanted }) => {
    expect(filled('up{x=~"$account"}', choice({ multi }, chosen))).toBe(`up{x=~"${wanted}"}`)
  })

  test('all is the value that the board gives for it, else every option', () => {
    expect(filled('$account', choice({ multi: true, includeAll: true, allValue: '.*' }, 'all'))).toBe('.*')
    expect(filled('$account', choice({ multi: true, includeAll: true }, 'all'))).toBe(String.raw`(a\\.b|c)`)
  })

  test('are known in every notation, and groups of label_replace stay', () => {
    const one = choice({}, ['c'])
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Grafana's notation
    expect(filled('$account ${account} ${account:raw} [[account]] $__range $1', one)).toBe('c c c c 6h $1')
    expect(() => filled('$gateway', one)).toThrow('no variable is called gateway')
  })
})

describe('time', () => {
  test.each([
    { range: 'now-6h', points: 800, step: 30 * SECOND },
    { range: 'now-6h', points: 1600, step: 15 * SECOND },
    { range: 'now-24h', points: 800, step: 120 * SECOND },
    { range: 'now-7d', points: 800, step: 15 * 60 * SECOND },
    { range: 'now-30d', points: 1600, step: 30 * 60 * SECOND },
  ])('$range in $points points is asked every $step ms, at multiples of it', ({ range, points, step }) => {
    const { stepMs, fromMs, toMs } = timeSteps({ from: range, to: 'now' }, NOW, points)
    expect(stepMs).toBe(step)
    expect([fromMs % step, toMs % step]).toEqual([0, 0])
    expect(toMs).toBeLessThanOrEqual(NOW)
  })

  test('a least step holds, and rates look back over four scrapes', () => {
    const { builtIns, stepMs } = timeSteps({ from: 'now-1h', to: 'now' }, NOW, 1000, '1m')
    expect(stepMs).toBe(60 * SECOND)
    expect(builtIns).toMatchObject({ __interval: '60s', __rate_interval: '240s', __range: '3600s' })
  })

  test('relative times are read, others refused', () => {
    expect(moment('now-1d/d', NOW)).toBe(Date.UTC(2026, 2, 9))
    expect(moment('now', NOW)).toBe(NOW)
    expect(() => moment('2026-03-10', NOW)).toThrow('no relative time')
  })
})

describe('answers as tables', () => {
  const value = (refId: string, account: string, number: number, more = {}) =>
    framesOf({ refId, format: 'table' }, [{ labels: { account, ...more }, points: [[NOW, number]] }], 2)

  test('rows of the same labels merge, and columns are renamed and ordered', () => {
    const { frames, faults } = transform(
      [...value('A', 'x', 1), ...value('B', 'x', 2), ...value('A', 'y', 3)],
      [
        { id: 'merge', options: {} },
        { id: 'organize', options: { indexByName: { 'Value #B': 0 }, renameByName: { account: 'Account' } } },
      ],
    )
    expect(faults).toEqual([])
    expect(frames[0]?.fields.map(({ name, values }) => [name, values])).toEqual([
      ['Value #B', [2, null]],
      ['Time', [NOW, NOW]],
      ['Account', ['x', 'y']],
      ['Value #A', [1, 3]],
    ])
  })

  test('a column that is not there is a fault', () => {
    const { faults } = transform(value('A', 'x', 1), [{ id: 'organize', options: { renameByName: { tenant: 'T' } } }])
    expect(faults).toEqual([expect.stringContaining('there is no field "tenant"')])
  })

  test('values are grouped, and spread over two labels', () => {
    const rows = framesOf(
      { refId: 'A', format: 'table' },
      [
        { labels: { day: '1', hour: '08' }, points: [[NOW, 5]] },
        { labels: { day: '2', hour: '08' }, points: [[NOW + HOUR, 7]] },
      ],
      1,
    )
    const matrix = transform(rows, [
      { id: 'groupingToMatrix', options: { rowField: 'hour', columnField: 'day', valueField: 'Value' } },
    ])
    expect(matrix.frames[0]?.fields.map(({ name, values }) => [name, values])).toEqual([
      ['hour\\day', ['08']],
      ['1', [5]],
      ['2', [7]],
    ])
    const grouped = transform(rows, [
      {
        id: 'groupBy',
        options: {
          fields: {
            hour: { aggregations: [], operation: 'groupby' },
            Time: { aggregations: ['lastNotNull'], operation: 'aggregate' },
          },
        },
      },
    ])
    expect(grouped.frames[0]?.fields.map(({ name, values }) => [name, values])).toEqual([
      ['hour', ['08']],
      ['Time (lastNotNull)', [NOW + HOUR]],
    ])
  })

  test('buckets of a heatmap hold what lies between two bounds', () => {
    const bucket = (le: string, count: number) => ({ labels: { le }, points: [[NOW, count]] as const })
    const frames = framesOf(
      { refId: 'A', format: 'heatmap', legendFormat: '{{le}}' },
      [bucket('+Inf', 9), bucket('0.5', 7), bucket('0.1', 4)],
      0,
    )
    expect(frames.map(({ fields }) => [fields[1]?.name, fields[1]?.values])).toEqual([
      ['0.1', [4]],
      ['0.5', [3]],
      ['+Inf', [2]],
    ])
  })
})
