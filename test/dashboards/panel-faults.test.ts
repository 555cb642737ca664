// The proof of the boards is worth what it finds: each kind of fault is put into a panel here.
import { describe, expect, test } from 'vitest'
import type { PrometheusAsker, Series } from '../e2e/boards/ask.ts'
import type { Board, Panel, Target } from '../e2e/boards/board.ts'
import { panelData } from '../e2e/boards/panel-data.ts'
import { panelFaults } from '../e2e/boards/panel-faults.ts'

const NOW = Date.UTC(2026, 2, 10, 12)
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const BOARD: Board = {
  uid: 'board',
  title: 'Board',
  time: { from: 'now-1h', to: 'now' },
  templating: { list: [] },
  annotations: { list: [] },
  panels: [],
}

/** A Prometheus that answers every query with these series. */
function answering(series: readonly Series[]): PrometheusAsker {
  const answer = () => Promise.resolve(series)
  return { instant: answer, range: answer, labelValues: () => Promise.resolve([]) }
}

const one = (labels: Series['labels'], ...values: readonly number[]): Series => ({
  labels,
  points: values.map((value, index) => [NOW - HOUR + index * MINUTE, value]),
})

async function faultsOf(panel: Partial<Panel>, series: readonly Series[], target: Partial<Target> = {}) {
  const whole: Panel = {
    id: 1,
    type: 'stat',
    title: 'Panel',
    gridPos: { x: 0, y: 0, w: 12, h: 8 },
    interval: '1m',
    targets: [{ refId: 'A', expr: 'up', legendFormat: '{{account}}', ...target }],
    ...panel,
  }
  const data = await panelData(BOARD, whole, new Map(), answering(series), NOW)
  return panelFaults(data, { nowMs: NOW })
}

const share = { fieldConfig: { defaults: { unit: 'percentunit' }, overrides: [] } }
const asTable = { type: 'table', interval: '1m' }

describe('a panel', () => {
  test('with figures that fit has no fault', async () => {
    expect(await faultsOf(share, [one({ account: 'a' }, 0.5, 1)])).toEqual([])
  })

  test.each([
    { what: 'without series', series: [], fault: 'shows nothing: up' },
    { what: 'of no numbers', series: [one({ account: 'a' }, Number.NaN)], fault: 'the query A has no number' },
    {
      what: 'with more than all',
      series: [one({ account: 'a' }, 1.2)],
      fault: 'holds 1.2, which is not between 0 and 1',
    },
    { what: 'with infinity', series: [one({ account: 'a' }, Number.POSITIVE_INFINITY)], fault: 'holds Infinity' },
    {
      what: 'whose legend names a label that is not there',
      series: [one({}, 1)],
      fault: 'names account, which no series',
    },
    {
      what: 'whose series share a name',
      series: [one({ account: 'a', gateway: 'x' }, 1), one({ account: 'a', gateway: 'y' }, 1)],
      fault: 'have the same name in the legend',
    },
  ])('$what is found', async ({ series, fault }) => {
    expect(await faultsOf(share, series)).toEqual(expect.arrayContaining([expect.stringContaining(fault)]))
  })

  test('may be below 0 where it shows a budget', async () => {
    expect(await faultsOf({ ...share, title: 'Budget left' }, [one({ account: 'a' }, -0.2)])).toEqual([])
  })

  test('of curves whose points all stand alone is found, of bars it is not', async () => {
    const alone: Series = {
      labels: { account: 'a' },
      points: [
        [NOW - HOUR, 1],
        [NOW - HOUR + 10 * MINUTE, 1],
      ],
    }
    const drawn = (drawStyle: string) => ({
      type: 'timeseries',
      fieldConfig: { defaults: { custom: { drawStyle, showPoints: 'never' } }, overrides: [] },
    })
    expect(await faultsOf(drawn('line'), [alone])).toEqual([expect.stringContaining('no two points beside each other')])
    expect(await faultsOf(drawn('bars'), [alone])).toEqual([])
  })
})

describe('a table', () => {
  const targets = ['A', 'B'].map((refId) => ({ refId, expr: 'up', format: 'table', instant: true }))

  test('whose rows the name of the metric keeps apart is found', async () => {
    const series = [one({ __name__: 'up', account: 'a' }, 1), one({ __name__: 'down', account: 'a' }, 2)]
    const faults = await faultsOf({ ...asTable, targets, transformations: [{ id: 'merge', options: {} }] }, series)
    expect(faults).toEqual(
      expect.arrayContaining(['a column shows __name__', expect.stringContaining('rows were not merged')]),
    )
  })

  test('whose override, link or order names a column that is not there is found', async () => {
    const fieldConfig = {
      defaults: {},
      overrides: [
        {
          matcher: { id: 'byName', options: 'Gateway' },
          // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Grafana's notation
          properties: [{ id: 'links', value: [{ url: '/d/x?var-gateway=${__data.fields.gateway}' }] }],
        },
      ],
    }
    const faults = await faultsOf(
      { ...asTable, fieldConfig, options: { sortBy: [{ displayName: 'Since' }] } },
      [one({ account: 'a' }, 1)],
      { format: 'table', instant: true },
    )
    expect(faults).toEqual([
      expect.stringContaining('the override for "Gateway" has no field'),
      expect.stringContaining('a link is made of the column "gateway"'),
      expect.stringContaining('it is sorted by "Since"'),
    ])
  })
})
