import { describe, test } from 'vitest'
import { until } from './until.ts'
import { checkedTimes, requestsTo, startWorld, type World } from './world.ts'

const bots = (name: string, ...accounts: string[]) => ({ name, dialect: 'http' as const, accounts })
const two = { simulator: { gateways: [bots('one', 'a', 'b', 'c'), bots('two', 'd', 'e')] } }
const restarts = (world: World) => world.simulator.control.accounts().map(({ restartRequests }) => restartRequests)

async function everybodyIs(world: World, gateway: string, status: string): Promise<void> {
  await until(`${gateway} to be ${status}`, () =>
    [...world.service.monitor.fleet.accounts()].every(
      ({ account, health }) => account.gateway !== gateway || health.status === status,
    ),
  )
}

describe.concurrent('a gateway that fails as a whole', { timeout: 120_000 }, () => {
  test('answers 5xx: one gateway is down, its accounts share the reason, nobody is restarted, all end with it', async (context) => {
    const { expect } = context
    const world = await startWorld(context, two)
    await everybodyIs(world, 'one', 'healthy')
    await everybodyIs(world, 'two', 'healthy')
    world.fault('one', 'server_error')
    await everybodyIs(world, 'one', 'unhealthy')
    await until('the verdict on the gateway', async () => (await world.gateway('one')).up === false)
    expect(await world.gateway('two')).toMatchObject({ up: true })
    for (const id of ['one/a', 'one/b', 'one/c']) {
      const account = await world.account(id)
      expect(account).toMatchObject({ state: 'disconnected', reason: 'gateway_down' })
      expect(account.incident).toMatchObject({ cause: 'gateway_down' })
      expect(account.recovery).toMatchObject({ act: false, refusal: 'gateway_down' })
    }
    expect((await world.account('two/d')).status).toBe('healthy')
    const scrape = await until('the gateway down on /metrics', async () => {
      const page = await world.scrape()
      return page.value('whatsapp_gateway_up', { gateway: 'one' }) === 0 ? page : undefined
    })
    expect(scrape.value('whatsapp_gateway_up', { gateway: 'two' })).toBe(1)
    expect(
      scrape.value('whatsapp_gateway_check_errors_total', { gateway: 'one', code: 'server_error' }),
    ).toBeGreaterThan(1)

    world.heal('one')
    await everybodyIs(world, 'one', 'healthy')
    const incidents = await until('the end of all three incidents', async () => {
      const found = await world.incidents()
      return found.length === 3 && found.every(({ endedAt }) => endedAt !== null) ? found : undefined
    })
    expect(incidents.map(({ resolution }) => resolution)).toEqual(['recovered', 'recovered', 'recovered'])
    expect(incidents.every(({ downtimeSeconds }) => downtimeSeconds > 0)).toBe(true)
    expect(restarts(world)).toEqual([0, 0, 0, 0, 0])
  })

  for (const [fault, code] of [
    ['unauthorized', 'unauthorized'],
    ['rate_limited', 'rate_limited'],
    ['html', 'bad_reply'],
  ] as const) {
    test(`answers ${fault}: we are blind to its accounts, so they are unknown, without incident or downtime`, async (context) => {
      const { expect } = context
      const world = await startWorld(context, two)
      await everybodyIs(world, 'one', 'healthy')
      const before = await world.account('one/a')
      world.fault('one', fault)
      await everybodyIs(world, 'one', 'unknown')
      await world.accountWhere(
        'one/a',
        'checked some more',
        ({ counters }) => counters.checks >= before.counters.checks + 6,
      )
      const account = await world.account('one/a')
      expect(account).toMatchObject({ status: 'unknown', incident: null })
      expect(account.counters).toMatchObject({ incidents: 0, downtimeSeconds: 0 })
      expect(account.counters.observedSeconds).toBeLessThan(before.counters.observedSeconds + 3)
      const scrape = await until('the error on /metrics', async () => {
        const page = await world.scrape()
        return (page.value('whatsapp_gateway_check_errors_total', { gateway: 'one', code }) ?? 0) > 0 &&
          page.value('whatsapp_account_status', { account: 'a', status: 'unknown' }) === 1
          ? page
          : undefined
      })
      expect(scrape.value('whatsapp_account_up', { account: 'a' })).toBeUndefined()
      expect(await world.incidents()).toEqual([])
      expect((await world.account('two/d')).status).toBe('healthy')
      expect(restarts(world)).toEqual([0, 0, 0, 0, 0])
    })
  }

  test('hangs: the checks of the other gateways go on in time', async (context) => {
    const { expect } = context
    const world = await startWorld(context, { ...two, config: { checks: { timeout: '900ms' } } })
    world.fault('one', 'hang')
    await everybodyIs(world, 'one', 'unhealthy')
    const checksOf = (id: string) => world.service.monitor.fleet.get(id)?.health.counters.checks ?? 0
    const others = checksOf('two/d')
    const hanging = checksOf('one/a')
    await until('five more checks of the hanging gateway', () => checksOf('one/a') >= hanging + 5)
    expect(checksOf('two/d') - others).toBeGreaterThanOrEqual(4)
    expect((await world.account('two/d')).responseSeconds).toBeLessThan(0.9)
    expect(restarts(world)).toEqual([0, 0, 0, 0, 0])
  })

  test('nothing answers any more: the exporter is blind, and says nothing of anybody', async (context) => {
    const { expect } = context
    const world = await startWorld(context, {
      simulator: { ...two.simulator, listen: { host: '0.0.0.0' } },
      // Two hosts, or it could as well be one broken machine.
      entries: ({ port }) => ({
        one: { url: `http://127.0.0.1:${port}/one` },
        two: { url: `http://127.0.0.2:${port}/two` },
      }),
    })
    await everybodyIs(world, 'one', 'healthy')
    await everybodyIs(world, 'two', 'healthy')
    world.fault('one', 'refuse')
    world.fault('two', 'refuse')
    await everybodyIs(world, 'one', 'unknown')
    await everybodyIs(world, 'two', 'unknown')
    const status = await world.json('GET', '/api/health/status')
    expect(status).toMatchObject({ exporter: { blind: true }, summary: { openIncidents: 0 } })
    await until('blindness on /metrics', async () => (await world.scrape()).value('whatsapp_exporter_blind') === 1)
    const checks = (await world.account('one/a')).counters.checks
    await world.accountWhere('one/a', 'checked further', ({ counters }) => counters.checks > checks + 3)
    expect(await world.account('one/a')).toMatchObject({
      status: 'unknown',
      counters: { incidents: 0, downtimeSeconds: 0 },
    })

    world.heal('one')
    await everybodyIs(world, 'one', 'healthy')
    // Now somebody answers: the other one is down by itself.
    await everybodyIs(world, 'two', 'unhealthy')
    expect((await world.account('two/d')).reason).toBe('gateway_down')
    const incidents = await until('the incidents in the store', async () => {
      const found = await world.incidents()
      return found.length > 1 ? found : undefined
    })
    expect(incidents.map(({ gateway }) => gateway)).toEqual(['two', 'two'])
  })
})

