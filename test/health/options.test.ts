import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  healthOptions,
  healthPolicy,
  maintenanceOptions,
  recoveryOptions,
  recoveryPolicy,
  sloOptions,
} from '../../src/health/options.ts'
import { POLICY, RECOVERY } from './fixtures.ts'

const sections = z.strictObject({
  health: healthOptions,
  recovery: recoveryOptions,
  slo: sloOptions,
  maintenance: maintenanceOptions,
})

describe('defaults', () => {
  const defaults = sections.parse({})

  test('an empty file gives the documented thresholds', () => {
    expect(healthPolicy(defaults.health, 15_000, 5_000)).toEqual(POLICY)
  })

  test('an empty file gives the documented recovery', () => {
    expect(recoveryPolicy(defaults.recovery)).toEqual(RECOVERY)
  })

  test('an empty file gives the documented objective and no maintenance', () => {
    expect([defaults.slo, defaults.maintenance]).toEqual([{ objective: 0.995, window: 30 * 86_400_000 }, []])
  })

  test('one option leaves the others of its section at their defaults', () => {
    const { recovery } = sections.parse({ recovery: { backoff: { max: '1m' }, perGateway: { parallel: 1 } } })
    expect(recoveryPolicy(recovery)).toEqual({ ...RECOVERY, backoffMaxMs: 60_000, gatewayParallel: 1 })
  })
})

describe('healthPolicy', () => {
  const gap = (intervalMs: number, timeoutMs: number) =>
    healthPolicy(healthOptions.parse({}), intervalMs, timeoutMs).gapLimitMs

  test('two lost checks leave no gap', () => expect(gap(15_000, 5_000)).toBe(45_000))
  test('a time limit longer than the interval is allowed for', () => expect(gap(10_000, 30_000)).toBe(50_000))
  test('staleAfter is off unless it is set', () => {
    expect(healthPolicy(healthOptions.parse({ staleAfter: '6h' }), 15_000, 5_000).staleAfterMs).toBe(6 * 3_600_000)
  })
})

