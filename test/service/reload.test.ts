import { writeFile } from 'node:fs/promises'
import { describe, test } from 'vitest'
import { until } from './until.ts'
import { checkedTimes, startWorld } from './world.ts'

const bots = (name: string, ...accounts: string[]) => ({ name, dialect: 'http' as const, accounts })
const byHand = (...accounts: string[]) => ({ discover: false, accounts: accounts.map((account) => ({ account })) })
const OK = 'whatsapp_exporter_config_last_reload_successful'

describe.concurrent('a reload', { timeout: 120_000 }, () => {
  test('takes over gateways and intervals, and keeps what is known of all that stays', async (context) => {
    const { expect } = context
    const world = await startWorld(context, { simulator: { gateways: [bots('one', 'a', 'b'), bots('two', 'c')] } })
    await checkedTimes(world, 2)
    world.fault('one/a', 'disconnected', { restart: 'refused' })
    const before = await world.accountWhere('one/a', 'unhealthy', ({ status }) => status === 'unhealthy')
    await world.configure({ checks: { interval: '2s', timeout: '900ms' } }, { two: { name: 'three' } })
    expect(await world.json('POST', '/-/reload')).toEqual({ reloaded: true })
    const after = await world.account('one/a')
    expect(after.incident).toMatchObject({ id: before.incident?.id, startedAt: before.incident?.startedAt })
    expect(after.counters.checks).toBeGreaterThanOrEqual(before.counters.checks)
    await world.accountWhere('three/c', 'found and checked', ({ status }) => status === 'healthy')
    expect((await world.request('GET', '/api/health/two%2Fc')).status).toBe(404)
    const scrape = await until('the new gateway on /metrics, and the old one gone', async () => {
      const page = await world.scrape()
      return page.value('whatsapp_account_up', { gateway: 'three' }) === 1 &&
        !/^whatsapp_(account|gateway)[^\n]*gateway="two"/m.test(page.text)
        ? page
        : undefined
    })
    expect(scrape.value(OK)).toBe(1)
    expect(scrape.value('whatsapp_account_incidents_total', { account: 'a' })).toBe(1)
    expect(await world.json('GET', '/api/health/status')).toMatchObject({ exporter: { checkIntervalSeconds: 2 } })
    await world.configure()
    world.heal('one/a')
    await world.accountWhere('one/a', 'healthy', ({ status }) => status === 'healthy')
    expect((await world.account('one/a')).counters).toMatchObject({ incidents: 1, incidentsResolved: 1 })
  })

  test('of a faulty file changes nothing and says so, until a good one comes', async (context) => {
    const { expect } = context
    const world = await startWorld(context, { simulator: { gateways: [bots('one', 'a')] } })
    await checkedTimes(world, 2)
    const effective = (await world.request('GET', '/config')).text
    await writeFile(world.configFile, '{ "gateways": [], "chekcs": {} }')
    const refused = await world.request('POST', '/-/reload')
    expect(refused.status).toBeGreaterThanOrEqual(400)
    expect(refused.text).toContain('chekcs')
    expect((await world.scrape()).value(OK)).toBe(0)
    expect((await world.request('GET', '/config')).text).toBe(effective)
    const { checks } = (await world.account('one/a')).counters
    await world.accountWhere('one/a', 'checked further', ({ counters }) => counters.checks >= checks + 2)
    await world.configure()
    await world.json('POST', '/-/reload')
    expect((await world.scrape()).value(OK)).toBe(1)
  })

  test('while checks are under way closes the old connections without a failed check', async (context) => {
    const { expect } = context
    const world = await startWorld(context, {
      simulator: { gateways: [bots('one', 'a', 'b', 'c')], latencyMs: 300 },
      config: { health: { slowAfter: '850ms' } },
    })
    await checkedTimes(world, 1)
    for (let times = 0; times < 8; times++) {
      const checking = world.json('POST', '/api/health/check', {})
      await until('a check under way', () => world.service.monitor.fleet.exporter().checksInFlight > 0)
      // Another option of the gateway: it is opened anew.
      await world.configure({}, { one: { connections: 10 + times } })
      await world.json('POST', '/-/reload')
      await checking
    }
    for (const { health } of world.service.monitor.fleet.accounts()) {
      expect(health.counters.checkFailures).toBe(0)
      expect(health.status).toBe('healthy')
    }
    expect(
      (await world.scrape()).value('whatsapp_gateway_check_errors_total', { gateway: 'one', code: 'aborted' }) ?? 0,
    ).toBe(0)
  })

  test('twice at once ends in one watch: every gateway is listed at its pace, no oftener', async (context) => {
    const { expect } = context
    const world = await startWorld(context, { simulator: { gateways: [bots('one', 'a')] } })
    await checkedTimes(world, 1)
    await Promise.all(Array.from({ length: 5 }, () => world.service.reload()))
    const checksOf = () => world.service.monitor.fleet.get('one/a')?.health.counters.checks ?? 0
    await until('the lists of the reloads', () => checksOf() >= 3)
    world.simulator.control.resetRequests()
    const checks = checksOf()
    await until('ten cycles', () => checksOf() >= checks + 10)
    const lists = world.simulator.control.requests().reduce((sum, { count }) => sum + count, 0)
    // Ten checks and two rounds of discovery at 5 s, and one more of each for the edges.
    expect(lists).toBeLessThanOrEqual(checksOf() - checks + 4)
  })
})

