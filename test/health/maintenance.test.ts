import { describe, expect, test } from 'vitest'
import type { Account } from '../../src/accounts/account.ts'
import {
  type MaintenanceSpec,
  type MaintenanceWindow,
  openWindow,
  plannedMs,
  type Selection,
  selects,
  windowsBetween,
} from '../../src/health/maintenance.ts'
import { account, seeded, T0 } from './fixtures.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const planned = { select: {}, author: 'Amal', reason: 'gateway update' }
const once = (start: string, end: string): MaintenanceSpec => ({
  ...planned,
  kind: 'once',
  startMs: Date.parse(start),
  endMs: Date.parse(end),
})
const recurring = (cron: string, timeZone = 'Europe/Berlin', durationMs = HOUR_MS): MaintenanceSpec => ({
  ...planned,
  kind: 'recurring',
  cron,
  timeZone,
  durationMs,
})
const window = (startMin: number, endMin: number, select: Selection = {}): MaintenanceWindow => ({
  ...planned,
  id: `${startMin}-${endMin}`,
  select,
  startMs: T0 + startMin * MINUTE_MS,
  endMs: T0 + endMin * MINUTE_MS,
})

describe('selects', () => {
  const table: Record<string, { select: Selection; who?: Account; wanted: boolean }> = {
    'nothing given selects everybody': { select: {}, wanted: true },
    'an account by its id': { select: { accounts: ['sales-01'] }, wanted: true },
    'an account by its key': { select: { accounts: ['waha-1/sales-01'] }, wanted: true },
    'an account by its phone': { select: { accounts: ['971505760056'] }, wanted: true },
    'another account': { select: { accounts: ['sales-02'] }, wanted: false },
    'a gateway': { select: { gateways: ['waha-1'] }, wanted: true },
    'another gateway': { select: { gateways: ['waha-2'] }, wanted: false },
    labels: { select: { labels: { team: 'sales' } }, wanted: true },
    'labels of which one differs': { select: { labels: { team: 'sales', tenant: 'acme' } }, wanted: false },
    'the right account on the wrong gateway': {
      select: { accounts: ['sales-01'], gateways: ['waha-2'] },
      wanted: false,
    },
    'an account without a phone is not matched by null': {
      select: { accounts: ['null'] },
      who: account({ phone: null }),
      wanted: false,
    },
  }
  for (const [name, { select, who = account(), wanted }] of Object.entries(table)) {
    test(name, () => expect(selects(select, who)).toBe(wanted))
  }
})

describe('windowsBetween', () => {
  const starts = (spec: MaintenanceSpec, from: string, to: string) =>
    windowsBetween([spec], Date.parse(from), Date.parse(to)).map(({ startMs }) => new Date(startMs).toISOString())

  const table: Record<string, { spec: MaintenanceSpec; from: string; to: string; wanted: string[] }> = {
    'a single window that touches the range is found': {
      spec: once('2026-03-01T22:00:00+01:00', '2026-03-01T23:00:00+01:00'),
      from: '2026-03-01T21:59:00Z',
      to: '2026-03-02T00:00:00Z',
      wanted: ['2026-03-01T21:00:00.000Z'],
    },
    'a window that ends where the range begins is not in it': {
      spec: once('2026-03-01T20:00:00Z', '2026-03-01T21:00:00Z'),
      from: '2026-03-01T21:00:00Z',
      to: '2026-03-02T00:00:00Z',
      wanted: [],
    },
    'a window that begins where the range ends is not in it': {
      spec: once('2026-03-02T00:00:00Z', '2026-03-02T01:00:00Z'),
      from: '2026-03-01T21:00:00Z',
      to: '2026-03-02T00:00:00Z',
      wanted: [],
    },
    'a recurring window that is already open is found': {
      spec: recurring('0 3 * * *'),
      from: '2026-02-10T02:30:00Z',
      to: '2026-02-10T02:45:00Z',
      wanted: ['2026-02-10T02:00:00.000Z'],
    },
    'a recurring window that just ended is not': {
      spec: recurring('0 3 * * *'),
      from: '2026-02-10T03:00:00Z',
      to: '2026-02-10T04:00:00Z',
      wanted: [],
    },
    'cron is read in its time zone, in winter and in summer': {
      spec: recurring('0 3 * * 0'),
      from: '2026-03-20T00:00:00Z',
      to: '2026-04-06T00:00:00Z',
      wanted: ['2026-03-22T02:00:00.000Z', '2026-03-29T01:00:00.000Z', '2026-04-05T01:00:00.000Z'],
    },
    'a begin that the clocks skip comes an hour later by the clock': {
      spec: recurring('30 2 * * *'),
      from: '2026-03-29T00:00:00Z',
      to: '2026-03-29T12:00:00Z',
      wanted: ['2026-03-29T01:30:00.000Z'],
    },
    'a begin that the clocks repeat counts once': {
      spec: recurring('30 2 * * *'),
      from: '2026-10-24T23:00:00Z',
      to: '2026-10-25T12:00:00Z',
      wanted: ['2026-10-25T00:30:00.000Z'],
    },
    'a zone without daylight saving keeps its hour': {
      spec: recurring('0 3 * * *', 'Asia/Dubai'),
      from: '2026-03-28T20:00:00Z',
      to: '2026-03-30T20:00:00Z',
      wanted: ['2026-03-28T23:00:00.000Z', '2026-03-29T23:00:00.000Z'],
    },
  }
  for (const [name, { spec, from, to, wanted }] of Object.entries(table)) {
    test(name, () => expect(starts(spec, from, to)).toEqual(wanted))
  }

  test('a window lasts its duration of elapsed time, also over a change of the clocks', () => {
    const windows = windowsBetween(
      [recurring('0 1 * * *', 'Europe/Berlin', 3 * HOUR_MS)],
      Date.parse('2026-03-29T00:00:00Z'),
      Date.parse('2026-03-29T12:00:00Z'),
    )
    expect(windows).toMatchObject([
      { endMs: Date.parse('2026-03-29T03:00:00Z'), author: 'Amal', reason: 'gateway update' },
    ])
  })

  test('windows of several plans come in order, with ids that stay the same', () => {
    const specs = [recurring('0 3 * * *'), once('2026-02-10T00:00:00Z', '2026-02-10T01:00:00Z')]
    const days = (from: string, to: string) =>
      windowsBetween(specs, Date.parse(from), Date.parse(to)).map(({ id }) => id)
    expect(days('2026-02-10T00:00:00Z', '2026-02-11T00:00:00Z')).toEqual([
      'config-2-2026-02-10T00:00:00.000Z',
      'config-1-2026-02-10T02:00:00.000Z',
    ])
    expect(days('2026-02-10T02:10:00Z', '2026-02-11T02:00:00Z')).toEqual(['config-1-2026-02-10T02:00:00.000Z'])
  })
})

