import { expect, test } from 'vitest'
import { until } from './until.ts'
import { startWorld } from './world.ts'

test('a word that no table knows is counted every time, told once, and makes nobody unhealthy', async (context) => {
  const world = await startWorld(context, {
    simulator: { gateways: [{ name: 'bots', dialect: 'http', accounts: ['telepathy'], apiKey: 'demo-key' }] },
    // The id is read as the state.
    entries: { bots: { map: { state: '/account' } } },
  })
  const counted = async () => {
    const { text } = await world.request('GET', '/metrics')
    return Number(/^whatsapp_gateway_unmapped_values_total\{[^}]*\} (\d+)/m.exec(text)?.[1] ?? 0)
  }
  await until('the word to be counted five times', async () => (await counted()) >= 5)
  expect(world.lines.filter((line) => line.includes('telepathy') && line.includes('does not know'))).toHaveLength(1)
  const [account] = [...world.service.monitor.fleet.accounts()]
  expect(account?.health).toMatchObject({ status: 'unknown', incident: null })
}, 60_000)
