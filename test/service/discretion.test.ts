import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'vitest'
import { until } from './until.ts'
import { startWorld, type World } from './world.ts'

const PAGES = [
  '/',
  '/metrics',
  '/config',
  '/api/health/status',
  '/api/incidents',
  '/api/recoveries',
  '/api/health/metrics',
  '/api/gateways',
  '/api/openapi.json',
]

/** All that this world showed: every page, every account's page, and the log. */
async function everythingShown(world: World): Promise<ReadonlyMap<string, string>> {
  const shown = new Map<string, string>()
  const ids = [...world.service.monitor.fleet.accounts()].map(({ account }) => account.key)
  const paths = ids.flatMap((id) => [
    `/api/health/${encodeURIComponent(id)}`,
    `/api/accounts/${encodeURIComponent(id)}/transitions`,
  ])
  for (const path of [...PAGES, ...paths]) shown.set(path, (await world.request('GET', path)).text)
  shown.set('POST /api/health/check', (await world.request('POST', '/api/health/check', {})).text)
  shown.set('log', world.lines.join(''))
  return shown
}

function expectNowhere({ expect }: TestContext, text: string, shown: ReadonlyMap<string, string>): void {
  for (const [place, content] of shown) {
    const index = content.indexOf(text)
    const around = index < 0 ? '' : content.slice(Math.max(0, index - 120), index + 120)
    expect({ place, around }).toEqual({ place, around: '' })
  }
}

describe.concurrent('what must not be seen', { timeout: 120_000 }, () => {
  test('no secret is in the log, on a page, or in the store', async (context) => {
    const { expect } = context
    const canary = 's3cr3t-canary-5f1e'
    const world = await startWorld(context, {
      simulator: {
        gateways: [
          { name: 'bots', dialect: 'http', accounts: ['a'], apiKey: canary },
          { name: 'waha', dialect: 'waha', accounts: ['b'], apiKey: canary },
          { name: 'evo', dialect: 'evolution', accounts: ['c'], apiKey: canary },
        ],
      },
      entries: {
        bots: { auth: { bearerToken: canary }, events: { secret: canary } },
        waha: { auth: { apiKey: canary } },
        evo: { auth: { apiKey: canary } },
      },
    })
    await world.accountWhere('waha/b', 'healthy', ({ status }) => status === 'healthy')
    for (const gateway of ['bots', 'waha', 'evo']) world.fault(gateway, 'unauthorized')
    await world.accountWhere('evo/c', 'unknown', ({ status }) => status === 'unknown')
    for (const gateway of ['bots', 'waha', 'evo']) {
      world.heal(gateway)
      world.fault(gateway, 'refuse')
    }
    await until('the other error', async () => (await world.gateway('waha')).lastError?.code === 'unreachable')
    for (const gateway of ['bots', 'waha', 'evo']) world.heal(gateway)
    world.fault('bots/a', 'disconnected', { restart: 'refused' })
    await until('the refused restart', async () => (await world.recoveries('bots/a')).length > 0)
    await world.configure({}, { bots: { auth: { bearerToken: canary }, url: 7 } })
    expect((await world.request('POST', '/-/reload')).status).toBeGreaterThanOrEqual(400)
    const shown = new Map(await everythingShown(world))
    expect(shown.get('/config')).toContain('<secret>')
    for (const name of await readdir(world.folder))
      if (name.startsWith('exporter.db')) shown.set(name, await readFile(join(world.folder, name), 'latin1'))
    expect(shown.has('exporter.db')).toBe(true)
    expectNowhere(context, canary, shown)
  })

  for (const mode of ['masked', 'hashed'] as const) {
    test(`with privacy.phone ${mode} no phone number is on a page or in the log`, async (context) => {
      const { expect } = context
      const ids = ['971505760056', '971505760057', 'bot-971505760058']
      const world = await startWorld(context, {
        simulator: {
          gateways: [
            { name: 'bots', dialect: 'http', accounts: ids },
            { name: 'waha', dialect: 'waha', accounts: ids.slice(0, 2) },
            { name: 'evo', dialect: 'evolution', accounts: ids.slice(0, 2) },
          ],
        },
        // Checked one by one: their paths hold the ids.
        entries: { bots: { discover: false, accounts: ids.map((account) => ({ account })) } },
        config: { privacy: { phone: mode, key: 'a key of the test, long enough' } },
      })
      const { fleet } = world.service.monitor
      await until('all accounts', () => fleet.size === 7)
      const faults = ['check_error', 'gone', 'disconnected'] as const
      for (const [index, id] of ids.entries())
        world.fault(`bots/${id}`, faults[index] ?? 'disconnected', { restart: 'refused' })
      world.fault(`evo/${ids[0]}`, 'disconnected', { restart: 'refused' })
      world.fault(`waha/${ids[0]}`, 'disconnected', { restart: 'refused' })
      await until('the refused restarts', () => {
        const failed = [...fleet.accounts()].filter(({ health }) => health.counters.recoveryFailures > 0)
        return failed.length >= 3
      })
      const phones = [
        ...ids.map((id) => id.replace('bot-', '')),
        ...world.simulator.control.accounts().map(({ phone }) => phone),
      ]
      const shown = await everythingShown(world)
      expect(shown.get('/api/health/status')).toContain('"phone"')
      for (const phone of new Set(phones)) expectNowhere(context, phone, shown)
      const keys = new Set([...fleet.accounts()].map(({ account }) => account.key))
      expect(keys.size).toBe(7)
    })
  }
})