describe('openWindow', () => {
  test('a window is open from its start until just before its end', () => {
    const windows = [window(10, 20)]
    const open = (minute: number) => openWindow(windows, account(), T0 + minute * MINUTE_MS)?.id ?? null
    expect([open(9), open(10), open(19), open(20)]).toEqual([null, '10-20', '10-20', null])
  })

  test('of several open windows, the one that ends last is named', () => {
    expect(openWindow([window(0, 20), window(5, 60), window(6, 30)], account(), T0 + 10 * MINUTE_MS)?.id).toBe('5-60')
  })

  test('a window for others is not open', () => {
    expect(openWindow([window(0, 20, { gateways: ['waha-2'] })], account(), T0)).toBeNull()
  })
})

describe('plannedMs', () => {
  const table: Record<string, { windows: MaintenanceWindow[]; minutes: number }> = {
    'is 0 without windows': { windows: [], minutes: 0 },
    'is the part of a window that lies in the range': { windows: [window(-5, 3)], minutes: 3 },
    'is the whole range within a long window': { windows: [window(-60, 60)], minutes: 10 },
    'adds windows that lie apart': { windows: [window(1, 2), window(4, 7)], minutes: 4 },
    'counts overlapping windows once': { windows: [window(1, 5), window(3, 7), window(4, 6)], minutes: 6 },
    'counts a window within another once, in any order': { windows: [window(4, 5), window(1, 9)], minutes: 8 },
    'leaves out windows for others': { windows: [window(0, 9, { accounts: ['sales-02'] })], minutes: 0 },
    'leaves out windows before and after': { windows: [window(-9, 0), window(10, 20)], minutes: 0 },
  }
  for (const [name, { windows, minutes }] of Object.entries(table)) {
    test(name, () => expect(plannedMs(windows, account(), T0, T0 + 10 * MINUTE_MS)).toBe(minutes * MINUTE_MS))
  }

  test('agrees with counting minute by minute over random windows', () => {
    const random = seeded(7)
    for (let round = 0; round < 200; round += 1) {
      const windows = Array.from({ length: 5 }, () => {
        const start = Math.floor(random() * 80) - 20
        return window(start, start + 1 + Math.floor(random() * 30))
      })
      const covered = Array.from({ length: 60 }, (_, minute) => openWindow(windows, account(), T0 + minute * MINUTE_MS))
      const minutes = covered.filter((open) => open !== null).length
      expect(plannedMs(windows, account(), T0, T0 + HOUR_MS)).toBe(minutes * MINUTE_MS)
    }
  })

  test('a range that runs backwards holds nothing', () => {
    expect(plannedMs([window(-60, 60)], account(), T0 + 5, T0)).toBe(0)
  })
})
