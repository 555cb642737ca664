import { describe, expect, test } from 'vitest'
import type { Observation } from '../../src/accounts/observation.ts'
import type { AccountHealth } from '../../src/health/health.ts'
import { newHealth } from '../../src/health/verdict.ts'
import { isEcho } from '../../src/monitor/echo.ts'
import { T0 } from '../health/fixtures.ts'

const INTERVAL_MS = 15_000
const bad: AccountHealth = {
  ...newHealth('one/a', T0),
  state: 'disconnected',
  status: 'warning',
  badSinceMs: T0,
  lastCheckMs: T0,
}
const incident = {} as NonNullable<AccountHealth['incident']>
const seenAfter = (ms: number, state: Observation['state'] = 'disconnected'): Observation => ({
  atMs: T0 + ms,
  durationMs: 5,
  state,
  reason: null,
  native: '',
  evidence: {},
})

describe('a check is an echo of the one before', () => {
  for (const [name, health, seen, want] of [
    ['when it repeats a bad look within a moment', bad, seenAfter(100), true],
    ['but not a third of an interval later', bad, seenAfter(5_000), false],
    ['but not when it sees something else', bad, seenAfter(100, 'connected'), false],
    ['but not the first check', { ...bad, lastCheckMs: null }, seenAfter(100), false],
    ['but not of a run that an incident has ended', { ...bad, incident }, seenAfter(100), false],
    [
      'when it repeats the first good look of an open incident',
      { ...bad, state: 'connected', badSinceMs: null, goodSinceMs: T0, incident },
      seenAfter(100, 'connected'),
      true,
    ],
    [
      'but not of a healthy account, where nothing is counted',
      { ...bad, state: 'connected', badSinceMs: null },
      seenAfter(100, 'connected'),
      false,
    ],
    [
      'but not where a second look confirms that a person is needed',
      { ...bad, state: 'awaiting_auth' },
      seenAfter(100, 'awaiting_auth'),
      false,
    ],
    ['but not after the clock was set back', bad, seenAfter(-100), false],
  ] as const) {
    test(name, () => expect(isEcho(health, seen, INTERVAL_MS)).toBe(want))
  }
})