describe.concurrent('accounts that come and go', { timeout: 120_000 }, () => {
  test('a listed account that is gone is kept for a grace, then closed with its incident', async (context) => {
    const { expect } = context
    const world = await startWorld(context, {
      simulator: { gateways: [bots('one', 'a', 'b')] },
      config: { discovery: { interval: '5s', missingFor: '2s' }, recovery: { mode: 'off' } },
    })
    world.fault('one/a', 'disconnected')
    await world.accountWhere('one/a', 'unhealthy', ({ status }) => status === 'unhealthy')
    world.fault('one/a', 'gone')
    await world.accountWhere('one/a', 'unknown while it is missed', ({ status }) => status === 'unknown')
    await until('its removal', () => world.service.monitor.fleet.get('one/a') === undefined)
    const incidents = await until('the end of its incident', async () => {
      const found = await world.incidents()
      return found[0]?.endedAt ? found : undefined
    })
    expect(incidents).toMatchObject([{ key: 'one/a', resolution: 'removed' }])
    await until('its series to end', async () => !(await world.scrape()).text.includes('account="a"'))
    expect((await world.account('one/b')).status).toBe('healthy')
    world.heal('one/a')
    await until('its return', () => world.service.monitor.fleet.get('one/a')?.health.status === 'healthy')
    await until(
      'its series again',
      async () => (await world.scrape()).value('whatsapp_account_up', { account: 'a' }) === 1,
    )
  })

  test('a configured account that is taken out of the file is gone at once, and one that is added is checked at once', async (context) => {
    const { expect } = context
    const world = await startWorld(context, {
      simulator: { gateways: [bots('one', 'a', 'b')] },
      entries: { one: byHand('a') },
      config: { checks: { interval: '1m', timeout: '2s' } },
    })
    await world.accountWhere('one/a', 'healthy', ({ status }) => status === 'healthy')
    await world.configure({}, { one: byHand('b') })
    await world.json('POST', '/-/reload')
    await until(
      'the exchange',
      () => {
        const { fleet } = world.service.monitor
        return fleet.get('one/a') === undefined && fleet.get('one/b')?.health.status === 'healthy'
      },
      5_000,
    )
    expect(world.service.monitor.fleet.size).toBe(1)
  })

  test('an account that is removed while its restart is under way leaves no attempt pending', async (context) => {
    const { expect } = context
    const world = await startWorld(context, {
      simulator: { gateways: [bots('one', 'a', 'b')], latencyMs: 300 },
      entries: { one: byHand('a', 'b') },
      config: { recovery: { mode: 'off' }, health: { slowAfter: '850ms' } },
    })
    world.fault('one/a', 'disconnected')
    await world.accountWhere('one/a', 'unhealthy', ({ status }) => status === 'unhealthy')
    const restart = world.json('POST', '/api/accounts/one%2Fa/recover', {})
    await until('the attempt', () => world.service.monitor.fleet.get('one/a')?.health.recovery.pending)
    await world.configure({}, { one: byHand('b') })
    await world.json('POST', '/-/reload')
    expect(await restart).toMatchObject({ attempt: { outcome: 'interrupted' } })
    const incidents = await until('the end of the incident', async () => {
      const found = await world.incidents()
      return found[0]?.endedAt ? found : undefined
    })
    expect(incidents).toMatchObject([{ resolution: 'removed' }])
    const { recoveries } = (await world.json('GET', '/api/recoveries')) as {
      recoveries: readonly { outcome: string }[]
    }
    expect(recoveries.map(({ outcome }) => outcome)).toEqual(['interrupted'])
  })

  test('ids with quotes, backslashes, slashes, spaces and line feeds stay two accounts everywhere', async (context) => {
    const { expect } = context
    const ids = ['a"b\\c\n d/é', 'a"b\\c\n d/e']
    const world = await startWorld(context, {
      simulator: { gateways: [bots('one', ...ids)] },
      config: { recovery: { mode: 'off' } },
    })
    await checkedTimes(world, 1)
    world.fault(`one/${ids[1]}`, 'disconnected')
    const bad = await world.accountWhere(`one/${ids[1]}`, 'unhealthy', ({ status }) => status === 'unhealthy')
    expect(bad.account).toBe(ids[1])
    expect((await world.account(`one/${ids[0]}`)).status).toBe('healthy')
    const scrape = await until('both on /metrics', async () => {
      const page = await world.scrape()
      return page.value('whatsapp_account_up', { account: ids[1] ?? '' }) === 0 ? page : undefined
    })
    expect(scrape.value('whatsapp_account_up', { account: ids[0] ?? '' })).toBe(1)
    const incidents = await until('the incident', async () => {
      const found = await world.incidents(`one/${ids[1]}`)
      return found.length > 0 ? found : undefined
    })
    expect(incidents).toMatchObject([{ account: ids[1], gateway: 'one' }])
    expect(await world.incidents(`one/${ids[0]}`)).toEqual([])
  })
})