describe('faults', () => {
  const who = { author: 'Amal', reason: 'update' }
  const table: Record<string, { file: unknown; path: string; message: string }> = {
    'an unknown key': { file: { health: { unhealtyAfter: 3 } }, path: 'health', message: 'unhealtyAfter' },
    'no bad check at all': { file: { health: { unhealthyAfter: 0 } }, path: 'health.unhealthyAfter', message: '>=1' },
    'half a check': { file: { health: { healthyAfter: 1.5 } }, path: 'health.healthyAfter', message: 'int' },
    'a number for a duration': { file: { health: { slowAfter: 2 } }, path: 'health.slowAfter', message: 'string' },
    'a duration without a unit': {
      file: { health: { slowAfter: '2' } },
      path: 'health.slowAfter',
      message: 'such as 500ms',
    },
    'a recovery mode that does not exist': {
      file: { recovery: { mode: 'auto' } },
      path: 'recovery.mode',
      message: 'dry-run',
    },
    'a backoff that begins above its end': {
      file: { recovery: { backoff: { initial: '10m' } } },
      path: 'recovery.backoff.initial',
      message: 'must not be longer than backoff.max',
    },
    'a breaker share above 1': {
      file: { recovery: { perGateway: { breakerShare: 50 } } },
      path: 'recovery.perGateway.breakerShare',
      message: '<=1',
    },
    'an objective in percent': { file: { slo: { objective: 99.5 } }, path: 'slo.objective', message: '<1' },
    'an objective of 1, which leaves no budget': {
      file: { slo: { objective: 1 } },
      path: 'slo.objective',
      message: '<1',
    },
    'a window without author': {
      file: { maintenance: [{ reason: 'x', start: '2026-01-01T00:00:00Z', end: '2026-01-02T00:00:00Z' }] },
      path: 'maintenance.0.author',
      message: 'string',
    },
    'a window with a blank reason': {
      file: { maintenance: [{ ...who, reason: '  ', start: '2026-01-01T00:00:00Z', end: '2026-01-02T00:00:00Z' }] },
      path: 'maintenance.0.reason',
      message: '>=1',
    },
    'a start without an offset': {
      file: { maintenance: [{ ...who, start: '2026-01-01T00:00:00', end: '2026-01-02T00:00:00Z' }] },
      path: 'maintenance.0.start',
      message: 'with an offset',
    },
    'an end before the start': {
      file: { maintenance: [{ ...who, start: '2026-01-02T00:00:00Z', end: '2026-01-02T00:00:00+01:00' }] },
      path: 'maintenance.0.end',
      message: 'later than start (2026-01-02T00:00:00Z)',
    },
    'a window without any time': {
      file: { maintenance: [who] },
      path: 'maintenance.0',
      message: 'either start and end, or cron, duration and timeZone',
    },
    'a recurring window without a time zone': {
      file: { maintenance: [{ ...who, cron: '0 3 * * 0', duration: '1h' }] },
      path: 'maintenance.0',
      message: 'either start and end, or cron, duration and timeZone',
    },
    'a window of both kinds': {
      file: { maintenance: [{ ...who, cron: '0 3 * * 0', end: '2026-01-02T00:00:00Z' }] },
      path: 'maintenance.0',
      message: 'mixes',
    },
    'a cron expression with seconds': {
      file: { maintenance: [{ ...who, cron: '0 0 3 * * 0', duration: '1h', timeZone: 'UTC' }] },
      path: 'maintenance.0.cron',
      message: 'five fields',
    },
    'a cron expression that never comes true': {
      file: { maintenance: [{ ...who, cron: '0 3 30 2 *', duration: '1h', timeZone: 'UTC' }] },
      path: 'maintenance.0.cron',
      message: 'ever comes true',
    },
    'a time zone that does not exist': {
      file: { maintenance: [{ ...who, cron: '0 3 * * 0', duration: '1h', timeZone: 'Europe/Bremen-Nord' }] },
      path: 'maintenance.0.timeZone',
      message: 'IANA',
    },
    'an offset for a time zone': {
      file: { maintenance: [{ ...who, cron: '0 3 * * 0', duration: '1h', timeZone: '+01:00' }] },
      path: 'maintenance.0.timeZone',
      message: 'IANA',
    },
    'a selection that selects nobody': {
      file: { maintenance: [{ ...who, accounts: [], start: '2026-01-01T00:00:00Z', end: '2026-01-02T00:00:00Z' }] },
      path: 'maintenance.0.accounts',
      message: '>=1',
    },
  }
  for (const [name, { file, path, message }] of Object.entries(table)) {
    test(`${name} is refused, in one message with its path`, () => {
      const parsed = sections.safeParse(file)
      const issues = parsed.error?.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
      expect(issues).toEqual([{ path, message: expect.stringContaining(message) }])
    })
  }
})

describe('maintenance', () => {
  test('a window that happens once is read with its offset', () => {
    const [spec] = maintenanceOptions.parse([
      {
        author: 'Amal',
        reason: 'move',
        gateways: ['waha-1'],
        start: '2026-03-01T22:00:00+01:00',
        end: '2026-03-02T00:00:00+01:00',
      },
    ])
    expect(spec).toEqual({
      kind: 'once',
      select: { gateways: ['waha-1'] },
      author: 'Amal',
      reason: 'move',
      startMs: Date.parse('2026-03-01T21:00:00Z'),
      endMs: Date.parse('2026-03-01T23:00:00Z'),
    })
  })

  test('a recurring window keeps its zone and reads its duration', () => {
    const [spec] = maintenanceOptions.parse([
      {
        author: 'Amal',
        reason: 'backup',
        labels: { tenant: 'acme' },
        cron: '0 3 * * sun',
        duration: '1h30m',
        timeZone: 'Asia/Dubai',
      },
    ])
    expect(spec).toMatchObject({
      kind: 'recurring',
      cron: '0 3 * * sun',
      durationMs: 5_400_000,
      timeZone: 'Asia/Dubai',
    })
  })
})

test('every option has a description for editors', () => {
  const bare: string[] = []
  let options = 0
  const walk = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return
    for (const [key, child] of Object.entries(('properties' in schema && schema.properties) || {})) {
      options += 1
      if (!child.description) bare.push(`${path}.${key}`)
      walk(child, `${path}.${key}`)
      walk(child.items, `${path}.${key}[]`)
    }
  }
  walk(z.toJSONSchema(sections, { io: 'input' }), '')
  expect(bare).toEqual([])
  expect(options).toBeGreaterThan(30)
})
