import { describe, expect, test } from 'vitest'
import { balance, type Injected } from '../../bench/soak-balance.ts'
import type { Incident } from '../../src/health/health.ts'
import { accountOf, incidentOf, MINUTE, SECOND, T0 } from '../store/fixtures.ts'

const sales = accountOf('sales-01')
const WATCH = {
  fromMs: T0,
  toMs: T0 + 60 * MINUTE,
  intervalMs: 15 * SECOND,
  timeoutMs: 8 * SECOND,
  unhealthyAfter: 3,
  connectingLimitMs: 45 * SECOND,
  repairMs: 3 * SECOND,
}

const fault = (
  name: string,
  fromMinute: number,
  toMinute: number | null,
  account: string | null = sales.key,
): Injected => ({
  account,
  gateway: 'waha-1',
  fault: name,
  startMs: T0 + fromMinute * MINUTE,
  endMs: toMinute === null ? null : T0 + toMinute * MINUTE,
})

/** An incident that the exporter would record of an outage, five seconds late at both ends. */
const incident = (fromMinute: number, toMinute: number | null, over: Partial<Incident> = {}) => {
  const startMs = T0 + fromMinute * MINUTE + 5 * SECOND
  return incidentOf(`i${fromMinute}`, sales, startMs, {
    detectedMs: startMs + 30 * SECOND,
    endMs: toMinute === null ? null : T0 + toMinute * MINUTE + 5 * SECOND,
    ...over,
  })
}

const judge = (injected: readonly Injected[], incidents: readonly Incident[]) => {
  const found = balance([sales.key], injected, incidents, WATCH)
  const wrong = Object.entries({
    missed: found.missed,
    false: found.falseIncidents,
    doubled: found.doubled,
    mistimed: found.mistimed,
    cause: found.wrongCause,
  }).flatMap(([name, lines]) => lines.map(() => name))
  return { ...found, wrong }
}

describe('the balance of a soak', () => {
  test.each<[string, Injected[], Incident[]]>([
    ['an outage and its incident', [fault('disconnected', 10, 14)], [incident(10, 14)]],
    ['an outage that lasts, and its open incident', [fault('disconnected', 10, null)], [incident(10, null)]],
    ['faults that leave the account usable', [fault('slow', 10, 14), fault('capped', 20, 24)], []],
    ['an outage too short for the thresholds, recorded', [fault('disconnected', 10, 11)], [incident(10, 11)]],
    ['an outage too short for the thresholds, not recorded', [fault('disconnected', 10, 10.5)], []],
    ['an outage of the whole gateway', [fault('hang', 10, 14, null)], [incident(10, 14, { cause: 'gateway_down' })]],
    [
      'one fault that follows another at once: one incident',
      [fault('disconnected', 10, 12), fault('qr', 12, 16)],
      [incident(10, 16, { cause: 'logged_out' })],
    ],
    [
      'an outage that ends while the gateway refuses us: the incident ends when it is seen again',
      [fault('disconnected', 10, 14), fault('unauthorized', 13, 18, null)],
      [incident(10, 18)],
    ],
    [
      'an outage behind a gateway that refuses us',
      [fault('disconnected', 11, 14), fault('unauthorized', 10, 18, null)],
      [],
    ],
    ['an outage before everything was watched', [fault('disconnected', -1, 0.1)], []],
  ])('is even for %s', (_, injected, incidents) => {
    expect(judge(injected, incidents).wrong).toEqual([])
  })

  test.each<[string, string[], Injected[], Incident[]]>([
    ['an outage without an incident', ['missed'], [fault('disconnected', 10, 14)], []],
    ['an incident without an outage', ['false'], [], [incident(10, 14)]],
    ['an incident of a usable account', ['false'], [fault('slow', 10, 14)], [incident(10, 14)]],
    [
      'an incident of an account that nobody knows',
      ['false'],
      [],
      [incident(10, 14, { key: 'waha-1/stranger', account: 'stranger' })],
    ],
    ['two incidents of one outage', ['doubled'], [fault('disconnected', 10, 18)], [incident(10, 18), incident(15, 18)]],
    ['an incident that ends before its outage', ['mistimed'], [fault('disconnected', 10, 18)], [incident(10, 14)]],
    ['an incident that never ends', ['mistimed'], [fault('disconnected', 10, 14)], [incident(10, null)]],
    ['an incident that begins late', ['mistimed'], [fault('disconnected', 10, 18)], [incident(14, 18)]],
    [
      'an incident with another cause',
      ['cause'],
      [fault('logged_out', 10, 14)],
      [incident(10, 14, { cause: 'network' })],
    ],
  ])('tells of %s', (_, wrong, injected, incidents) => {
    expect([...new Set(judge(injected, incidents).wrong)]).toEqual(expect.arrayContaining(wrong))
  })

  test('counts what had to be found, and measures how late it was', () => {
    const found = judge(
      [
        fault('disconnected', 10, 14),
        fault('disconnected', 20, 20.5),
        fault('slow', 30, 34),
        fault('unauthorized', 40, 44, null),
      ],
      [incident(10, 14)],
    )
    expect(found).toMatchObject({
      faults: 4,
      harmless: 1,
      blinding: 1,
      outages: 2,
      certain: 1,
      certainRecorded: 1,
      incidents: 1,
    })
    expect(found.startErrorSeconds).toEqual({ median: 5, p99: 5, max: 5 })
    expect(found.detectionSeconds.median).toBe(35)
    expect(found.endErrorSeconds.median).toBe(5)
  })
})
