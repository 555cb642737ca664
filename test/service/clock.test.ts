import { describe, test } from 'vitest'
import { until } from './until.ts'
import { startWorld } from './world.ts'

const HOUR_MS = 3_600_000
const bots = (name: string, ...accounts: string[]) => ({ name, dialect: 'http' as const, accounts })

describe.concurrent('a wall clock that jumps', { timeout: 120_000 }, () => {
  for (const [where, jumpMs] of [
    ['an hour forward', HOUR_MS],
    ['an hour back', -HOUR_MS],
  ] as const) {
    test(`${where} makes no incident, no downtime and no lost check`, async (context) => {
      const { expect } = context
      let offsetMs = 0
      const nowMs = () => Date.now() + offsetMs
      const world = await startWorld(context, { simulator: { gateways: [bots('one', 'a')] }, parts: { nowMs } })
      const before = await world.accountWhere('one/a', 'checked', ({ counters }) => counters.checks >= 3)
      offsetMs = jumpMs
      const after = await world.accountWhere(
        'one/a',
        'checked',
        ({ counters }) => counters.checks >= before.counters.checks + 4,
      )
      expect(after).toMatchObject({ status: 'healthy', counters: { incidents: 0, downtimeSeconds: 0 } })
      const seconds = after.counters.observedSeconds - before.counters.observedSeconds
      expect(seconds).toBeGreaterThan(1)
      expect(seconds).toBeLessThan(30)
      expect(world.service.monitor.fleet.exporter().blind).toBe(false)
    })

    test(`${where} in mid-incident leaves it open, and it ends when the account is well`, async (context) => {
      const { expect } = context
      let offsetMs = 0
      const nowMs = () => Date.now() + offsetMs
      const world = await startWorld(context, {
        simulator: { gateways: [bots('one', 'a')] },
        config: { recovery: { mode: 'off' } },
        parts: { nowMs },
      })
      world.fault('one/a', 'disconnected')
      const open = await world.accountWhere('one/a', 'unhealthy', ({ status }) => status === 'unhealthy')
      offsetMs = jumpMs
      const { checks } = open.counters
      const later = await world.accountWhere('one/a', 'checked', ({ counters }) => counters.checks >= checks + 3)
      expect(later.incident?.id).toBe(open.incident?.id)
      expect(later.counters.downtimeSeconds).toBeLessThan(30)
      world.heal('one/a')
      await world.accountWhere('one/a', 'healthy', ({ status }) => status === 'healthy')
      const incidents = await until('the closed incident', async () => {
        const found = await world.incidents('one/a')
        return found[0]?.endedAt ? found : undefined
      })
      expect(incidents).toHaveLength(1)
      expect(Date.parse(incidents[0]?.endedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(incidents[0]?.startedAt ?? ''))
    })
  }

  test('back does not hide a gateway that goes down afterwards, nor blame its accounts', async (context) => {
    const { expect } = context
    let offsetMs = 0
    const world = await startWorld(context, {
      simulator: { gateways: [bots('one', 'a', 'b'), bots('two', 'c')] },
      parts: { nowMs: () => Date.now() + offsetMs },
    })
    await world.accountWhere('one/a', 'checked', ({ counters }) => counters.checks >= 3)
    offsetMs = -HOUR_MS
    await until('the jump to be noticed', () => world.lines.some((line) => line.includes('was set back')))
    world.fault('one', 'server_error')
    const account = await world.accountWhere('one/a', 'unhealthy', ({ status }) => status === 'unhealthy')
    expect(account.reason).toBe('gateway_down')
    expect(world.simulator.control.accounts().map(({ restartRequests }) => restartRequests)).toEqual([0, 0, 0])
  })
})
