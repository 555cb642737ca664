import { expect, test } from 'vitest'
import { adoptIncident } from '../../src/health/adopt-incident.ts'
import type { AccountHealth } from '../../src/health/health.ts'
import { INTERVAL_MS, play, type Seen, T0 } from './fixtures.ts'

const DOWN: Seen[] = ['connected', 'disconnected', 'disconnected', 'disconnected']

/** The same account, found down again by an exporter that began without its store. */
const now = play(DOWN).health
const shifted = (byMs: number): AccountHealth => {
  const { health } = play(DOWN)
  const { incident } = health
  if (incident === null) throw new Error('the account is down')
  return { ...health, incident: { ...incident, id: 'stored', startMs: incident.startMs - byMs, attempts: 2 } }
}

test('an incident that is open in both keeps the stored identity, start and attempts, and both downtimes', () => {
  expect(adoptIncident(now, shifted(600_000)).incident).toMatchObject({
    id: 'stored',
    startMs: T0 + INTERVAL_MS - 600_000,
    attempts: 2,
    downtimeMs: 4 * INTERVAL_MS,
  })
})

test('nothing is joined when one of them has no incident, or when the stored one began later', () => {
  const healthy = play(['connected']).health
  expect(adoptIncident(healthy, shifted(600_000))).toBe(healthy)
  expect(adoptIncident(now, healthy)).toBe(now)
  expect(adoptIncident(now, shifted(-1))).toBe(now)
  expect(adoptIncident(now, now)).toBe(now)
})
