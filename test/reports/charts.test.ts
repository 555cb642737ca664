import { describe, expect, test } from 'vitest'
import { budgetBurnDown } from '../../src/reports/charts/budget-burn-down.ts'
import { availabilityCalendar, shadeOf } from '../../src/reports/charts/calendar.ts'
import { incidentTimeline, shortened } from '../../src/reports/charts/incident-timeline.ts'
import { responseLines } from '../../src/reports/charts/response-lines.ts'
import { path, ticksUpTo } from '../../src/reports/charts/svg.ts'
import { heatBorders, weekHeatmap } from '../../src/reports/charts/week-heatmap.ts'

const NAMED = { title: 'T <1>', description: 'D "2"' }

describe('the shade of a day', () => {
  for (const [name, { share, want }] of Object.entries({
    'is calm without downtime': { share: 0, want: 'calm' },
    'is within at exactly the objective': { share: 0.005, want: 'within' },
    'is beyond just past the objective': { share: 0.0051, want: 'beyond' },
    'is far beyond past four times the allowed share': { share: 0.021, want: 'far' },
    'is blind where nothing was observed': { share: null, want: 'blind' },
  }))
    test(name, () => expect(shadeOf(share, 1 - 0.005)).toBe(want))
})

describe('round steps of a scale', () => {
  for (const [max, count, want] of [
    [1, 2, [0, 0.5, 1]],
    [0.03, 3, [0, 0.01, 0.02, 0.03]],
    [7, 3, [0, 5, 10]],
    [0, 3, [0]],
  ] as const)
    test(`reach ${max} in at most ${count}`, () => expect(ticksUpTo(max, count)).toEqual(want))

  test('are refused where none may be made', () => expect(() => ticksUpTo(1, 0)).toThrow(RangeError))
})

test('a gap in a line begins a new stretch, and a lonely point is a dot', () => {
  const { text } = path([[0, 0], [1, 1], null, [3, 3]], 'k')
  expect(text).toBe('<path d="M0 0L1 1" class="k"/><circle cx="3" cy="3" r="1.4" class="k dot"/>')
})

test('a name is cut between characters, not inside one', () => {
  expect(shortened('🙂🙂🙂🙂', 3)).toBe('🙂🙂…')
  expect(shortened('short', 5)).toBe('short')
})

test('the calendar puts days under their weekday, a week per row, each with its figure', () => {
  const day = (name: string, weekday: number) => ({ name, weekday, downShare: 0, value: '100%', tip: `tip ${name}` })
  const { text } = availabilityCalendar([day('7', 5), day('8', 6), day('9', 0)], 0.99, {
    ...NAMED,
    weekdays: ['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'],
    shades: ['a', 'b', 'c', 'd', 'e'],
  })
  const cells = [...text.matchAll(/<rect x="([\d.]+)" y="([\d.]+)"[^>]*><title>tip (\d)/g)].map((found) =>
    found.slice(1),
  )
  expect(cells.map(([, y, name]) => [name, y])).toEqual([
    ['7', '18'],
    ['8', '18'],
    ['9', '53'],
  ])
  expect(cells[2]?.[0]).toBe('0')
  expect(text.match(/100%/g)).toHaveLength(3)
})

test('an incident of a second is wide enough to be seen, also at the very end of the period', () => {
  const { text } = incidentTimeline(
    { fromMs: 0, toMs: 1_000_000_000 },
    [{ name: 'a', bars: [{ fromMs: 999_999_000, toMs: 1_000_000_000, kind: 'link', tip: 'x' }] }],
    [],
    { ...NAMED, kinds: [] },
  )
  const [, x = '', width = ''] = /<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"[^>]*class="link"/.exec(text) ?? []
  expect(Number(width)).toBeGreaterThan(1)
  expect(Number(x) + Number(width)).toBeLessThanOrEqual(680)
})

test('the name of a tick at the very end of the period stands before it, inside of the chart', () => {
  const ticks = [
    { atMs: 0, text: '1 Mar' },
    { atMs: 980, text: '26 March' },
  ]
  const { text } = incidentTimeline({ fromMs: 0, toMs: 1_000 }, [], ticks, { ...NAMED, kinds: [] })
  expect(text).toMatch(/text-anchor="start">1 Mar</)
  expect(text).toMatch(/text-anchor="end">26 March</)
})

test('labels of response levels that lie together do not overlap', () => {
  const { text } = responseLines(
    [{ name: '1', meanMs: 100 }],
    [100, 101, 102].map((valueMs) => ({ text: `at ${valueMs}`, valueMs })),
    { ...NAMED, scaleText: String },
  )
  const heights = [...text.matchAll(/y="([\d.]+)"[^>]*>at \d+/g)].map(([, y]) => Number(y))
  expect(heights).toHaveLength(3)
  expect(heights[0] ?? 0).toBeGreaterThanOrEqual((heights[1] ?? 0) + 11.9)
  expect(heights[1] ?? 0).toBeGreaterThanOrEqual((heights[2] ?? 0) + 11.9)
})

test('a burn-down that goes below zero shows the missed zone, and a kept one does not', () => {
  const words = { ...NAMED, ratioText: String, evenUse: 'even', atEnd: 'end' }
  expect(budgetBurnDown([{ name: '', left: -0.4 }], 7, words).text).toContain('missed-zone')
  expect(budgetBurnDown([{ name: '', left: 0.4 }], 7, words).text).not.toContain('missed-zone')
})

test('the heat map has a cell per hour of the week, and tells unobserved hours from calm ones', () => {
  const shares = Array.from({ length: 168 }, (_, hour) => (hour === 0 ? 0.08 : hour === 1 ? null : 0))
  const { text } = weekHeatmap(shares, {
    ...NAMED,
    weekdays: [],
    tip: (hour) => `h${hour}`,
    steps: ['', '', '', '', '', ''],
  })
  expect(text.match(/<title>h\d+/g)).toHaveLength(168)
  expect(text).toMatch(/class="heat-4"><title>h0</)
  expect(text).toMatch(/class="blind"><title>h1</)
  expect(heatBorders(shares)).toEqual([0.01, 0.02, 0.04])
})

test('names and descriptions are there for those who cannot see, and are escaped', () => {
  const { text } = budgetBurnDown([], 7, { ...NAMED, ratioText: String, evenUse: '', atEnd: '' })
  expect(text).toContain('role="img" aria-label="T &lt;1&gt;. D &quot;2&quot;"')
  expect(text).toContain('<title>T &lt;1&gt;</title><desc>D &quot;2&quot;</desc>')
})
