import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { timeInterval } from '../../src/config/time-interval.ts'
import { AlertingOptions } from '../../src/notifications/options.ts'

const parsed = (interval: object) => AlertingOptions.safeParse({ timeIntervals: [{ name: 'x', ...interval }] })
function entriesOf(interval: object) {
  const { timeIntervals } = AlertingOptions.parse({ timeIntervals: [{ name: 'x', ...interval }] })
  return timeIntervals.map((one) => timeInterval(one))
}

test('business hours are one entry in their time zone', () => {
  const hours = { timeZone: 'Europe/Berlin', weekdays: ['monday:friday'], times: [{ start: '08:00', end: '18:00' }] }
  expect(entriesOf(hours)).toEqual([
    {
      name: 'x',
      time_intervals: [
        {
          location: 'Europe/Berlin',
          weekdays: ['monday:friday'],
          times: [{ start_time: '08:00', end_time: '18:00' }],
        },
      ],
    },
  ])
})

test.each([
  ['a day of every year', '12-25', [{ months: ['12'], days_of_month: ['25'] }]],
  ['one day', '2026-05-01', [{ years: ['2026'], months: ['5'], days_of_month: ['1'] }]],
  ['a range within a month', '2026-12-24:2026-12-26', [{ years: ['2026'], months: ['12'], days_of_month: ['24:26'] }]],
  [
    'a range over three months',
    '03-30:05-02',
    [
      { months: ['3'], days_of_month: ['30:31'] },
      { months: ['4'], days_of_month: ['1:31'] },
      { months: ['5'], days_of_month: ['1:2'] },
    ],
  ],
])('%s', (_name, dates, entries) => {
  expect(entriesOf({ dates: [dates] })).toEqual([
    { name: 'x', time_intervals: entries.map((entry) => ({ location: 'UTC', ...entry })) },
  ])
})

test.each([
  ['2026-02-30', 'names a day that does not exist'],
  ['2026-12-24:12-26', 'names a year on one side only. Name it on both, or on none'],
  ['12-30:01-02', 'ends before it starts; write a range over New Year as two'],
  ['2026-12-30:2027-01-02', 'spans two years; write it as two ranges'],
  ['christmas', 'must be a day or a range of days such as 2026-12-24, 2026-12-24:2026-12-31 or, every year, 12-25'],
])('"%s" %s', (dates, rule) => {
  const { success, error } = parsed({ dates: [dates] })
  expect([success, error?.issues[0]?.message]).toEqual([false, rule])
})

test('amtool takes holidays over the end of a short month', () => {
  const folder = mkdtempSync(join(tmpdir(), 'intervals-'))
  const config = {
    route: { receiver: 'r', routes: [{ receiver: 'r', mute_time_intervals: ['x'] }] },
    receivers: [{ name: 'r' }],
    time_intervals: entriesOf({ timeZone: 'Asia/Dubai', dates: ['02-20:03-03', '2026-12-31'] }),
  }
  writeFileSync(join(folder, 'alertmanager.yml'), stringify(config))
  const { status, stdout, stderr } = spawnSync('amtool', ['check-config', join(folder, 'alertmanager.yml')], {
    encoding: 'utf8',
  })
  rmSync(folder, { recursive: true })
  expect([status, stdout + stderr]).toEqual([0, expect.stringContaining('SUCCESS')])
})
