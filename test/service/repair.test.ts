import { describe, test } from 'vitest'
import { until } from './until.ts'
import { startWorld } from './world.ts'

const one = {
  simulator: { gateways: [{ name: 'bots', dialect: 'http' as const, accounts: ['sales-01', 'sales-02'] }] },
}
const KEY = 'bots/sales-01'
const LABELS = { account: 'sales-01', gateway: 'bots' }

describe.concurrent('from the first bad check to the repair', { timeout: 120_000 }, () => {
  test('a lost connection is a warning, then an incident; its restart is verified, and everybody tells the same', async (context) => {
    const { expect } = context
    const world = await startWorld(context, one)
    await world.accountWhere(KEY, 'healthy', ({ status }) => status === 'healthy')
    world.fault(KEY, 'disconnected')
    await world.accountWhere(KEY, 'in a warning', ({ status }) => status === 'warning')
    const opened = await world.accountWhere(KEY, 'unhealthy', ({ status }) => status === 'unhealthy')
    expect(opened.incident).toMatchObject({ key: KEY, cause: 'network', endedAt: null })
    const healed = await world.accountWhere(KEY, 'healthy again', ({ status }) => status === 'healthy')
    expect(healed.incident).toBeNull()
    expect(healed.counters).toMatchObject({
      incidents: 1,
      incidentsResolved: 1,
      recoveryAttempts: 1,
      recoveryFailures: 0,
    })

    const [incident, ...others] = await until('the closed incident in the store', async () => {
      const found = await world.incidents(KEY)
      return found[0]?.endedAt ? found : undefined
    })
    expect(others).toEqual([])
    expect(incident).toMatchObject({ id: opened.incident?.id, resolution: 'repaired', attempts: 1 })
    expect(incident?.startedAt).toBe(opened.incident?.startedAt)
    const recoveries = await world.recoveries(KEY)
    expect(recoveries).toMatchObject([{ outcome: 'verified', attempt: 1, by: 'policy', incidentId: incident?.id }])

    const scrape = await until('the same figures on /metrics', async () => {
      const page = await world.scrape()
      return page.value('whatsapp_account_incidents_resolved_total', LABELS) === 1 ? page : undefined
    })
    expect(scrape.value('whatsapp_account_up', LABELS)).toBe(1)
    expect(scrape.value('whatsapp_account_status', { ...LABELS, status: 'healthy' })).toBe(1)
    expect(scrape.value('whatsapp_account_incidents_total', LABELS)).toBe(1)
    expect(scrape.value('whatsapp_account_recovery_attempts_total', LABELS)).toBe(1)
    expect(scrape.value('whatsapp_account_recovery_failures_total', LABELS)).toBe(0)
    expect(scrape.value('whatsapp_account_incident_start_timestamp_seconds', LABELS)).toBeUndefined()
    const downtime = scrape.value('whatsapp_account_downtime_seconds_total', LABELS)
    expect(downtime).toBeCloseTo(incident?.downtimeSeconds ?? -1, 1)
    expect(downtime).toBeGreaterThan(0)
    expect(scrape.value('whatsapp_account_incidents_total', { ...LABELS, account: 'sales-02' })).toBe(0)
    expect(world.simulator.control.accounts()[0]?.restartRequests).toBe(1)
  })

  test('an account that waits for a person is confirmed with its second check and never restarted', async (context) => {
    const { expect } = context
    const world = await startWorld(context, { ...one, config: { health: { unhealthyAfter: 50 } } })
    world.fault(KEY, 'logged_out')
    const account = await world.accountWhere(KEY, 'unhealthy', ({ status }) => status === 'unhealthy')
    expect(account).toMatchObject({ state: 'awaiting_auth', incident: { cause: 'logged_out' }, consecutiveFailures: 2 })
    expect(account.recovery).toMatchObject({ act: false, refusal: 'needs_human' })
    await world.accountWhere(KEY, 'seen five times', ({ consecutiveFailures }) => consecutiveFailures >= 5)
    expect(world.simulator.control.accounts()[0]?.restartRequests).toBe(0)
    expect(await world.recoveries(KEY)).toEqual([])
    world.heal(KEY)
    await world.accountWhere(KEY, 'healthy after the pairing', ({ status }) => status === 'healthy')
    const incidents = await until('the closed incident', async () => {
      const found = await world.incidents(KEY)
      return found[0]?.endedAt ? found : undefined
    })
    expect(incidents).toMatchObject([{ resolution: 'recovered', attempts: 0 }])
  })

  test('a person is needed at once, not after an interval: the confirming check does not wait for its turn', async (context) => {
    const { expect } = context
    const world = await startWorld(context, { ...one, config: { checks: { interval: '1m', timeout: '900ms' } } })
    await world.json('POST', '/api/health/check', {})
    world.fault(KEY, 'logged_out')
    await world.json('POST', '/api/health/check', {})
    const account = await world.accountWhere(KEY, 'confirmed', ({ status }) => status === 'unhealthy', 10_000)
    expect(account.counters.checkFailures).toBe(2)
  })

  test('restarts that lie fail, wait their backoff, and stop when the budget is used up', async (context) => {
    const { expect } = context
    const world = await startWorld(context, { ...one, config: { recovery: { attempts: 2, verifyWithin: '5s' } } })
    world.fault(KEY, 'disconnected', { restart: 'lies' })
    const account = await world.accountWhere(
      KEY,
      'given up',
      ({ recovery, attemptsUsed, status }) =>
        attemptsUsed === 2 && !recovery.act && recovery.refusal === 'budget' && status === 'unhealthy',
      30_000,
    )
    expect(account.counters).toMatchObject({
      incidents: 1,
      incidentsResolved: 0,
      recoveryAttempts: 2,
      recoveryFailures: 2,
    })
    const recoveries = await until('both failures in the store', async () => {
      const found = await world.recoveries(KEY)
      return found.length === 2 && found.every(({ outcome }) => outcome === 'failed') ? found : undefined
    })
    const [second, first] = recoveries
    expect(Date.parse(second?.requestedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(first?.endedAt ?? '') + 500)
    expect(world.simulator.control.accounts()[0]?.restartRequests).toBe(2)
  })

  test('in mode dry-run the decision is recorded and nothing is sent', async (context) => {
    const { expect } = context
    const world = await startWorld(context, { ...one, config: { recovery: { mode: 'dry-run', attempts: 1 } } })
    world.fault(KEY, 'disconnected')
    const recoveries = await until('the dry run', async () => {
      const found = await world.recoveries(KEY)
      return found.length > 0 ? found : undefined
    })
    expect(recoveries).toMatchObject([{ outcome: 'dry_run', attempt: 1 }])
    const account = await world.accountWhere(KEY, 'seen again', ({ consecutiveFailures }) => consecutiveFailures >= 5)
    expect(account.counters).toMatchObject({ incidents: 1, recoveryAttempts: 0, recoveryFailures: 0 })
    expect(world.simulator.control.accounts()[0]?.restartRequests).toBe(0)
  })

  test('in mode off nothing is decided, but a person may still restart', async (context) => {
    const { expect } = context
    const world = await startWorld(context, { ...one, config: { recovery: { mode: 'off' } } })
    world.fault(KEY, 'disconnected')
    const account = await world.accountWhere(KEY, 'unhealthy', ({ status }) => status === 'unhealthy')
    expect(account.recovery).toMatchObject({ act: false, refusal: 'mode_off' })
    expect(await world.recoveries(KEY)).toEqual([])
    await world.json('POST', `/api/accounts/${encodeURIComponent(KEY)}/recover`, {})
    await world.accountWhere(KEY, 'repaired', ({ status }) => status === 'healthy')
    await until('the verified attempt', async () => (await world.recoveries(KEY))[0]?.outcome === 'verified')
  })

  test('many accounts that fail together open the breaker, and none is restarted', async (context) => {
    const { expect } = context
    const accounts = ['a', 'b', 'c', 'd']
    const world = await startWorld(context, {
      simulator: { gateways: [{ name: 'bots', dialect: 'http', accounts }] },
      config: { recovery: { perGateway: { breakerMinimum: 3, breakerShare: 0.5 } } },
    })
    for (const account of accounts) world.fault(`bots/${account}`, 'disconnected')
    for (const account of accounts) {
      const seen = await world.accountWhere(`bots/${account}`, 'unhealthy', ({ status }) => status === 'unhealthy')
      expect(seen.recovery).toMatchObject({ act: false, refusal: 'breaker_open' })
    }
    await until(
      'the breaker on /metrics',
      async () => (await world.scrape()).value('whatsapp_gateway_breaker_open') === 1,
    )
    expect(world.simulator.control.accounts().map(({ restartRequests }) => restartRequests)).toEqual([0, 0, 0, 0])
  })

  test('in a maintenance window nothing is restarted and no downtime is counted', async (context) => {
    const { expect } = context
    const hour = 3_600_000
    const window = {
      accounts: [KEY],
      start: new Date(Date.now() - hour).toISOString(),
      end: new Date(Date.now() + hour).toISOString(),
      author: 'jane',
      reason: 'the number moves',
    }
    const world = await startWorld(context, { ...one, config: { maintenance: [window] } })
    world.fault(KEY, 'disconnected')
    const account = await world.accountWhere(
      KEY,
      'unhealthy for some time',
      ({ status, consecutiveFailures }) => status === 'unhealthy' && consecutiveFailures >= 4,
    )
    expect(account.maintenance).toMatchObject({ author: 'jane', reason: 'the number moves' })
    expect(account.recovery).toMatchObject({ act: false, refusal: 'maintenance' })
    expect(account.counters).toMatchObject({ downtimeSeconds: 0, observedSeconds: 0 })
    expect(world.simulator.control.accounts()[0]?.restartRequests).toBe(0)
    const scrape = await until('the window on /metrics', async () => {
      const page = await world.scrape()
      return page.value('whatsapp_account_maintenance', LABELS) === 1 ? page : undefined
    })
    expect(scrape.value('whatsapp_account_maintenance', { ...LABELS, account: 'sales-02' })).toBe(0)
    expect(scrape.value('whatsapp_account_observed_seconds_total', { ...LABELS, account: 'sales-02' })).toBeGreaterThan(
      0,
    )
  })
})