describe.concurrent('requests', { timeout: 120_000 }, () => {
  test('a gateway whose list carries the states is asked once per cycle, not once per account', async (context) => {
    const { expect } = context
    const world = await startWorld(context, { ...two, config: { discovery: { interval: '1h' } } })
    await checkedTimes(world, 2)
    const checksOf = () => world.service.monitor.fleet.get('one/a')?.health.counters.checks ?? 0
    const checks = checksOf()
    world.simulator.control.resetRequests()
    await until('five cycles', () => checksOf() >= checks + 5)
    const lists = requestsTo(world, 'one', /^GET \/accounts$/)
    const cycles = checksOf() - checks
    expect(Math.abs(lists - cycles)).toBeLessThanOrEqual(1)
    expect(requestsTo(world, 'one', /./)).toBe(lists)
  })

  test('a check now shares a check that is under way', async (context) => {
    const { expect } = context
    const world = await startWorld(context, {
      simulator: { gateways: [bots('one', 'a', 'b')], latencyMs: 400 },
      config: { checks: { interval: '1m', timeout: '5s' }, discovery: { interval: '1h' }, health: { slowAfter: '4s' } },
    })
    await checkedTimes(world, 1)
    world.simulator.control.resetRequests()
    const answers = await Promise.all([
      world.json('POST', '/api/health/check', {}),
      world.json('POST', '/api/health/check', {}),
      world.json('POST', '/api/health/check', { accounts: ['one/a'] }),
    ])
    expect(requestsTo(world, 'one', /./)).toBe(1)
    const [all, again, named] = answers
    const reading = (key: string) => ({ account: { key, status: 'healthy' }, outcome: 'reading' })
    expect(all).toMatchObject({ results: [reading('one/a'), reading('one/b')] })
    expect(again).toMatchObject({ results: [reading('one/a'), reading('one/b')] })
    expect(named).toMatchObject({ results: [reading('one/a')] })
  })

  test('three checks within a moment are one look: they confirm nothing', async (context) => {
    const { expect } = context
    const world = await startWorld(context, {
      simulator: { gateways: [bots('one', 'a')] },
      config: { checks: { interval: '1m', timeout: '5s' }, health: { unhealthyAfter: 3 } },
    })
    await checkedTimes(world, 1)
    world.fault('one/a', 'disconnected')
    for (let times = 0; times < 5; times++) await world.json('POST', '/api/health/check', {})
    expect(await world.account('one/a')).toMatchObject({ status: 'warning', consecutiveFailures: 1, incident: null })
    world.heal('one/a')
    await world.json('POST', '/api/health/check', {})
    expect(await world.account('one/a')).toMatchObject({ status: 'healthy', consecutiveFailures: 0 })
  })

  test('a check now of a gateway that gives no readings tells its error per account', async (context) => {
    const { expect } = context
    const world = await startWorld(context, two)
    await checkedTimes(world, 1)
    world.fault('one', 'server_error')
    const answer = await world.json('POST', '/api/health/check', { accounts: ['one/a', 'two/d'] })
    expect(answer).toMatchObject({
      results: [
        { outcome: 'error', error: { code: 'server_error' }, durationSeconds: null },
        { outcome: 'reading', error: null },
      ],
    })
  })
})
