import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import type { BoardRow } from '../board.ts'
import type { Steps, ValueWord } from '../panels/looks.ts'
import { rows } from '../panels/query.ts'
import { transformedTable } from '../panels/table.ts'
import { orZero, recorded } from '../selection.ts'

const DAYS = [
  ['1', 'Monday'],
  ['2', 'Tuesday'],
  ['3', 'Wednesday'],
  ['4', 'Thursday'],
  ['5', 'Friday'],
  ['6', 'Saturday'],
  ['0', 'Sunday'],
] as const

/** When it fails. */
export function patternRow(): BoardRow {
  return { title: 'Pattern', panels: [hoursOfWeek()] }
}

function hoursOfWeek(): Panel {
  return transformedTable(
    {
      title: 'Downtime by hour of the week, 28 days',
      description:
        'Downtime of the last four weeks by the hour of the day (rows) and the day of the week. A dark row or column is a habit: a nightly restart of the gateway, a Monday campaign. Set "Hours from UTC" to read it in local time. An hour is the one that ends within the cell.',
      unit: 's',
      decimals: 0,
      size: [24, 22],
      queries: [rows(downtimeByHourOfWeek())],
      columns: [
        { of: 'hour\\day', title: 'Hour', unit: 'string', width: 70 },
        ...DAYS.map(([of, title]) => ({ of, title, steps: HEAT, words: NONE, filled: true })),
      ],
      sortBy: { title: 'Hour', descending: false },
    },
    [
      {
        id: 'groupingToMatrix',
        options: { rowField: 'hour', columnField: 'day', valueField: 'Value' },
      },
    ],
  )
}

/** Hours without downtime say nothing, so that the others stand out. */
const NONE: readonly ValueWord[] = [{ value: 0, text: '·', colour: 'transparent' }]

/** From light to dark: seconds within four weeks of one hour each, 4 hours at most for one account. */
const HEAT: Steps = ['transparent', [1, 'yellow'], [120, 'orange'], [600, 'red'], [3600, 'dark-red']]

/**
 * Seconds of downtime by the labels `hour` (00 to 23) and `day` (0 is Sunday) of local time. A subquery walks over the hours;
 * `count_values` makes a label of the hour and of the day of each.
 */
function downtimeByHourOfWeek(): string {
  const local = 'vector(time() + 3600 * $utc_offset - 1)'
  const slot = `count_values("hour", hour(${local})) * on () group_left (day) count_values("day", day_of_week(${local}))`
  const seconds = `scalar(${orZero(`sum(${recorded('account', 'downtime_seconds:increase1h')})`)})`
  const summed = `sum by (hour, day) (sum_over_time((${slot} * ${seconds})[27d23h59m59s999ms:1h]))`
  return `label_replace(${summed}, "hour", "0$1", "hour", "(.)")`
}
